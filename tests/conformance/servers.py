"""The two servers that a suite is run against: the emulator and the real one. Both are a cluster of
one node that owns every slot."""

import contextlib
import os
import pathlib
import socket
import subprocess
import tempfile
from typing import Iterator

from processes import BIN, die_with_parent, leased_port, server_program, until

FLAVORS = {"redis": "redis-7.0", "valkey": "valkey-8.0"}


def ask(port: int, line: str) -> str:
    """The reply to an inline command, or what has come of it; empty when nobody listens."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as peer:
        peer.sendall(line.encode() + b"\r\nQUIT\r\n")
        reply = b""
        while data := peer.recv(65536):
            reply += data
        return reply.decode(errors="replace")
    return ""


def await_cluster(process: subprocess.Popen, port: int) -> None:
    until(lambda: process.poll() is not None or "cluster_state:ok" in ask(port, "CLUSTER INFO"),
          "the cluster to come up")
    if process.poll() is not None:
        raise AssertionError(f"{process.args[0]} ended with {process.returncode}")


@contextlib.contextmanager
def running(command: list[str], folder: str) -> Iterator[subprocess.Popen]:
    with open(pathlib.Path(folder) / "log", "wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log,
                                   preexec_fn=die_with_parent)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@contextlib.contextmanager
def emulator(kind: str) -> Iterator[int]:
    """A mockcluster of one node; its port."""
    command = [os.path.join(BIN, "mockcluster"), "--primaries", "1", "--flavor", FLAVORS[kind]]
    with leased_port() as port, tempfile.TemporaryDirectory() as folder:
        with running([*command, "--port", str(port)], folder) as process:
            await_cluster(process, port)
            yield port


@contextlib.contextmanager
def real_server(kind: str) -> Iterator[int]:
    """A server with the settings of a test cluster and DEBUG allowed; its port."""
    program = server_program(kind)
    settings = ["--cluster-enabled", "yes", "--enable-debug-command", "yes", "--save", "",
                "--cluster-announce-ip", "127.0.0.1"]
    with leased_port() as port, leased_port() as bus, tempfile.TemporaryDirectory() as folder:
        ports = ["--port", str(port), "--cluster-port", str(bus)]
        with running([program, *ports, *settings], folder) as process:
            until(lambda: process.poll() is not None or ask(port, "PING"), "the server to answer")
            ask(port, "CLUSTER ADDSLOTSRANGE 0 16383")
            await_cluster(process, port)
            yield port
