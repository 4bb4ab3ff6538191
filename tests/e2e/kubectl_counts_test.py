"""What is counted on clusters of real servers is what is listed, also while statuses change."""

import json
import random
import threading
import unittest

from processes import Ateapi, Cli, OneCluster
from resp import command
from secured_cluster import for_each_kind

ACTORS = 6000
CHANGING = 2000  # the first ones, whenever something changes
STATUSES = ("RUNNING", "SUSPENDED", "PAUSED")
COUNTS = 8


def record(actor, status):
    return json.dumps({"actorId": f"a-{actor}", "version": "1", "status": "STATUS_" + status,
                       "atespace": f"space-{actor % 7}"})


def key(actor):
    return f"actor:space-{actor % 7}:a-{actor}"


class Counts(OneCluster):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.statuses = [STATUSES[actor % 5 % 3] for actor in range(ACTORS)]
        words = []
        for actor, status in enumerate(cls.statuses):
            words += [key(actor), record(actor, status)]
        cls.cluster.tell("set", *words)
        cls.service = Ateapi("--redis-cluster-address", cls.cluster.address)
        cls.addClassCleanup(cls.service.close)
        cls.cli = Cli(cls.service.address)

    def count(self, *arguments):
        text = self.cli.out("count", "actors", "-A", "--no-headers", *arguments)
        return {row.split()[0]: int(row.split()[-1]) for row in text.splitlines()}

    def test_1_names_behind_a_filter_are_as_many_as_are_counted(self):
        for status in (*STATUSES, "PAUSING"):
            for width in ("1", "8"):
                script = (f"ate get actors -A --filter 'status = STATUS_{status}' -o name "
                          f"--parallel {width} | wc -l")
                names = self.cli.shell(script)
                self.assertIn(names.stderr, ("", "No resources found.\n"))
                counted = self.cli.out("count", "actors", "-A", "--no-headers", "--parallel", width,
                                       "--filter", f"status = STATUS_{status}")
                self.assertEqual(names.stdout.strip(), counted.strip())
                self.assertEqual(int(counted), self.statuses.count(status))

    def change(self, stop, changed):
        address = self.cluster.address.split(",")[0]
        chosen = random.Random(20261127)
        while not stop.is_set():
            actor = chosen.randrange(CHANGING)
            # PAUSED ones stay what they are, and nobody becomes one.
            if self.statuses[actor] == "PAUSED":
                continue
            status = chosen.choice(STATUSES[:2])
            command(address, b"SET", key(actor).encode(), record(actor, status).encode())
            changed.append(actor)

    def test_2_who_lives_throughout_counts_once_while_statuses_change(self):
        stop, changed = threading.Event(), []
        thread = threading.Thread(target=self.change, args=(stop, changed))
        thread.start()
        try:
            rounds = []
            for turn in range(COUNTS):
                before = len(changed)
                rounds.append(self.count("--by", "status", "--parallel", "1" if turn % 2 else "8"))
                self.assertGreater(len(changed), before)
        finally:
            stop.set()
            thread.join()
        paused = self.statuses.count("PAUSED")
        fixed = self.statuses[CHANGING:]
        free = CHANGING - self.statuses[:CHANGING].count("PAUSED")
        for counts in rounds:
            counts = {status.removeprefix("STATUS_"): count for status, count in counts.items()}
            self.assertEqual(set(counts), set(STATUSES))
            self.assertEqual(sum(counts.values()), ACTORS)
            self.assertEqual(counts["PAUSED"], paused)
            for status in STATUSES[:2]:
                self.assertGreaterEqual(counts[status], fixed.count(status))
                self.assertLessEqual(counts[status], fixed.count(status) + free)


for_each_kind(globals(), Counts)

if __name__ == "__main__":
    unittest.main(verbosity=2)
