"""ateapi on secured clusters of real servers: what it needs, what it says when that is not there,
and every status code."""

import os
import shlex
import subprocess
import unittest

import yaml

from certificates import Certificates
from processes import Ateapi, ROOT, server_program, until
from secured_cluster import SECRET, SecuredCluster, for_each_kind
from single_server import single_server
from tokens import Key, key_set
from wire import Client, Code, Http, api, ref


class Access(SecuredCluster):
    users = {"no-scan": "-scan", "no-names": "-cluster|getkeysinslot", "no-count": "-pfcount"}

    def test_the_documented_user_is_enough(self):
        with Ateapi(*self.flags()) as service, Client(service.address) as client:
            call = client.call
            call("CreateAtespace", name="least")
            one = ref("least", "one")
            call("CreateActor", actor_ref=one, actor_template_namespace="n",
                 actor_template_name="t")
            call("UpdateActor", actor_ref=one,
                 worker_selector=api.Selector(match_labels={"k": "v"}))
            self.assertEqual(call("GetActor", actor_ref=one).actor.version, 2)
            self.assertEqual(client.ids(atespace="least"), ["one"])
            self.assertIn("least", [each.name for each in call("ListAtespaces").atespaces])
            call("ListWorkers")
            call("DeleteActor", actor_ref=one)
            call("DeleteAtespace", name="least")
            self.assertEqual(client.ids(atespace="least"), [])

    def test_a_wrong_password(self):
        self.files.write("wrong", b"staple")
        said = self.refused(*self.flags(secret="wrong"))
        self.assertIn("code=UNAUTHENTICATED", said)
        self.assertIn("--redis-password-file", said)

    def test_a_missing_permission_names_the_command(self):
        for user, command in (("no-scan", "scan"), ("no-names", "getkeysinslot"),
                              ("no-count", "pfcount")):
            said = self.refused(*self.flags(user=user))
            self.assertIn("code=PERMISSION_DENIED", said)
            self.assertIn(command, said.lower())
            self.assertIn("ACL SETUSER", said)

    def test_tls_that_does_not_fit(self):
        address = ["--redis-cluster-address", self.cluster.address]
        self.assertIn("--redis-ca-certs", self.refused(*address))  # plaintext to a TLS port
        said = self.refused(*address, "--redis-tls-server-name", "localhost")  # the system's CAs
        self.assertRegex(said, "certificate verify failed.*--redis-ca-certs")
        said = self.refused(*self.flags(), "--redis-tls-server-name", "other.test")
        self.assertRegex(said, "other.test|certificate verify failed")
        self.assertIn("--redis-tls-server-name", said)
        said = self.refused(*address, "--redis-ca-certs", self.files.path("trust.crt"))
        self.assertIn("--redis-client-cert", said)  # the servers want one

    def test_an_address_where_nothing_is(self):
        said = self.refused("--redis-cluster-address", "127.0.0.1:1")
        self.assertRegex(said, "code=UNAVAILABLE .*127.0.0.1:1.*--redis-cluster-address")
        said = self.refused("--redis-cluster-address", "nowhere.invalid:6379")
        self.assertRegex(said, "nowhere.invalid:6379: cannot resolve the name.*"
                         "--redis-cluster-address")

    def test_a_server_that_is_no_cluster(self):
        with single_server(self.kind) as port:
            said = self.refused("--redis-cluster-address", f"127.0.0.1:{port}")
        self.assertIn("code=FAILED_PRECONDITION", said)
        self.assertIn("cluster-enabled yes", said)

    def test_host_names_in_certificates(self):
        """Certificates for a name only, which the cluster announces for its nodes."""
        self.servers.certificate("ca", "named", "DNS:localhost")
        for option, value in (("cluster-announce-hostname", "localhost"),
                              ("cluster-preferred-endpoint-type", "hostname")):
            self.tell_all("CONFIG", "SET", option, value)
        # Until gossip has spread the names, nodes tell addresses, which the certificates lack.
        for address in self.cluster.address.split(","):
            until(lambda port=address.split(":")[1]: self.names_are_known(port), "the names")
        self.use_certificate("named")
        self.addCleanup(self.use_certificate, "server")
        self.addCleanup(self.tell_all, "CONFIG", "SET", "cluster-preferred-endpoint-type", "ip")
        named = self.cluster.address.replace("127.0.0.1", "localhost")
        with Ateapi(*self.flags(address=named)) as service, Client(service.address) as client:
            self.assertEqual(client.ids(atespace="nobody"), [])
        self.assertIn("--redis-tls-server-name", self.refused(*self.flags()))  # seeds by address
        with Ateapi(*self.flags(), "--redis-tls-server-name", "localhost") as service:
            with Client(service.address) as client:
                self.assertEqual(client.ids(atespace="nobody"), [])

    def names_are_known(self, port):
        slots = subprocess.run(
            [server_program(self.kind, "cli"), "--tls", "--cacert", self.files.path("trust.crt"),
             "--cert", self.files.path("client.pem"), "--key", self.files.path("client.pem"),
             "--user", "ateapi", "--pass", SECRET, "-p", port, "CLUSTER", "SLOTS"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        return slots.count(b"localhost") >= self.nodes and b"?" not in slots

    def use_certificate(self, name):
        self.tell_all("CONFIG", "SET", "tls-cert-file", self.servers.path(name + ".crt"),
                      "tls-key-file", self.servers.path(name + ".key"))

    def test_the_manifests_fit_the_program(self):
        """deploy/, started as it stands, but for its addresses and the certificates here."""
        Certificates(self.folder.name).authority("web-ca")
        self.files.certificate("web-ca", "bundle", "IP:127.0.0.1")
        for name, source in (("redis-password", "secret"), ("redis-ca.crt", "trust.crt")):
            self.files.write(name, self.files.read(source))
        self.files.write("page-token-keys", b"1:0123456789abcdef\n")
        self.files.write("client-ca.pem", self.files.read("trust.crt"))
        self.files.write("policy.yaml", b"bindings: []\n")
        self.files.write("jwks.json", key_set(Key("EdDSA", "k")).encode())
        for path, arguments in (("ateapi.service", unit_arguments()),
                                ("ateapi.yaml", manifest_arguments())):
            with self.subTest(path):
                arguments.remove("--grpc-listen-addr=0.0.0.0:8443")  # the test's own: loopback
                arguments = [argument.replace("0.0.0.0:9090", "127.0.0.1:0")
                             .replace("127.0.0.1:9090", "127.0.0.1:0")
                             .replace("/access/", self.folder.name + "/")
                             .replace("/tls/", self.folder.name + "/")
                             .replace("/store/", self.folder.name + "/")
                             .replace("%d/", self.folder.name + "/") for argument in arguments]
                with Ateapi("--redis-client-cert", self.files.path("client.pem"), *arguments,
                            environment={"ATE_API_REDIS_ADDRESS": self.cluster.address,
                                         "ATE_API_JWT_ISSUER": "https://issuer.test"}) as service:
                    http = Http(service.metrics_address)
                    until(lambda: http.get("/readyz")[0] == 200, "readiness")
                    self.assertEqual(http.get("/healthz")[0], 200)


def manifest_arguments():
    """The container's arguments, once its probes and its grace were checked."""
    with open(os.path.join(ROOT, "deploy/kubernetes/ateapi.yaml"), encoding="utf-8") as file:
        kinds = {each["kind"]: each for each in yaml.safe_load_all(file)}
    assert {"Deployment", "Service", "PodDisruptionBudget", "ConfigMap"} <= kinds.keys()
    pod = kinds["Deployment"]["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > 30  # --shutdown-grace
    container = pod["containers"][0]
    for probe, path in (("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        assert container[probe]["httpGet"] == {"path": path, "port": "metrics"}
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"grpc": 8443, "metrics": 9090}
    return container["args"]


def unit_arguments():
    with open(os.path.join(ROOT, "deploy/ateapi.service"), encoding="utf-8") as file:
        text = file.read().replace("\\\n", " ")
    line = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    return [*shlex.split(line)[1:], "--redis-ca-certs=/store/redis-ca.crt"]


class StatusCodes(SecuredCluster):
    """Each code of the service over the wire; the ones of trouble come and go with it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.tell("fill", "3000")
        cls.service = Ateapi(*cls.flags(), *Ateapi.METRICS, "--max-concurrent-listings", "2")
        cls.addClassCleanup(cls.service.close)
        cls.http = Http(cls.service.metrics_address)
        cls.client = Client(cls.service.address)
        cls.addClassCleanup(cls.client.channel.close)

    def test_records(self):
        call, fails = self.client.call, self.fails
        new = {"actor_template_namespace": "n", "actor_template_name": "t"}
        one, none = ref("codes", "one"), ref("codes", "none")
        fails(Code.FAILED_PRECONDITION, self.client, "CreateActor", "ATESPACE_NOT_FOUND",
              actor_ref=one, **new)
        call("CreateAtespace", name="codes")
        fails(Code.ALREADY_EXISTS, self.client, "CreateAtespace", "ATESPACE_ALREADY_EXISTS",
              name="codes")
        call("CreateActor", actor_ref=one, **new)
        fails(Code.ALREADY_EXISTS, self.client, "CreateActor", "ACTOR_ALREADY_EXISTS",
              actor_ref=one, **new)
        fails(Code.FAILED_PRECONDITION, self.client, "DeleteAtespace", "ATESPACE_NOT_EMPTY",
              name="codes")
        for method in ("GetActor", "UpdateActor", "DeleteActor"):
            fails(Code.NOT_FOUND, self.client, method, "ACTOR_NOT_FOUND", actor_ref=none)
        for method in ("GetAtespace", "DeleteAtespace"):
            fails(Code.NOT_FOUND, self.client, method, "ATESPACE_NOT_FOUND", name="none")
        self.cluster.tell("set", "actor:codes:busy",
                          '{"actorId":"busy","atespace":"codes","status":"STATUS_RUNNING"}')
        fails(Code.FAILED_PRECONDITION, self.client, "DeleteActor", "ACTOR_NOT_SUSPENDED",
              actor_ref=ref("codes", "busy"))
        for method in ("SuspendActor", "PauseActor", "ResumeActor"):
            fails(Code.UNIMPLEMENTED, self.client, method, "SCHEDULER_REQUIRED", actor_ref=one)
        fails(Code.PERMISSION_DENIED, self.client, "DebugClear", "DEBUG_CLEAR_DISABLED")

    def test_requests_that_are_wrong(self):
        token = self.client.call("ListActors", page_size=1).next_page_token
        for field, fields in (("page_size", {"page_size": -1}), ("page_token", {"page_token": "x"}),
                              ("page_token", {"page_token": token, "atespace": "other"}),
                              ("atespace", {"atespace": "No!"})):
            self.fails(Code.INVALID_ARGUMENT, self.client, "ListActors", field=field, **fields)
        self.fails(Code.INVALID_ARGUMENT, self.client, "GetActor", "INVALID_NAME",
                   actor_ref=ref("a", "x" * 64))

    def test_unreadable_records_are_skipped_counted_and_named(self):
        self.cluster.tell("set", "actor:poison:bad", "not json", "actor:poison:good",
                          '{"actorId":"good","atespace":"poison"}')
        skipped, ids, token = 0, [], ""
        while True:
            page, trailers = self.client.call_with_trailers("ListActors", atespace="poison",
                                                            page_token=token)
            ids += [actor.actor_id for actor in page.actors]
            skipped += int(trailers["ate-list-skipped"])
            token = page.next_page_token
            if not token:
                break
        self.assertEqual((ids, skipped), (["good"], 1))
        self.assertGreaterEqual(self.http.metric("ateapi_list_skipped_records_total"), 1)
        self.fails(Code.DATA_LOSS, self.client, "GetActor", "RECORD_UNREADABLE",
                   actor_ref=ref("poison", "bad"))
        self.assertIn("event=unreadable_record key=actor:poison:bad", self.service.text())
        self.assertNotIn("not json", self.service.text())

    def test_writers_that_meet_all_the_time(self):
        self.cluster.tell("set", "atespace:busy", '{"name":"busy"}', "actor:busy:one",
                          '{"actorId":"one","atespace":"busy","version":"1"}')
        aborted = []

        def a_crowd_updates():
            calls = [self.client.begin("UpdateActor", actor_ref=ref("busy", "one"),
                                       worker_selector=api.Selector(match_labels={"n": str(n)}))
                     for n in range(48)]
            aborted.extend(error for call in calls if (error := call.exception()) is not None)
            return aborted

        until(a_crowd_updates, "a writer to lose every race")
        for error in aborted:
            self.assert_error(error, Code.ABORTED, "WRITE_CONFLICT")

    def test_a_node_that_hangs(self):
        """DEADLINE_EXCEEDED, CANCELLED, RESOURCE_EXHAUSTED and UNAVAILABLE, then all is well."""
        first = self.client.call("ListActors", page_size=100)
        metric = self.http.metric
        retries = metric("ateapi_redis_retries_total")
        for node in range(self.nodes):
            self.cluster.tell("pause", str(node))
        hanging = [self.client.begin("ListActors") for _ in range(2)]
        self.http.wait_for_metric("ateapi_listings_in_flight", 2)
        self.fails(Code.RESOURCE_EXHAUSTED, self.client, "ListActors", "TOO_MANY_LISTINGS")
        hanging[0].cancel()
        self.http.wait_for_metric("ateapi_calls_total", 1, method="ListActors", code="CANCELLED")
        self.assertEqual(self.client.begin("GetActor", timeout=0.3,
                                           actor_ref=ref("bulk", "a-1")).exception().code(),
                         Code.DEADLINE_EXCEEDED)
        self.assert_error(hanging[1].exception(), Code.UNAVAILABLE, "STORE_UNAVAILABLE")
        self.assertGreater(metric("ateapi_redis_retries_total"), retries)
        until(lambda: self.http.get("/readyz")[0] == 503, "the process to be not ready")
        for node in range(self.nodes):
            self.cluster.tell("resume", str(node))
        self.cluster.tell("settled")
        until(lambda: self.http.get("/readyz")[0] == 200, "readiness")
        ids = [actor.actor_id for actor in first.actors]
        ids += self.client.ids(page_token=first.next_page_token)
        bulk = [name for name in ids if name.startswith("a-")]
        self.assertEqual((len(bulk), len(set(bulk))), (3000, 3000))

    def test_redis_takes_a_right_away_and_gives_it_back(self):
        self.tell_all("ACL", "SETUSER", "ateapi", "-cluster|getkeysinslot", "-scan")
        give_back = ["ACL", "SETUSER", "ateapi", "+cluster|getkeysinslot", "+scan"]
        self.addCleanup(self.tell_all, *give_back)
        self.fails(Code.UNAVAILABLE, self.client, "ListActors", "REDIS_PERMISSION_DENIED")
        until(lambda: "ACL SETUSER" in self.http.get("/readyz")[1], "readiness to say why")
        self.assertGreater(self.http.metric("ateapi_redis_error_replies_total", kind="NOPERM"), 0)
        self.tell_all(*give_back)
        self.assertTrue(self.client.call("ListActors").actors)
        until(lambda: self.http.get("/readyz")[0] == 200, "readiness")

    second = "battery-staple"

    def test_the_password_changes(self):
        self.addCleanup(self.files.write, "secret", self.second.encode())
        self.tell_all("ACL", "SETUSER", "ateapi", "resetpass", ">" + self.second)
        self.drop_connections()
        until(lambda: self.http.get("/readyz")[0] == 503, "the old password to be refused")
        self.fails(Code.UNAVAILABLE, self.client, "ListActors", "REDIS_UNAUTHENTICATED")
        self.files.write("secret", self.second.encode() + b"\n")
        until(lambda: self.http.get("/readyz")[0] == 200, "the new password to be read")
        self.assertTrue(self.client.call("ListActors").actors)
        self.assertIn("event=reloaded what=--redis-password-file", self.service.text())
        for secret in (self.second, SECRET):
            self.assertNotIn(secret, self.service.text())


for_each_kind(globals(), Access, StatusCodes)

if __name__ == "__main__":
    unittest.main(verbosity=2)
