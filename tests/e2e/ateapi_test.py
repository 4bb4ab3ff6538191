"""What ateapi promises on the wire, seen by a client of another language."""

import unittest

from processes import PATIENCE, until
from wire import Code, ServiceCase, api, grpc, ref


class EmbeddedStore(ServiceCase):
    flags = ("--demo-actors", "20000")

    def test_listing(self):
        pages = list(self.client.pages(page_size=777))
        ids = [actor.actor_id for page in pages for actor in page.actors]
        self.assertEqual(len(ids), 20000)
        self.assertEqual(len(set(ids)), 20000)
        self.assertLessEqual(max(len(page.actors) for page in pages), 777)
        self.assertLessEqual(max(len(page.next_page_token) for page in pages), 256)

    def test_reading_all_pages(self):
        stream = self.client.read(page_size=777)
        pages = list(stream)
        ids = [actor.actor_id for page in pages for actor in page.actors]
        self.assertEqual(len(ids), 20000)
        self.assertEqual(len(set(ids)), 20000)
        self.assertLessEqual(max(len(page.actors) for page in pages), 777)
        self.assertEqual([bool(page.next_page_token) for page in pages],
                         [True] * (len(pages) - 1) + [False])
        trailers = dict(stream.trailing_metadata())
        self.assertEqual(float(trailers["ate-list-progress"]), 1.0)
        self.assertEqual(trailers["ate-list-skipped"], "0")
        # What a stream that broke did not bring is brought by either method.
        seen = [actor.actor_id for page in pages[:7] for actor in page.actors]
        token = pages[6].next_page_token
        read = [actor.actor_id for page in self.client.read(page_token=token)
                for actor in page.actors]
        self.assertEqual(sorted(seen + read), sorted(ids))
        self.assertEqual(sorted(seen + self.client.ids(page_token=token)), sorted(ids))

    def test_reading_one_atespace(self):
        ids = [actor.actor_id for page in self.client.read(atespace="team-a")
               for actor in page.actors]
        self.assertEqual(sorted(ids), sorted(self.client.ids(atespace="team-a")))
        self.assertTrue(ids)

    def test_a_reader_who_leaves_holds_nothing(self):
        stream = self.client.read(page_size=1)
        next(stream)
        self.assertEqual(self.http.metric("ateapi_listings_in_flight"), 1)
        stream.cancel()
        until(lambda: self.http.metric("ateapi_listings_in_flight") == 0, "the call to end")

    def test_what_cannot_be_read_is_refused(self):
        for field, fields in (("page_size", {"page_size": -1}), ("page_token", {"page_token": "?"}),
                              ("atespace", {"atespace": "A*"})):
            with self.assertRaises(grpc.RpcError) as raised:
                list(self.client.read(**fields))
            self.assert_error(raised.exception, Code.INVALID_ARGUMENT, field=field)

    def test_page_size(self):
        self.assertLessEqual(len(self.client.call("ListActors").actors), 1000)
        self.assertLessEqual(len(self.client.call("ListActors", page_size=5000).actors), 1000)
        self.fails(Code.INVALID_ARGUMENT, self.client, "ListActors", field="page_size",
                   page_size=-1)

    def test_what_is_no_request_is_refused(self):
        call = self.client.channel.unary_unary("/ateapi.Control/ListActors")
        with self.assertRaises(grpc.RpcError) as raised:
            call(b"\xff", timeout=PATIENCE)
        self.assert_error(raised.exception, Code.INVALID_ARGUMENT, "REQUEST_MALFORMED")
        with self.assertRaises(grpc.RpcError) as raised:
            call(b"x" * (3 << 20), timeout=PATIENCE)
        self.assert_error(raised.exception, Code.INVALID_ARGUMENT, "REQUEST_MALFORMED")
        with self.assertRaises(grpc.RpcError) as raised:
            self.client.channel.unary_unary("/ateapi.Control/Nothing")(b"", timeout=PATIENCE)
        self.assert_error(raised.exception, Code.UNIMPLEMENTED, "METHOD_UNKNOWN")
        self.assertEqual(len(self.client.call("ListActors", page_size=5).actors), 5)

    def test_progress_in_the_trailers(self):
        seen = []
        token = ""
        while True:
            page, trailers = self.client.call_with_trailers("ListActors", page_token=token)
            seen.append(float(trailers["ate-list-progress"]))
            self.assertEqual(trailers["ate-list-skipped"], "0")
            token = page.next_page_token
            if not token:
                break
        self.assertEqual(seen, sorted(seen))
        self.assertEqual(seen[-1], 1.0)
        self.assertTrue(all(0 <= progress <= 1 for progress in seen))

    def test_tokens_are_checked(self):
        token = self.client.call("ListActors", atespace="team-a", page_size=5).next_page_token
        reasons = set()
        for bad in ("?", "garbage", token[:-4], "A" * 300,
                    token[:8] + ("B" if token[8] != "B" else "C") + token[9:]):
            found = self.fails(Code.INVALID_ARGUMENT, self.client, "ListActors",
                               field="page_token", atespace="team-a", page_token=bad)
            reasons.add(found["ErrorInfo"].reason)
        found = self.fails(Code.INVALID_ARGUMENT, self.client, "ListActors",
                           field="page_token", atespace="team-b", page_token=token)
        self.assertNotIn(found["ErrorInfo"].reason, reasons)
        reasons.add(found["ErrorInfo"].reason)
        for each in reasons:
            self.assertGreater(self.http.metric("ateapi_page_token_rejections_total", reason=each),
                               0)

    def test_records(self):
        call = self.client.call
        self.assertEqual(call("CreateAtespace", name="wire").atespace.name, "wire")
        self.fails(Code.ALREADY_EXISTS, self.client, "CreateAtespace", name="wire")
        self.fails(Code.INVALID_ARGUMENT, self.client, "CreateAtespace", name="No!")
        self.assertEqual(call("GetAtespace", name="wire").atespace.name, "wire")
        self.fails(Code.NOT_FOUND, self.client, "GetAtespace", name="nowhere")
        one = ref("wire", "one")
        made = call("CreateActor", actor_ref=one, actor_template_namespace="ns",
                    actor_template_name="t").actor
        self.assertEqual((made.version, made.status), (1, api.Actor.STATUS_SUSPENDED))
        self.fails(Code.ALREADY_EXISTS, self.client, "CreateActor", actor_ref=one,
                   actor_template_namespace="ns", actor_template_name="t")
        self.fails(Code.FAILED_PRECONDITION, self.client, "CreateActor",
                   actor_ref=ref("nowhere", "one"),
                   actor_template_namespace="ns", actor_template_name="t")
        updated = call("UpdateActor", actor_ref=one,
                       worker_selector=api.Selector(match_labels={"k": "v"})).actor
        self.assertEqual(updated.version, 2)
        self.assertEqual(call("GetActor", actor_ref=one).actor, updated)
        self.assertEqual(self.client.ids(atespace="wire"), ["one"])
        self.fails(Code.FAILED_PRECONDITION, self.client, "DeleteAtespace", name="wire")
        call("DeleteActor", actor_ref=one)
        self.fails(Code.NOT_FOUND, self.client, "GetActor", actor_ref=one)
        self.fails(Code.NOT_FOUND, self.client, "DeleteActor", actor_ref=one)
        self.fails(Code.NOT_FOUND, self.client, "UpdateActor", actor_ref=one)
        call("DeleteAtespace", name="wire")
        self.assertNotIn("wire", [each.name for each in call("ListAtespaces").atespaces])
        self.fails(Code.FAILED_PRECONDITION, self.client, "DeleteActor", why="ACTOR_NOT_SUSPENDED",
                   actor_ref=ref("team-a", "agent-0000000"))
        self.assertEqual(len(call("ListWorkers").workers), 0)

    def test_methods_without_a_scheduler_say_so(self):
        for method in ("SuspendActor", "PauseActor", "ResumeActor"):
            self.fails(Code.UNIMPLEMENTED, self.client, method, why="SCHEDULER_REQUIRED",
                       actor_ref=ref("team-a", "x"))

    def test_debug_clear_is_off(self):
        self.fails(Code.PERMISSION_DENIED, self.client, "DebugClear", why="DEBUG_CLEAR_DISABLED")


if __name__ == "__main__":
    unittest.main(verbosity=2)
