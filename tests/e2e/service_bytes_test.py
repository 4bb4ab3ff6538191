"""Bytes that are no text, in keys and values: they cost one record, not a page, and no log."""

import unittest

from processes import Ateapi, OneCluster
from resp import command
from wire import Client, Http, WireCase

VALUE = b'{"version":"1","status":"STATUS_SUSPENDED"}'
BAD = {
    b"actor:bulk:caf\xe9": b"caf\\xe9",
    b"actor:other\xff:x": b"other\\xff",
    b"actor:bulk:cut\xe2\x80": b"cut\\xe2\\x80",
    b"actor:bulk:half\xed\xa0\x80": b"half\\xed\\xa0\\x80",  # a surrogate
    b"atespace:space\xc3": None,
}
# Unreadable for another reason, with names that a log must not show as they are.
HOSTILE = {
    "actor:bulk:c1\u009b31m": "\\x9b",
    "actor:bulk:line\u2028separator": "\\u2028",
    "actor:bulk:right\u202eleft": "\\u202e",
    "actor:bulk:esc\u001b[2J": "\\x1b",
    "actor:bulk:two\nlines": "\\x0a",
}


class Bytes(OneCluster, WireCase):
    kind = "redis"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.tell("fill", "300")
        node = cls.addresses[0]
        for key in BAD:
            command(node, b"SET", key, VALUE if key.startswith(b"actor") else b"{}")
        for key in HOSTILE:
            command(node, b"SET", key.encode(), b"no record")
        command(node, b"SET", b"atespace:bulk", b"{}")
        cls.service = Ateapi("--redis-cluster-address", cls.cluster.address, *Ateapi.METRICS)
        cls.addClassCleanup(cls.service.close)
        cls.http = Http(cls.service.metrics_address)
        cls.client = Client(cls.service.address)
        cls.addClassCleanup(cls.client.channel.close)

    def log_bytes(self):
        with open(self.service.log.name, "rb") as log:
            return log.read()

    def test_a_key_that_is_no_utf8_costs_one_record(self):
        skipped = self.http.metric("ateapi_list_skipped_records_total")
        self.assertEqual(len(self.client.ids()), 300)
        bad = sum(key.startswith(b"actor") for key in BAD)
        self.assertEqual(self.http.metric("ateapi_list_skipped_records_total") - skipped,
                         bad + len(HOSTILE))
        self.assertEqual(len(self.client.ids(atespace="bulk")), 300)
        self.assertEqual(sum(len(page.actors) for page in self.client.read()), 300)

    def test_an_atespace_that_is_no_utf8_costs_one_record(self):
        names = [each.name for each in self.client.call("ListAtespaces").atespaces]
        self.assertEqual(names, ["bulk"])

    def test_the_log_is_text_and_names_them(self):
        self.client.ids()
        log = self.log_bytes()
        text = log.decode("utf-8")  # or it raises
        for shown in filter(None, BAD.values()):
            self.assertIn(shown, log)
        for shown in HOSTILE.values():
            self.assertIn(shown, text)
        for line in text.split("\n"):
            self.assertTrue(not line or line.startswith("time="), line)
            self.assertTrue(line.isprintable(), repr(line))


if __name__ == "__main__":
    unittest.main(verbosity=2)
