"""ateapi as a process: how it starts, is watched, is kept within bounds, and stops."""

import os
import tempfile
import threading
import time
import unittest

import grpc

from processes import Ateapi, PATIENCE, start_failure, until
from wire import OWN_CONNECTION, Client, Code, Http, ServiceCase, WireCase, has_details

BILLION = "1000000000"  # computed actors: a list that is not paged never ends on them


class Logged(WireCase):
    def test_what_protobuf_says_is_an_event(self):
        with Ateapi("--demo-actors", "10", "--log-level", "debug") as service, \
                Client(service.address) as client:
            call = client.channel.unary_unary("/ateapi.Control/GetActor")
            with self.assertRaises(grpc.RpcError) as caught:
                call(b"\x0a\x03\x0a\x01\xff", timeout=PATIENCE)  # a name that is not UTF-8
            self.assertEqual(caught.exception.code(), Code.INVALID_ARGUMENT)
            lines = service.text().splitlines()
            self.assertTrue(any("event=protobuf" in line and "UTF-8" in line for line in lines))
            self.assertEqual([line for line in lines if not line.startswith("time=")], [])


class Watched(ServiceCase):
    flags = ("--demo-actors", "20000")

    def test_health_and_probes(self):
        check = self.client.channel.unary_unary("/grpc.health.v1.Health/Check")
        self.assertEqual(check(b"", timeout=PATIENCE), b"\x08\x01")  # SERVING
        self.assertEqual(check(b"\x0a\x0eateapi.Control", timeout=PATIENCE), b"\x08\x01")
        self.assertEqual(self.http.get("/healthz"), (200, "alive\n"))
        self.assertEqual(self.http.get("/readyz"), (200, "ready\n"))
        self.assertEqual(self.http.get("/nothing")[0], 404)

    def test_metrics_count_what_listings_do(self):
        metric = self.http.metric
        actors, pages, names = (metric("ateapi_list_actors_total"),
                                metric("ateapi_list_pages_total"),
                                metric("ateapi_list_names_total"))
        ids = self.client.ids(atespace="team-c", page_size=500)
        self.assertEqual(metric("ateapi_list_actors_total") - actors, len(ids))
        self.assertGreaterEqual(metric("ateapi_list_pages_total") - pages, len(ids) / 500)
        self.assertGreaterEqual(metric("ateapi_list_names_total") - names, len(ids))
        self.assertGreater(metric("ateapi_calls_total", method="ListActors", code="OK"), 0)
        self.assertGreater(metric("ateapi_call_seconds_count", method="ListActors"), 0)
        for zero in ("ateapi_list_skipped_records_total", "ateapi_list_slot_restarts_total",
                     "ateapi_list_rereads_total", "ateapi_redis_retries_total",
                     "ateapi_listings_refused_total", "ateapi_listings_in_flight",
                     "ateapi_redis_error_replies_total"):
            self.assertEqual(metric(zero), 0, zero)
        self.assertEqual(metric("ateapi_ready"), 1)

    def test_every_shard_has_its_latency(self):
        self.client.ids(page_size=1000)
        _, text = self.http.get("/metrics")
        nodes = {line.split('node="')[1].split('"')[0] for line in text.splitlines()
                 if line.startswith("ateapi_redis_round_trip_seconds_count{")}
        self.assertEqual(len(nodes), 3)
        for node in nodes:
            self.assertGreater(self.http.metric("ateapi_redis_commands_total", node=node), 0)

    def test_reflection_is_off_unless_asked_for(self):
        request = b"\x3a\x00"  # list_services: ""
        def services(client):
            stream = client.channel.stream_stream(
                "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
            return next(stream(iter([request]), timeout=PATIENCE))
        with self.assertRaises(grpc.RpcError) as caught:
            services(self.client)
        self.assertEqual(caught.exception.code(), Code.UNIMPLEMENTED)
        with Ateapi("--enable-reflection") as service, Client(service.address) as client:
            self.assertIn(b"ateapi.Control", services(client))

    def test_the_log_holds_no_tokens(self):
        with Ateapi("--demo-actors", "2000", "--log-level", "debug") as service:
            with Client(service.address) as client:
                tokens = [page.next_page_token for page in client.pages(page_size=100)]
                self.fails(Code.INVALID_ARGUMENT, client, "ListActors",
                           atespace="other", page_token=tokens[0])
            text = service.text()
        self.assertIn("event=call", text)
        for token in filter(None, tokens):
            self.assertNotIn(token, text)


class Bounded(ServiceCase):
    """Over a billion actors, where a call that walks the cluster runs until somebody ends it."""

    flags = ("--demo-actors", BILLION, "--max-concurrent-listings", "1")

    def wait_for_idle(self):
        until(lambda: self.http.metric("ateapi_listings_in_flight") == 0, "the listing to end")

    def test_too_many_listings_then_a_cancelled_one_makes_room(self):
        walk = self.client.begin("ListAtespaces")
        self.http.wait_for_metric("ateapi_listings_in_flight", 1)
        self.fails(Code.RESOURCE_EXHAUSTED, self.client, "ListActors", why="TOO_MANY_LISTINGS")
        self.assertGreater(self.http.metric("ateapi_listings_refused_total"), 0)
        walk.cancel()
        self.http.wait_for_metric("ateapi_calls_total", 1, method="ListAtespaces",
                                  code="CANCELLED")
        self.wait_for_idle()
        self.assertTrue(self.client.call("ListActors").actors)

    def test_the_deadline_ends_a_call_at_the_service_too(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.client.call("ListAtespaces", timeout=0.5)
        self.assertEqual(caught.exception.code(), Code.DEADLINE_EXCEEDED)
        self.wait_for_idle()

    def test_a_short_page_beats_the_deadline(self):
        def page_in_time():
            # Less than the work budget of a page (250 ms), which nobody's actors use up.
            try:
                return self.client.call("ListActors", timeout=0.2, atespace="nobody")
            except grpc.RpcError as error:  # the machine may be too busy for a fifth of a second
                self.assertEqual(error.code(), Code.DEADLINE_EXCEEDED)
                return None
        page = until(page_in_time, "a page within the deadline")
        self.assertEqual(len(page.actors), 0)
        self.assertTrue(page.next_page_token)
        self.wait_for_idle()


class Configured(WireCase):
    def test_debug_clear_when_enabled(self):
        with Ateapi("--enable-debug-clear", "--demo-actors", "500") as service:
            with Client(service.address) as client:
                self.assertEqual(len(client.ids()), 500)
                client.call("DebugClear")
                self.assertEqual(client.ids(), [])

    def test_tokens_outlive_the_process_and_keys_rotate(self):
        with tempfile.TemporaryDirectory() as directory:
            files = {}
            for name, text in {"old": "1:0123456789abcdef\n", "other": "3:fedcba9876543210\n",
                               "both": "2:0123456789abcdefg\n1:0123456789abcdef\n"}.items():
                files[name] = os.path.join(directory, name)
                with open(files[name], "w", encoding="ascii") as file:
                    file.write(text)

            def with_keys(name, action):
                with Ateapi("--demo-actors", "500", "--page-token-key-file",
                            files[name]) as service, Client(service.address) as client:
                    return action(client)

            first = with_keys("old", lambda client: client.call("ListActors", page_size=200))
            ids = [actor.actor_id for actor in first.actors]
            ids += with_keys("both",
                             lambda client: client.ids(page_token=first.next_page_token))
            self.assertEqual((len(ids), len(set(ids))), (500, 500))
            with_keys("other", lambda client: self.fails(
                Code.INVALID_ARGUMENT, client, "ListActors", field="page_token",
                page_token=first.next_page_token))

    def test_start_failures_are_one_clear_line(self):
        running = Ateapi()
        self.addCleanup(running.close)
        cases = {
            "--allow-plaintext": ["--grpc-listen-addr", "0.0.0.0:0"],
            running.address + ": is it in use": ["--grpc-listen-addr", running.address],
            "cannot read /nonexistent": ["--grpc-listen-addr", "127.0.0.1:0",
                                         "--page-token-key-file", "/nonexistent"],
            "holds no PEM certificate": ["--grpc-listen-addr", "127.0.0.1:0",
                                         "--grpc-server-cred-bundle", "/etc/hostname"],
            "ATE_API_REDIS_ADDRESS is not set": ["--redis-cluster-address", "@env"],
            "127.0.0.1:1": ["--grpc-listen-addr", "127.0.0.1:0", "--startup-timeout", "1",
                            "--redis-cluster-address", "127.0.0.1:1"],
        }
        for expected, flags in cases.items():
            with self.subTest(expected):
                said = start_failure(*flags)
                self.assertIn(expected, said)
                self.assertEqual(len(said.splitlines()), 1, said)

    def test_an_address_of_the_metrics_that_cannot_be(self):
        running = Ateapi(*Ateapi.METRICS)
        self.addCleanup(running.close)
        self.assertEqual(Http(running.metrics_address).get("/healthz")[0], 200)
        for address, why in ((running.metrics_address, ": is it in use?"),
                             ("nowhere", "--metrics-listen-addr: "),
                             ("[x:0", "--metrics-listen-addr: ")):
            said = start_failure("--grpc-listen-addr", "127.0.0.1:0", "--metrics-listen-addr",
                                 address)
            self.assertIn(why, said)
            self.assertIn(address, said)


class Stopping(WireCase):
    def test_new_calls_are_refused_while_running_ones_end(self):
        service = Ateapi("--demo-actors", BILLION, *Ateapi.METRICS)
        self.addCleanup(service.close)
        http = Http(service.metrics_address)
        with Client(service.address) as client:
            walk = client.begin("ListAtespaces")
            http.wait_for_metric("ateapi_listings_in_flight", 1)
            service.begin_termination()
            until(lambda: http.get("/readyz")[0] == 503, "the process to be not ready")
            self.assertEqual(http.get("/readyz")[1], "not ready: shutting down\n")
            self.assertEqual(http.get("/healthz")[0], 200)
            self.assertEqual(http.metric("ateapi_ready"), 0)
            until(lambda: "event=draining" in service.text(), "the service to refuse calls")
            for method in ("ListActors", "GetActor"):
                self.fails(Code.UNAVAILABLE, client, method, why="SHUTTING_DOWN")
            check = client.channel.unary_unary("/grpc.health.v1.Health/Check")
            self.assertEqual(check(b"", timeout=PATIENCE), b"\x08\x02")  # NOT_SERVING
            self.assertFalse(walk.done())
            walk.cancel()
            self.assertEqual(service.wait(), 0)
        self.assertIn("event=stopped", service.text())

    def test_a_stream_of_pages_ends_between_two(self):
        """… and another process goes on behind the last one."""
        service = Ateapi("--demo-actors", "20000")
        self.addCleanup(service.close)
        with Client(service.address) as client:
            stream = client.read(page_size=1)
            pages = [next(stream)]
            service.begin_termination()
            with self.assertRaises(grpc.RpcError) as raised:
                for page in stream:
                    pages.append(page)
            self.assert_error(raised.exception, Code.UNAVAILABLE, "SHUTTING_DOWN")
            self.assertEqual(service.wait(), 0)
        self.assertTrue(pages[-1].next_page_token)
        other = Ateapi("--demo-actors", "20000")
        self.addCleanup(other.close)
        with Client(other.address) as client:
            ids = [actor.actor_id for page in pages for actor in page.actors]
            ids += client.ids(page_token=pages[-1].next_page_token)
        self.assertEqual(len(ids), 20000)
        self.assertEqual(len(set(ids)), 20000)

    def test_the_grace_ends_what_runs_too_long(self):
        service = Ateapi("--demo-actors", BILLION, "--shutdown-grace", "1", *Ateapi.METRICS)
        self.addCleanup(service.close)
        http = Http(service.metrics_address)
        with Client(service.address) as client:
            walk = client.begin("ListAtespaces")
            http.wait_for_metric("ateapi_listings_in_flight", 1)
            self.assertEqual(service.terminate(), 0)
            self.assertEqual(walk.exception().code(), Code.UNAVAILABLE)

    def test_callers_hear_unavailable_and_nothing_else(self):
        """Even those that do not listen, and call again at once until nobody is there."""
        service = Ateapi("--demo-actors", "50000")
        self.addCleanup(service.close)
        failed, pages = [], []

        def list_until_nobody_answers():
            with Client(service.address, options=OWN_CONNECTION) as client:
                while service.process.poll() is None:
                    try:
                        pages.extend(client.pages())
                    except grpc.RpcError as error:
                        failed.append(error)

        threads = [threading.Thread(target=list_until_nobody_answers) for _ in range(4)]
        for thread in threads:
            thread.start()
        until(lambda: len(pages) > 20, "listings to run")
        self.assertEqual(service.terminate(), 0)
        for thread in threads:
            thread.join()
        self.assertEqual({error.code() for error in failed}, {Code.UNAVAILABLE})
        by_the_service = [error for error in failed if has_details(error)]
        self.assertTrue(by_the_service)
        for error in by_the_service:
            self.assert_error(error, Code.UNAVAILABLE, "SHUTTING_DOWN")

    def test_a_health_watch_does_not_hold_it_up(self):
        service = Ateapi()
        self.addCleanup(service.close)
        with Client(service.address) as client:
            watch = client.channel.unary_stream("/grpc.health.v1.Health/Watch")(b"")
            self.assertEqual(next(watch), b"\x08\x01")
            start = time.monotonic()
            service.begin_termination()
            self.assertEqual(next(watch), b"\x08\x02")
            self.assertEqual(service.wait(), 0)
            self.assertLess(time.monotonic() - start, 20)  # not the grace of 30 seconds


if __name__ == "__main__":
    unittest.main(verbosity=2)
