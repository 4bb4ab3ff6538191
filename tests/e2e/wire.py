"""A client of ateapi that knows only its proto file: Debian's python3-grpcio and protoc."""

import importlib
import os
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

# Children of the tests exec at once; gRPC would wait for an idle moment before each of them.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"

import grpc  # noqa: E402  (after its environment)

from processes import Ateapi, PATIENCE, ROOT, until

STUBS = tempfile.TemporaryDirectory(prefix="ateapi-stubs-")
subprocess.run(["protoc", "-I", ROOT, "--python_out", STUBS.name, "proto/ateapi.proto",
                "proto/google_rpc.proto"], check=True)
sys.path.insert(0, STUBS.name)
api = importlib.import_module("proto.ateapi_pb2")
rpc = importlib.import_module("proto.google_rpc_pb2")
Code = grpc.StatusCode

# A connection of its own, where channels to one address would share one.
OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]


def ref(atespace, name):
    return api.ActorRef(atespace=atespace, name=name)


class Client:
    def __init__(self, address, credentials=None, options=()):
        self.channel = (grpc.secure_channel(address, credentials, options) if credentials
                        else grpc.insecure_channel(address, options))

    def _stub(self, method):
        return self.channel.unary_unary(
            "/ateapi.Control/" + method,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=getattr(api, method + "Response").FromString)

    def call(self, method, timeout=PATIENCE, **fields):
        response, _ = self.call_with_trailers(method, timeout, **fields)
        return response

    def call_with_trailers(self, method, timeout=PATIENCE, **fields):
        request = getattr(api, method + "Request")(**fields)
        response, call = self._stub(method).with_call(request, timeout=timeout)
        return response, dict(call.trailing_metadata())

    def begin(self, method, timeout=PATIENCE, **fields):
        """A call that runs meanwhile: a grpc.Future."""
        return self._stub(method).future(getattr(api, method + "Request")(**fields),
                                         timeout=timeout)

    def read(self, timeout=PATIENCE, **fields):
        """ReadActors: an iterator over pages, which is the call too."""
        stub = self.channel.unary_stream(
            "/ateapi.Control/ReadActors",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=api.ListActorsResponse.FromString)
        return stub(api.ListActorsRequest(**fields), timeout=timeout)

    def pages(self, page_token="", **fields):
        while True:
            page = self.call("ListActors", page_token=page_token, **fields)
            yield page
            page_token = page.next_page_token
            if not page_token:
                return

    def ids(self, **fields):
        return [actor.actor_id for page in self.pages(**fields) for actor in page.actors]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()


DETAILS = "grpc-status-details-bin"


def has_details(error):
    """Whether the service said it, rather than gRPC."""
    return DETAILS in dict(error.trailing_metadata() or ())


def details(error):
    """The details of an error, by type."""
    if not has_details(error):
        raise AssertionError(f"gRPC's own error, without details: {error}")
    trailers = dict(error.trailing_metadata())
    status = rpc.Status.FromString(trailers[DETAILS])
    found = {}
    for detail in status.details:
        message = getattr(rpc, detail.type_url.rsplit(".", 1)[1])()
        message.ParseFromString(detail.value)
        found[type(message).__name__] = message
    return found


def reason(error):
    return details(error)["ErrorInfo"].reason


class Http:
    """The probes and metrics of an ateapi."""

    def __init__(self, address):
        self.address = address

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}",
                                        timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name, **labels):
        """The sum over the series of this name and these labels; None without any."""
        values = []
        for line in self.get("/metrics")[1].splitlines():
            found = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if not found or found[1] != name:
                continue
            present = dict(re.findall(r'(\w+)="([^"]*)"', found[2] or ""))
            if labels.items() <= present.items():
                values.append(float(found[3]))
        return sum(values) if values else None

    def wait_for_metric(self, name, value, **labels):
        until(lambda: (self.metric(name, **labels) or 0) >= value,
              f"{name}{labels} to reach {value}")


class WireCase(unittest.TestCase):
    def assert_error(self, error, code, why=None, field=None):
        self.assertEqual(error.code(), code, error)
        found = details(error)
        self.assertEqual(found["ErrorInfo"].domain, "ateapi")
        self.assertRegex(found["ErrorInfo"].reason, "^[A-Z][A-Z0-9_]+$")
        if why:
            self.assertEqual(found["ErrorInfo"].reason, why)
        if field:
            self.assertEqual(found["BadRequest"].field_violations[0].field, field)
        if code in (Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED, Code.ABORTED):
            self.assertGreater(found["RetryInfo"].retry_delay.ToNanoseconds(), 0)
        return found

    def fails(self, code, client, method, why=None, field=None, **fields):
        with self.assertRaises(grpc.RpcError) as caught:
            client.call(method, **fields)
        return self.assert_error(caught.exception, code, why, field)


class ServiceCase(WireCase):
    """One ateapi on its embedded store, with `flags`, for all tests of a class."""

    flags = ()

    @classmethod
    def setUpClass(cls):
        cls.service = Ateapi(*cls.flags, *Ateapi.METRICS)
        cls.addClassCleanup(cls.service.close)
        cls.http = Http(cls.service.metrics_address)
        cls.client = Client(cls.service.address)
        cls.addClassCleanup(cls.client.channel.close)
