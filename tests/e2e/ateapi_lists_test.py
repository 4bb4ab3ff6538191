"""Pages of atespaces and workers on the wire, while a real cluster reshards between them."""

import subprocess
import unittest

from processes import Ateapi, OneCluster, server_program
from secured_cluster import for_each_kind
from wire import Client, Code, details, grpc

RECORDS = 400


class Lists(OneCluster):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        records = []
        for number in range(RECORDS):
            worker = f'{{"workerNamespace":"ns","workerPool":"pool","workerPod":"pod-{number}"}}'
            records += [f"atespace:team-{number}", f'{{"name":"team-{number}"}}',
                        f"worker:ns:pool:pod-{number}", worker]
        cls.cluster.tell("set", *records)
        cls.service = Ateapi("--redis-cluster-address", cls.cluster.address)
        cls.addClassCleanup(cls.service.close)
        cls.client = Client(cls.service.address)
        cls.addClassCleanup(cls.client.channel.close)

    def cli(self, *arguments):
        return subprocess.run([server_program(self.kind, "cli"), *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=True).stdout.strip()

    def reshard(self, turn):
        """300 slots from one primary to the next."""
        addresses = self.cluster.address.split(",")
        ids = [self.cli("-p", address.split(":")[1], "CLUSTER", "MYID") for address in addresses]
        self.cli("--cluster", "reshard", addresses[0], "--cluster-from", ids[turn % 3],
                 "--cluster-to", ids[(turn + 1) % 3], "--cluster-slots", "300", "--cluster-yes")

    def names(self, method, page):
        if method == "ListWorkers":
            return [worker.worker_pod for worker in page.workers]
        return [atespace.name for atespace in page.atespaces]

    def test_pages_hold_every_record_once_through_a_reshard(self):
        for method, prefix in (("ListAtespaces", "team-"), ("ListWorkers", "pod-")):
            with self.subTest(method):
                names, token, turn = [], "", 0
                while True:
                    page, trailers = self.client.call_with_trailers(method, page_size=150,
                                                                    page_token=token)
                    self.assertLessEqual(len(self.names(method, page)), 150)
                    self.assertEqual(trailers["ate-list-applied"], "page_size")
                    names += self.names(method, page)
                    token = page.next_page_token
                    if not token:
                        break
                    self.reshard(turn)
                    turn += 1
                self.assertGreaterEqual(turn, 2)
                self.assertEqual(trailers["ate-list-progress"], "1.000000")
                self.assertEqual(sorted(names), sorted(f"{prefix}{n}" for n in range(RECORDS)))

    def test_a_client_that_knows_no_pages_gets_everything(self):
        for method in ("ListAtespaces", "ListWorkers"):
            whole, trailers = self.client.call_with_trailers(method)
            self.assertEqual(len(self.names(method, whole)), RECORDS)
            self.assertEqual(whole.next_page_token, "")
            self.assertNotIn("ate-list-applied", trailers)

    def test_a_token_is_of_its_method_alone(self):
        methods = ("ListActors", "ListAtespaces", "ListWorkers")
        self.cluster.tell("fill", "100")
        tokens = {method: self.client.call(method, page_size=10).next_page_token
                  for method in methods}
        for method in methods:
            for other, token in tokens.items():
                self.assertTrue(token)
                if other == method:
                    self.client.call(method, page_size=10, page_token=token)
                    continue
                with self.assertRaises(grpc.RpcError) as raised:
                    self.client.call(method, page_size=10, page_token=token)
                self.assertEqual(raised.exception.code(), Code.INVALID_ARGUMENT)
                found = details(raised.exception)
                self.assertEqual(found["ErrorInfo"].reason, "PAGE_TOKEN_OF_OTHER_REQUEST")
                self.assertEqual(found["BadRequest"].field_violations[0].field, "page_token")


for_each_kind(globals(), Lists)

if __name__ == "__main__":
    unittest.main(verbosity=2)
