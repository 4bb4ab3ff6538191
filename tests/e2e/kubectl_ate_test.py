"""kubectl-ate as a person and a pipeline use it, against ateapi on the embedded store."""

import json
import os
import subprocess
import time
import unittest

import yaml

from processes import BIN, Ateapi, Cli, CliCase, PATIENCE, resume_arguments


class KubectlAte(CliCase):
    # ---- pipes ----

    def test_every_actor_once(self):
        self.assert_each_once(self.cli.lines("get", "actors", "-A", "-o", "name"))

    def test_one_atespace_holds_its_actors_only(self):
        names = self.cli.lines("get", "actors", "-a", "team-b", "-o", "name")
        self.assert_each_once(names, self.actors // 5)
        self.assertTrue(all(name.startswith("actor/team-b/") for name in names))

    def test_head_ends_it_quietly(self):
        run = self.cli.shell("set -o pipefail; ate get actors -A | head -5")
        self.assertEqual(run.returncode, 0)
        self.assertEqual(run.stderr, "")
        self.assertEqual(len(run.stdout.splitlines()), 5)
        self.assertRegex(run.stdout, r"^ATESPACE +TEMPLATE NS +TEMPLATE +ID +STATUS +ATEOM POD +"
                                     r"ATEOM IP +VERSION\n")

    def test_wc_counts_rows(self):
        run = self.cli.shell("ate get actors -A --no-headers | wc -l")
        self.assertEqual(run.stdout.strip(), str(self.actors))
        self.assertEqual(run.stderr, "")  # no progress: standard error is not a terminal

    def test_json_is_one_document(self):
        run = self.cli.shell("ate get actors -a team-a -o json | jq '.actors | length'")
        self.assertEqual(run.stdout.strip(), str(self.actors // 5))
        self.assertEqual(json.loads(self.cli.out("get", "actors", "-a", "nowhere", "-o", "json")),
                         {"actors": []})

    def test_json_stays_valid_at_the_limit(self):
        run = self.cli.run("get", "actors", "-A", "-o", "json", "--limit", "1234")
        self.assertEqual(len(json.loads(run.stdout)["actors"]), 1234)

    def test_json_lines(self):
        lines = self.cli.lines("get", "actors", "-A", "-o", "jsonl", "--limit", "2500")
        self.assertEqual(len({json.loads(line)["actorId"] for line in lines}), 2500)

    def test_yaml_says_the_same_as_json(self):
        limit = ("get", "actors", "-A", "--limit", "300")
        from_yaml = yaml.safe_load(self.cli.out(*limit, "-o", "yaml"))
        self.assertEqual(from_yaml, json.loads(self.cli.out(*limit, "-o", "json")))
        self.assertEqual(len(from_yaml["actors"]), 300)

    def test_memory_does_not_grow_with_the_listing(self):
        def peak_kib(*arguments):
            with subprocess.Popen(self.cli.command("get", "actors", "-A", "-o", "name", *arguments),
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(process.returncode, 0)
            return usage.ru_maxrss

        self.assertLess(peak_kib(), 1.25 * peak_kib("--limit", "10000"))

    # ---- resuming ----

    def test_limits_chain_to_the_whole(self):
        arguments = ["get", "actors", "-a", "team-c", "-o", "name", "--limit", "9999"]
        names = []
        for _ in range(5):
            run = self.cli.run(*arguments)
            names += run.stdout.splitlines()
            if not run.stderr:
                break
            arguments = [word for word in resume_arguments(run.stderr)
                         if word not in self.cli.flags]
        self.assert_each_once(names, self.actors // 5)

    def assert_survives(self, end):
        """A listing goes on at the next service at that address, once `end` has ended the first."""
        service = Ateapi("--demo-actors", "15000")
        self.addCleanup(service.close)
        cli = Cli(service.address)
        command = cli.command("get", "actors", "-A", "-o", "name", "--chunk-size", "20")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as process:
            names = [process.stdout.readline() for _ in range(2000)]
            end(service)  # pages that were not read yet are few: most of the listing is ahead
            with Ateapi("--demo-actors", "15000", address=service.address):
                names += process.stdout.readlines()
                errors = process.stderr.read()
                self.assertEqual(process.wait(timeout=PATIENCE), 0, errors)
        self.assert_each_once(names, 15000)

    def test_survives_a_crash_of_the_service(self):
        self.assert_survives(Ateapi.kill)

    def test_survives_a_service_that_stops(self):
        self.assert_survives(Ateapi.terminate)

    def test_a_dead_service_ends_with_the_resume_command(self):
        service = Ateapi("--demo-actors", "15000")
        cli = Cli(service.address)
        with subprocess.Popen(cli.command("get", "actors", "-A", "-o", "name", "--chunk-size", "20",
                                          "--timeout", "4"),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            names = [process.stdout.readline() for _ in range(1000)]
            service.kill()
            names += process.stdout.readlines()
            errors = process.stderr.read()
            self.assertEqual(process.wait(timeout=PATIENCE), 1)
        self.assertIn("error: nothing listens at", errors)
        with Ateapi("--demo-actors", "15000", address=service.address):
            rest = subprocess.run([os.path.join(BIN, "kubectl-ate"), *resume_arguments(errors)],
                                  stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE)
        self.assert_each_once(names + rest.stdout.splitlines(True), 15000)

    # ---- single records ----

    def test_create_show_delete(self):
        self.assertIn("created", self.cli.out("create", "atespace", "tmp-space"))
        self.assertIn("created", self.cli.out("create", "actor", "one", "-a", "tmp-space",
                                              "--template", "ns/python",
                                              "--worker-selector", "k=v"))
        actor = json.loads(self.cli.out("get", "actors", "one", "-a", "tmp-space", "-o", "json"))
        self.assertEqual(actor["actors"][0]["status"], "STATUS_SUSPENDED")
        self.assertEqual(actor["actors"][0]["workerSelector"], {"matchLabels": {"k": "v"}})
        self.assertRegex(self.cli.out("get", "actors", "-a", "tmp-space"), r"SUSPENDED +<none>")
        refused = self.cli.run("delete", "atespace", "tmp-space", expect=1)
        self.assertRegex(refused.stderr, r"^error: [^\n]*tmp-space[^\n]*\n$")
        run = self.cli.shell("ate get actors -a tmp-space -o name | xargs -n 1 -I{} echo {}")
        self.assertEqual(self.cli.out("delete", "actor", *run.stdout.split()),
                         "actor/tmp-space/one deleted\n")
        self.cli.run("delete", "atespace", "tmp-space")
        self.assertIn("team-a", self.cli.lines("get", "atespaces", "--no-headers"))
        self.assertNotIn("tmp-space", self.cli.lines("get", "atespaces", "--no-headers"))

    def test_get_workers_without_any(self):
        run = self.cli.run("get", "workers")
        self.assertEqual((run.stdout, run.stderr), ("", "No resources found.\n"))

    # ---- errors: one line that says what to do ----

    def assert_error(self, pattern, *arguments, cli=None):
        run = (cli or self.cli).run(*arguments, expect=1)
        self.assertRegex(run.stderr, r"^error: [^\n]*\n$")
        self.assertRegex(run.stderr, pattern)
        self.assertEqual(run.stdout, "")

    def test_wrong_command_lines(self):
        self.assert_error("--bogus; see kubectl-ate get actors --help", "get", "actors", "--bogus")
        self.assert_error("-a ATESPACE for one, or -A for all", "get", "actors")
        self.assert_error("exclude each other", "get", "actors", "-A", "-a", "x")

    def test_unknown_names(self):
        run = self.cli.run("get", "actors", "-a", "nowhere")
        # The note comes first when the end takes more than a page's time.
        note = 'note: there is no atespace "nowhere"; kubectl-ate get atespaces lists them'
        self.assertCountEqual(run.stderr.splitlines(), ["No resources found.", note])
        self.assert_error("nobody", "get", "actors", "nobody", "-a", "team-a")
        self.assert_error("nowhere", "create", "actor", "x", "-a", "nowhere", "--template", "n/t")
        self.assert_error("team-a", "create", "atespace", "team-a")

    def test_bad_tokens(self):
        token = resume_arguments(
            self.cli.run("get", "actors", "-a", "team-a", "--limit", "1").stderr)[-1]
        self.assertLessEqual(len(token), 256)
        flipped = ("B" if token[0] != "B" else "C") + token[1:]
        for bad in ("garbage", token[:-3], flipped):
            self.assert_error("page.token", "get", "actors", "-a", "team-a", "--page-token", bad)
        self.assert_error("atespace", "get", "actors", "-a", "team-b", "--page-token", token)

    def test_unreachable_server(self):
        start = time.monotonic()
        self.assert_error("nothing listens at 127.0.0.1:1;", "get", "actors", "-A",
                          cli=Cli("127.0.0.1:1"))
        self.assertLess(time.monotonic() - start, 20)
        self.assert_error("does not speak TLS; add --plaintext", "get", "actors", "-A",
                          cli=Cli(self.service.address, "--insecure-skip-tls-verify"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
