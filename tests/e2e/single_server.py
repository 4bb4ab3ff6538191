"""A real server by itself: outside of a cluster, or as a node that knows of no other."""

import contextlib
import os
import pathlib
import socket
import subprocess
import tempfile
from collections.abc import Iterator

from processes import die_with_parent, leased_port, server_program, until


def ask(port: int, line: str) -> str:
    """The reply to an inline command, or what has come of it; empty when nobody listens."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as peer:
        peer.sendall(line.encode() + b"\r\nQUIT\r\n")
        reply = b""
        while data := peer.recv(65536):
            reply += data
        return reply.decode(errors="replace")
    return ""


@contextlib.contextmanager
def running(command: list[str], port: int, sign: str, question: str) -> Iterator[None]:
    """A process from the moment when its answer to `question` has `sign` in it. One that ends
    before is an error with its output."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "log"
        with path.open("wb") as log:
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log,
                                       preexec_fn=die_with_parent)
        try:
            until(lambda: process.poll() is not None or sign in ask(port, question),
                  f"{os.path.basename(command[0])} to answer {question} with {sign}")
            if process.poll() is not None:
                raise AssertionError(f"{command[0]} ended with {process.returncode}: "
                                     + path.read_text(errors="replace"))
            yield
        finally:
            process.kill()
            process.wait()


@contextlib.contextmanager
def single_server(kind: str, *flags: str, port: int | None = None) -> Iterator[int]:
    """A server that answers; its port. Its bus has a port of its own as well: the usual one, 10000
    higher, may be any client's."""
    with contextlib.ExitStack() as stack:
        port = port or stack.enter_context(leased_port())
        bus = stack.enter_context(leased_port())
        stack.enter_context(running(
            [server_program(kind), "--port", str(port), "--cluster-port", str(bus), "--bind",
             "127.0.0.1", "--save", "", *flags], port, "+PONG", "PING"))
        yield port
