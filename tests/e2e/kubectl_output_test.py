"""What kubectl-ate makes of records that others wrote: long names, other alphabets, empty fields,
text that means something to a terminal or to YAML."""

import json
import os
import subprocess
import unicodedata
import unittest

import yaml

from processes import BIN, Ateapi, Cli, Cluster, have_server

LONG = "l" * 63
RECORDS = [
    {"atespace": "odd", "actorId": "plain", "version": "7", "status": "STATUS_RUNNING",
     "actorTemplateNamespace": "ns", "actorTemplateName": "python", "ateomPodName": "pod-1",
     "ateomPodIp": "10.0.0.1"},
    {"atespace": "odd", "actorId": LONG, "actorTemplateNamespace": LONG, "actorTemplateName": LONG,
     "ateomPodName": "p" * 253},
    {"atespace": "odd", "actorId": "empty"},
    {"atespace": "odd", "actorId": "wide", "actorTemplateName": "日本語", "ateomPodName": "grün"},
    {"atespace": "odd", "actorId": "combining", "ateomPodName": "e\u0301te\u0301"},
    {"atespace": "odd", "actorId": "hostile", "ateomPodName": "\x1b[2J\r\n\u202eevil",
     "actorTemplateName": "- yes: {no}", "actorTemplateNamespace": "null"},
    {"atespace": "odd", "actorId": "quotes", "ateomPodName": "\"'\\ # %", "ateomPodIp": "0x10",
     "workerSelector": {"matchLabels": {"y": "on", "a/b": "1e3", "": ""}}},
]


def columns(text):
    """How wide a terminal shows it."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF"
               else 1 for c in text)


class ClosedOutput(unittest.TestCase):
    def test_a_closed_output_is_no_socket(self):
        with Ateapi("--demo-actors", "10") as service:
            for verb in ("get", "count"):
                command = [os.path.join(BIN, "kubectl-ate"), verb, "actors", "-A"]
                done = subprocess.run(
                    ["sh", "-c", 'exec "$0" "$@" >&-', *command, "--endpoint", service.address,
                     "--plaintext"],
                    stderr=subprocess.PIPE, text=True, timeout=60, check=False)
                self.assertNotEqual(done.returncode, 0, command)
                self.assertIn("Bad file descriptor", done.stderr, command)


class Output(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kind = "valkey" if have_server("valkey") else "redis"
        cls.cluster = Cluster("--kind", kind)
        cls.addClassCleanup(cls.cluster.close)
        words = ["atespace:odd", '{"name":"odd"}']
        for record in RECORDS:
            words += [f"actor:odd:{record['actorId']}", json.dumps(record)]
        words += ["worker:ns:pool:pod", json.dumps(
            {"workerNamespace": "ns", "workerPool": "pool", "workerPod": "pod", "ip": "10.0.0.9",
             "actorId": "plain", "actorAtespace": "odd", "nodeName": "node-1"})]
        cls.cluster.tell("set", *words)
        cls.service = Ateapi("--redis-cluster-address", cls.cluster.address)
        cls.addClassCleanup(cls.service.close)
        cls.cli = Cli(cls.service.address)

    def test_a_table_lines_up_whatever_is_in_it(self):
        lines = self.cli.lines("get", "actors", "-a", "odd")
        self.assertEqual(len(lines), 1 + len(RECORDS))
        starts = [columns(lines[0][:lines[0].index(title)])
                  for title in ("TEMPLATE NS", "TEMPLATE  ", "ID  ", "STATUS", "ATEOM POD",
                                "ATEOM IP", "VERSION")]
        for line in lines[1:]:
            shown = "".join(c * columns(c) for c in unicodedata.normalize("NFC", line))
            for start in starts:
                self.assertEqual(shown[start - 3:start], "   ", line)
                self.assertNotEqual(shown[start], " ", line)

    def test_cells(self):
        rows = {fields[3]: fields for fields in
                (line.split() for line in self.cli.lines("get", "actors", "-a", "odd",
                                                         "--no-headers") if "evil" not in line)}
        self.assertEqual(rows["plain"], ["odd", "ns", "python", "plain", "RUNNING", "pod-1",
                                         "10.0.0.1", "7"])
        self.assertEqual(rows["empty"], ["odd", "<none>", "<none>", "empty", "UNSPECIFIED",
                                         "<none>", "<none>", "0"])
        self.assertEqual(rows[LONG][1:4], [LONG, LONG, LONG])
        self.assertEqual(rows["wide"][2], "日本語")

    def test_nothing_plays_with_the_terminal(self):
        for form in ("table", "wide", "name"):
            text = self.cli.out("get", "actors", "-a", "odd", "-o", form)
            for c in text:
                self.assertTrue(c == "\n" or unicodedata.category(c) not in ("Cc", "Cf"), repr(c))
        self.assertIn(r"\x1b[2J\x0d\x0a\u202eevil", self.cli.out("get", "actors", "-a", "odd"))

    def test_json_and_yaml_keep_every_byte(self):
        wanted = {record["actorId"]: record for record in RECORDS}
        for form, parse in (("json", json.loads), ("yaml", yaml.safe_load)):
            with self.subTest(form):
                text = self.cli.out("get", "actors", "-a", "odd", "-o", form)
                found = {actor["actorId"]: actor for actor in parse(text)["actors"]}
                self.assertEqual(found, wanted)
        lines = [json.loads(line) for line in
                 self.cli.lines("get", "actors", "-a", "odd", "-o", "jsonl")]
        self.assertEqual({actor["actorId"]: actor for actor in lines}, wanted)

    def test_jq_reads_it(self):
        run = self.cli.shell("ate get actors -a odd -o json | jq -r '.actors[] | "
                             "select(.status==\"STATUS_RUNNING\") | .ateomPodIp'")
        self.assertEqual(run.stdout, "10.0.0.1\n")

    def test_one_actor_and_the_other_kinds(self):
        self.assertRegex(self.cli.out("get", "actors", "plain", "-a", "odd"),
                         r"^ATESPACE .*\nodd +ns +python +plain +RUNNING +pod-1 +10.0.0.1 +7\n$")
        self.assertEqual(self.cli.out("get", "atespaces", "odd", "-o", "name"), "atespace/odd\n")
        self.assertEqual(self.cli.lines("get", "workers"),
                         ["NAMESPACE   POOL   POD   ATESPACE   ACTOR   IP",
                          "ns          pool   pod   odd        plain   10.0.0.9"])
        self.assertEqual(yaml.safe_load(self.cli.out("get", "workers", "-o", "yaml")),
                         json.loads(self.cli.out("get", "workers", "-o", "json")))

    def test_sorted(self):
        ids = [line.split("/")[2] for line in
               self.cli.lines("get", "actors", "-a", "odd", "-o", "name", "--sort")]
        self.assertEqual(ids, sorted(record["actorId"] for record in RECORDS))


if __name__ == "__main__":
    unittest.main(verbosity=2)
