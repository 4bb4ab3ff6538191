"""What ateapi promises on the wire, seen by a client of another language."""

import unittest

from processes import PATIENCE
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

    def test_page_size(self):
        self.assertLessEqual(len(self.client.call("ListActors").actors), 1000)
        self.assertLessEqual(len(self.client.call("ListActors", page_size=5000).actors), 1000)
        self.fails(Code.INVALID_ARGUMENT, self.client, "ListActors", field="page_size",
                   page_size=-1)

    def test_what_is_no_request_is_refused(self):
        call = self.client.channel.unary_unary("/ateapi.Control/ListActors")
        with self.assertRaises(grpc.RpcError) as raised:
            call(b"\xff", timeout=PATIENCE)
        self.assertEqual(raised.exception.code(), Code.INTERNAL)
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
