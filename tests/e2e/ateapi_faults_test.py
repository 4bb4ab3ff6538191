"""Many listings at a time through ateapi while what is behind it or it itself changes: failovers,
certificates, processes that stop. No actor is lost, none comes twice, memory stays bounded."""

import threading
import time
import unittest

import grpc

from processes import Ateapi, Cluster, PATIENCE, have_server
from secured_cluster import SecuredCluster, for_each_kind
from wire import OWN_CONNECTION, Client, Code, Http

LISTINGS = 64
ACTORS = 4000


class Listings:
    """Whole listings, one after the other in every thread, page by page from one process after the
    other; UNAVAILABLE goes on with the same token, anything else is a problem."""

    def __init__(self, addresses, threads, page_size):
        self.addresses = addresses
        self.page_size = page_size
        self.problems, self.finished = [], []
        self.pages = 0
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def _run(self):
        clients = [Client(address, options=OWN_CONNECTION) for address in self.addresses]
        try:
            while True:
                self._list_once(clients)
                if self.stopping.is_set():
                    return
        except Exception as error:  # shown at the end, whichever thread it was
            self.problems.append(error)
        finally:
            for client in clients:
                client.channel.close()

    def _list_once(self, clients):
        ids, token, number = [], "", 0
        while True:
            page = self._page(clients, number, token)
            ids += [actor.actor_id for actor in page.actors]
            token, number = page.next_page_token, number + 1
            self.pages += 1
            if not token:
                self.finished.append((len(ids), len(set(ids))))
                return

    def _page(self, clients, number, token):
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                return clients[number % len(clients)].call("ListActors", page_token=token,
                                                           page_size=self.page_size)
            except grpc.RpcError as error:
                if error.code() != Code.UNAVAILABLE or time.monotonic() > give_up:
                    raise
                number += 1
                self.stopping.wait(0.05)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def wait_for(self, listings):
        """Until so many more are complete."""
        goal = len(self.finished) + listings
        deadline = time.monotonic() + 2 * PATIENCE
        while len(self.finished) < goal:
            if self.problems or time.monotonic() > deadline:
                raise AssertionError(f"{len(self.finished)} of {goal} listings: {self.problems}")
            self.stopping.wait(0.01)


class Faults(SecuredCluster):
    replicas = 1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.tell("fill", str(ACTORS))

    def assert_all_complete(self, listings):
        self.assertEqual(listings.problems, [])
        self.assertGreaterEqual(len(listings.finished), len(listings.threads))
        self.assertEqual(set(listings.finished), {(ACTORS, ACTORS)})

    def test_64_listings_while_every_shard_fails_over(self):
        with Ateapi(*self.flags(), *Ateapi.METRICS) as one, Ateapi(*self.flags()) as other:
            http = Http(one.metrics_address)
            with Listings([one.address, other.address], LISTINGS, 500) as listings:
                for _ in range(2):
                    self.cluster.tell("failover-all")
            self.assert_all_complete(listings)
            for service in (one, other):
                self.assertLess(service.peak_rss_kib(), 512 * 1024)
            self.assertGreater(http.metric("ateapi_redis_error_replies_total", kind="MOVED"), 0)

    def test_sigterm_during_listings_loses_no_page(self):
        """Processes stop one after the other; their callers go on at those that are left."""
        services = [Ateapi(*self.flags()) for _ in range(3)]
        for service in services:
            self.addCleanup(service.close)
        with Listings([each.address for each in services], 16, 100) as listings:
            for service in services[:2]:
                listings.wait_for(4)
                self.assertEqual(service.terminate(), 0)
            listings.wait_for(4)
        self.assert_all_complete(listings)

    def test_redis_changes_its_certificates_under_load(self):
        """To another authority, one step at a time; each step makes everybody connect anew."""
        servers, files = self.servers, self.files
        servers.authority("ca2")
        servers.certificate("ca2", "server2", "IP:127.0.0.1")
        servers.certificate("ca2", "client2", "DNS:client")
        servers.write("both.crt", servers.read("ca.crt"), servers.read("ca2.crt"))
        with Ateapi(*self.flags()) as service:
            with Listings([service.address], 4, 200) as listings:
                files.write("trust.crt", servers.read("both.crt"))
                self.tell_all("CONFIG", "SET", "tls-ca-cert-file", servers.path("both.crt"))
                self.drop_and_go_on(listings)
                self.tell_all("CONFIG", "SET", "tls-cert-file", servers.path("server2.crt"),
                              "tls-key-file", servers.path("server2.key"))
                self.drop_and_go_on(listings)
                with open(files.path("client.pem"), "wb") as broken:
                    broken.write(b"half a file")  # not used: the last good one stays
                self.drop_and_go_on(listings)
                files.write("client.pem", servers.read("client2.pem"))
                self.tell_all("CONFIG", "SET", "tls-ca-cert-file", servers.path("ca2.crt"))
                self.drop_and_go_on(listings)  # the old certificate is refused now
                files.write("trust.crt", servers.read("ca2.crt"))
                self.drop_and_go_on(listings)
            self.assert_all_complete(listings)
            self.assertIn("event=not_reloaded", service.text())
            self.assertIn("event=reloaded", service.text())

    def drop_and_go_on(self, listings):
        self.drop_connections()
        listings.wait_for(2 * len(listings.threads))


class HugeSlot(unittest.TestCase):
    """Where a position is a cursor, which means nothing to the next process of a node."""

    def test_a_restart_is_counted_and_loses_nothing(self):
        if not have_server("valkey"):
            self.skipTest("valkey is not installed")  # Redis 7.0 has no cursors within a slot
        with Cluster("--kind", "valkey", "--persistent") as cluster:
            cluster.tell("fill-slot", "100", "3000")
            with Ateapi("--redis-cluster-address", cluster.address, *Ateapi.METRICS) as service, \
                    Client(service.address) as client:
                http = Http(service.metrics_address)
                first = client.call("ListActors", page_size=500)
                self.assertEqual(http.metric("ateapi_list_slot_restarts_total"), 0)
                cluster.tell("restart", "0")
                cluster.tell("settled")
                ids = [actor.actor_id for actor in first.actors]
                ids += self.rest(client, first.next_page_token)
                self.assertEqual(len(set(ids)), 3000)
                self.assertLessEqual(len(ids), 3000 + len(first.actors))
                self.assertEqual(http.metric("ateapi_list_slot_restarts_total"), 1)
                self.assertGreater(http.metric("ateapi_list_rereads_total"), 0)

    def rest(self, client, token):
        """UNAVAILABLE as long as the cluster has not noticed that the node is back."""
        ids = []
        give_up = time.monotonic() + PATIENCE
        while token:
            try:
                page = client.call("ListActors", page_token=token)
                ids += [actor.actor_id for actor in page.actors]
                token = page.next_page_token
            except grpc.RpcError as error:
                self.assertEqual(error.code(), Code.UNAVAILABLE)
                self.assertLess(time.monotonic(), give_up)
        return ids


for_each_kind(globals(), Faults)

if __name__ == "__main__":
    unittest.main(verbosity=2)
