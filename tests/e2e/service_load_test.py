"""All at once: idle connections, streams whose request never comes, readers that never read, and
one shard that hangs, while honest clients list and get. Their latency stays within three times
that of a quiet service, memory within the limit of the manifest, and all is as before soon after.

    ATESTORE_BIN=build/release/bin python3 tests/e2e/service_load_test.py --full

takes 10,000 idle connections, 1,000 streams and 500 readers; without --full a tenth of it.
--minutes N goes on for so long, with other trouble of the shard in each turn (--seed N)."""

import argparse
import contextlib
import os
import random
import re
import sys
import threading
import time
import unittest

import grpc
import yaml

from hostile_clients import Http2, connect, many
from processes import PATIENCE, ROOT, Ateapi, OneCluster, until
from wire import OWN_CONNECTION, Client, Code, Http, WireCase, api, ref


def parse_arguments():
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_known_args()


ARGUMENTS, UNITTEST_ARGUMENTS = parse_arguments()
FULL = ARGUMENTS.full
SCALE = 10 if FULL else 1
IDLE, SILENT, STUCK = 1000 * SCALE, 100 * SCALE, 50 * SCALE
GETTERS, GETS_PER_SECOND, LISTERS = 10, 50 * SCALE, 6 * SCALE
MEASURED_SECONDS = 30 if FULL else 8
ACTORS = 3000
LIST, READ = "/ateapi.Control/ListActors", "/ateapi.Control/ReadActors"
# Below this a latency is the machine's, not the service's.
NOISE = 0.1
HONEST_PATIENCE = 20


def memory_limit():
    """Bytes, of deploy/kubernetes."""
    with open(os.path.join(ROOT, "deploy/kubernetes/ateapi.yaml"), encoding="utf-8") as file:
        for document in yaml.safe_load_all(file):
            if document["kind"] == "Deployment":
                limit = document["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
    return int(re.fullmatch(r"(\d+)Gi", limit["memory"])[1]) << 30


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else 0.0


class Honest:
    """Clients that get actors of healthy shards at a steady pace, and list pages of them."""

    def __init__(self, address, names, tokens):
        self.address, self.names, self.tokens = address, names, tokens
        self.gets, self.lists, self.failures = [], [], []
        self.stopping = threading.Event()
        self.connected = threading.Barrier(GETTERS + LISTERS + 1)

    def _connect(self, client):
        """A first call that is not measured: it connects, as all clients do at the same time."""
        client.call("GetActor", timeout=HONEST_PATIENCE, actor_ref=ref("bulk", self.names[0]))
        self.connected.wait()

    def _timed(self, client, into, method, **fields):
        began = time.monotonic()
        try:
            client.call(method, timeout=HONEST_PATIENCE, **fields)
            into.append(time.monotonic() - began)
        except grpc.RpcError as error:
            self.failures.append((method, error.code(), error.details()))

    def _get(self, number):
        with Client(self.address, options=OWN_CONNECTION) as client:
            self._connect(client)
            pause = GETTERS / GETS_PER_SECOND
            while not self.stopping.wait(pause):
                number += GETTERS
                self._timed(client, self.gets, "GetActor",
                            actor_ref=ref("bulk", self.names[number % len(self.names)]))

    def _list(self, number):
        with Client(self.address, options=OWN_CONNECTION) as client:
            self._connect(client)
            while not self.stopping.wait(0.2):
                number += 1
                self._timed(client, self.lists, "ListActors", page_size=20,
                            page_token=self.tokens[number % len(self.tokens)])

    def measure(self, seconds):
        """Latencies of so many seconds."""
        self.gets, self.lists, self.failures = [], [], []
        self.stopping.clear()
        threads = [threading.Thread(target=self._get, args=(i,)) for i in range(GETTERS)]
        threads += [threading.Thread(target=self._list, args=(i,)) for i in range(LISTERS)]
        for thread in threads:
            thread.start()
        self.connected.wait(PATIENCE)
        threading.Event().wait(seconds)  # the length of a measurement
        self.stopping.set()
        for thread in threads:
            thread.join()
        return {"get": percentile(self.gets, 0.99), "list": percentile(self.lists, 0.99),
                "gets": len(self.gets), "lists": len(self.lists), "failures": len(self.failures)}


class Load(OneCluster, WireCase):
    kind = "redis"
    cluster_options = ("--persistent",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.tell("fill", str(ACTORS))
        for node in range(3):
            cls.cluster.tell("run", str(node), "CONFIG", "SET", "cluster-require-full-coverage",
                             "no")
        cls.service = Ateapi("--redis-cluster-address", cls.cluster.address, "--answer-timeout",
                             "600", "--request-timeout", "600", *Ateapi.METRICS)
        cls.addClassCleanup(cls.service.close)
        cls.http = Http(cls.service.metrics_address)

    def healthy(self):
        """Actors and places in the listing that do without the shard in the middle."""
        with Client(self.service.address) as client:
            self.cluster.tell("pause", "1")
            calls = [(f"a-{i}", client.begin("GetActor", timeout=HONEST_PATIENCE,
                                             actor_ref=ref("bulk", f"a-{i}")))
                     for i in range(0, ACTORS, 10)]
            names = [name for name, call in calls if call.exception() is None]
            self.cluster.tell("resume", "1")
            until(lambda: self.http.get("/readyz") == (200, "ready\n"), "readiness")
            pages = list(client.pages(page_size=20))
        # The first and the last quarter of the slots are those of the first and the last shard.
        quarter = len(pages) // 4
        tokens = [page.next_page_token for page in pages[1:quarter] + pages[-quarter:-2]]
        return names, tokens

    def test_honest_clients_hardly_notice(self):
        self.names, self.tokens = self.healthy()
        troubles = (self.hang, self.stutter, self.crash, self.restart)
        chance = random.Random(ARGUMENTS.seed)
        end = time.monotonic() + 60 * ARGUMENTS.minutes
        self.turn(self.hang)
        while time.monotonic() < end:
            self.turn(chance.choice(troubles))

    def turn(self, trouble):
        """Everything at once, with this trouble of the middle shard, between two quiet times."""
        honest = Honest(self.service.address, self.names, self.tokens)
        quiet = honest.measure(MEASURED_SECONDS)
        self.assertEqual(honest.failures, [])
        with self.crowd():
            # The readers' first pages are work like any other; what counts is that they then stay.
            until(lambda: self.http.metric("ateapi_listings_in_flight") == 0, "stuck readers")
            with self.keep_asking_the_shard(), trouble():
                loud = honest.measure(MEASURED_SECONDS)
                failures = list(honest.failures)
                self.assertEqual(self.http.get("/healthz"), (200, "alive\n"))
                self.assertEqual(self.http.get("/readyz")[0], 200)
        ended = time.monotonic()
        until(lambda: self.http.get("/readyz") == (200, "ready\n"), "readiness", 10)
        until(lambda: self.http.metric("ateapi_listings_in_flight") == 0, "no listings", 10)
        recovery = time.monotonic() - ended
        after = honest.measure(MEASURED_SECONDS)
        peak = self.service.peak_rss_kib() << 10
        print(f"\n{trouble.__name__}\nquiet {quiet}\nloud  {loud}\nafter {after}\n"
              f"recovery {recovery:.1f} s, peak {peak >> 20} MiB", file=sys.stderr)
        self.assertEqual(failures, [])
        self.assertEqual(honest.failures, [])
        self.assertTrue(quiet["lists"] and loud["lists"] and after["lists"])
        for kind in ("get", "list"):
            self.assertLessEqual(loud[kind], 3 * max(quiet[kind], NOISE), kind)
            self.assertLessEqual(after[kind], 3 * max(quiet[kind], NOISE), kind)
        self.assertLess(peak, memory_limit())
        self.assertLess(recovery, 5)

    @contextlib.contextmanager
    def crowd(self):
        """Those who hold connections and streams, and do nothing with them."""
        body = api.ListActorsRequest(page_size=1000).SerializeToString()

        def stuck():
            connection = Http2(self.service.address, window=1000)
            connection.open_stream(READ, body)
            return connection

        def silent():
            connection = Http2(self.service.address)
            for path in (LIST, READ) * 5:
                connection.open_stream(path)
            return connection
        # Half of the idle ones say that they speak HTTP/2, the others say nothing.
        with many(lambda: Http2(self.service.address), IDLE // 2), many(silent, SILENT // 10), \
                many(stuck, STUCK), many(lambda: connect(self.service.address), IDLE // 2):
            yield

    @contextlib.contextmanager
    def hang(self):
        self.cluster.tell("pause", "1")
        yield
        self.cluster.tell("resume", "1")

    @contextlib.contextmanager
    def crash(self):
        self.cluster.tell("kill", "1")
        yield
        self.cluster.tell("launch", "1")

    def stutter(self):
        """Hangs for a while, goes on for a while."""
        def once():
            self.cluster.tell("pause", "1")
            threading.Event().wait(2)  # as long as the node hangs
            self.cluster.tell("resume", "1")
            threading.Event().wait(1)
        return self.again_and_again(once)

    def restart(self):
        return self.again_and_again(lambda: self.cluster.tell("restart", "1"))

    @contextlib.contextmanager
    def again_and_again(self, action):
        stopping = threading.Event()

        def run():
            while not stopping.is_set():
                action()
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()

    @contextlib.contextmanager
    def keep_asking_the_shard(self):
        """Calls that wait for the shard in the middle."""
        stopping = threading.Event()

        def ask(number):
            with Client(self.service.address, options=OWN_CONNECTION) as client:
                while not stopping.wait(0.05):
                    number += 7
                    try:
                        client.call("GetActor", timeout=HONEST_PATIENCE,
                                    actor_ref=ref("bulk", f"a-{number % ACTORS}"))
                    except grpc.RpcError as error:
                        assert error.code() in (Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED), error
        threads = [threading.Thread(target=ask, args=(i,)) for i in range(16)]
        for thread in threads:
            thread.start()

        try:
            yield
        finally:
            stopping.set()
            for thread in threads:
                thread.join()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + UNITTEST_ARGUMENTS, verbosity=2)
