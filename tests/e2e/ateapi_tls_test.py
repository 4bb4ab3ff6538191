"""ateapi behind TLS: versions, client certificates, reload, and certificates that do not fit."""

import subprocess
import tempfile
import threading
import unittest

import grpc

from certificates import Certificates
from processes import Ateapi, Cli, start_failure, until
from wire import OWN_CONNECTION, Client, Code, WireCase


class Tls(WireCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.files = Certificates(cls.folder.name)
        cls.files.authority("ca")
        cls.files.certificate("ca", "server", "DNS:localhost,IP:127.0.0.1")
        cls.files.certificate("ca", "client", "DNS:client")
        cls.files.authority("stranger-ca")
        cls.files.certificate("stranger-ca", "stranger", "DNS:stranger")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def credentials(self, client=None, authority="ca"):
        return grpc.ssl_channel_credentials(
            self.files.read(authority + ".crt"), *((self.files.read(client + ".key"),
                                              self.files.read(client + ".crt")) if client else ()))

    def serial(self, address):
        host, port = address.rsplit(":", 1)
        shown = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-alpn", "h2"],
                               input=b"", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               check=False).stdout
        return subprocess.run(["openssl", "x509", "-noout", "-serial"], input=shown,
                              stdout=subprocess.PIPE, check=False).stdout

    def test_tls_from_both_clients(self):
        with Ateapi("--demo-actors", "100", "--grpc-server-cred-bundle",
                    self.files.path("server.pem")) as service:
            with Client(service.address, self.credentials()) as client:
                self.assertEqual(len(client.ids()), 100)
            cli = Cli(service.address, "--ca-cert", self.files.path("ca.crt"))
            self.assertEqual(len(cli.lines("get", "actors", "-A", "-o", "name")), 100)
            skip = Cli(service.address, "--insecure-skip-tls-verify")
            self.assertEqual(len(skip.lines("get", "actors", "-A", "-o", "name")), 100)
            for bad in (Cli(service.address, "--ca-cert", self.files.path("stranger-ca.crt")),
                        Cli(service.address, "--timeout", "20")):  # the system's CAs
                error = bad.run("get", "actors", "-A", expect=1).stderr
                self.assertRegex(error, "^error: the certificate of .* --ca-cert")
                self.assertEqual(len(error.splitlines()), 1, error)
            error = Cli(service.address).run("get", "actors", "-A", expect=1).stderr
            self.assertRegex(error, "^error: .*omit --plaintext")

    def test_a_certificate_for_another_name(self):
        self.files.certificate("ca", "elsewhere", "DNS:elsewhere.test")
        with Ateapi("--demo-actors", "10", "--grpc-server-cred-bundle",
                    self.files.path("elsewhere.pem")) as service:
            trust = ("--ca-cert", self.files.path("ca.crt"))
            error = Cli(service.address, *trust).run("get", "actors", "-A", expect=1).stderr
            self.assertRegex(
                error, "^error: .* is for another name: elsewhere.test; .*--tls-server-name\n$")
            named = Cli(service.address, *trust, "--tls-server-name", "elsewhere.test")
            self.assertEqual(len(named.lines("get", "actors", "-A", "-o", "name")), 10)

    def test_old_tls_versions_are_refused(self):
        with Ateapi("--grpc-server-cred-bundle", self.files.path("server.pem")) as service:
            for version, works in (("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)):
                run = subprocess.run(
                    ["openssl", "s_client", "-connect", service.address, version, "-alpn", "h2",
                     "-cipher", "DEFAULT:@SECLEVEL=0"], input=b"", stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, check=False)
                self.assertEqual(b"Cipher is (NONE)" not in run.stdout, works, version)

    def test_client_certificates_are_required_when_asked_for(self):
        with Ateapi("--demo-actors", "10",
                    "--grpc-server-cred-bundle", self.files.path("server.pem"),
                    "--client-ca-certs", self.files.path("ca.crt")) as service:
            with Client(service.address, self.credentials("client")) as client:
                self.assertEqual(len(client.ids()), 10)
            cli = Cli(service.address, "--ca-cert", self.files.path("ca.crt"), "--client-cert",
                      self.files.path("client.pem"))
            self.assertEqual(len(cli.lines("get", "actors", "-A", "-o", "name")), 10)
            for wrong in (None, "stranger"):
                with Client(service.address, self.credentials(wrong)) as client:
                    with self.assertRaises(grpc.RpcError) as caught:
                        client.call("ListActors")
                    self.assertEqual(caught.exception.code(), Code.UNAVAILABLE)
            error = Cli(service.address, "--ca-cert", self.files.path("ca.crt")).run(
                "get", "actors", "-A", expect=1).stderr
            self.assertIn("--client-cert", error)

    def test_bundle_reload_under_load(self):
        self.files.certificate("ca", "reload", "IP:127.0.0.1")
        with Ateapi("--demo-actors", "5000", "--grpc-server-cred-bundle",
                    self.files.path("reload.pem")) as service:
            stop, failures, listings = threading.Event(), [], []
            def load():
                while not stop.is_set():
                    try:
                        with Client(service.address, self.credentials(),
                                    OWN_CONNECTION) as client:
                            listings.append(len(client.ids()))
                    except grpc.RpcError as error:
                        failures.append(error)
            threads = [threading.Thread(target=load) for _ in range(3)]
            for thread in threads:
                thread.start()
            before = self.serial(service.address)
            self.assertIn(b"serial=", before)
            with open(self.files.path("reload.pem"), "wb") as broken:
                broken.write(b"half a file")
            until(lambda: "event=not_reloaded" in service.text(), "the broken file to be refused")
            served = len(listings)
            until(lambda: len(listings) > served + 5, "listings under the last good certificate")
            self.assertEqual(self.serial(service.address), before)
            self.files.certificate("ca", "reload", "IP:127.0.0.1")
            until(lambda: b"serial=" in (now := self.serial(service.address)) and now != before,
                  "the new certificate")
            served = len(listings)
            until(lambda: len(listings) > served + 5, "listings under the new certificate")
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(set(listings), {5000})

    def test_unfit_bundles_are_explained(self):
        with open(self.files.path("mixed.pem"), "wb") as mixed:
            mixed.write(self.files.read("server.crt") + self.files.read("client.key"))
        for bundle, expected in (("mixed.pem", "does not belong to the first certificate"),
                                 ("server.crt", "holds no private key")):
            said = start_failure("--grpc-listen-addr", "127.0.0.1:0", "--grpc-server-cred-bundle",
                                 self.files.path(bundle))
            self.assertIn(expected, said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
