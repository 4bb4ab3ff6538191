"""A cluster of real servers that is closed to strangers, and what it takes to get in."""

import os
import re
import tempfile
import unittest

from certificates import Certificates
from processes import Cluster, ROOT, have_server, start_failure
from wire import WireCase

SECRET = "correct-horse"


def documented_rule():
    """The rights of the user in docs/operations.md, which the suites prove to be enough."""
    with open(os.path.join(ROOT, "docs", "operations.md"), encoding="utf-8") as docs:
        return re.search(r"^ACL SETUSER ateapi on >PASSWORD (.*)$", docs.read(),
                         re.MULTILINE).group(1)


class SecuredCluster:
    """One cluster for all tests of a suite: TLS with client certificates, and ACL users. Mixed
    into a test case for each `kind` of server; a machine without it skips the suite."""

    kind = None
    users = {}      # beside "ateapi": name → rights that it lacks
    replicas = 0

    @classmethod
    def setUpClass(cls):
        if not have_server(cls.kind):
            raise unittest.SkipTest(cls.kind + " is not installed")
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        rule = documented_rule()
        users = [f"ateapi on >{SECRET} {rule}"] + [
            f"{name} on >{SECRET} {rule} {lacks}" for name, lacks in cls.users.items()]
        cls.cluster = Cluster("--kind", cls.kind, "--tls", "--tls-client-certificates",
                              "--replicas", str(cls.replicas),
                              *(word for user in users for word in ("--user", user)))
        cls.addClassCleanup(cls.cluster.close)
        cls.nodes = cls.cluster.address.count(",") + 1
        cls.servers = Certificates(os.path.dirname(cls.cluster.facts["ca"]))  # the servers' files
        cls.files = Certificates(cls.folder.name)                             # ateapi's
        cls.files.write("secret", SECRET.encode() + b"\n")
        for name, fact in (("trust.crt", "ca"), ("client.pem", "client")):
            with open(cls.cluster.facts[fact], "rb") as file:
                cls.files.write(name, file.read())

    @classmethod
    def flags(cls, user="ateapi", secret="secret", address=None):
        return ["--redis-cluster-address", address or cls.cluster.address,
                "--redis-ca-certs", cls.files.path("trust.crt"),
                "--redis-client-cert", cls.files.path("client.pem"),
                "--redis-username", user, "--redis-password-file", cls.files.path(secret)]

    def tell_all(self, *command):
        """The same command to every server."""
        for node in range(self.nodes):
            self.cluster.tell("run", str(node), *command)

    def drop_connections(self):
        self.tell_all("CLIENT", "KILL", "TYPE", "normal")

    def refused(self, *flags):
        """The one line in which ateapi says why it does not start."""
        said = start_failure("--grpc-listen-addr", "127.0.0.1:0", "--startup-timeout", "3", *flags)
        self.assertEqual(len(said.splitlines()), 1, said)
        self.assertIn("level=error event=cannot_start code=", said)
        self.assertNotIn(SECRET, said)
        return said


def for_each_kind(module, *suites):
    """The test cases SuiteRedis, SuiteValkey and SuiteValkey91, for unittest to find."""
    for suite in suites:
        for kind in ("redis", "valkey", "valkey91"):
            name = suite.__name__ + kind.capitalize()
            module[name] = type(name, (suite, WireCase),
                                {"kind": kind, "__module__": module["__name__"]})
