"""The HTTP API of mockcluster: scenarios driven over HTTP alone, as a client sees them."""

import http.client
import json
import os
import subprocess
import unittest

from processes import BIN, PATIENCE, die_with_parent, leased_ports, until
from resp import command


class FaultInjector(unittest.TestCase):
    def setUp(self):
        self.port = self.enterContext(leased_ports(6))
        self.process = subprocess.Popen(
            [os.path.join(BIN, "mockcluster"), "--primaries", "3", "--replicas", "1", "--port",
             str(self.port), "--node-timeout-ms", "300", "--http-listen-addr", "127.0.0.1:0"],
            stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        self.addCleanup(self.stop)
        announced = self.process.stdout.readline()
        self.http_address = announced.rsplit("HTTP on ", 1)[1].strip()
        self.assertEqual(self.command("SET", "k", "before"), b"+OK")

    def stop(self):
        self.process.terminate()
        self.assertEqual(self.process.wait(PATIENCE), 0)
        self.process.stdout.close()

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.http_address, timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.request(method, path, body if isinstance(body, str) else json.dumps(body))
        response = connection.getresponse()
        return response.status, json.loads(response.read())

    def begin(self, kind, **parameters):
        code, answer = self.ask("POST", "/action", {"type": kind, "parameters": parameters})
        self.assertEqual(code, 200, answer)
        return "/action/" + answer["action_id"]

    def status(self, action):
        code, answer = self.ask("GET", action)
        self.assertEqual(code, 200, answer)
        return answer

    def succeed(self, kind, **parameters):
        action = self.begin(kind, **parameters)
        until(lambda: self.status(action)["status"] != "pending", kind)
        self.assertEqual(self.status(action)["status"], "success", self.status(action))
        return self.status(action)["output"]

    def command(self, *words, port=None):
        return command(f"127.0.0.1:{port or self.port}", *(word.encode() for word in words))

    def nodes(self):
        code, answer = self.ask("GET", "/nodes")
        self.assertEqual(code, 200, answer)
        return answer["nodes"]

    def owner(self):
        """The port of the node that has the key."""
        return next(int(node["address"].rsplit(":", 1)[1]) for node in self.nodes()
                    if node["role"] == "primary" and node["alive"] and node["keys"] == 1)

    def test_nodes_are_listed(self):
        nodes = self.nodes()
        self.assertEqual([node["role"] for node in nodes], 3 * ["primary"] + 3 * ["replica"])
        self.assertEqual([node["address"] for node in nodes],
                         [f"127.0.0.1:{self.port + number}" for number in range(6)])
        self.assertEqual(sum(node["keys"] for node in nodes), 2)

    def test_a_failover_and_a_slot_that_moves(self):
        first = self.owner()
        self.assertEqual(self.succeed("failover", node=first), ["OK"])
        second = self.owner()
        self.assertNotEqual(second, first)
        other = next(node for node in self.nodes() if node["role"] == "primary" and
                     node["keys"] == 0)
        slot = int(self.command("CLUSTER", "KEYSLOT", "k").removeprefix(b":"))
        self.succeed("slot_migrate", slot=slot, destination=other["id"])
        self.assertEqual(other["address"], f"127.0.0.1:{self.owner()}")
        self.succeed("reshard", first_slot=slot, last_slot=slot, destination=second)
        self.assertEqual(self.owner(), second)
        self.assertEqual(self.command("GET", "k", port=first), b"$6")

    def test_a_node_fails_for_a_time_and_a_replica_takes_over(self):
        failing = self.owner()
        action = self.begin("node_failure", node=failing, delay=3)
        self.assertEqual(self.status(action)["status"], "pending")
        self.assertRaises(ConnectionRefusedError, self.command, "PING", port=failing)
        until(lambda: any(node["role"] == "primary" and node["alive"] and node["keys"] == 1
                          for node in self.nodes()), "a takeover")
        until(lambda: self.status(action)["status"] == "success", "the end of the failure")
        self.assertEqual(self.command("PING", port=failing), b"+PONG")
        self.assertNotEqual(self.owner(), failing)

    def test_a_whole_shard_fails_and_comes_back_with_its_data(self):
        failing = self.owner()
        action = self.begin("shard_failure", node=failing, delay=0.2)
        self.assertEqual(sum(not node["alive"] for node in self.nodes()), 2)
        until(lambda: self.status(action)["status"] == "success", "the end of the failure")
        until(lambda: self.readable(), "the key")

    def readable(self):
        try:
            return self.command("GET", "k") == b"$6"
        except (AssertionError, OSError):
            return False  # CLUSTERDOWN until its nodes have rejoined

    def test_a_network_that_fails_for_a_time(self):
        node = self.owner()
        action = self.begin("network_failure", node=node, delay=0.3)
        self.assertEqual(self.status(action)["status"], "pending")
        # Answered when it is over.
        self.assertEqual(self.command("PING", port=node), b"+PONG")
        self.assertEqual(self.status(action)["status"], "success")

    def test_any_control_command(self):
        nodes = self.succeed("mock", command="NODES")
        self.assertEqual(len(nodes), 6)
        failed = self.status(self.begin("mock", command="KILL nobody"))
        self.assertEqual(failed["status"], "failed")
        self.assertIn("nobody", failed["error"])

    def test_what_is_wrong_is_named(self):
        for body, said in [
                ("not json", "the body is not a JSON object"),
                ({"type": "explode"}, "type is \"explode\"; it must be one of failover"),
                ({"type": "failover"}, "parameters.node is missing"),
                ({"type": "failover", "parameters": {"node": 1.5}}, "parameters.node is"),
                ({"type": "node_failure", "parameters": {"node": 0, "delay": -1}},
                 "parameters.delay is"),
                ({"type": "shard_failure"}, "parameters.node is missing"),
                ({"type": "shard_failure", "parameters": {"node": "x"}}, "no node x")]:
            with self.subTest(body=body):
                code, answer = self.ask("POST", "/action", body)
                self.assertEqual(code, 400)
                self.assertIn(said, answer["error"])
        for method, path in [("GET", "/"), ("PUT", "/action"), ("GET", "/action/7")]:
            code, answer = self.ask(method, path)
            self.assertEqual(code, 404)
            self.assertIn("error", answer)
        self.assertEqual(self.ask("GET", "/stats")[1]["events"], 0)


if __name__ == "__main__":
    unittest.main()
