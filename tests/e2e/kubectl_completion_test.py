"""Completion in the shells themselves, and "kubectl ate …" through kubectl's rule for plugins."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

from processes import BIN, CliCase, PATIENCE
from terminal import Terminal

PATH = {"PATH": BIN + ":" + os.environ["PATH"], "TERM": "dumb"}

# For each shell: how to start it plainly, and how its users turn completion on.
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"],
             "bind 'set bell-style none'; source <(kubectl-ate completion bash)"),
    "zsh": (["zsh", "-f", "-i"],
            "unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; "
            "source <(kubectl-ate completion zsh)"),
    "fish": (["fish", "--no-config", "-i"], "kubectl-ate completion fish | source"),
}


class Completion(CliCase):
    actors = 20_000

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cli.run("create", "atespace", "solo")
        cls.cli.run("create", "actor", "hermit", "-a", "solo", "--template", "n/t")

    def complete(self, *words):
        run = subprocess.run([os.path.join(BIN, "kubectl-ate"), "__complete", *words],
                             stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE)
        lines = run.stdout.splitlines()
        self.assertEqual(lines[-1], ":4")
        return lines[:-1]

    def test_names_come_from_the_service_one_page_at_most(self):
        self.assertEqual(self.complete("get", "actors", *self.cli.flags, "-a", "team-"),
                         ["team-a", "team-b", "team-c", "team-d", "team-e"])
        actors = self.complete("get", "actors", *self.cli.flags, "-a", "team-a", "agent-")
        self.assertGreater(len(actors), 0)
        self.assertLessEqual(len(actors), 1000)  # one page of four
        self.assertEqual(self.complete("get", "actors", "--endpoint", "127.0.0.1:1", "-a", ""), [])

    def try_in(self, shell):
        """Types half of each word and TAB, then runs the line: it must be what was meant."""
        if shutil.which(shell) is None:
            self.skipTest(f"*** {shell} is not installed: its completion is NOT tested here ***")
        command, setup = SHELLS[shell]
        with tempfile.TemporaryDirectory() as home:
            terminal = Terminal(command, environment={**PATH, "HOME": home, "PS1": "", "PS2": ""})
            terminal.type(f"{setup}; echo rea''dy\n".encode())
            end = terminal.read_until(rb"ready\r?\n")
            connection = " ".join(self.cli.flags)
            for typed, completed in (("kubectl-ate get ac\t", rb"actors"),
                                     (f"{connection} -o na\t", rb"name"),
                                     ("-a so\t", rb"solo"), ("her\t", rb"hermit")):
                terminal.type(typed.encode())
                end = terminal.read_until(completed, end)
                # Some shells add a space behind a word that is complete, some do not.
                terminal.type(b" ")
            terminal.type(b"; echo do''ne\n")
            terminal.read_until(rb"done\r?\n", end)
            self.assertRegex(terminal.text[end:], rb"(?m)^[^$]*actor/solo/hermit")
            terminal.type(b"exit\n")
            terminal.finish()

    def test_bash(self):
        self.try_in("bash")

    def test_zsh(self):
        self.try_in("zsh")

    def test_fish(self):
        self.try_in("fish")


class Plugin(CliCase):
    """kubectl runs kubectl-ate for "kubectl ate", and kubectl_complete-ate for its completion."""

    actors = 100

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.home.cleanup)
        cls.environment = {**os.environ, **PATH, "HOME": cls.home.name}

    def run_program(self, *command):
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=True, env=self.environment, timeout=PATIENCE)

    def test_the_program_that_kubectl_asks_for_completion(self):
        run = self.run_program("kubectl_complete-ate", "get", "")
        self.assertEqual(run.stdout, "actors\natespaces\nworkers\n:4\n")

    def test_the_rule_for_plugins(self):
        """The longest dashed name on PATH wins and gets the words that are left."""
        words = ["ate", "get", "actors", "-A"]
        names = ["-".join(["kubectl", *words[:length]]) for length in range(len(words), 0, -1)]
        found = [name for name in names if shutil.which(name, path=PATH["PATH"])]
        self.assertEqual(found, ["kubectl-ate"])
        self.assertEqual(self.run_program(found[0], "--version").stdout, "kubectl-ate 0.2.0\n")

    def test_kubectl_itself(self):
        if shutil.which("kubectl") is None:
            self.skipTest("*** kubectl is not installed: its plugin rule is NOT tested here ***")
        listed = self.run_program("kubectl", "plugin", "list")
        self.assertRegex(listed.stdout, rf"(?m)^{re.escape(BIN)}/kubectl-ate$")
        names = self.run_program("kubectl", "ate", "get", "actors", "-A", "-o", "name",
                                 *self.cli.flags).stdout.splitlines()
        self.assertEqual(len(set(names)), 100)
        failed = subprocess.run(["kubectl", "ate", "get", "actors"], stderr=subprocess.PIPE,
                                text=True, check=False, env=self.environment, timeout=PATIENCE)
        self.assertEqual(failed.returncode, 1)
        self.assertIn("which atespace?", failed.stderr)
        if self.kubectl_asks_plugins():
            candidates = self.run_program("kubectl", "__complete", "ate", "get", "at").stdout
            self.assertEqual(candidates.splitlines()[:2], ["atespaces", ":4"])

    def kubectl_asks_plugins(self):
        """Since 1.26."""
        version = self.run_program("kubectl", "version", "--client").stdout
        major, minor = re.search(r"v(\d+)\.(\d+)", version).groups()
        return (int(major), int(minor)) >= (1, 26)


if __name__ == "__main__":
    unittest.main(verbosity=2)
