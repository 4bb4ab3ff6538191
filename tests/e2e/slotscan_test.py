"""slotscan on clusters of real servers: every key once, whatever happens meanwhile, and how it ends
and goes on. What `redis-cli --scan` finds on each primary is the checker."""

import base64
import json
import os
import shlex
import signal
import subprocess
import unittest

from processes import BIN, PATIENCE, OneCluster, die_with_parent, have_server, leased_port, \
    server_program
from resp import command
from secured_cluster import for_each_kind
from single_server import single_server

STRINGS = 12000
PADDING = "x" * 20  # so that the keys fill a pipe many times over


def others():
    """Commands that make keys of every type but string."""
    for number in range(100):
        for words in (["RPUSH", "list", "a", "b"], ["SADD", "set", "a"], ["ZADD", "zset", "1", "a"],
                      ["HSET", "hash", "f", "v"], ["XADD", "stream", "*", "f", "v"]):
            yield [words[0], f"{words[1]}:{number}", *words[2:]]


class Program:
    def __init__(self, address, *flags):
        host, port = address.rsplit(":", 1)
        self.flags = ["-h", host, "-p", port, *flags]

    def words(self, *flags):
        return [os.path.join(BIN, "slotscan"), *self.flags, *flags]

    def start(self, *flags, environment=None):
        return subprocess.Popen(self.words(*flags),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env={**os.environ, **(environment or {})},
                                preexec_fn=die_with_parent)

    def run(self, *flags, expect=0, environment=None):
        process = self.start(*flags, environment=environment)
        stdout, stderr = process.communicate(timeout=2 * PATIENCE)
        assert process.returncode == expect, (flags, process.returncode, stderr)
        return stdout, stderr.decode()

    def keys(self, *flags):
        return self.run(*flags)[0].decode().splitlines()


def resume_command(stderr):
    """The printed command, to be run by a shell that finds this build's program."""
    lines = [line for line in stderr.splitlines() if line.startswith("  slotscan ")]
    assert len(lines) == 1, stderr
    words = shlex.split(lines[0])
    return [os.path.join(BIN, words[0]), *words[1:]]


class Scan(OneCluster):
    cluster_options = ("--replicas", "1")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = Program(cls.addresses[0])
        records = []
        for number in range(STRINGS):
            records += [f"string:{number}:{PADDING}", f"value {number}"]
        cls.cluster.tell("set", *records)
        cls.keys = set(records[::2])
        for words in others():
            command(cls.addresses[0], *(word.encode() for word in words))
            cls.keys.add(words[1])

    @classmethod
    def cli(cls, address, *arguments):
        return subprocess.run([server_program(cls.kind, "cli"), "-p", address.rsplit(":", 1)[1],
                               *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout

    def primaries(self):
        return [address for address in self.addresses
                if self.cli(address, "ROLE").startswith("master")]

    def scanned(self, *flags):
        """What redis-cli finds; it may repeat keys, and has each primary scanned by itself."""
        return {key for address in self.primaries()
                for key in self.cli(address, "--scan", *flags).splitlines()}

    def reshard(self):
        first, second = self.primaries()[:2]
        ids = [self.cli(address, "CLUSTER", "MYID").strip() for address in (first, second)]
        self.cli(first, "--cluster", "reshard", first, "--cluster-from", ids[0], "--cluster-to",
                 ids[1], "--cluster-slots", "500", "--cluster-yes")

    def assert_each_once(self, found):
        self.assertEqual(len(found), len(set(found)))
        self.assertEqual(set(found), self.keys)

    def test_every_key_of_every_type_once(self):
        self.assertEqual(self.scanned(), self.keys)
        for flags in ((), ("--parallel", "1"), ("--parallel", "7"), ("--values",)):
            lines = self.program.keys(*flags)
            self.assert_each_once([line.split("\t")[0] for line in lines])

    def test_patterns_are_those_of_the_server(self):
        for pattern in ("string:1[0-4]*", "*:99", "z?et:*", "nobody", "hash:7", "[^s]*",
                        f"string:5:{PADDING}", "s*:1*x"):
            found = self.program.keys("--match", pattern)
            self.assertEqual(sorted(found), sorted(self.scanned("--pattern", pattern)), pattern)

    def test_counting(self):
        self.assertEqual(self.program.keys("--count"), [str(len(self.keys))])
        self.assertEqual(self.program.keys("--count", "--match", "zset:*"), ["100"])

    def test_values(self):
        records = [json.loads(line) for line in self.program.run("--values", "-o", "jsonl")[0]
                   .splitlines()]
        self.assert_each_once([record["key"] for record in records])
        for record in records:
            kind, number = record["key"].split(":")[:2]
            if kind == "string":
                self.assertEqual(record["value"], f"value {number}")
            else:
                self.assertEqual((record["value"], record["why"]), (None, "not a string"))

    def test_any_bytes(self):
        odd = {b"odd:\x00\n\t\\\xff": b"\r\xfe", "odd:ü\u0085\"".encode(): "☃\x01".encode()}
        for key, value in odd.items():
            command(self.addresses[0], b"SET", key, value)
            self.addCleanup(command, self.addresses[0], b"DEL", key)
        lines = self.program.run("--match", "odd:*", "--values")[0].splitlines()
        self.assertEqual(sorted(lines), sorted([
            b"odd:\\x00\\n\\t\\\\\\xff\t\\r\\xfe", "odd:ü\\xc2\\x85\"\t☃\\x01".encode()]))

        def member(record, name):
            if name in record:
                return record[name].encode()
            return base64.b64decode(record[name + "Base64"])

        found = {}
        for line in self.program.run("--match", "odd:*", "--values", "-o", "jsonl")[0].splitlines():
            record = json.loads(line)
            found[member(record, "key")] = member(record, "value")
        self.assertEqual(found, odd)

    def test_a_key_that_is_too_long_is_told(self):
        key = b"long:" + b"x" * (64 << 10)
        command(self.addresses[0], b"SET", key, b"1")
        self.addCleanup(command, self.addresses[0], b"DEL", key)
        _, stderr = self.program.run("--count", "--match", "l*", expect=3)
        self.assertIn("64 KiB", stderr)
        self.program.run("--count", "--match", "hash:*")

    def test_an_interrupted_scan_tells_of_it_too(self):
        key = b"long:{06S}" + b"x" * (64 << 10)  # of slot 0, which is read first
        command(self.addresses[0], b"SET", key, b"1")
        self.addCleanup(command, self.addresses[0], b"DEL", key)
        process = self.program.start("--rate", "1000", "--parallel", "1")
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 130, stderr)
        self.assertIn("64 KiB", stderr.decode())

    def in_the_middle(self, happens, *flags):
        """Reads a few keys, lets something happen while the rest has not been read, and goes on."""
        process = self.program.start("--rate", "4000", "--parallel", "2", *flags)
        with process.stdout:
            found = [process.stdout.readline() for _ in range(100)]
            happens()
            self.assertIsNone(process.poll(), "it is not the middle")
            found += process.stdout.readlines()
        stderr = process.stderr.read().decode()
        process.stderr.close()
        self.assertEqual(process.wait(), 0, stderr)
        return [line.decode().rstrip("\n").split("\t")[0] for line in found]

    def test_through_a_reshard(self):
        self.assert_each_once(self.in_the_middle(self.reshard))

    def test_through_a_failover_of_every_primary(self):
        self.assert_each_once(
            self.in_the_middle(lambda: self.cluster.tell("failover-all"), "--values"))

    def test_interrupted_and_resumed(self):
        found, arguments = [], []
        for turn in range(3):
            process = (self.program.start("--rate", "8000", "--parallel", "3") if turn == 0 else
                       subprocess.Popen([*arguments, "--rate", str(turn * 4000)],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        preexec_fn=die_with_parent))
            found.append(process.stdout.readline())
            process.send_signal(signal.SIGINT)
            with process.stdout, process.stderr:
                found += process.stdout.readlines()
                stderr = process.stderr.read().decode()
            self.assertEqual(process.wait(PATIENCE), 130, stderr)
            arguments = resume_command(stderr)
        rest = subprocess.run([*arguments, "--parallel", "5", "--rate", "0"],
                              stdout=subprocess.PIPE, check=True)
        found += rest.stdout.splitlines(keepends=True)
        self.assert_each_once([line.decode().rstrip("\n") for line in found])

    def test_a_token_of_another_pattern_is_refused(self):
        process = self.program.start("--rate", "1000")
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=PATIENCE)
        tokens = resume_command(stderr.decode())[-1]
        for flags in (("--match", "hash:*"), ("--values",)):
            _, stderr = self.program.run("--resume", tokens, *flags, expect=1)
            self.assertIn("page_token", stderr)

    def test_a_full_disk_loses_nothing(self):
        with open("/dev/full", "wb") as full:
            run = subprocess.run(self.program.words(), stdout=full, stderr=subprocess.PIPE,
                                 check=False)
        self.assertEqual(run.returncode, 1)
        self.assertIn(b"No space left", run.stderr)

    def test_a_closed_pipe_ends_it_quietly(self):
        script = f"{shlex.join(self.program.words())} | head -1"
        run = subprocess.run(["bash", "-o", "pipefail", "-c", script], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, check=False)
        self.assertEqual((run.returncode, run.stderr, run.stdout.count(b"\n")), (0, b"", 1))


class Access(unittest.TestCase):
    """Where nothing is to be had, and why."""

    def test_mistakes_in_the_command_line(self):
        for flags in (("--nothing",), ("--parallel", "x"), ("--key", "x"), ("--count", "--values"),
                      ("-o", "yaml")):
            Program("127.0.0.1:1").run(*flags, expect=2)

    def test_help(self):
        stdout, _ = Program("127.0.0.1:1").run("--help")
        self.assertIn(b"--resume", stdout)
        self.assertIn(b"Exit status", stdout)

    def test_nobody_there(self):
        with leased_port() as port:
            _, stderr = Program(f"127.0.0.1:{port}").run(expect=1)
        self.assertIn(f"127.0.0.1:{port}", stderr)

    def test_a_server_that_is_no_cluster(self):
        if not have_server("redis"):
            self.skipTest("redis is not installed")
        with single_server("redis") as port:
            _, stderr = Program(f"127.0.0.1:{port}").run(expect=1)
        self.assertIn("cluster", stderr)


class Secured(OneCluster):
    cluster_options = ("--tls", "--tls-client-certificates", "--password", "secret",
                       "--user", "reader on >word ~* +@all")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.tell("set", *(word for n in range(300) for word in (f"key:{n}", "v")))
        facts = cls.cluster.facts
        cls.program = Program(cls.addresses[0], "--tls", "--cacert", facts["ca"],
                              "--cert", facts["client"], "--key", facts["client"])

    def test_passwords(self):
        for flags, environment in ((("-a", "secret"), None), ((), {"REDISCLI_AUTH": "secret"}),
                                   (("--user", "reader", "--pass", "word"), None)):
            self.assertEqual(self.program.run("--count", *flags, environment=environment)[0],
                             b"300\n")

    def test_wrong_ones(self):
        _, stderr = self.program.run("-a", "wrong", expect=1)
        self.assertIn("WRONGPASS", stderr)
        self.assertNotIn("wrong ", stderr)
        _, stderr = self.program.run(expect=1)
        self.assertIn("NOAUTH", stderr)
        _, stderr = Program(self.cluster.address.split(",")[0], "--tls").run("-a", "secret",
                                                                             expect=1)
        self.assertIn("certificate", stderr)

    def test_the_resume_command_has_no_password(self):
        process = self.program.start("-a", "secret", "--rate", "50", "--parallel", "1")
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 130)
        self.assertIn("--tls", resume_command(stderr.decode()))
        self.assertNotIn(b"secret", stderr)


for_each_kind(globals(), Scan, Secured)

if __name__ == "__main__":
    unittest.main(verbosity=2)
