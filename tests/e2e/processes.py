"""The real programs as fixtures: ateapi, kubectl-ate, clusters of real servers."""

import contextlib
import ctypes
import json
import os
import random
import re
import select
import shlex
import signal
import socket
import subprocess
import tempfile
import time
import unittest

BIN = os.environ["ATESTORE_BIN"]
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE = 60  # seconds until a program that should have answered is called hung


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def until(condition, what, patience=PATIENCE):
    """Polls: the state of another process cannot be waited for otherwise."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError("waited in vain for " + what)


@contextlib.contextmanager
def leased_ports(count):
    """The first of so many adjacent ports for a server that cannot choose them itself. Nobody else
    among the tests uses them, and the system gives them to nobody: PortLease of
    tests/support/server_process.cc has the same range and the same locks."""
    for first in random.sample(range(16384, 32001 - count), 1000):
        with contextlib.ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    lock = stack.enter_context(socket.socket(socket.AF_UNIX))
                    lock.bind(f"\0atestore-test-port-{port}")
                    with socket.socket() as probe:
                        probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            yield first
            return
    raise AssertionError("no free ports")


def leased_port():
    return leased_ports(1)


class Ateapi:
    """A running ateapi. `flags` as on its command line; it listens on a port of its choice, and so
    it does for HTTP with METRICS among the flags."""

    METRICS = ("--metrics-listen-addr", "127.0.0.1:0")

    def __init__(self, *flags, address="127.0.0.1:0", environment=None, before_exec=lambda: None):
        def prepare():
            die_with_parent()
            before_exec()
        self.log = tempfile.NamedTemporaryFile(mode="w+", prefix="ateapi-", suffix=".log")
        self.process = subprocess.Popen(
            [os.path.join(BIN, "ateapi"), "--grpc-listen-addr", address, *flags],
            stdout=self.log, stderr=self.log, preexec_fn=prepare,
            env={**os.environ, **(environment or {})})
        try:
            serving = until(lambda: self.process.poll() is not None or self.serving(),
                            "ateapi to serve")
            if self.process.poll() is not None:
                raise AssertionError("ateapi ended: " + self.text())
            self.address, self.metrics_address = serving.groups()
        except BaseException:
            self.kill()
            raise

    def text(self):
        with open(self.log.name, encoding="utf-8") as log:
            return log.read()

    def serving(self):
        """The line of the log that says where it serves, once it is there."""
        return re.search(r"event=serving address=(\S+)(?:.* metrics_address=(\S+))?.*\n",
                         self.text())

    def kill(self):
        self.process.kill()
        self.process.wait()

    def begin_termination(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self):
        """The exit status."""
        return self.process.wait(timeout=PATIENCE)

    def terminate(self):
        self.begin_termination()
        return self.wait()

    def peak_rss_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))

    def close(self):
        self.kill()
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def start_failure(*flags, environment=None):
    """What ateapi says when it refuses to start; it must do so within the patience."""
    run = subprocess.run([os.path.join(BIN, "ateapi"), *flags], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, check=False,
                         env={**os.environ, **(environment or {})})
    assert run.returncode != 0, "ateapi started: " + run.stdout
    return run.stdout


class Cluster:
    """Real servers, started and steered by the program e2e_cluster."""

    def __init__(self, *options):
        self.process = subprocess.Popen([os.path.join(BIN, "e2e_cluster"), *options],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=die_with_parent)
        self.facts = json.loads(self._answer())
        self.address = self.facts["address"]

    def _answer(self):
        readable, _, _ = select.select([self.process.stdout], [], [], 2 * PATIENCE)
        line = self.process.stdout.readline() if readable else ""
        if not line:
            self.close()
            raise AssertionError("e2e_cluster does not answer")
        return line

    def tell(self, *words):
        """A command of e2e_cluster; waits for its end."""
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()
        answer = self._answer().strip()
        assert answer == "ok" or answer.startswith("ok "), f"{words}: {answer}"
        return answer[3:]

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def server_program(kind, part="server"):
    """The path of the server of a kind, or of its "cli"; None where it is not installed."""
    if kind == "valkey91":  # where scripts/valkey-unstable puts it
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        folders, name = [os.path.join(cache, "atestore/valkey-unstable/bin")], "valkey-" + part
    else:
        folders = os.environ["PATH"].split(":") + ["/usr/sbin", "/usr/bin"]
        name = f"{kind}-{part}"
    paths = (os.path.join(folder, name) for folder in folders)
    return next((path for path in paths if os.access(path, os.X_OK)), None)


def have_server(kind):
    """Whether the server is installed; a machine with CI=true must have it, but for Valkey 9.1."""
    found = server_program(kind) is not None
    if not found and kind != "valkey91" and os.environ.get("CI") == "true":
        raise AssertionError(kind + " is not installed, and CI=true")
    return found


class OneCluster:
    """Mixed into a test case: a cluster of servers of `kind` for all its tests. A machine without
    these servers skips the case."""

    kind = None
    cluster_options = ()  # of the program e2e_cluster

    @classmethod
    def setUpClass(cls):
        if not have_server(cls.kind):
            raise unittest.SkipTest(cls.kind + " is not installed")
        cls.cluster = Cluster("--kind", cls.kind, *cls.cluster_options)
        cls.addClassCleanup(cls.cluster.close)
        cls.addresses = cls.cluster.address.split(",")


class Cli:
    """kubectl-ate against one service."""

    def __init__(self, address, *connection):
        self.flags = ["--endpoint", address, *(connection or ("--plaintext",))]

    def command(self, *arguments):
        return [os.path.join(BIN, "kubectl-ate"), *arguments, *self.flags]

    def run(self, *arguments, expect=0):
        run = subprocess.run(self.command(*arguments), stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, timeout=2 * PATIENCE, check=False)
        assert run.returncode == expect, (arguments, run.returncode, run.stderr)
        return run

    def out(self, *arguments):
        return self.run(*arguments).stdout

    def lines(self, *arguments):
        return self.out(*arguments).splitlines()

    def shell(self, script):
        """A shell pipeline in which `ate` is kubectl-ate with the connection flags at the end."""
        ate = shlex.join(self.command())[: -len(shlex.join(self.flags))].strip()
        function = f'ate() {{ {ate} "$@" {shlex.join(self.flags)}; }}\n'
        return subprocess.run(["bash", "-c", function + script], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=2 * PATIENCE, check=False)


class CliCase(unittest.TestCase):
    """One ateapi with `actors` of its own, and kubectl-ate for it, for all tests of a class."""

    actors = 200_000

    @classmethod
    def setUpClass(cls):
        cls.service = Ateapi("--demo-actors", str(cls.actors))
        cls.addClassCleanup(cls.service.close)
        cls.cli = Cli(cls.service.address)

    def assert_each_once(self, names, actors=None):
        actors = self.actors if actors is None else actors
        self.assertEqual(len(names), actors)
        self.assertEqual(len(set(names)), actors)


def resume_arguments(stderr):
    """The words after "kubectl-ate" of the printed resume command."""
    lines = [line for line in stderr.splitlines() if line.startswith("  kubectl-ate ")]
    assert len(lines) == 1, stderr
    return shlex.split(lines[0])[1:]
