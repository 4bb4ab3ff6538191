"""What is said when the way to the service is the trouble: proxies, and certificates that are
expired, not valid yet, for another purpose or name, self-signed, or of an unknown CA."""

import os
import socket
import subprocess
import tempfile
import threading
import unittest

from certificates import Certificates
from processes import BIN, PATIENCE, Ateapi, Cli, start_failure, until
from wire import WireCase

PAST = ("20200101000000Z", "20200201000000Z")
FUTURE = ("20980101000000Z", "20990101000000Z")


class Proxies(WireCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Ateapi("--demo-actors", "10", address="localhost:0")
        cls.addClassCleanup(cls.service.close)
        cls.port = cls.service.address.rsplit(":", 1)[1]

    def run_with_proxy(self, endpoint, proxy):
        return subprocess.run(
            [os.path.join(BIN, "kubectl-ate"), "get", "actors", "-A", "-o", "name", "--plaintext",
             "--timeout", "10", "--endpoint", endpoint], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False,
            env={**os.environ, "http_proxy": proxy, "no_proxy": ""})

    def test_loopback_needs_none(self):
        for host in ("127.0.0.1", "localhost", "dns:///127.0.0.1", "dns:localhost",
                     "ipv4:127.0.0.1"):
            run = self.run_with_proxy(f"{host}:{self.port}", "http://127.0.0.1:1")
            self.assertEqual((run.returncode, run.stdout.count("\n")), (0, 10), run.stderr)

    def test_ipv6_loopback_needs_none(self):
        with Ateapi("--demo-actors", "10", address="[::1]:0") as service:
            port = service.address.rsplit(":", 1)[1]
            for host in ("[::1]", "ipv6:[::1]", "dns:///[::1]"):
                run = self.run_with_proxy(f"{host}:{port}", "http://127.0.0.1:1")
                self.assertEqual((run.returncode, run.stdout.count("\n")), (0, 10), run.stderr)

    def test_a_proxy_that_fails_is_named(self):
        run = self.run_with_proxy("ateapi.test:80", "http://me:secret@127.0.0.1:1")
        self.assertEqual(run.returncode, 1)
        self.assertIn("through the proxy http://127.0.0.1:1 (from http_proxy)", run.stderr)
        self.assertNotIn("nothing listens at ateapi.test", run.stderr)
        self.assertNotIn("secret", run.stderr)

    def test_a_proxy_that_refuses_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            def refuse():
                while True:
                    try:
                        connection, _ = listening.accept()
                    except OSError:
                        return
                    with connection:
                        connection.recv(4096)
                        connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            threading.Thread(target=refuse, daemon=True).start()
            port = listening.getsockname()[1]
            run = self.run_with_proxy("ateapi.test:80", f"http://127.0.0.1:{port}")
            listening.shutdown(socket.SHUT_RDWR)
        self.assertIn(f"through the proxy http://127.0.0.1:{port}", run.stderr)


class CertificateErrors(WireCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.files = Certificates(folder.name)
        here = "DNS:localhost,IP:127.0.0.1"
        cls.files.authority("ca")
        cls.files.certificate("ca", "good", here)
        cls.files.certificate("ca", "expired", here, dates=PAST)
        cls.files.certificate("ca", "early", here, dates=FUTURE)
        cls.files.certificate("ca", "client", here, usage="clientAuth")
        cls.files.certificate("ca", "elsewhere", "DNS:elsewhere.test")
        cls.files.self_signed("own", here)
        cls.files.authority("stranger")

    def test_a_bundle_that_no_client_accepts_is_refused_at_the_start(self):
        for name, why in (("expired", r"the certificate has expired \(it was valid until Feb"),
                          ("early", "the certificate is not valid before Jan .* clock"),
                          ("client", "may not be used by servers")):
            with self.subTest(name):
                said = start_failure("--grpc-listen-addr", "127.0.0.1:0",
                                     "--grpc-server-cred-bundle", self.files.path(name + ".pem"))
                self.assertRegex(said, why)
                self.assertIn("--grpc-server-cred-bundle", said)
                self.assertEqual(len(said.splitlines()), 1, said)

    def test_and_at_reload_the_last_good_one_stays(self):
        self.files.write("bundle.pem", self.files.read("good.pem"))
        with Ateapi("--grpc-server-cred-bundle", self.files.path("bundle.pem"), "--demo-actors",
                    "10") as service:
            self.files.write("bundle.pem", self.files.read("expired.pem"))
            until(lambda: "event=not_reloaded" in service.text(), "the bundle to be refused")
            self.assertIn("has expired", service.text())
            cli = Cli(service.address, "--ca-cert", self.files.path("ca.crt"))
            self.assertEqual(len(cli.lines("get", "actors", "-A", "-o", "name")), 10)

    def refusal(self, address, authority="ca"):
        error = Cli(address, "--ca-cert", self.files.path(authority + ".crt"), "--timeout",
                    "20").run("get", "actors", "-A", expect=1).stderr
        self.assertEqual(len(error.splitlines()), 1, error)
        self.assertNotIn("--insecure-skip-tls-verify", error)
        return error

    def test_the_command_line_names_the_cause(self):
        """Of certificates that ateapi itself would not load, shown by openssl."""
        for name, why in (("expired", "has expired (it was valid until Feb  1"),
                          ("early", "is not valid before Jan  1"),
                          ("client", "may not be used by servers"),
                          ("own", "is self-signed, and not among the trusted CAs"),
                          ("elsewhere", "is for another name: elsewhere.test")):
            with self.subTest(name), socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
                free.close()
                server = subprocess.Popen(
                    ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert",
                     self.files.path(name + ".pem"), "-key", self.files.path(name + ".key"),
                     "-alpn", "h2", "-quiet"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL)
                try:
                    until(lambda port=port: self.accepts(port), "openssl to listen")
                    self.assertIn(f"the certificate of 127.0.0.1:{port} {why}",
                                  self.refusal(f"127.0.0.1:{port}"))
                finally:
                    server.kill()
                    server.communicate()

    def accepts(self, port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def test_an_unknown_authority(self):
        with Ateapi("--grpc-server-cred-bundle", self.files.path("good.pem")) as service:
            self.assertIn("is signed by a CA that is not trusted here: CN = ca; give the CA with "
                          "--ca-cert", self.refusal(service.address, "stranger"))

    def test_a_client_certificate_without_its_key(self):
        certificate = self.files.path("client.crt")
        for flags, said in (
                (["--client-cert", certificate],
                 f"--client-cert: {certificate} holds no private key; give its file with "
                 "--client-key"),
                (["--client-cert", certificate, "--client-key", certificate],
                 f"--client-key: {certificate} holds no private key")):
            with self.subTest(flags):
                error = Cli("127.0.0.1:1", *flags).run("get", "actors", "-A", expect=1).stderr
                self.assertIn(said, error)

    def test_client_authorities_that_have_expired(self):
        self.files.certificate("ca", "old", "DNS:old", dates=PAST)
        said = start_failure("--grpc-listen-addr", "127.0.0.1:0", "--grpc-server-cred-bundle",
                             self.files.path("good.pem"), "--client-ca-certs",
                             self.files.path("old.crt"))
        self.assertIn("--client-ca-certs", said)
        self.assertIn("has expired", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
