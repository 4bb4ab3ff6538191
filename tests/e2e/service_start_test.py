"""How ateapi begins and ends: Unix sockets and who owns them, a store that comes up later."""

import os
import socket
import subprocess
import tempfile
import threading
import unittest

from processes import Ateapi, BIN, PATIENCE, die_with_parent, have_server, leased_port, \
    start_failure, until
from wire import Client, WireCase


class UnixSockets(WireCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "ateapi.sock")
        self.address = "unix:" + self.path

    def serves(self):
        with Client(self.address) as client:
            return client.call("ListActors", page_size=1) is not None

    def test_a_live_one_is_refused_and_stays(self):
        with Ateapi(address=self.address) as first:
            said = start_failure("--grpc-listen-addr", self.address)
            self.assertIn("a live process serves it", said)
            self.assertIn(self.path, said)
            self.assertEqual(len(said.splitlines()), 1, said)
            self.assertTrue(self.serves())
            self.assertEqual(first.terminate(), 0)
        self.assertFalse(os.path.exists(self.path))

    def test_that_of_another_program_is_refused(self):
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(self.path)
            other.listen()
            self.assertIn("a live process serves it",
                          start_failure("--grpc-listen-addr", self.address))
            self.assertTrue(os.path.exists(self.path))

    def test_a_dead_one_is_replaced(self):
        first = Ateapi(address=self.address)
        first.kill()
        first.log.close()
        self.assertTrue(os.path.exists(self.path))
        with Ateapi(address=self.address):
            self.assertTrue(self.serves())

    def test_what_is_no_socket_is_left_alone(self):
        with open(self.path, "w", encoding="ascii") as file:
            file.write("mine")
        self.assertIn("is not a socket", start_failure("--grpc-listen-addr", self.address))
        with open(self.path, encoding="ascii") as file:
            self.assertEqual(file.read(), "mine")

    def test_it_is_removed_by_its_owner_only(self):
        with Ateapi(address=self.address) as first:
            os.unlink(self.path)
            with socket.socket(socket.AF_UNIX) as other:  # somebody took the path meanwhile
                other.bind(self.path)
                self.assertEqual(first.terminate(), 0)
            self.assertTrue(os.path.exists(self.path))

    def test_many_clients(self):
        with Ateapi("--max-connections", "20", address=self.address) as service:
            for _ in range(50):
                self.assertTrue(self.serves())
            self.assertNotIn("port_does_not_answer", service.text())


class StoreThatComesLater(WireCase):
    def test_startup_timeout_waits_for_it(self):
        """A cluster of one node, begun after ateapi."""
        if not have_server("redis"):
            self.skipTest("redis is not installed")
        with tempfile.TemporaryDirectory() as folder, leased_port() as port, \
                tempfile.TemporaryFile(mode="w+") as log:
            with subprocess.Popen(
                    [os.path.join(BIN, "ateapi"), "--grpc-listen-addr", "127.0.0.1:0",
                     "--startup-timeout", "60", "--log-level", "debug",
                     "--redis-cluster-address", f"127.0.0.1:{port}"],
                    stdout=log, stderr=log, preexec_fn=die_with_parent) as ateapi:
                self.addCleanup(ateapi.kill)

                def logged(word):
                    log.seek(0)
                    return word in log.read() or ateapi.poll() is not None
                until(lambda: logged("event=waiting_for_store"), "ateapi to wait")
                self.assertIsNone(ateapi.poll())
                with subprocess.Popen(
                        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                         "--cluster-enabled", "yes", "--dir", folder],
                        stdout=subprocess.DEVNULL, preexec_fn=die_with_parent) as server:
                    self.addCleanup(server.kill)

                    def redis(*words):
                        return subprocess.run(["redis-cli", "-p", str(port), *words],
                                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                              check=False).stdout
                    until(lambda: redis("ping") == b"PONG\n", "the server")
                    self.assertIsNone(ateapi.poll())  # slots without owners: it goes on waiting
                    redis("cluster", "addslotsrange", "0", "16383")
                    until(lambda: logged("event=serving"), "ateapi to serve")
                    self.assertIsNone(ateapi.poll())
                    ateapi.kill()
                    server.kill()

    def test_it_gives_up_after_the_timeout(self):
        with leased_port() as port:
            gave_up = threading.Event()

            def start():
                self.assertIn("code=UNAVAILABLE", start_failure(
                    "--grpc-listen-addr", "127.0.0.1:0", "--startup-timeout", "3",
                    "--redis-cluster-address", f"127.0.0.1:{port}"))
                gave_up.set()
            thread = threading.Thread(target=start)
            thread.start()
            self.assertFalse(gave_up.wait(2))
            self.assertTrue(gave_up.wait(PATIENCE))
            thread.join()


if __name__ == "__main__":
    unittest.main(verbosity=2)
