"""ateapi on clusters of real servers: TLS, least privilege, start errors, faults under load."""

import os
import subprocess
import tempfile
import threading
import time
import unittest

import grpc

from ateapi_test import Client, api
from processes import (Ateapi, Cluster, PATIENCE, die_with_parent, free_port, have_server,
                       start_failure, until)

# The line of docs/operations.md, which this suite proves to be enough.
LEAST_PRIVILEGE = ("~actor:* ~atespace:* ~worker:* resetchannels -@all +get +mget +set +del +exists "
                   "+watch +multi +exec +discard +asking +scan +dbsize +info +cluster|slots "
                   "+cluster|nodes +cluster|getkeysinslot")
SECRET = "correct-horse"
USERS = [f"ateapi on >{SECRET} {LEAST_PRIVILEGE}",
         f"no-scan on >{SECRET} {LEAST_PRIVILEGE} -scan",
         f"no-names on >{SECRET} {LEAST_PRIVILEGE} -cluster|getkeysinslot"]
LISTINGS = 64
ACTORS = 4000


class Suite:
    """The tests, once for each kind of server."""

    kind = None

    @classmethod
    def setUpClass(cls):
        if not have_server(cls.kind):
            raise unittest.SkipTest(cls.kind + " is not installed")
        cls.files = tempfile.TemporaryDirectory()
        cls.secret = os.path.join(cls.files.name, "secret")
        cls.wrong = os.path.join(cls.files.name, "wrong")
        for path, text in ((cls.secret, SECRET + "\n"), (cls.wrong, "staple\n")):
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        users = [word for user in USERS for word in ("--user", user)]
        cls.tls = Cluster("--kind", cls.kind, "--tls", "--tls-client-certificates", *users)
        cls.connection = ["--redis-cluster-address", cls.tls.address,
                          "--redis-ca-certs", cls.tls.facts["ca"],
                          "--redis-client-cert", cls.tls.facts["client"]]

    @classmethod
    def tearDownClass(cls):
        cls.tls.close()
        cls.files.cleanup()

    def flags(self, user="ateapi", password=None):
        return [*self.connection, "--redis-username", user, "--redis-password-file",
                password or self.secret]

    def refused(self, *flags):
        said = start_failure("--grpc-listen-addr", "127.0.0.1:0", "--startup-timeout", "3", *flags)
        self.assertEqual(len(said.splitlines()), 1, said)
        self.assertNotIn(SECRET, said)
        return said

    def test_the_least_privilege_is_enough(self):
        with Ateapi(*self.flags()) as service, Client(service.address) as client:
            call = client.call
            call("CreateAtespace", name="least")
            ref = api.ActorRef(atespace="least", name="one")
            call("CreateActor", actor_ref=ref, actor_template_namespace="n", actor_template_name="t")
            call("UpdateActor", actor_ref=ref, worker_selector=api.Selector(match_labels={"k": "v"}))
            self.assertEqual(call("GetActor", actor_ref=ref).actor.version, 2)
            self.assertEqual(client.ids(atespace="least"), ["one"])
            self.assertIn("least", [each.name for each in call("ListAtespaces").atespaces])
            call("ListWorkers")
            call("DeleteActor", actor_ref=ref)
            call("DeleteAtespace", name="least")
            self.assertEqual(client.ids(atespace="least"), [])

    def test_wrong_password(self):
        self.assertIn("UNAUTHENTICATED", self.refused(*self.flags(password=self.wrong)))

    def test_missing_permission_names_the_command(self):
        for user, command in (("no-scan", "scan"), ("no-names", "getkeysinslot")):
            said = self.refused(*self.flags(user=user))
            self.assertIn("PERMISSION_DENIED", said)
            self.assertIn(command, said.lower())

    def test_tls_mismatches(self):
        address = ["--redis-cluster-address", self.tls.address]
        self.refused(*address)  # plaintext to a TLS port
        self.assertIn("certificate", self.refused(*address, "--redis-tls-server-name", "localhost"))
        self.assertRegex(self.refused(*self.flags(), "--redis-tls-server-name", "other.test"),
                         "other.test|certificate")

    def test_not_a_cluster(self):
        with tempfile.TemporaryDirectory() as directory:
            port = free_port()
            with subprocess.Popen([f"/usr/bin/{self.kind}-server", "--port", str(port), "--bind",
                                   "127.0.0.1", "--save", "", "--dir", directory],
                                  stdout=subprocess.DEVNULL, preexec_fn=die_with_parent) as server:
                try:
                    until(lambda: subprocess.run(
                        [f"{self.kind}-cli", "-p", str(port), "ping"], stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL, check=False).stdout == b"PONG\n", "the server")
                    said = self.refused("--redis-cluster-address", f"127.0.0.1:{port}")
                finally:
                    server.kill()
            self.assertIn("FAILED_PRECONDITION", said)
            self.assertIn("cluster", said)

    def test_unreadable_records_are_skipped_counted_and_named(self):
        self.tls.tell("set", "actor:poison:bad", "not json", "actor:poison:good",
                      '{"actorId":"good","atespace":"poison"}')
        with Ateapi(*self.flags()) as service, Client(service.address) as client:
            skipped, ids, token = 0, [], ""
            while True:
                page, trailers = client.call_with_trailers("ListActors", atespace="poison",
                                                           page_token=token)
                ids += [actor.actor_id for actor in page.actors]
                skipped += int(trailers["ate-list-skipped"])
                token = page.next_page_token
                if not token:
                    break
            self.assertEqual((ids, skipped), (["good"], 1))
            self.assertIn("event=unreadable_record key=actor:poison:bad", service.text())
            self.assertNotIn("not json", service.text())

    def test_64_listings_while_every_shard_fails_over(self):
        with Cluster("--kind", self.kind, "--replicas", "1") as cluster:
            cluster.tell("fill", str(ACTORS))
            flags = ["--redis-cluster-address", cluster.address]
            with Ateapi(*flags) as first, Ateapi(*flags) as second:
                problems, listings, stop = [], [], threading.Event()
                addresses = [first.address, second.address]

                def page_of(clients, number, token):
                    """A page from whichever process is next; UNAVAILABLE goes on with the token."""
                    give_up = time.monotonic() + PATIENCE
                    while True:
                        try:
                            return clients[number % 2].call("ListActors", page_token=token,
                                                            page_size=500)
                        except grpc.RpcError as error:
                            if (error.code() != grpc.StatusCode.UNAVAILABLE
                                    or time.monotonic() > give_up):
                                raise
                            stop.wait(0.05)

                def list_once():
                    with Client(addresses[0]) as one, Client(addresses[1]) as other:
                        ids, token, number = [], "", 0
                        while True:
                            page = page_of((one, other), number, token)
                            ids += [actor.actor_id for actor in page.actors]
                            token, number = page.next_page_token, number + 1
                            if not token:
                                break
                        listings.append((len(ids), len(set(ids))))

                def run():
                    try:
                        list_once()
                        while not stop.is_set():
                            list_once()
                    except Exception as error:  # shown at the end, whichever thread it was
                        problems.append(error)

                threads = [threading.Thread(target=run) for _ in range(LISTINGS)]
                for thread in threads:
                    thread.start()
                for _ in range(2):
                    cluster.tell("failover-all")
                stop.set()
                for thread in threads:
                    thread.join()
                self.assertEqual(problems, [])
                self.assertGreaterEqual(len(listings), LISTINGS)
                self.assertEqual(set(listings), {(ACTORS, ACTORS)})
                self.assertLess(max(first.peak_rss_kib(), second.peak_rss_kib()), 512 * 1024)


class Redis(Suite, unittest.TestCase):
    kind = "redis"


class Valkey(Suite, unittest.TestCase):
    kind = "valkey"


if __name__ == "__main__":
    unittest.main(verbosity=2)
