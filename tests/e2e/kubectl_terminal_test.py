"""kubectl-ate as somebody at a terminal sees it: progress, rows, Ctrl-C and going on."""

import os
import re
import subprocess
import threading
import unittest

from processes import BIN, Ateapi, Cli, CliCase, PATIENCE, resume_arguments
from terminal import CTRL_C, Terminal

PROGRESS = rb"\r\x1b\[K[0-9.]+ %  [0-9,]+ actors  [0-9,]+/s  [0-9hms]+ left"


def without_progress(shown):
    return re.sub(r".*\r\x1b\[K", "", shown.decode().replace("\r\n", "\n"))


class AtATerminal(CliCase):
    def test_progress_is_shown_and_erased(self):
        with open(os.devnull, "wb") as nowhere:
            terminal = Terminal(self.cli.command("get", "actors", "-A"), nowhere.fileno())
            self.assertEqual(terminal.finish(), 0)
        self.assertRegex(terminal.text, PROGRESS)
        self.assertTrue(terminal.text.endswith(b"\r\x1b[K"), terminal.text[-80:])

    def test_progress_fits_a_narrow_terminal(self):
        command = self.cli.command("get", "actors", "-A")
        with open(os.devnull, "wb") as nowhere:
            terminal = Terminal(["sh", "-c", 'stty cols 20; exec "$@"', "sh", *command],
                                nowhere.fileno())
            self.assertEqual(terminal.finish(), 0)
        lines = terminal.text.decode().split("\r\x1b[K")
        self.assertGreater(len(lines), 2)
        self.assertLess(max(len(line) for line in lines), 20)

    def test_rows_are_not_mixed_with_progress(self):
        terminal = Terminal(self.cli.command("get", "actors", "-a", "team-a", "-o", "name",
                                             "--limit", "5000", "--chunk-size", "50"))
        self.assertEqual(terminal.finish(), 0)
        rows = [line for line in without_progress(terminal.text).split("\n")
                if line.startswith("actor/")]
        self.assert_each_once(rows, 5000)
        self.assertTrue(all(re.fullmatch(r"actor/team-a/agent-\d{7}", row) for row in rows))

    def interrupted_listing(self, *arguments):
        """What a listing printed until Ctrl-C, and what it said then."""
        reader, writer = os.pipe()
        terminal = Terminal(self.cli.command("get", "actors", "-A", "-o", "name", "--chunk-size",
                                             "100", *arguments), writer)
        os.close(writer)
        collected = []

        def collect():
            with os.fdopen(reader) as rows:
                collected.append(rows.read())

        thread = threading.Thread(target=collect)
        thread.start()
        terminal.read_until(rb"[1-9][0-9,]+ actors ")
        terminal.type(CTRL_C)
        self.assertEqual(terminal.finish(), 130)
        thread.join()
        return collected[0].splitlines(), without_progress(terminal.text)

    def test_ctrl_c_then_the_resume_command_gives_each_once(self):
        first, said = self.interrupted_listing()
        self.assertGreater(len(first), 0)
        self.assertLess(len(first), self.actors)
        self.assertIn(f"to continue after {len(first):,} actors:\n", said)
        rest = subprocess.run([os.path.join(BIN, "kubectl-ate"), *resume_arguments(said)],
                              stdout=subprocess.PIPE, text=True, check=True, timeout=2 * PATIENCE)
        self.assert_each_once(first + rest.stdout.splitlines())

    def test_ctrl_c_twice_and_going_on_twice(self):
        names, arguments = [], []
        for _ in range(2):
            some, said = self.interrupted_listing(*arguments)
            names += some
            arguments = resume_arguments(said)[-2:]
            self.assertEqual(arguments[0], "--page-token")
        names += self.cli.lines("get", "actors", "-A", "-o", "name", *arguments)
        self.assert_each_once(names)

    def test_ctrl_c_while_nobody_answers(self):
        service = Ateapi("--demo-actors", "20000")
        terminal = Terminal(Cli(service.address).command("get", "actors", "-A", "-o", "name",
                                                         "--chunk-size", "10"))
        terminal.read_until(rb"actor/")
        service.kill()
        terminal.read_until(rb"waiting for ateapi: nothing listens at ")
        terminal.type(CTRL_C)
        self.assertEqual(terminal.finish(), 130)
        self.assertIn("--page-token", without_progress(terminal.text))


if __name__ == "__main__":
    unittest.main(verbosity=2)
