"""What lies between the service and its cluster: nodes without an address, names that never
resolve, a clock that steps back, servers that cut off long answers."""

import binascii
import contextlib
import ctypes
import os
import random
import socket
import tempfile
import time
import unittest

from processes import PATIENCE, Ateapi, OneCluster, until
from resp import command
from wire import Client, Code, Http, WireCase, ref

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 0x1000, 0x4000, 1 << 18
ACTORS = 300


class NetworkCase(OneCluster, WireCase):
    kind = "redis"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.tell("fill", str(ACTORS))
        cls.nodes = len(cls.addresses)

    def set_everywhere(self, *words):
        for node in range(self.nodes):
            self.cluster.tell("run", str(node), "CONFIG", "SET", *words)

    def lists_everything(self, service, within=10):
        with Client(service.address) as client:
            began = time.monotonic()
            self.assertEqual(len(client.ids(atespace="bulk", page_size=50)), ACTORS)
            self.assertLess(time.monotonic() - began, within)


class NodesWithoutAnAddress(NetworkCase):
    cluster_options = ("--replicas", "1")

    def test_an_endpoint_that_is_unknown(self):
        """Redis 7.0 says "?" for a node that has no host name where names are preferred."""
        self.set_everywhere("cluster-preferred-endpoint-type", "hostname")
        self.addCleanup(self.set_everywhere, "cluster-preferred-endpoint-type", "ip")
        with Ateapi("--redis-cluster-address", self.cluster.address) as service:
            self.lists_everything(service)

    def test_replicas_with_port_0(self):
        """What a node without plaintext is to others. The service starts, and goes on."""
        with Ateapi("--redis-cluster-address", self.cluster.address) as service:
            replicas = range(3, self.nodes)
            for node in replicas:
                self.cluster.tell("run", str(node), "CONFIG", "SET", "port", "0")
            first = self.cluster.address.split(",", maxsplit=1)[0]
            until(lambda: slots_with_port_0(first) == len(replicas), "port 0 in CLUSTER SLOTS")
            self.lists_everything(service)
            with Ateapi("--redis-cluster-address", first) as another:
                self.lists_everything(another)


def slots_with_port_0(address):
    """How many nodes CLUSTER SLOTS of this node gives without a port."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(b"CLUSTER SLOTS\r\nPING\r\n")
        lines = []
        for line in connection.makefile("rb"):
            if line == b"+PONG\r\n":
                break
            lines.append(line)
    # A node is its address, its port, its id, …; slots are numbers too, but follow no address.
    return sum(line == b":0\r\n" and lines[i - 1] == b"127.0.0.1\r\n"
               for i, line in enumerate(lines))


@contextlib.contextmanager
def silent_name_server():
    """The address of one that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        for host in random.sample(range(2, 250), 50):
            try:
                server.bind((f"127.0.3.{host}", 53))
            except OSError:
                continue
            yield server.getsockname()[0]
            return
    raise AssertionError("no address for a name server")


class NamesThatHang(NetworkCase):
    @unittest.skipUnless(os.geteuid() == 0, "mounting another resolv.conf needs root")
    def test_one_of_three(self):
        """Calls about the other nodes take no longer, and those about that one end."""
        libc = ctypes.CDLL(None, use_errno=True)
        with silent_name_server() as name_server, tempfile.NamedTemporaryFile("w") as resolv_conf:
            resolv_conf.write(f"nameserver {name_server}\noptions timeout:20 attempts:3\n")
            resolv_conf.flush()

            def with_that_resolver():
                path = resolv_conf.name.encode()
                for done in (libc.unshare(CLONE_NEWNS),
                             libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None),
                             libc.mount(path, b"/etc/resolv.conf", None, MS_BIND, None)):
                    assert done == 0, os.strerror(ctypes.get_errno())

            with Ateapi("--redis-cluster-address", self.cluster.address, *Ateapi.METRICS,
                        before_exec=with_that_resolver) as service, \
                    Client(service.address) as client:
                names = [f"a-{i}" for i in range(ACTORS)]
                for node, host in enumerate(("127.0.0.1", "hangs.test", "127.0.0.1")):
                    self.cluster.tell("run", str(node), "CONFIG", "SET",
                                      "cluster-announce-hostname", host)
                self.set_everywhere("cluster-preferred-endpoint-type", "hostname")
                self.addCleanup(self.set_everywhere, "cluster-preferred-endpoint-type", "ip")
                # Until the service has learnt the names, it uses the addresses that it knows.
                until(lambda: self.refused(client, names[:20]), "a name that does not resolve", 120)
                began = time.monotonic()
                calls = [client.begin("GetActor", timeout=15, actor_ref=ref("bulk", name))
                         for name in names]
                outcomes = [call.exception() for call in calls]
                self.assertLess(time.monotonic() - began, 14)
                served = sum(error is None for error in outcomes)
                self.assertGreater(served, ACTORS // 2)
                for error in outcomes:
                    if error is not None:
                        self.assertEqual(error.code(), Code.UNAVAILABLE, error)
                # Whom it knows by address answers at once meanwhile.
                name = names[outcomes.index(None)]
                began = time.monotonic()
                client.call("GetActor", actor_ref=ref("bulk", name))
                self.assertLess(time.monotonic() - began, 1)

    @staticmethod
    def refused(client, names):
        calls = [client.begin("GetActor", timeout=15, actor_ref=ref("bulk", name))
                 for name in names]
        return sum(call.exception() is not None for call in calls)


class ClockThatStepsBack(NetworkCase):
    @unittest.skipUnless(os.path.exists(FAKETIME) or os.environ.get("CI") == "true",
                         "libfaketime is not installed")
    def test_waiting_calls_end(self):
        with tempfile.NamedTemporaryFile("w") as offset:
            offset.write("+0\n")
            offset.flush()
            fake = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": offset.name,
                    "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
            with Ateapi("--redis-cluster-address", self.cluster.address, environment=fake) as \
                    service, Client(service.address) as client:
                self.cluster.tell("pause", "1")
                self.addCleanup(self.cluster.tell, "resume", "1")
                calls = [client.begin("GetActor", timeout=PATIENCE, actor_ref=ref("bulk", f"a-{i}"))
                         for i in range(30)]
                offset.seek(0)
                offset.write("-3600\n")
                offset.flush()
                began = time.monotonic()
                outcomes = {call.exception() and call.exception().code() for call in calls}
                self.assertLessEqual({None, Code.UNAVAILABLE}, outcomes)
                self.assertLess(time.monotonic() - began, PATIENCE / 2)
                self.cluster.tell("resume", "1")
                self.lists_everything(service, PATIENCE)
                client.call("GetActor", actor_ref=ref("bulk", "a-0"))
                # The step was real: the log has it.
                times = [line.split()[0] for line in service.text().splitlines()]
                self.assertLess(times[-1], times[0])


class AnswersThatAreCutOff(NetworkCase):
    def test_large_records_come_in_smaller_portions(self):
        """A server drops a client whose answers exceed its limit: MGET of 64 records of 200 kB."""
        self.set_everywhere("client-output-buffer-limit", "normal 8388608 8388608 0")
        template = b'{"actorId":"%s","version":"1","atespace":"large","note":"%s"}'
        first = self.cluster.address.split(",", maxsplit=1)[0]
        names = [name for name in (f"a-{i}" for i in range(1_700_000))
                 if binascii.crc_hqx(f"actor:large:{name}".encode(), 0) % 16384 == 77]
        self.assertGreater(len(names), 64)
        for name in names:
            command(first, b"SET", b"actor:large:" + name.encode(),
                    template % (name.encode(), b"x" * 200_000))
        with Ateapi("--redis-cluster-address", self.cluster.address, *Ateapi.METRICS) as service, \
                Client(service.address) as client:
            began = time.monotonic()
            ids = client.ids(atespace="large", page_size=1000)
            self.assertEqual(sorted(ids), sorted(names))
            self.assertLess(time.monotonic() - began, PATIENCE)
            self.assertGreater(Http(service.metrics_address).metric("ateapi_redis_failures_total"),
                               0)  # else nothing was cut off
            self.lists_everything(service)


if __name__ == "__main__":
    unittest.main(verbosity=2)
