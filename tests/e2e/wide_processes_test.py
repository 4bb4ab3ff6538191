"""One listing by several processes on clusters of real servers: each lists some of the parts that
the service makes, while slots move key by key and a primary dies; together they list every actor
once."""

import binascii
import collections
import os
import subprocess
import unittest

from processes import BIN, PATIENCE, Ateapi, OneCluster, die_with_parent, server_program, until
from secured_cluster import for_each_kind
from wire import Client

ACTORS = 20_000
PARTS = 16
PROCESSES = 4
PAGE_SIZE = 40
MOVED = range(1024 + 40, 1024 + 200)  # in the second part, of the first primary
STEPS_A_TURN = 20
KILL_AT_TURN = 10


def slot_of(key):
    return binascii.crc_hqx(key.encode(), 0) % 16384


class ListingProcess:
    def __init__(self, address, tokens):
        self.process = subprocess.Popen(
            [os.path.join(BIN, "list_parts"), address, str(PAGE_SIZE), *tokens],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)

    def ask(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has no more pages

    def page(self):
        """The actors of the page that was asked for; None after the last one."""
        names = []
        for line in self.process.stdout:
            if line == "\n":
                return names
            names.append(line.rstrip("\n"))
        assert self.process.wait(timeout=PATIENCE) == 0
        return None

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass


class WideProcesses(OneCluster):
    cluster_options = ("--replicas", "1")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.tell("fill", str(ACTORS))
        cls.cluster.tell("settled")
        cls.actors = {f"bulk/a-{number}" for number in range(ACTORS)}

    def partition(self):
        with Ateapi("--redis-cluster-address", self.cluster.address) as service:
            client = Client(service.address)
            with client.channel:
                tokens = client.call("PartitionActors", partition_count=PARTS).page_tokens
        self.assertEqual(len(tokens), PARTS)
        return list(tokens)

    def start(self, tokens):
        """Processes that share the tokens."""
        processes = []
        for number in range(PROCESSES):
            process = ListingProcess(self.cluster.address, tokens[number::PROCESSES])
            self.addCleanup(process.close)
            processes.append(process)
        return processes

    def turn(self, processes):
        """A page of each; the processes that have ended leave the list."""
        names = []
        for process in processes:
            process.ask()
        for process in list(processes):
            page = process.page()
            if page is None:
                processes.remove(process)
            names += page or []
        return names

    def node_id(self, node):
        host, port = self.addresses[node].rsplit(":", 1)
        command = [server_program(self.kind, "cli"), "-h", host, "-p", port, "CLUSTER", "MYID"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()

    def tell_once_up(self, *words):
        """A command that nodes refuse until the dead primary has been replaced."""
        def done():
            try:
                self.cluster.tell("run", *words)
                return True
            except AssertionError as error:
                if "CLUSTERDOWN" in str(error):
                    return False
                raise
        until(done, "the cluster to be up")

    def move_slots(self, source, target):
        """Moves the slots key by key; yields between any two commands."""
        ids = {node: self.node_id(node) for node in (source, target)}
        host, port = self.addresses[target].rsplit(":", 1)
        keys = collections.defaultdict(list)
        for name in self.actors:
            key = "actor:" + name.replace("/", ":")
            keys[slot_of(key)].append(key)
        for slot in map(str, MOVED):
            setslot = ("CLUSTER", "SETSLOT", slot)
            self.cluster.tell("run", str(target), *setslot, "IMPORTING", ids[source])
            self.cluster.tell("run", str(source), *setslot, "MIGRATING", ids[target])
            yield
            for key in keys[int(slot)]:
                self.tell_once_up(str(source), "MIGRATE", host, port, key, "0", "5000")
                yield
            for node in (target, source):
                self.cluster.tell("run", str(node), *setslot, "NODE", ids[target])
                yield

    def test_every_actor_once_through_a_reshard_and_a_failover(self):
        processes = self.start(self.partition())
        steps = self.move_slots(0, 1)
        moving, turns_moving, turns = True, 0, 0
        names = []
        while processes:
            names += self.turn(processes)
            turns += 1
            turns_moving += moving
            if turns == KILL_AT_TURN:
                self.cluster.tell("kill", "2")
            for _ in range(STEPS_A_TURN):
                moving = moving and next(steps, "moved") != "moved"
        self.assertFalse(moving)
        self.assertGreater(turns_moving, KILL_AT_TURN)
        self.assertGreater(turns, 2 * KILL_AT_TURN)
        self.assertEqual(self.actors - set(names), set())
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(set(names) - self.actors, set())

    def test_a_part_that_nobody_lists_is_missed(self):
        processes = self.start(self.partition()[:-1])
        names = []
        while processes:
            names += self.turn(processes)
        missing = self.actors - set(names)
        # The last 1,024 slots, and only these.
        self.assertEqual(missing, {name for name in self.actors if slot_of(
            "actor:" + name.replace("/", ":")) >= 16384 // PARTS * (PARTS - 1)})
        self.assertEqual(len(names), len(self.actors) - len(missing))


for_each_kind(globals(), WideProcesses)

if __name__ == "__main__":
    unittest.main(verbosity=2)
