"""The suites: how each one is run against a port, and what its output says of every test."""

import collections
import os
import pathlib
import re
import subprocess
import xml.etree.ElementTree
from typing import Callable, NamedTuple

# Of the servers' suites, those about strings, keys and connections.
TCL_UNITS = ("scan", "keyspace", "type/string", "type/incr", "quit", "dump", "expire", "multi",
             "protocol", "other", "introspection", "introspection-2", "info-command")
# Those that take a second or less.
QUICK_UNITS = ("keyspace", "type/string", "type/incr", "quit", "dump", "protocol", "info-command")
UNIT_SECONDS_MAX = 240

Results = dict[str, bool]  # a test that ran -> whether it passed


class Suite(NamedTuple):
    source: str  # of sources.SOURCES
    kind: str  # the server that it is for
    tool: str  # the program that runs it
    units: tuple[str, ...]
    run: Callable[[pathlib.Path, str, int], Results]  # source folder, unit, port


def output_of(command: list[str], where: pathlib.Path, environment: dict | None = None) -> str:
    """What a program printed until it ended or its time was over."""
    process = subprocess.Popen(command, cwd=where, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env={**os.environ, **(environment or {})}, start_new_session=True)
    try:
        printed, _ = process.communicate(timeout=UNIT_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        printed, _ = process.communicate()
    return re.sub(r"\x1b\[[0-9;]*m", "", printed.decode(errors="replace"))


class Collector:
    """Names each test once: some suites use a name twice."""

    def __init__(self) -> None:
        self.results: Results = {}
        self.seen: collections.Counter = collections.Counter()

    def add(self, name: str, passed: bool) -> None:
        self.seen[name] += 1
        number = self.seen[name]
        self.results[name if number == 1 else f"{name} ({number})"] = passed


def run_tcl(source: pathlib.Path, unit: str, port: int) -> Results:
    # Two runs at a time should not try the same ports for their own test server.
    own_ports = ["--baseport", str(20032 + 32 * (port % 370)), "--portcount", "32"]
    printed = output_of(["./runtest", "--host", "127.0.0.1", "--port", str(port), "--cluster-mode",
                         "--durable", "--clients", "1", *own_ports, "--single", f"unit/{unit}"],
                        source)
    log = source.parent / "logs"
    log.mkdir(exist_ok=True)
    (log / f"{unit.replace('/', '-')}-{port}").write_text(printed, encoding="utf-8")
    found = Collector()
    # The last lines repeat the errors, with stars in front.
    for line in printed.splitlines():
        if match := re.match(r"\[ok\]: (.*?)(?: \(\d+ ms\))?$", line):
            found.add(match.group(1), True)
        elif match := re.match(r"\[err\]: (.*?)(?: in tests/\S+)?$", line):
            found.add(match.group(1), False)
    return found.results


def run_hiredis(source: pathlib.Path, _unit: str, port: int) -> Results:
    subprocess.run(["make", "-s", "hiredis-test"], cwd=source, check=True, capture_output=True)
    # There is no Unix socket: the suite ends where its second half would begin.
    printed = output_of(["./hiredis-test", "-h", "127.0.0.1", "-p", str(port), "-s", "none",
                         "--skip-throughput", "--skip-inherit-fd"], source)
    found = Collector()
    for name, verdict in re.findall(r"#\d+ (.*): (PASSED|FAILED)", printed):
        found.add(name, verdict == "PASSED")
    return found.results


def run_php(source: pathlib.Path, _unit: str, port: int) -> Results:
    folder = next(source.glob("redis-5*/tests"), source / "tests")
    (folder / "nodes").mkdir(exist_ok=True)
    (folder / "nodes/nodemap").write_text(f"127.0.0.1:{port}\n", encoding="ascii")
    printed = output_of(["php", "TestRedis.php", "--class", "RedisCluster", "--nocolors"], folder)
    found = Collector()
    for name, verdict in re.findall(r"(test\w+)\s[^\[]*\[(PASSED|FAILED)\]", printed):
        found.add(name, verdict == "PASSED")
    return found.results


def run_redis_py(source: pathlib.Path, unit: str, port: int) -> Results:
    report = source.parent / f"report-{port}.xml"
    report.unlink(missing_ok=True)
    # Its own filters name a module that need not be installed.
    output_of(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o",
               "filterwarnings=default", f"--redis-url=redis://127.0.0.1:{port}/0",
               "--redis-cluster-nodes=1", f"--junitxml={report}", f"tests/{unit}.py"], source,
              {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"})
    found = Collector()
    if not report.exists():
        return {}
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        if case.find("skipped") is None:
            passed = case.find("failure") is None and case.find("error") is None
            found.add(case.get("name", "?"), passed)
    return found.results


SUITES = {
    "redis Tcl": Suite("redis", "redis", "tclsh", TCL_UNITS, run_tcl),
    "valkey Tcl": Suite("valkey", "valkey", "tclsh", TCL_UNITS, run_tcl),
    "hiredis": Suite("hiredis", "redis", "make", ("all",), run_hiredis),
    "php-redis": Suite("php-redis", "redis", "php", ("RedisCluster",), run_php),
    "redis-py": Suite("redis-py", "redis", "pytest-3", ("test_commands", "test_connection"),
                      run_redis_py),
}
