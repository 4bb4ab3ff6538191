"""Clients that take what they can get: connections, streams and answers that nobody reads. They
speak HTTP/2 as bytes, so that thousands of them cost a test little."""

import contextlib
import socket
import struct
import time

from processes import PATIENCE

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
ACK = END_STREAM = 1
END_HEADERS = 4


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + \
        struct.pack(">I", stream) + payload


def literal(name, value):
    """HPACK: a literal without indexing."""
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


def request_headers(path):
    return b"\x83\x86" + literal(b":path", path.encode()) + \
        literal(b":authority", b"test") + literal(b"content-type", b"application/grpc") + \
        literal(b"te", b"trailers")


def message(payload):
    return b"\x00" + struct.pack(">I", len(payload)) + payload


def connect(address, source=None):
    """A TCP connection that says nothing."""
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE,
                                    source_address=(source, 0) if source else None)


class Http2:
    """A connection that has said that it speaks HTTP/2, and opens streams. It reads nothing unless
    told to. `window`: bytes of each answer that it takes."""

    def __init__(self, address, window=65535, source=None):
        self.socket = connect(address, source)
        self.next_stream = 1
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0, struct.pack(">HI", 4, window)))

    def open_stream(self, path, body=None):
        """A call; without a body its request never comes."""
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        out = frame(HEADERS, END_HEADERS, stream, request_headers(path))
        if body is not None:
            out += frame(DATA, END_STREAM, stream, message(body))
        self.socket.sendall(out)
        return stream

    def close(self):
        self.socket.close()


def ends(connection, within):
    """Whether the other side closes the connection in time."""
    deadline = time.monotonic() + within
    try:
        while True:
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            if not connection.recv(65536):
                return True
    except TimeoutError:
        return False
    except OSError:
        return True


@contextlib.contextmanager
def many(make, count):
    """So many things that can be closed, or as many as the other side lets one have."""
    made = []
    try:
        for _ in range(count):
            made.append(make())
        yield made
    finally:
        for each in made:
            each.close()
