"""What one client takes is not taken from the others: connections, streams whose request never
comes, answers that nobody reads, listings, shards that hang."""

import concurrent.futures
import contextlib
import resource
import threading
import time
import unittest

import grpc

from hostile_clients import (END_HEADERS, HEADERS, RST_STREAM, Http2, connect, ends, frame, many,
                             request_headers)
from processes import PATIENCE, Ateapi, Cluster, OneCluster, until
from wire import OWN_CONNECTION, Client, Code, Http, ServiceCase, WireCase, api, ref

DESCRIPTORS = 1024
LIST = "/ateapi.Control/ListActors"
READ = "/ateapi.Control/ReadActors"


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS // 2, DESCRIPTORS))


def assert_serves(test, address, within=5):
    """A new client is served, by a cheap call and by a listing."""
    with Client(address, options=OWN_CONNECTION) as client:
        test.fails(Code.NOT_FOUND, client, "GetActor", actor_ref=ref("nobody", "x"),
                   timeout=within)
        client.call("ListActors", page_size=5, timeout=within)


class Connections(WireCase):
    def test_more_idle_connections_than_descriptors(self):
        with Ateapi("--demo-actors", "1000", *Ateapi.METRICS,
                    before_exec=few_descriptors) as service:
            http = Http(service.metrics_address)
            with open(f"/proc/{service.process.pid}/limits", encoding="ascii") as limits:
                line = next(line for line in limits if line.startswith("Max open files"))
            self.assertEqual(line.split()[3], str(DESCRIPTORS))  # raised to the hard limit
            with many(lambda: connect(service.address), DESCRIPTORS + 200):
                assert_serves(self, service.address)
                self.assertEqual(http.get("/healthz"), (200, "alive\n"))
                self.assertLess(http.metric("ateapi_bound_in_use", bound="connections"),
                                DESCRIPTORS)
            assert_serves(self, service.address)
            with many(lambda: Http2(service.address), DESCRIPTORS + 200):
                assert_serves(self, service.address)
            assert_serves(self, service.address)
            self.assertGreater(http.metric("ateapi_bound_refused_total", bound="connections"), 0)
            until(lambda: http.metric("ateapi_bound_in_use", bound="connections") < 10,
                  "closed connections to be forgotten")
            self.assertNotIn("port_does_not_answer", service.text())

    def test_calls_survive_a_flood_of_connections(self):
        """Those that have a call are not closed to make room."""
        with Ateapi("--demo-actors", "1000000000", "--max-connections", "50",
                    *Ateapi.METRICS) as service, Client(service.address) as client:
            walk = client.begin("ListAtespaces")
            Http(service.metrics_address).wait_for_metric("ateapi_listings_in_flight", 1)
            with many(lambda: Http2(service.address), 300):
                assert_serves(self, service.address)
            self.assertFalse(walk.done())
            walk.cancel()

    def test_a_connection_that_says_nothing_is_closed(self):
        with Ateapi() as service:
            silent = connect(service.address)
            self.addCleanup(silent.close)
            self.assertTrue(ends(silent, 20))


class RapidReset(WireCase):
    def test_a_connection_that_only_cancels_is_closed(self):
        """CVE-2023-44487: calls that are cancelled at once cost their peer nothing."""
        with Ateapi("--demo-actors", "1000", *Ateapi.METRICS) as service:
            assert_serves(self, service.address)
            http = Http(service.metrics_address)
            before = service.peak_rss_kib()
            headers = request_headers("/ateapi.Control/GetActor")
            flood = b"".join(frame(HEADERS, 5, stream, headers) +
                             frame(RST_STREAM, 0, stream, b"\0\0\0\x08")
                             for stream in range(1, 20001, 2))
            for _ in range(10):
                connection = Http2(service.address)
                self.addCleanup(connection.close)
                connection.socket.settimeout(10)
                with contextlib.suppress(OSError):
                    connection.socket.sendall(flood)
                self.assertTrue(ends(connection.socket, 20))
            assert_serves(self, service.address)
            self.assertEqual(http.get("/healthz"), (200, "alive\n"))
            self.assertGreaterEqual(http.metric("ateapi_bound_refused_total", bound="connections"),
                                    10)
            self.assertLess(service.peak_rss_kib() - before, 200 << 10)

    def delay_in_a_burst(self, service, flood):
        """What honest calls take (99 %, in seconds) while 20 connections send `flood` at once."""
        def send(connection):
            with contextlib.suppress(OSError):
                connection.socket.sendall(flood)

        def ask(client):
            seconds = []
            for _ in range(20):
                start = time.monotonic()
                client.call("ListActors", page_size=1, timeout=PATIENCE)
                seconds.append(time.monotonic() - start)
            return seconds

        with contextlib.ExitStack() as stack:
            honest = [stack.enter_context(Client(service.address, options=OWN_CONNECTION))
                      for _ in range(8)]
            for client in honest:
                client.call("ListActors", page_size=1)
            connections = stack.enter_context(many(lambda: Http2(service.address), 20))
            threads = stack.enter_context(concurrent.futures.ThreadPoolExecutor(40))
            for connection in connections:
                threads.submit(send, connection)
            asked = [threads.submit(ask, client) for client in honest]
            took = sorted(second for each in asked for second in each.result())
            for connection in connections:
                self.assertTrue(ends(connection.socket, PATIENCE))
        return took[int(len(took) * 0.99)]

    def assert_a_burst_is_bearable(self, within, after_headers=lambda stream: b""):
        headers = request_headers("/ateapi.Control/GetActor")
        flood = b"".join(frame(HEADERS, END_HEADERS, stream, headers) + after_headers(stream)
                         for stream in range(1, 30001, 2))
        with Ateapi("--demo-actors", "2000", *Ateapi.METRICS) as service:
            # Others on this machine can only make it look worse, so one good burst is enough.
            delays = [self.delay_in_a_burst(service, flood)]
            while min(delays) >= within and len(delays) < 10:
                delays.append(self.delay_in_a_burst(service, flood))
            self.assertLess(min(delays), within)
            self.assertLess(service.peak_rss_kib(), 600 << 10)
            refused = Http(service.metrics_address).metric("ateapi_bound_refused_total",
                                                           bound="connections")
            self.assertGreaterEqual(refused, 20)

    def test_a_burst_of_cancelled_calls(self):
        self.assert_a_burst_is_bearable(
            0.5, lambda stream: frame(RST_STREAM, 0, stream, b"\0\0\0\x08"))

    def test_a_burst_of_open_calls(self):
        """Clients that ignore the announced number of concurrent streams; each gets more of them
        (kOpenStreamsMax) than it could cancel."""
        self.assert_a_burst_is_bearable(1)

    def test_an_honest_burst_closes_nothing(self):
        """As many concurrent calls as a client may have, on several connections."""
        with Ateapi("--demo-actors", "2000", *Ateapi.METRICS) as service:
            calls = []
            for _ in range(8):
                client = self.enterContext(Client(service.address, options=OWN_CONNECTION))
                calls += [client.begin("ListActors", page_size=1) for _ in range(1000)]
            codes = {call.code() for call in calls}
            self.assertLessEqual(codes, {Code.OK, Code.RESOURCE_EXHAUSTED})
            refused = Http(service.metrics_address).metric("ateapi_bound_refused_total",
                                                           bound="connections")
            self.assertIn(refused, (None, 0))


class SilentStreams(WireCase):
    def test_streams_whose_request_never_comes(self):
        with Ateapi("--demo-actors", "1000", "--request-timeout", "2", *Ateapi.METRICS) as service:
            http = Http(service.metrics_address)

            def silent():
                connection = Http2(service.address)
                for path in (LIST, READ, LIST, READ):
                    connection.open_stream(path)
                return connection
            with many(silent, 100):
                assert_serves(self, service.address)
                self.assertEqual(http.get("/healthz"), (200, "alive\n"))
                self.assertEqual(http.metric("ateapi_listings_in_flight"), 0)
                assert_serves(self, service.address)
            assert_serves(self, service.address)

    def test_a_request_that_never_comes_is_told_so(self):
        with Ateapi("--request-timeout", "1") as service, Client(service.address) as client:
            release = threading.Event()
            self.addCleanup(release.set)

            def never():
                release.wait(PATIENCE)
                yield b""
            call = client.channel.stream_unary(LIST)
            with self.assertRaises(grpc.RpcError) as caught:
                call(never(), timeout=PATIENCE)
            self.assert_error(caught.exception, Code.DEADLINE_EXCEEDED, "REQUEST_TIMEOUT")


class StuckReaders(WireCase):
    """Far more of them than there are places for listings."""

    def ask(self, connection, path):
        connection.open_stream(path, api.ListActorsRequest(page_size=1000).SerializeToString())

    def stuck(self, service, path):
        connection = Http2(service.address, window=1000)
        self.ask(connection, path)
        return connection

    def test_readers_that_never_read(self):
        with Ateapi("--demo-actors", "100000", "--answer-timeout", "5",
                    "--max-concurrent-listings", "32", *Ateapi.METRICS) as service:
            http = Http(service.metrics_address)
            with many(lambda: self.stuck(service, READ), 200), \
                    many(lambda: self.stuck(service, LIST), 200):
                # They are parked after a second, and hold no place from then on.
                until(lambda: http.metric("ateapi_listings_in_flight") == 0, "parked readers", 20)
                for _ in range(10):
                    assert_serves(self, service.address)
                # And after the patience they are gone altogether.
                until(lambda: http.metric("ateapi_bound_in_use", bound="unsent_bytes") == 0,
                      "stuck answers to be dropped", 20)
                with Client(service.address, options=OWN_CONNECTION) as client:
                    self.assertEqual(sum(len(page.actors) for page in client.read()), 100000)

    def test_a_slow_reader_gets_every_actor_once(self):
        """It is parked between pages, and its reader begun anew."""
        with Ateapi("--demo-actors", "20000", *Ateapi.METRICS) as service, \
                Client(service.address) as client:
            http = Http(service.metrics_address)
            ids = []
            for number, page in enumerate(client.read(page_size=1000)):
                ids += [actor.actor_id for actor in page.actors]
                if number in (2, 5):
                    until(lambda: http.metric("ateapi_listings_in_flight") == 0, "parking")
            self.assertEqual((len(ids), len(set(ids))), (20000, 20000))

    def test_answers_that_nobody_takes_stay_within_the_budget(self):
        """Pages of 3 MiB, of which the budget holds a part: the oldest of the rest are dropped."""
        with Cluster("--kind", "redis") as cluster:
            selector = '{"matchLabels":{"k":"%s"}}' % ("v" * 20_000)
            records = []
            for i in range(1000):
                records += [f"actor:large:a-{i}", '{"version":"1","status":"STATUS_SUSPENDED",'
                            f'"workerSelector":{selector}}}']
            cluster.tell("set", *records)
            with Ateapi("--redis-cluster-address", cluster.address, "--answer-timeout", "600",
                        *Ateapi.METRICS) as service:
                http = Http(service.metrics_address)
                with many(lambda: self.stuck(service, READ), 100) as connections:
                    def dropped():
                        # Those that found no place, or a node too busy, ask again.
                        for connection in connections:
                            self.ask(connection, READ)
                        threading.Event().wait(1)
                        return http.metric("ateapi_bound_refused_total", bound="unsent_bytes")
                    until(dropped, "readers to be dropped")
                    self.assertLess(http.metric("ateapi_bound_in_use", bound="unsent_bytes"),
                                    (192 + 96 * 3) << 20)
                self.assertLess(service.peak_rss_kib(), 1024 * 1024)


class Listings(ServiceCase):
    flags = ("--demo-actors", "1000000000", "--max-concurrent-listings", "4")

    def test_deleting_atespaces_is_within_the_bound_of_listings(self):
        client = self.client
        client.call("CreateAtespace", name="empty")
        calls = [client.begin("DeleteAtespace", name="empty") for _ in range(200)]
        self.http.wait_for_metric("ateapi_listings_refused_total", 190)
        for _ in range(20):
            self.fails(Code.NOT_FOUND, client, "GetActor", actor_ref=ref("nobody", "x"),
                       timeout=5)
        refused = [call for call in calls if call.done()]
        self.assertGreaterEqual(len(refused), 190)
        for call in refused:
            self.assert_error(call.exception(), Code.RESOURCE_EXHAUSTED, "TOO_MANY_LISTINGS")
        for call in calls:
            call.cancel()


class HungShard(OneCluster, WireCase):
    """One of three primaries hangs, and is asked for all the time."""

    kind = "redis"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.tell("fill", "300")
        for node in range(3):  # or the healthy ones say CLUSTERDOWN as soon as they notice
            cls.cluster.tell("run", str(node), "CONFIG", "SET", "cluster-require-full-coverage",
                             "no")
        cls.service = Ateapi("--redis-cluster-address", cls.cluster.address, *Ateapi.METRICS)
        cls.addClassCleanup(cls.service.close)
        cls.http = Http(cls.service.metrics_address)
        cls.client = Client(cls.service.address)
        cls.addClassCleanup(cls.client.channel.close)

    def by_outcome(self, calls):
        outcomes = {}
        for name, call in calls:
            error = call.exception()
            outcomes.setdefault(error.code() if error else Code.OK, []).append((name, error))
        return outcomes

    def test_get_actor_on_healthy_shards(self):
        names = [f"a-{i}" for i in range(300)]
        self.cluster.tell("pause", "1")
        self.addCleanup(self.cluster.tell, "resume", "1")
        began, calls = time.monotonic(), []
        for round_number in range(4):
            for i, name in enumerate(names):
                calls.append((name, self.client.begin("GetActor", timeout=20,
                                                      actor_ref=ref("bulk", name))))
                # 300 a second: the pace of the callers, not something to wait for.
                pace = began + round_number + i / 300 - time.monotonic()
                if pace > 0:
                    threading.Event().wait(pace)
        outcomes = self.by_outcome(calls)
        self.assertLessEqual(outcomes.keys(), {Code.OK, Code.UNAVAILABLE})
        hung = {name for name, _ in outcomes[Code.UNAVAILABLE]}
        healthy = {name for name, _ in outcomes[Code.OK]}
        self.assertFalse(hung & healthy)
        self.assertEqual(len(hung | healthy), 300)
        self.assertGreater(len(healthy), 100)
        told = [error for _, error in outcomes[Code.UNAVAILABLE]]
        for error in told:
            self.assert_error(error, Code.UNAVAILABLE)
        self.assertTrue(any("NODE_NOT_ANSWERING" in str(error.trailing_metadata())
                            for error in told))
        self.assertGreater(self.http.metric("ateapi_node_refused_total"), 0)
        self.one_dead_shard_is_told()

    def one_dead_shard_is_told(self):
        until(lambda: self.http.metric("ateapi_shard_ready") == 2, "the metric to say so")
        code, text = self.http.get("/readyz")
        self.assertEqual(code, 200)
        self.assertRegex(text, r"^ready, but 1 of 3 shards cannot be used: 127\.0\.0\.1:\d+: ")
        self.assertIn("event=shard_not_ready node=127.0.0.1:", self.service.text())
        self.cluster.tell("resume", "1")
        until(lambda: self.http.get("/readyz") == (200, "ready\n"), "readiness")
        self.assertIn("event=shard_ready node=127.0.0.1:", self.service.text())
        self.assertEqual(len(self.client.ids()), 300)

    def test_the_strict_form(self):
        with Ateapi("--redis-cluster-address", self.cluster.address, "--ready-requires-all-shards",
                    *Ateapi.METRICS) as service:
            http = Http(service.metrics_address)
            until(lambda: http.get("/readyz")[0] == 200, "readiness")
            self.cluster.tell("pause", "1")
            self.addCleanup(self.cluster.tell, "resume", "1")
            until(lambda: http.get("/readyz")[0] == 503, "the end of readiness")
            self.assertIn("1 of 3 shards", http.get("/readyz")[1])
            self.cluster.tell("resume", "1")
            until(lambda: http.get("/readyz")[0] == 200, "readiness")


class Probes(WireCase):
    def test_idle_connections_to_the_metrics_port(self):
        with Ateapi(*Ateapi.METRICS) as service:
            http = Http(service.metrics_address)
            for count in (2, 40, 300):
                with many(lambda: connect(service.metrics_address), count):
                    for path in ("/healthz", "/readyz", "/metrics"):
                        began = time.monotonic()
                        until(lambda path=path: http.get(path)[0] == 200, path)
                        self.assertLess(time.monotonic() - began, 4, (count, path))

    def test_ipv6(self):
        with Ateapi("--metrics-listen-addr", "[::1]:0", address="[::1]:0") as service:
            self.assertRegex(service.metrics_address, r"^\[::1\]:\d+$")
            self.assertEqual(Http(service.metrics_address).get("/healthz"), (200, "alive\n"))
            with Client(service.address) as client:
                client.call("ListActors", page_size=1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
