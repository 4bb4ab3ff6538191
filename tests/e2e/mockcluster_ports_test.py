"""mockcluster behind mapped ports: it listens on some and announces others."""

import os
import subprocess
import unittest

from processes import BIN, PATIENCE, die_with_parent, leased_ports
from resp import first_line


class MappedPorts(unittest.TestCase):
    def start(self, *flags):
        process = subprocess.Popen([os.path.join(BIN, "mockcluster"), "--primaries", "3", *flags],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   preexec_fn=die_with_parent)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.terminate)
        return process.stdout.readline()

    def test_redirects_name_the_announced_ports(self):
        listening = self.enterContext(leased_ports(4))
        announced = self.enterContext(leased_ports(4))
        said = self.start("--port", str(listening), "--announce-port-base", str(announced))
        self.assertIn(f"ready: 127.0.0.1:{announced} 127.0.0.1:{announced + 1}", said)
        address = f"127.0.0.1:{listening}"
        # Slot 12182 belongs to the last of the three.
        self.assertEqual(first_line(address, b"GET", b"foo"),
                         b"-MOVED 12182 127.0.0.1:%d" % (announced + 2))
        self.assertEqual(first_line(f"127.0.0.1:{listening + 2}", b"SET", b"foo", b"bar"), b"+OK")
        # A node that joins later listens where it is mapped to, too.
        self.assertEqual(first_line(address, b"MOCK", b"ADDNODE"), b":3")
        self.assertEqual(first_line(f"127.0.0.1:{listening + 3}", b"PING"), b"+PONG")
        self.assertEqual(first_line(address, b"MOCK", b"KILL", b"%d" % (announced + 3)), b"+OK")
        self.assertRaises(ConnectionRefusedError, first_line, f"127.0.0.1:{listening + 3}", b"PING")

    def test_a_port_that_is_taken_is_named(self):
        listening = self.enterContext(leased_ports(3))
        self.start("--port", str(listening))
        said = self.start("--port", str(listening), "--announce-port-base", "7000")
        self.assertIn(f"cannot listen on port {listening} for 127.0.0.1:7000: ", said)


if __name__ == "__main__":
    unittest.main()
