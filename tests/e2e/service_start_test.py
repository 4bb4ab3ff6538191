"""How ateapi begins and ends: Unix sockets and who owns them, a store that comes up later. What all
programs do with their command lines."""

import os
import socket
import subprocess
import tempfile
import threading
import unittest

from processes import Ateapi, BIN, PATIENCE, die_with_parent, have_server, leased_port, \
    start_failure, until
from single_server import ask, single_server
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


class CommandLines(unittest.TestCase):
    """Of all programs."""

    def run_program(self, *arguments, stdout=subprocess.PIPE):
        path = os.path.join(BIN, arguments[0])
        if not os.path.exists(path):
            self.skipTest(path + " is not built")
        return subprocess.run([path, *arguments[1:]], stdout=stdout, stderr=subprocess.PIPE,
                              timeout=PATIENCE, check=False)

    def test_text_that_cannot_be_written(self):
        for words in (["ateapi", "--help"], ["ateapi", "--version"], ["slotscan", "--help"],
                      ["slotscan", "--version"], ["mockcluster", "--help"],
                      ["kubectl-ate", "--help"], ["kubectl-ate", "get", "actors", "--help"],
                      ["kubectl-ate", "completion", "bash"]):
            with self.subTest(words), open("/dev/full", "wb") as full:
                run = self.run_program(*words, stdout=full)
                self.assertNotEqual(run.returncode, 0)
                self.assertIn(b"No space left", run.stderr)
                self.assertEqual(self.run_program(*words).returncode, 0)

    def test_arguments_are_quoted_without_control_characters(self):
        for words in (["ateapi"], ["slotscan"], ["mockcluster"], ["kubectl-ate", "get"],
                      ["kubectl-ate", "get", "actors", "--endpoint"],
                      ["kubectl-ate", "get", "actors", "-A", "-o"]):
            with self.subTest(words):
                run = self.run_program(*words, b"x\x1b[2J\xe2\x80\xae\xff")
                self.assertNotEqual(run.returncode, 0)
                self.assertIn(rb"\x1b[2J\u202e\xff", run.stderr)
                self.assertNotIn(b"\x1b", run.stderr)

    def test_files_without_end(self):
        for flag in ("--redis-ca-certs", "--redis-client-cert", "--redis-password-file"):
            with self.subTest(flag):
                self.assertIn("/dev/zero has more than 2097152 bytes", start_failure(
                    "--redis-cluster-address", "127.0.0.1:1", flag, "/dev/zero"))
        identity = ("--jwt-issuer", "https://issuer", "--jwt-audience", "ate")
        for flags in (("--page-token-key-file", "/dev/zero"),
                      ("--grpc-server-cred-bundle", "/dev/zero"),
                      (*identity, "--jwt-jwks-file", "/dev/zero",
                       "--authorization-policy-file", "/dev/zero")):
            with self.subTest(flags):
                self.assertIn("/dev/zero has more than 2097152 bytes",
                              start_failure("--demo-actors", "1", *flags))
        for words in (["kubectl-ate", "get", "actors", "-A", "--ca-cert", "/dev/zero"],
                      ["kubectl-ate", "get", "actors", "-A", "--client-cert", "/dev/zero"],
                      ["kubectl-ate", "get", "actors", "-A", "--plaintext", "--token-file",
                       "/dev/zero"],
                      ["slotscan", "--tls", "--cacert", "/dev/zero"],
                      ["slotscan", "--tls", "--cert", "/dev/zero"]):
            with self.subTest(words):
                run = self.run_program(*words)
                self.assertNotEqual(run.returncode, 0)
                self.assertIn(b"/dev/zero has more than ", run.stderr)

    def test_numbers_that_are_none(self):
        for number in ("nan", "inf", "-inf", "-0.1", "1.1", ""):
            with self.subTest(number):
                self.assertIn("--trace-sample-ratio",
                              start_failure("--trace-sample-ratio=" + number))


class StoreThatComesLater(WireCase):
    def test_startup_timeout_waits_for_it(self):
        """A cluster of one node, begun after ateapi."""
        if not have_server("redis"):
            self.skipTest("redis is not installed")
        with leased_port() as port, tempfile.TemporaryFile(mode="w+") as log:
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
                with single_server("redis", "--cluster-enabled", "yes", port=port):
                    self.assertIsNone(ateapi.poll())  # slots without owners: it goes on waiting
                    ask(port, "CLUSTER ADDSLOTSRANGE 0 16383")
                    until(lambda: logged("event=serving"), "ateapi to serve")
                    self.assertIsNone(ateapi.poll())
                    ateapi.kill()

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
