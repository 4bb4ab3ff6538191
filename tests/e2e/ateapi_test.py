"""ateapi over the wire, from another language: only the proto file and Debian's python3-grpcio."""

import importlib
import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

import grpc

from processes import Ateapi, Cli, PATIENCE, ROOT, free_port, start_failure, until

STUBS = tempfile.TemporaryDirectory(prefix="ateapi-stubs-")
subprocess.run(["protoc", "-I", ROOT, "--python_out", STUBS.name, "proto/ateapi.proto",
                "proto/google_rpc.proto"], check=True)
sys.path.insert(0, STUBS.name)
api = importlib.import_module("proto.ateapi_pb2")
rpc = importlib.import_module("proto.google_rpc_pb2")


class Client:
    def __init__(self, address, credentials=None, options=()):
        self.channel = (grpc.secure_channel(address, credentials, options) if credentials
                        else grpc.insecure_channel(address, options))

    def call(self, method, timeout=PATIENCE, **fields):
        response, _ = self.call_with_trailers(method, timeout, **fields)
        return response

    def call_with_trailers(self, method, timeout=PATIENCE, **fields):
        request = getattr(api, method + "Request")(**fields)
        stub = self.channel.unary_unary(
            "/ateapi.Control/" + method, request_serializer=lambda message:
            message.SerializeToString(),
            response_deserializer=getattr(api, method + "Response").FromString)
        response, call = stub.with_call(request, timeout=timeout)
        return response, dict(call.trailing_metadata())

    def pages(self, **fields):
        token = ""
        while True:
            page = self.call("ListActors", page_token=token, **fields)
            yield page
            token = page.next_page_token
            if not token:
                return

    def ids(self, **fields):
        return [actor.actor_id for page in self.pages(**fields) for actor in page.actors]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()


def details(error):
    """The ErrorInfo reason and the other details of an error, by type."""
    trailers = dict(error.trailing_metadata())
    status = rpc.Status.FromString(trailers["grpc-status-details-bin"])
    found = {}
    for detail in status.details:
        message = getattr(rpc, detail.type_url.rsplit(".", 1)[1])()
        message.ParseFromString(detail.value)
        found[type(message).__name__] = message
    return found


class WireCase(unittest.TestCase):
    def fails(self, code, client, method, reason=None, field=None, **fields):
        with self.assertRaises(grpc.RpcError) as caught:
            client.call(method, **fields)
        error = caught.exception
        self.assertEqual(error.code(), code, error)
        found = details(error)
        self.assertEqual(found["ErrorInfo"].domain, "ateapi")
        self.assertRegex(found["ErrorInfo"].reason, "^[A-Z][A-Z0-9_]+$")
        if reason:
            self.assertEqual(found["ErrorInfo"].reason, reason)
        if field:
            self.assertEqual(found["BadRequest"].field_violations[0].field, field)
        return found


class EmbeddedStore(WireCase):
    @classmethod
    def setUpClass(cls):
        cls.metrics = f"127.0.0.1:{free_port()}"
        cls.service = Ateapi("--demo-actors", "20000", "--metrics-listen-addr", cls.metrics)
        cls.client = Client(cls.service.address)

    @classmethod
    def tearDownClass(cls):
        cls.client.channel.close()
        cls.service.kill()

    def http(self, path):
        try:
            with urllib.request.urlopen(f"http://{self.metrics}{path}", timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def test_listing(self):
        pages = list(self.client.pages(page_size=777))
        ids = [actor.actor_id for page in pages for actor in page.actors]
        self.assertEqual(len(ids), 20000)
        self.assertEqual(len(set(ids)), 20000)
        self.assertLessEqual(max(len(page.actors) for page in pages), 777)
        self.assertLessEqual(max(len(page.next_page_token) for page in pages), 256)

    def test_page_size(self):
        self.assertLessEqual(len(self.client.call("ListActors").actors), 1000)
        self.assertLessEqual(len(self.client.call("ListActors", page_size=5000).actors), 1000)
        self.fails(grpc.StatusCode.INVALID_ARGUMENT, self.client, "ListActors", field="page_size",
                   page_size=-1)

    def test_progress_in_the_trailers(self):
        seen = []
        token = ""
        while True:
            page, trailers = self.client.call_with_trailers("ListActors", page_token=token)
            seen.append(float(trailers["ate-list-progress"]))
            self.assertEqual(trailers["ate-list-skipped"], "0")
            token = page.next_page_token
            if not token:
                break
        self.assertEqual(seen, sorted(seen))
        self.assertEqual(seen[-1], 1.0)
        self.assertTrue(all(0 <= progress <= 1 for progress in seen))

    def test_tokens_are_checked(self):
        token = self.client.call("ListActors", atespace="team-a", page_size=5).next_page_token
        reasons = set()
        for bad in ("?", "garbage", token[:-4], "A" * 300,
                    token[:8] + ("B" if token[8] != "B" else "C") + token[9:]):
            found = self.fails(grpc.StatusCode.INVALID_ARGUMENT, self.client, "ListActors",
                               field="page_token", atespace="team-a", page_token=bad)
            reasons.add(found["ErrorInfo"].reason)
        found = self.fails(grpc.StatusCode.INVALID_ARGUMENT, self.client, "ListActors",
                           field="page_token", atespace="team-b", page_token=token)
        self.assertNotIn(found["ErrorInfo"].reason, reasons)
        _, metrics = self.http("/metrics")
        self.assertRegex(metrics, r'ateapi_page_token_rejections_total{reason="\w+"} \d')

    def test_records(self):
        call = self.client.call
        self.assertEqual(call("CreateAtespace", name="wire").atespace.name, "wire")
        self.fails(grpc.StatusCode.ALREADY_EXISTS, self.client, "CreateAtespace", name="wire")
        self.fails(grpc.StatusCode.INVALID_ARGUMENT, self.client, "CreateAtespace", name="No!")
        self.assertEqual(call("GetAtespace", name="wire").atespace.name, "wire")
        self.fails(grpc.StatusCode.NOT_FOUND, self.client, "GetAtespace", name="nowhere")
        ref = api.ActorRef(atespace="wire", name="one")
        made = call("CreateActor", actor_ref=ref, actor_template_namespace="ns",
                    actor_template_name="t").actor
        self.assertEqual((made.version, made.status), (1, api.Actor.STATUS_SUSPENDED))
        self.fails(grpc.StatusCode.ALREADY_EXISTS, self.client, "CreateActor", actor_ref=ref,
                   actor_template_namespace="ns", actor_template_name="t")
        self.fails(grpc.StatusCode.FAILED_PRECONDITION, self.client, "CreateActor",
                   actor_ref=api.ActorRef(atespace="nowhere", name="one"),
                   actor_template_namespace="ns", actor_template_name="t")
        updated = call("UpdateActor", actor_ref=ref,
                       worker_selector=api.Selector(match_labels={"k": "v"})).actor
        self.assertEqual(updated.version, 2)
        self.assertEqual(call("GetActor", actor_ref=ref).actor, updated)
        self.assertEqual(self.client.ids(atespace="wire"), ["one"])
        self.fails(grpc.StatusCode.FAILED_PRECONDITION, self.client, "DeleteAtespace", name="wire")
        call("DeleteActor", actor_ref=ref)
        self.fails(grpc.StatusCode.NOT_FOUND, self.client, "GetActor", actor_ref=ref)
        self.fails(grpc.StatusCode.NOT_FOUND, self.client, "DeleteActor", actor_ref=ref)
        self.fails(grpc.StatusCode.NOT_FOUND, self.client, "UpdateActor", actor_ref=ref)
        call("DeleteAtespace", name="wire")
        self.assertNotIn("wire", [each.name for each in call("ListAtespaces").atespaces])
        running = api.ActorRef(atespace="team-a", name="agent-0000000")
        self.fails(grpc.StatusCode.FAILED_PRECONDITION, self.client, "DeleteActor",
                   actor_ref=running)
        self.assertEqual(len(call("ListWorkers").workers), 0)

    def test_methods_without_a_scheduler_say_so(self):
        for method in ("SuspendActor", "PauseActor", "ResumeActor"):
            self.fails(grpc.StatusCode.UNIMPLEMENTED, self.client, method,
                       reason="SCHEDULER_REQUIRED",
                       actor_ref=api.ActorRef(atespace="team-a", name="x"))

    def test_debug_clear_is_off(self):
        self.fails(grpc.StatusCode.PERMISSION_DENIED, self.client, "DebugClear",
                   reason="DEBUG_CLEAR_DISABLED")

    def test_deadline_gives_a_short_page(self):
        page = self.client.call("ListActors", timeout=0.5)
        self.assertTrue(page.actors)

    def test_health_and_probes(self):
        check = self.client.channel.unary_unary("/grpc.health.v1.Health/Check")
        self.assertEqual(check(b"", timeout=PATIENCE), b"\x08\x01")  # SERVING
        self.assertEqual(check(b"\x0a\x0eateapi.Control", timeout=PATIENCE), b"\x08\x01")
        self.assertEqual(self.http("/healthz"), (200, "alive\n"))
        self.assertEqual(self.http("/readyz"), (200, "ready\n"))
        self.assertEqual(self.http("/nothing")[0], 404)

    def test_metrics(self):
        self.client.ids(atespace="team-c")
        _, text = self.http("/metrics")
        for name in ("ateapi_list_pages_total", "ateapi_list_actors_total",
                     "ateapi_list_names_total", "ateapi_redis_round_trip_seconds_bucket",
                     "ateapi_calls_total", "ateapi_listings_in_flight", "ateapi_ready"):
            self.assertRegex(text, re.compile("^" + name + r"[{ ]", re.MULTILINE))
        number = lambda name: float(re.search(rf"^{name} (\S+)", text, re.MULTILINE).group(1))
        self.assertGreaterEqual(number("ateapi_list_actors_total"), 4000)
        self.assertGreaterEqual(number("ateapi_list_names_total"),
                                number("ateapi_list_actors_total"))

    def test_reflection_is_off_unless_asked_for(self):
        request = b"\x3a\x00"  # list_services: ""
        def services(client):
            stream = client.channel.stream_stream(
                "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
            return next(stream(iter([request]), timeout=PATIENCE))
        with self.assertRaises(grpc.RpcError) as caught:
            services(self.client)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNIMPLEMENTED)
        with Ateapi("--enable-reflection") as service, Client(service.address) as client:
            self.assertIn(b"ateapi.Control", services(client))

    def test_debug_clear_when_enabled(self):
        with Ateapi("--enable-debug-clear", "--demo-actors", "500") as service:
            with Client(service.address) as client:
                self.assertEqual(len(client.ids()), 500)
                client.call("DebugClear")
                self.assertEqual(client.ids(), [])

    def test_tokens_outlive_the_process_and_keys_rotate(self):
        with tempfile.TemporaryDirectory() as directory:
            files = {}
            for name, text in {"old": "1:0123456789abcdef\n", "other": "3:fedcba9876543210\n",
                               "both": "2:0123456789abcdefg\n1:0123456789abcdef\n"}.items():
                files[name] = os.path.join(directory, name)
                with open(files[name], "w", encoding="ascii") as file:
                    file.write(text)

            def with_keys(name, action):
                with Ateapi("--demo-actors", "500", "--page-token-key-file",
                            files[name]) as service, Client(service.address) as client:
                    return action(client)

            first = with_keys("old", lambda client: client.call("ListActors", page_size=200))
            ids = [actor.actor_id for actor in first.actors]
            def the_rest(client):
                page = client.call("ListActors", page_token=first.next_page_token)
                found = [actor.actor_id for actor in page.actors]
                while page.next_page_token:
                    page = client.call("ListActors", page_token=page.next_page_token)
                    found += [actor.actor_id for actor in page.actors]
                return found
            ids += with_keys("both", the_rest)
            self.assertEqual((len(ids), len(set(ids))), (500, 500))
            with_keys("other", lambda client: self.fails(
                grpc.StatusCode.INVALID_ARGUMENT, client, "ListActors", field="page_token",
                page_token=first.next_page_token))

    def test_too_many_listings(self):
        with Ateapi("--demo-actors", "200000", "--max-concurrent-listings", "1") as service:
            refused = []
            def list_all():
                with Client(service.address, options=[("grpc.use_local_subchannel_pool", 1)]) as one:
                    for _ in range(100):
                        try:
                            one.call("ListActors")
                        except grpc.RpcError as error:
                            refused.append(error)
            threads = [threading.Thread(target=list_all) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertTrue(refused)
            for error in refused:
                self.assertEqual(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
                found = details(error)
                self.assertEqual(found["ErrorInfo"].reason, "TOO_MANY_LISTINGS")
                self.assertGreater(found["RetryInfo"].retry_delay.ToNanoseconds(), 0)

    def test_sigterm_finishes_what_runs(self):
        service = Ateapi("--demo-actors", "50000")
        failed, pages = [], []
        def list_until_refused():
            with Client(service.address, options=[("grpc.use_local_subchannel_pool", 1)]) as one:
                token = ""
                try:
                    while True:
                        page = one.call("ListActors", page_token=token)
                        pages.append(len(page.actors))
                        token = page.next_page_token
                except grpc.RpcError as error:
                    failed.append(error)
        threads = [threading.Thread(target=list_until_refused) for _ in range(4)]
        for thread in threads:
            thread.start()
        until(lambda: len(pages) > 20, "listings to run")
        self.assertEqual(service.terminate(), 0)
        for thread in threads:
            thread.join()
        # gRPC itself answers CANCELLED to a call that arrives while the server closes its queues.
        self.assertLessEqual({error.code() for error in failed},
                             {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED})
        self.assertIn("event=stopped", service.text())

    def test_start_failures_are_one_clear_line(self):
        cases = {
            "--allow-plaintext": ["--grpc-listen-addr", "0.0.0.0:0"],
            "is it in use": ["--grpc-listen-addr", self.service.address],
            "cannot read /nonexistent": ["--grpc-listen-addr", "127.0.0.1:0",
                                         "--page-token-key-file", "/nonexistent"],
            "holds no PEM certificate": ["--grpc-listen-addr", "127.0.0.1:0",
                                         "--grpc-server-cred-bundle", "/etc/hostname"],
            "ATE_API_REDIS_ADDRESS is not set": ["--redis-cluster-address", "@env"],
            "127.0.0.1:1": ["--grpc-listen-addr", "127.0.0.1:0", "--startup-timeout", "1",
                            "--redis-cluster-address", "127.0.0.1:1"],
        }
        for expected, flags in cases.items():
            with self.subTest(expected):
                said = start_failure(*flags)
                self.assertIn(expected, said)
                self.assertEqual(len(said.splitlines()), 1, said)

    def test_the_log_holds_no_tokens(self):
        with Ateapi("--demo-actors", "2000", "--log-level", "debug") as service:
            with Client(service.address) as client:
                tokens = [page.next_page_token for page in client.pages(page_size=100)]
                self.fails(grpc.StatusCode.INVALID_ARGUMENT, client, "ListActors",
                           atespace="other", page_token=tokens[0])
            text = service.text()
        self.assertIn("event=call", text)
        for token in filter(None, tokens):
            self.assertNotIn(token, text)


class Tls(WireCase):
    @classmethod
    def setUpClass(cls):
        cls.files = tempfile.TemporaryDirectory()
        cls.authority("ca")
        cls.certificate("ca", "server", "DNS:localhost,IP:127.0.0.1")
        cls.certificate("ca", "client", "DNS:client")
        cls.authority("stranger-ca")
        cls.certificate("stranger-ca", "stranger", "DNS:stranger")

    @classmethod
    def tearDownClass(cls):
        cls.files.cleanup()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.files.name, name)

    @classmethod
    def openssl(cls, *arguments):
        subprocess.run(["openssl", *arguments], check=True, stderr=subprocess.DEVNULL,
                       cwd=cls.files.name)

    @classmethod
    def authority(cls, name):
        cls.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-days", "2", "-subj", "/CN=" + name, "-keyout", name + ".key", "-out",
                    name + ".crt")

    @classmethod
    def certificate(cls, authority, name, names):
        cls.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=" + name, "-addext", "subjectAltName=" + names, "-keyout",
                    name + ".key", "-out", name + ".csr")
        cls.openssl("x509", "-req", "-in", name + ".csr", "-CA", authority + ".crt", "-CAkey",
                    authority + ".key", "-CAcreateserial", "-days", "2", "-copy_extensions", "copy",
                    "-out", name + ".crt")
        with open(cls.path(name + ".tmp"), "wb") as bundle:
            for part in (".crt", ".key"):
                bundle.write(cls.read(name + part))
        os.replace(cls.path(name + ".tmp"), cls.path(name + ".pem"))  # as a reload must see it

    @classmethod
    def read(cls, name):
        with open(cls.path(name), "rb") as file:
            return file.read()

    def credentials(self, client=None, authority="ca"):
        return grpc.ssl_channel_credentials(
            self.read(authority + ".crt"), *((self.read(client + ".key"),
                                              self.read(client + ".crt")) if client else ()))

    def serial(self, address):
        host, port = address.rsplit(":", 1)
        shown = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-alpn", "h2"],
                               input=b"", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               check=False).stdout
        return subprocess.run(["openssl", "x509", "-noout", "-serial"], input=shown,
                              stdout=subprocess.PIPE, check=False).stdout

    def test_tls_from_both_clients(self):
        with Ateapi("--demo-actors", "100", "--grpc-server-cred-bundle",
                    self.path("server.pem")) as service:
            with Client(service.address, self.credentials()) as client:
                self.assertEqual(len(client.ids()), 100)
            cli = Cli(service.address, "--ca-cert", self.path("ca.crt"))
            self.assertEqual(len(cli.lines("get", "actors", "-A", "-o", "name")), 100)
            skip = Cli(service.address, "--insecure-skip-tls-verify")
            self.assertEqual(len(skip.lines("get", "actors", "-A", "-o", "name")), 100)
            for bad in (Cli(service.address, "--ca-cert", self.path("stranger-ca.crt")),
                        Cli(service.address, "--timeout", "20")):  # the system's CAs
                error = bad.run("get", "actors", "-A", expect=1).stderr
                self.assertRegex(error, "^error: the certificate of .* --ca-cert")
                self.assertEqual(len(error.splitlines()), 1, error)
            error = Cli(service.address).run("get", "actors", "-A", expect=1).stderr
            self.assertRegex(error, "^error: .*leave --plaintext out")

    def test_old_tls_versions_are_refused(self):
        with Ateapi("--grpc-server-cred-bundle", self.path("server.pem")) as service:
            for version, works in (("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)):
                run = subprocess.run(
                    ["openssl", "s_client", "-connect", service.address, version, "-alpn", "h2",
                     "-cipher", "DEFAULT:@SECLEVEL=0"], input=b"", stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, check=False)
                self.assertEqual(b"Cipher is (NONE)" not in run.stdout, works, version)

    def test_client_certificates_are_required_when_asked_for(self):
        with Ateapi("--demo-actors", "10", "--grpc-server-cred-bundle", self.path("server.pem"),
                    "--client-ca-certs", self.path("ca.crt")) as service:
            with Client(service.address, self.credentials("client")) as client:
                self.assertEqual(len(client.ids()), 10)
            cli = Cli(service.address, "--ca-cert", self.path("ca.crt"), "--client-cert",
                      self.path("client.pem"))
            self.assertEqual(len(cli.lines("get", "actors", "-A", "-o", "name")), 10)
            for wrong in (None, "stranger"):
                with Client(service.address, self.credentials(wrong)) as client:
                    with self.assertRaises(grpc.RpcError) as caught:
                        client.call("ListActors", timeout=10)
                    self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAVAILABLE)
            error = Cli(service.address, "--ca-cert", self.path("ca.crt")).run(
                "get", "actors", "-A", expect=1).stderr
            self.assertIn("--client-cert", error)

    def test_bundle_reload_under_load(self):
        self.certificate("ca", "reload", "IP:127.0.0.1")
        with Ateapi("--demo-actors", "5000", "--grpc-server-cred-bundle",
                    self.path("reload.pem")) as service:
            stop, failures, listings = threading.Event(), [], []
            def load():
                while not stop.is_set():
                    try:
                        with Client(service.address, self.credentials(),
                                    [("grpc.use_local_subchannel_pool", 1)]) as client:
                            listings.append(len(client.ids()))
                    except grpc.RpcError as error:
                        failures.append(error)
            threads = [threading.Thread(target=load) for _ in range(3)]
            for thread in threads:
                thread.start()
            before = self.serial(service.address)
            self.assertIn(b"serial=", before)
            with open(self.path("reload.pem"), "wb") as broken:
                broken.write(b"half a file")  # ignored: the last good one stays
            self.certificate("ca", "reload", "IP:127.0.0.1")
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
        with open(self.path("mixed.pem"), "wb") as mixed:
            mixed.write(self.read("server.crt") + self.read("client.key"))
        for bundle, expected in (("mixed.pem", "does not belong to the first certificate"),
                                 ("server.crt", "holds no private key")):
            said = start_failure("--grpc-listen-addr", "127.0.0.1:0", "--grpc-server-cred-bundle",
                                 self.path(bundle))
            self.assertIn(expected, said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
