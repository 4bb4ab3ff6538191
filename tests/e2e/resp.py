"""Commands to servers of a cluster with arguments of any bytes, which no shell tool sends."""

import socket

from processes import PATIENCE


def first_line(address, *words):
    """Of the reply of the node at `address`."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(b"*%d\r\n" % len(words) + b"".join(
            b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
        return connection.makefile("rb").readline().rstrip(b"\r\n")


def command(address, *words):
    """The first line of the reply of whichever node it is that serves the key."""
    line = first_line(address, *words)
    if line.startswith(b"-MOVED "):
        return command(line.split()[2].decode(), *words)
    assert not line.startswith(b"-"), line
    return line
