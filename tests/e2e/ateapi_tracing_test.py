"""Traces as a collector receives them: OTLP over HTTP, decoded by OpenTelemetry's own messages."""

import http.server
import os
import sys
import threading
import unittest

import grpc

from processes import Ateapi, start_failure, until
from wire import Client, Code, ref

try:
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as otlp
    from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
except ImportError:
    if os.environ.get("CI") == "true":
        raise
    print("SKIPPED: python3-opentelemetry-proto is not installed", file=sys.stderr)
    otlp = None

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector:
    """Keeps what it is sent."""

    def __init__(self):
        self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(handler):  # pylint: disable=no-self-argument,invalid-name
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                self.requests.append(otlp.ExportTraceServiceRequest.FromString(body))
                handler.send_response(200)
                handler.end_headers()

            def log_message(handler, *_):  # pylint: disable=no-self-argument
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/traces"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def spans(self):
        return [span for request in self.requests for resource in request.resource_spans
                for scope in resource.scope_spans for span in scope.spans]

    def resources(self):
        return [attributes(resource.resource) for request in self.requests
                for resource in request.resource_spans]


def attributes(thing):
    return {each.key: getattr(each.value, each.value.WhichOneof("value"))
            for each in thing.attributes}


def stream_pages(client, headers):
    stream = client.channel.unary_stream(
        "/ateapi.Control/ReadActors", request_serializer=lambda message: message,
        response_deserializer=lambda message: message)
    return list(stream(b"", timeout=60, metadata=headers))


@unittest.skipIf(otlp is None, "python3-opentelemetry-proto is not installed")
class Tracing(unittest.TestCase):
    def setUp(self):
        self.collector = Collector()
        self.addCleanup(self.collector.close)

    def traced(self, *flags, use):
        """The spans of what `use` did with a client of a service that then ended."""
        with Ateapi("--otlp-endpoint", self.collector.url, "--demo-actors", "2000", *flags) as \
                service:
            with Client(service.address) as client:
                use(client)
            self.assertEqual(service.terminate(), 0)
            self.log = service.text()
        return self.collector.spans()

    def test_a_call_and_its_batches_are_one_trace(self):
        spans = self.traced("--log-level", "debug", use=lambda client: client.call(
            "ListActors", page_size=100))
        calls = [span for span in spans if span.kind == Span.SPAN_KIND_SERVER]
        self.assertEqual([span.name for span in calls], ["ateapi.Control/ListActors"])
        call = attributes(calls[0])
        self.assertEqual(call["rpc.system"], "grpc")
        self.assertEqual(call["rpc.service"], "ateapi.Control")
        self.assertEqual(call["rpc.method"], "ListActors")
        self.assertEqual(call["rpc.grpc.status_code"], 0)
        self.assertEqual(call["client.address"], "127.0.0.1")
        batches = [span for span in spans if span.kind == Span.SPAN_KIND_CLIENT]
        self.assertTrue(batches)
        self.assertIn("PIPELINE", {span.name for span in batches})
        for span in batches:
            self.assertEqual(span.trace_id, calls[0].trace_id)
            self.assertEqual(span.parent_span_id, calls[0].span_id)
            batch = attributes(span)
            self.assertEqual(batch["db.system.name"], "redis")
            self.assertEqual(batch["db.operation.name"], span.name)
            self.assertIn("server.address", batch)
            self.assertGreaterEqual(span.start_time_unix_nano, calls[0].start_time_unix_nano)
            self.assertLessEqual(span.end_time_unix_nano, calls[0].end_time_unix_nano)
        self.assertEqual({each["service.name"] for each in self.collector.resources()}, {"ateapi"})
        self.assertIn("trace_id=" + calls[0].trace_id.hex(), self.log)

    def test_a_stream_reads_by_a_thread_of_its_own_in_the_same_trace(self):
        spans = self.traced(use=lambda client: stream_pages(client, None))
        calls = [span for span in spans if span.kind == Span.SPAN_KIND_SERVER]
        self.assertEqual([span.name for span in calls], ["ateapi.Control/ReadActors"])
        batches = [span for span in spans if span.kind == Span.SPAN_KIND_CLIENT]
        self.assertTrue(batches)
        self.assertEqual({span.parent_span_id for span in batches}, {calls[0].span_id})

    def test_the_callers_trace_is_taken_over(self):
        header = [("traceparent", f"00-{TRACE}-{PARENT}-01")]
        spans = self.traced("--trace-sample-ratio", "0",
                            use=lambda client: stream_pages(client, header))
        self.assertEqual({span.trace_id.hex() for span in spans}, {TRACE})
        calls = [span for span in spans if span.kind == Span.SPAN_KIND_SERVER]
        self.assertEqual([span.parent_span_id.hex() for span in calls], [PARENT])

    def test_what_is_not_sampled_is_not_sent(self):
        unsampled = [("traceparent", f"00-{TRACE}-{PARENT}-00")]
        self.assertEqual(self.traced(use=lambda client: stream_pages(client, unsampled)), [])
        self.assertEqual(self.traced("--trace-sample-ratio", "0", use=lambda client: client.call(
            "ListActors", page_size=10)), [])

    def test_a_header_that_means_nothing_begins_a_new_trace(self):
        for value in ("x", "00-" + "0" * 32 + "-" + PARENT + "-01", "00-" + "z" * 52):
            self.collector.requests.clear()
            spans = self.traced(use=lambda client: stream_pages(client, [("traceparent", value)]))
            calls = [span for span in spans if span.kind == Span.SPAN_KIND_SERVER]
            self.assertEqual([span.parent_span_id for span in calls], [b""], value)

    def test_only_the_services_faults_are_errors(self):
        def use(client):
            for method, fields in (("GetActor", {"actor_ref": ref("space-0", "no-such")}),
                                   ("ResumeActor", {"actor_ref": ref("space-0", "a")})):
                with self.assertRaises(grpc.RpcError):
                    client.call(method, **fields)
        spans = {span.name: span for span in self.traced(use=use)
                 if span.kind == Span.SPAN_KIND_SERVER}
        missing, refused = spans["ateapi.Control/GetActor"], spans["ateapi.Control/ResumeActor"]
        self.assertEqual(missing.status.code, Status.STATUS_CODE_UNSET)
        self.assertEqual(attributes(missing)["rpc.grpc.status_code"], Code.NOT_FOUND.value[0])
        self.assertEqual(refused.status.code, Status.STATUS_CODE_ERROR)
        self.assertEqual(attributes(refused)["error.type"], "UNIMPLEMENTED")


@unittest.skipIf(otlp is None, "perhaps OpenTelemetry is not installed at all")
class Collectors(unittest.TestCase):
    def test_one_that_is_away_is_told_and_harms_nothing(self):
        with Ateapi("--otlp-endpoint", "http://127.0.0.1:1/v1/traces") as service:
            with Client(service.address) as client:
                client.call("ListActors", page_size=10)
            until(lambda: "event=tracing" in service.text(), "a line about the collector", 20)
            self.assertEqual(service.terminate(), 0)

    def test_what_is_no_url_is_refused(self):
        self.assertIn("--otlp-endpoint collector:4318", start_failure(
            "--otlp-endpoint", "collector:4318"))
        self.assertIn("--trace-sample-ratio", start_failure("--trace-sample-ratio", "2"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
