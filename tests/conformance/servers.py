"""The two servers that a suite is run against: the emulator and the real one. Both are a cluster of
one node that owns every slot."""

import contextlib
import os
from collections.abc import Iterator

from processes import BIN, leased_port, until
from single_server import ask, running, single_server

FLAVORS = {"redis": "redis-7.0", "valkey": "valkey-8.0"}


@contextlib.contextmanager
def emulator(kind: str) -> Iterator[int]:
    """A mockcluster of one node; its port."""
    with leased_port() as port:
        command = [os.path.join(BIN, "mockcluster"), "--primaries", "1", "--flavor", FLAVORS[kind],
                   "--port", str(port)]
        with running(command, port, "cluster_state:ok", "CLUSTER INFO"):
            yield port


@contextlib.contextmanager
def real_server(kind: str) -> Iterator[int]:
    """A server with the settings of a test cluster and DEBUG allowed; its port."""
    with single_server(kind, "--cluster-enabled", "yes", "--enable-debug-command", "yes",
                       "--cluster-announce-ip", "127.0.0.1") as port:
        ask(port, "CLUSTER ADDSLOTSRANGE 0 16383")
        until(lambda: "cluster_state:ok" in ask(port, "CLUSTER INFO"), "the cluster to come up")
        yield port
