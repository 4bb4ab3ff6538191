"""Where kubectl-ate's output goes: pipes that are slow or non-blocking, and files that are full.
What got out and what the resume command prints are every actor, and the overlap is as it says."""

import os
import re
import resource
import signal
import subprocess
import tempfile
import unittest

from processes import BIN, PATIENCE, CliCase, resume_arguments


class Writes(CliCase):
    actors = 20_000

    def test_a_non_blocking_pipe_that_is_read_slowly(self):
        for form in ("name", "json"):
            read, write = os.pipe()
            os.set_blocking(write, False)
            with subprocess.Popen(self.cli.command("get", "actors", "-A", "-o", form),
                                  stdout=write, stderr=subprocess.PIPE) as run:
                os.close(write)
                data = b""
                while piece := os.read(read, 3000):
                    data += piece
                os.close(read)
                error = run.stderr.read()
            self.assertEqual((run.returncode, error), (0, b""))
            self.assertEqual(data.count(b"\n"), self.actors + (2 if form == "json" else 0))

    def limited(self, size, *arguments):
        """Runs into a file that may not grow beyond `size`; what is in it, and what was said."""
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        with tempfile.TemporaryFile() as file:
            run = subprocess.run(self.cli.command(*arguments), stdout=file,
                                 stderr=subprocess.PIPE, preexec_fn=limit, restore_signals=False,
                                 timeout=PATIENCE, check=False, text=True)
            self.assertEqual(run.returncode, 1, run.stderr)
            self.assertIn("error: cannot write the output: File too large", run.stderr)
            file.seek(0)
            return file.read().decode(), run.stderr

    def resumed(self, error):
        return subprocess.run([os.path.join(BIN, "kubectl-ate"), *resume_arguments(error)],
                              stdout=subprocess.PIPE, timeout=PATIENCE, check=True,
                              text=True).stdout.splitlines()

    def test_the_resume_command_repeats_what_it_says(self):
        for form in ("name", "jsonl", "table"):
            for size in (100_001, 12_345, 3):
                with self.subTest((form, size)):
                    text, error = self.limited(size, "get", "actors", "-A", "-o", form)
                    whole = text.splitlines()[:text.count("\n")]
                    rows = whole[1:] if form == "table" else whole
                    said = re.search(r"^([\d,]+) whole rows? w\w+ written; this command "
                                     r"continues, and prints (?:the last ([\d,]+)|none) of them "
                                     r"again:$", error, re.MULTILINE)
                    self.assertTrue(said, error)
                    number = [int((each or "0").replace(",", "")) for each in said.groups()]
                    self.assertEqual(number[0], len(rows))
                    rest = self.resumed(error)
                    rest = [" ".join(line.split()) for line in rest[form == "table":]]
                    rows = [" ".join(line.split()) for line in rows]
                    again = set(rows[len(rows) - number[1]:])
                    self.assertEqual(set(rows) & set(rest), again)
                    self.assert_each_once(rows + [row for row in rest if row not in again])

    def test_documents_and_sorted_lists(self):
        _, error = self.limited(50_000, "get", "actors", "-A", "-o", "json")
        self.assertRegex(error, r"the document is incomplete; this prints what follows the first ")
        _, error = self.limited(50_000, "get", "actors", "-A", "-o", "name", "--sort")
        self.assertIn("a sorted list cannot be continued; start again:", error)
        rows = self.resumed(error)
        self.assert_each_once(rows)

    def test_one_record_that_cannot_be_written(self):
        with open("/dev/full", "wb") as full:
            run = subprocess.run(self.cli.command("get", "atespaces"), stdout=full,
                                 stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(run.returncode, 1)
        self.assertIn("error: cannot write the output: No space left on device", run.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
