"""Who may do what: every method for every role on every atespace, and tokens that are not valid."""

import itertools
import os
import tempfile
import time
import unittest

from certificates import Certificates
from processes import Ateapi, Cli, PATIENCE, start_failure, until
from tokens import AUDIENCE, ISSUER, Key, by_secret, key_set, replace, with_header
from wire import Client, Code, WireCase, api, details, grpc, reason, ref

ROLES = ("viewer", "editor", "admin")
SCOPES = {"one": ["one"], "two": ["two"], "both": ["one", "two"], "all": ["*"]}
ATESPACES = ("one", "two", "absent", "")

# What a method needs, its permission, and a request about an atespace that changes nothing for
# whoever may send it. Methods without an atespace are about all of them.
OF_AN_ATESPACE = {
    "ListActors": ("viewer", "actors.list", lambda a: {"atespace": a}),
    "ReadActors": ("viewer", "actors.list", lambda a: {"atespace": a}),
    "GetActor": ("viewer", "actors.get", lambda a: {"actor_ref": ref(a, "none")}),
    "CreateActor": ("editor", "actors.create",
                    lambda a: {"actor_ref": ref(a, "x"), "actor_template_name": "Not A Name"}),
    "UpdateActor": ("editor", "actors.update", lambda a: {"actor_ref": ref(a, "none")}),
    "DeleteActor": ("editor", "actors.delete", lambda a: {"actor_ref": ref(a, "none")}),
    "SuspendActor": ("editor", "actors.update", lambda a: {"actor_ref": ref(a, "none")}),
    "PauseActor": ("editor", "actors.update", lambda a: {"actor_ref": ref(a, "none")}),
    "ResumeActor": ("editor", "actors.update", lambda a: {"actor_ref": ref(a, "none")}),
    "GetAtespace": ("viewer", "atespaces.get", lambda a: {"name": a}),
    "DeleteAtespace": ("admin", "atespaces.delete", lambda a: {"name": a}),
}
OF_ALL = {
    "ListAtespaces": ("viewer", "atespaces.list"),
    "ListWorkers": ("viewer", "workers.list"),
    "DebugClear": ("admin", "debug"),
}


def policy(extra=""):
    bindings = "".join(f'- subjects: ["jwt:{role}-{scope}"]\n  role: {role}\n'
                       f'  atespaces: {["*"] if names == ["*"] else names}\n'
                       for role, (scope, names) in itertools.product(ROLES, SCOPES.items()))
    return "bindings:\n" + bindings + extra


class Caller(Client):
    """A client that sends a token along."""

    def __init__(self, address, token):
        super().__init__(address)
        self.metadata = (("authorization", "Bearer " + token),) if token else ()

    def call(self, method, timeout=PATIENCE, **fields):
        if method == "ReadActors":
            stub = self.channel.unary_stream(
                "/ateapi.Control/ReadActors",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=api.ListActorsResponse.FromString)
            return list(stub(api.ListActorsRequest(**fields), timeout=timeout,
                             metadata=self.metadata))
        request = getattr(api, method + "Request")(**fields)
        return self._stub(method)(request, timeout=timeout, metadata=self.metadata)

    def outcome(self, method, **fields):
        """None, or the error."""
        try:
            self.call(method, **fields)
        except grpc.RpcError as error:
            return error
        return None


class Authorization(WireCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = lambda _, name: os.path.join(folder.name, name)
        cls.policy_file = os.path.join(folder.name, "policy.yaml")
        cls.keys_file = os.path.join(folder.name, "jwks.json")
        cls.keys = {name: Key(name, name.lower()) for name in ("RS256", "ES256", "EdDSA")}
        replace(cls.policy_file, policy())
        replace(cls.keys_file, key_set(*cls.keys.values()))
        cls.service = Ateapi("--authorization-policy-file", cls.policy_file, "--jwt-issuer", ISSUER,
                             "--jwt-audience", AUDIENCE, "--jwt-jwks-file", cls.keys_file)
        cls.addClassCleanup(cls.service.close)
        root = cls.caller("admin-all")
        for atespace in ("one", "two"):
            root.call("CreateAtespace", name=atespace)
            for name in ("first", "second"):
                root.call("CreateActor", actor_ref=ref(atespace, name))

    @classmethod
    def caller(cls, subject, key="EdDSA", **claims):
        caller = Caller(cls.service.address, cls.keys[key].token(subject, **claims))
        cls.addClassCleanup(caller.channel.close)
        return caller

    def denied(self, error, permission, atespace):
        self.assert_error(error, Code.PERMISSION_DENIED, "ACCESS_DENIED")
        self.assertEqual(dict(details(error)["ErrorInfo"].metadata),
                         {"permission": permission, "atespace": atespace or "*"})

    def admitted(self, error):
        if error is not None:
            self.assertNotEqual(reason(error), "ACCESS_DENIED", error)
            self.assertNotEqual(error.code(), Code.UNAUTHENTICATED, error)

    def test_every_method_for_every_role_on_every_atespace(self):
        calls = 0
        for role, (scope, names) in itertools.product(ROLES, SCOPES.items()):
            caller = self.caller(f"{role}-{scope}")
            for (method, (needed, permission, request)), atespace in itertools.product(
                    OF_AN_ATESPACE.items(), ATESPACES):
                if not atespace and method not in ("ListActors", "ReadActors"):
                    continue  # no such name
                covers = names == ["*"] or atespace in names
                allowed = covers and ROLES.index(role) >= ROLES.index(needed)
                with self.subTest(role=role, scope=scope, method=method, atespace=atespace):
                    error = caller.outcome(method, **request(atespace))
                    calls += 1
                    if allowed:
                        self.admitted(error)
                    else:
                        self.denied(error, permission, atespace)
            for method, (needed, permission) in OF_ALL.items():
                allowed = names == ["*"] and ROLES.index(role) >= ROLES.index(needed)
                with self.subTest(role=role, scope=scope, method=method):
                    error = caller.outcome(method)
                    calls += 1
                    if not allowed:
                        self.denied(error, permission, "")
                    elif method == "DebugClear":
                        self.assertEqual(reason(error), "DEBUG_CLEAR_DISABLED")
                    else:
                        self.assertIsNone(error)
        self.assertEqual(calls, len(ROLES) * len(SCOPES) * (9 * 3 + 2 * 4 + 3))

    def test_creating_atespaces(self):
        for role, (scope, names) in itertools.product(ROLES, SCOPES.items()):
            for atespace in ("one", f"new-{role}-{scope}"):
                allowed = role == "admin" and (names == ["*"] or atespace in names)
                error = self.caller(f"{role}-{scope}").outcome("CreateAtespace", name=atespace)
                if not allowed:
                    self.denied(error, "atespaces.create", atespace)
                elif atespace == "one":
                    self.assertEqual(error.code(), Code.ALREADY_EXISTS)
                else:
                    self.assertIsNone(error)
                    self.caller("admin-all").call("DeleteAtespace", name=atespace)

    def test_the_other_methods_are_all_there(self):
        service = api.DESCRIPTOR.services_by_name["Control"]
        known = {*OF_AN_ATESPACE, *OF_ALL, "CreateAtespace", "PartitionActors", "CountActors"}
        self.assertLessEqual({method.name for method in service.methods}, known)

    def test_roles_do_what_they_are_for(self):
        editor = self.caller("editor-one")
        editor.call("CreateActor", actor_ref=ref("one", "mine"))
        editor.call("UpdateActor", actor_ref=ref("one", "mine"))
        viewer = self.caller("viewer-one")
        self.assertEqual(viewer.call("GetActor", actor_ref=ref("one", "mine")).actor.version, 2)
        editor.call("DeleteActor", actor_ref=ref("one", "mine"))
        self.assertEqual(len(viewer.call("ListActors", atespace="one").actors), 2)
        self.assertEqual(sum(len(page.actors) for page in viewer.call("ReadActors",
                                                                      atespace="one")), 2)
        self.assertEqual(len(self.caller("viewer-all").call("ListActors").actors), 4)

    def test_tokens_up_to_the_limit(self):
        """16 KiB, base64 of three quarters of that; beyond, the service says why."""
        self.caller("admin-all", groups="g" * 11_900).call("ListActors")
        error = self.caller("admin-all", groups="g" * 12_500).outcome("ListActors")
        self.assert_error(error, Code.UNAUTHENTICATED, "TOKEN_MALFORMED")

    def test_a_denial_does_not_tell_what_exists(self):
        viewer = self.caller("viewer-one")
        there = viewer.outcome("GetActor", actor_ref=ref("two", "first"))
        nowhere = viewer.outcome("GetActor", actor_ref=ref("three", "first"))
        self.assertEqual(there.details().replace("two", "three"), nowhere.details())
        self.assertEqual(there.code(), nowhere.code())

    def test_a_page_token_gives_nothing(self):
        token = self.caller("viewer-two").call("ListActors", atespace="two",
                                               page_size=1).next_page_token
        self.assertTrue(token)
        self.denied(self.caller("viewer-one").outcome("ListActors", atespace="two", page_size=1,
                                                      page_token=token), "actors.list", "two")
        token = self.caller("viewer-all").call("ListActors", page_size=1).next_page_token
        self.denied(self.caller("viewer-one").outcome("ListActors", page_token=token),
                    "actors.list", "")

    def test_without_an_identity(self):
        for method, fields in (("ListActors", {}), ("DeleteAtespace", {"name": "one"})):
            error = Caller(self.service.address, None).outcome(method, **fields)
            self.assert_error(error, Code.UNAUTHENTICATED, "IDENTITY_REQUIRED")
        self.denied(self.caller("stranger").outcome("ListActors", atespace="one"), "actors.list",
                    "one")

    def refused(self, token, why):
        error = Caller(self.service.address, token).outcome("ListActors")
        self.assertIsNotNone(error)
        self.assert_error(error, Code.UNAUTHENTICATED, why)
        self.assertNotIn(token[:20], error.details())

    def test_tokens(self):
        for name in self.keys:
            now = int(time.time())
            self.assertIsNone(self.caller("viewer-all", name).outcome("ListActors"), name)
            make = self.keys[name].token
            for why, claims in (("TOKEN_EXPIRED", {"exp": now - 3600}),
                                ("TOKEN_NOT_YET_VALID", {"nbf": now + 3600}),
                                ("TOKEN_ISSUER_WRONG", {"iss": "https://issuer.test/"}),
                                ("TOKEN_ISSUER_WRONG", {"iss": None}),
                                ("TOKEN_AUDIENCE_WRONG", {"aud": ["other"]}),
                                ("TOKEN_AUDIENCE_WRONG", {"aud": None}),
                                ("TOKEN_MALFORMED", {"exp": None})):
                with self.subTest(key=name, why=why, **claims):
                    self.refused(make("viewer-all", **claims), why)
            stranger = Key(name, name.lower())
            self.refused(stranger.token("viewer-all"), "TOKEN_SIGNATURE_WRONG")
            self.refused(Key(name, "unknown").token("viewer-all"), "TOKEN_KEY_UNKNOWN")
        # A few seconds are forgiven.
        self.assertIsNone(self.caller("viewer-all", exp=int(time.time()) - 10)
                          .outcome("ListActors"))

    def test_tokens_of_other_algorithms(self):
        good = self.keys["RS256"].token("viewer-all")
        self.refused(with_header(good, {"alg": "none"}), "TOKEN_ALGORITHM_REFUSED")
        self.refused(with_header(good, {"alg": "None", "kid": "rs256"}), "TOKEN_ALGORITHM_REFUSED")
        by_public_key = by_secret(self.keys["RS256"].public_pem())
        self.refused(with_header(good, {"alg": "HS256", "kid": "rs256"}, by_public_key),
                     "TOKEN_ALGORITHM_REFUSED")
        self.refused(with_header(good, {"alg": "RS256", "kid": "rs256"}, by_public_key),
                     "TOKEN_SIGNATURE_WRONG")
        self.refused(with_header(good, {"alg": "RS256", "kid": "rs256"}), "TOKEN_SIGNATURE_WRONG")
        self.refused(good + ".x", "TOKEN_MALFORMED")
        self.refused("x", "TOKEN_MALFORMED")

    def test_keys_rotate(self):
        old, new = self.keys["EdDSA"], Key("EdDSA", "next")
        others = [key for key in self.keys.values() if key is not old]
        self.addCleanup(replace, self.keys_file, key_set(*self.keys.values()))

        def works(key):
            with Caller(self.service.address, key.token("viewer-all")) as caller:
                return caller.outcome("ListActors") is None
        self.assertFalse(works(new))
        replace(self.keys_file, key_set(*others, old, new))
        until(lambda: works(new), "the new key")
        self.assertTrue(works(old))
        replace(self.keys_file, "{")
        until(lambda: "what=--jwt-jwks-file" in self.service.text() and
              "event=not_reloaded what=--jwt-jwks-file" in self.service.text(), "the mistake")
        self.assertTrue(works(old) and works(new))
        replace(self.keys_file, key_set(*others, new))
        until(lambda: not works(old), "the old key to go")
        self.assertTrue(works(new))
        replace(self.keys_file, key_set(*self.keys.values()))
        until(lambda: works(old), "the old key to come back")

    def test_the_policy_is_reloaded_and_a_mistake_keeps_the_old_one(self):
        newcomer = self.caller("newcomer")
        listing = {"method": "ListActors", "atespace": "one"}
        self.denied(newcomer.outcome(**listing), "actors.list", "one")
        replace(self.policy_file, policy("- subjects: [newcomer]\n"))
        until(lambda: "event=not_reloaded what=--authorization-policy-file" in self.service.text(),
              "the mistake")
        self.assertRegex(self.service.text(), r"event=not_reloaded .*line 38: subjects: ")
        self.assertIsNone(self.caller("viewer-one").outcome(**listing))
        self.denied(newcomer.outcome(**listing), "actors.list", "one")
        replace(self.policy_file, policy("- subjects: [jwt:newcomer]\n  role: viewer\n"
                                         "  atespaces: [one]\n"))
        until(lambda: newcomer.outcome(**listing) is None, "the new policy")
        replace(self.policy_file, policy())
        until(lambda: newcomer.outcome(**listing) is not None, "the old policy")

    def test_writes_and_denials_are_audited(self):
        editor = self.caller("editor-one")
        editor.call("CreateActor", actor_ref=ref("one", "audited"),
                    worker_selector=api.Selector(match_labels={"secret": "word"}))
        editor.call("DeleteActor", actor_ref=ref("one", "audited"))
        editor.outcome("DeleteActor", actor_ref=ref("one", "a\nevent=audit who=\u2028x"))
        editor.outcome("GetActor", actor_ref=ref("two", "audited"))
        editor.outcome("GetActor", actor_ref=ref("one", "unseen"))
        self.refused(self.keys["EdDSA"].token("editor-one", exp=1), "TOKEN_EXPIRED")
        lines = [line for line in self.service.text().splitlines() if " event=audit " in line]
        text = "\n".join(lines)
        who = "who=jwt:editor-one"
        for expected in (
                f"{who} method=CreateActor permission=actors.create atespace=one name=audited "
                "code=OK reason=-",
                f"{who} method=DeleteActor permission=actors.delete atespace=one name=audited "
                "code=OK reason=-",
                "atespace=one name=a%0Aevent%3Daudit%20who%3D%E2%80%A8x code=INVALID_ARGUMENT",
                f"{who} method=GetActor permission=actors.get atespace=two name=audited "
                "code=PERMISSION_DENIED reason=ACCESS_DENIED",
                "who=unidentified method=ListActors permission=actors.list atespace=* name=- "
                "code=UNAUTHENTICATED reason=TOKEN_EXPIRED"):
            self.assertTrue(expected in text, expected)
        self.assertFalse("secret" in self.service.text() or "unseen" in text)

    def test_kubectl_ate_sends_the_token_of_a_file_that_changes(self):
        path = self.path("token")
        replace(path, self.keys["EdDSA"].token("viewer-one"))
        cli = Cli(self.service.address, "--plaintext", "--token-file", path)
        self.assertEqual(sorted(cli.lines("get", "actors", "-a", "one", "-o", "name")),
                         ["actor/one/first", "actor/one/second"])
        error = cli.run("get", "actors", "-a", "two", expect=1).stderr
        self.assertRegex(error, "^error: the policy does not grant actors.list on atespace")
        replace(path, self.keys["EdDSA"].token("viewer-two"))
        self.assertEqual(len(cli.lines("get", "actors", "-a", "two", "-o", "name")), 2)
        away = Cli("ateapi.test:8443", "--plaintext", "--token-file", path)
        self.assertIn("--token-file: ", away.run("get", "actors", "-A", expect=1).stderr)


class Certified(WireCase):
    def test_each_name_of_a_certificate_counts(self):
        with tempfile.TemporaryDirectory() as folder:
            files = Certificates(folder)
            files.authority("ca")
            files.certificate("ca", "server", "DNS:localhost,IP:127.0.0.1")
            files.certificate("ca", "by-uri", "URI:spiffe://cluster.local/ns/a/sa/b")
            files.certificate("ca", "by-dns", "DNS:client.test")
            files.certificate("ca", "by-name", "DNS:unknown.test")
            files.certificate("ca", "stranger", "DNS:stranger.test")
            replace(files.path("policy"), 'bindings:\n- subjects: [cn:by-name, dns:client.test, '
                    '"spiffe://cluster.local/ns/a/sa/b"]\n  role: admin\n  atespaces: ["*"]\n')
            with Ateapi("--grpc-server-cred-bundle", files.path("server.pem"), "--client-ca-certs",
                        files.path("ca.crt"), "--authorization-policy-file",
                        files.path("policy")) as service:
                def ask(name, metadata=None):
                    credentials = grpc.ssl_channel_credentials(
                        files.read("ca.crt"), files.read(name + ".key"), files.read(name + ".crt"))
                    with Client(service.address, credentials) as client:
                        client.channel.unary_unary(
                            "/ateapi.Control/ListAtespaces",
                            response_deserializer=api.ListAtespacesResponse.FromString)(
                                b"", timeout=PATIENCE, metadata=metadata)
                for name in ("by-uri", "by-dns", "by-name"):
                    ask(name)
                with self.assertRaises(grpc.RpcError) as raised:
                    ask("stranger")
                self.assert_error(raised.exception, Code.PERMISSION_DENIED, "ACCESS_DENIED")
                self.assertIn("who=dns:stranger.test,cn:stranger ", service.text())
                with self.assertRaises(grpc.RpcError) as raised:
                    ask("by-uri", (("authorization", "Bearer x"),))
                self.assert_error(raised.exception, Code.UNAUTHENTICATED, "TOKENS_NOT_TAKEN")


class Start(unittest.TestCase):
    def test_without_a_policy_the_log_says_so(self):
        with Ateapi() as service:
            self.assertRegex(service.text(),
                             "event=authorization policy=none message=\"every caller may")
            with Client(service.address) as client:
                client.call("CreateAtespace", name="free")
            self.assertNotIn("event=audit", service.text())

    def test_mistakes(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("bindings:\n- role: owner\n")
            file.flush()
            tokens = ("--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-jwks-file", file.name)
            text = start_failure("--authorization-policy-file", file.name, *tokens)
            self.assertRegex(text, "event=cannot_start .*--authorization-policy-file: .*: line 2: ")
            self.assertIn("--authorization-policy-file", start_failure(*tokens))
            self.assertIn("--allow-anonymous", start_failure(
                "--grpc-listen-addr", "0.0.0.0:0", "--grpc-server-cred-bundle", file.name))


if __name__ == "__main__":
    unittest.main()
