"""kubectl-ate reads the parts of a listing at the same time: the same rows as one after the other,
each once, however it ends and by whomever it is taken up."""

import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import unittest
from concurrent import futures

import wire
import yaml
from processes import BIN, Ateapi, Cli, CliCase, PATIENCE, resume_arguments, until
from terminal import CTRL_C, Terminal

MEMORY_KIB = 64 << 10  # of a listing that nobody reads; all its actors would take twice as much


def page_tokens(arguments):
    return arguments[arguments.index("--page-token") + 1].split(",")


def with_flag(arguments, flag, value):
    """The arguments with another value of a flag."""
    at = arguments.index(flag)
    return [*arguments[:at + 1], value, *arguments[at + 2:]]


def run_arguments(arguments):
    run = subprocess.run([os.path.join(BIN, "kubectl-ate"), *arguments], stdout=subprocess.PIPE,
                         text=True, check=True, timeout=2 * PATIENCE)
    return run.stdout.splitlines()


class Parallel(CliCase):
    def partition(self, count, **fields):
        client = wire.Client(self.service.address)
        self.addCleanup(client.channel.close)
        return list(client.call("PartitionActors", partition_count=count, **fields).page_tokens)

    # ---- the same as one after the other ----

    def test_every_output_has_the_same_rows(self):
        def rows(text):
            return sorted(" ".join(line.split()) for line in text.splitlines())

        def actors(parse):
            return lambda text: sorted((json.dumps(actor) for actor in parse(text)["actors"]))

        forms = {"name": rows, "jsonl": rows, "table": rows, "wide": rows,
                 "json": actors(json.loads),
                 "yaml": actors(lambda text: yaml.load(text, Loader=yaml.CSafeLoader)),
                 "custom-columns=ID:.actorId,S:.status": rows,
                 'jsonpath={range .actors[*]}{.actorId}{"\\n"}{end}': rows}
        for form, parse in forms.items():
            with self.subTest(form):
                listing = ("get", "actors", "-a", "team-a", "-o", form, "--chunk-size", "200")
                serial = self.cli.out(*listing, "--parallel", "1")
                parallel = self.cli.out(*listing, "--parallel", "8")
                self.assertEqual(parse(parallel), parse(serial))
                self.assertNotEqual(parallel, serial)  # in another order

    def test_each_once_at_every_width(self):
        for width in ((), ("--parallel", "2"), ("--parallel", "64")):
            self.assert_each_once(self.cli.lines("get", "actors", "-A", "-o", "name", *width))

    def test_sorted_is_the_same(self):
        listing = ("get", "actors", "-a", "team-b", "-o", "name", "--sort")
        self.assertEqual(self.cli.out(*listing, "--parallel", "8"),
                         self.cli.out(*listing, "--parallel", "1"))

    def test_a_count_says_how_many_names_there_are(self):
        names = self.cli.shell("ate get actors -A -o name | wc -l")
        count = self.cli.out("count", "actors", "-A", "--no-headers")
        self.assertEqual(names.stdout.strip(), count.strip())
        by_status = ("count", "actors", "-A", "--by", "status,atespace")
        self.assertEqual(self.cli.out(*by_status, "--parallel", "8"),
                         self.cli.out(*by_status, "--parallel", "1"))

    # ---- tokens ----

    def test_tokens_of_parts_with_another_width(self):
        tokens = self.partition(8)
        for width in ((), ("--parallel", "3"), ("--parallel", "20")):
            self.assert_each_once(self.cli.lines("get", "actors", "-A", "-o", "name", *width,
                                                 "--page-token", ",".join(tokens)))
        some = [int(self.cli.out("count", "actors", "-A", "--no-headers", "--page-token",
                                 ",".join(part))) for part in (tokens[:3], tokens[3:])]
        self.assertEqual(sum(some), self.actors)
        self.assertGreater(min(some), 0)

    def test_a_bad_token_of_several_is_named(self):
        tokens = self.partition(3)
        other = self.partition(1, atespace="team-b")[0]
        for bad in ("rubbish", tokens[1][:-2], other):
            for command in ("get", "count"):
                run = self.cli.run(command, "actors", "-A", "--page-token",
                                   ",".join([tokens[0], bad, tokens[2]]), expect=1)
                self.assertEqual(run.stdout, "")
                self.assertRegex(run.stderr, rf"^error: --page-token: token 2 of 3, {bad}: "
                                             r"[^\n]+\n$")
        run = self.cli.run("get", "actors", "-A", "--page-token", tokens[0] + "," + tokens[0],
                           expect=1)
        self.assertIn("token 2, " + tokens[0] + ", is token 1 again", run.stderr)

    def test_a_width_that_cannot_be(self):
        for width in ("0", "65", "x"):
            run = self.cli.run("get", "actors", "-A", "--parallel", width, expect=1)
            self.assertIn(f'--parallel: "{width}" is not a whole number from 1 to 64', run.stderr)

    # ---- stopping and going on ----

    def start_unread(self, *arguments):
        """A listing that has begun to write to a pipe; what it still has is far more than fits."""
        process = subprocess.Popen(self.cli.command("get", "actors", "-A", *arguments),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        return process, [process.stdout.readline().decode()]

    def finish(self, process, rows, expect):
        rows += process.stdout.read().decode().splitlines(True)
        said = process.stderr.read().decode()
        self.assertEqual(process.wait(timeout=PATIENCE), expect, said)
        return [row.rstrip("\n") for row in rows], said

    def test_ctrl_c_at_eight_parts_then_three(self):
        reader, writer = os.pipe()
        terminal = Terminal(self.cli.command("get", "actors", "-A", "-o", "name", "--parallel", "8",
                                             "--chunk-size", "100"), writer)
        os.close(writer)
        terminal.read_until(rb"[1-9][0-9,]* actors ")
        terminal.type(CTRL_C)  # the pipe is full, and most actors are still to come
        collected = []
        with os.fdopen(reader) as rows:
            thread = threading.Thread(target=lambda: collected.append(rows.read()))
            thread.start()
            self.assertEqual(terminal.finish(), 130)
            thread.join()
        first = collected[0].splitlines()
        said = re.sub(r".*\r\x1b\[K", "", terminal.text.decode().replace("\r\n", "\n"))
        self.assertIn(f"to continue after {len(first):,} actors:\n", said)
        arguments = resume_arguments(said)
        self.assertGreater(len(page_tokens(arguments)), 1)
        rest = run_arguments(with_flag(arguments, "--parallel", "3"))
        self.assertGreater(len(rest), 0)
        self.assert_each_once(first + rest)

    def test_sigterm_and_again_and_then_the_rest(self):
        names, arguments = [], []
        for width in ("5", "7"):
            process, rows = self.start_unread("-o", "name", "--chunk-size", "50", "--parallel",
                                              width, *arguments)
            process.send_signal(signal.SIGTERM)
            some, said = self.finish(process, rows, 130)
            names += some
            arguments = ["--page-token", ",".join(page_tokens(resume_arguments(said)))]
        self.assert_each_once(names + self.cli.lines("get", "actors", "-A", "-o", "name",
                                                     *arguments))

    def test_head_ends_it_quietly(self):
        run = self.cli.shell("set -o pipefail; ate get actors -A --parallel 8 | head -1")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertRegex(run.stdout, r"^ATESPACE [^\n]*VERSION\n$")

    def test_a_disk_that_gets_full(self):
        """What was written whole and what the command prints are all; it says what comes twice."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "names")
            run = self.cli.shell("trap '' XFSZ; ulimit -f 999; "
                                 f"ate get actors -A -o name --parallel 4 > {path}")
            with open(path, encoding="utf-8") as file:
                written = file.read()
        self.assertEqual(run.returncode, 1)
        self.assertIn("File too large", run.stderr)
        whole = written.splitlines()[:written.count("\n")]
        self.assertIn(f"{len(whole):,} whole rows were written", run.stderr)
        again = re.search(r"prints (?:the last ([0-9,]+)|none) of them again", run.stderr).group(1)
        again = int((again or "0").replace(",", ""))
        self.assertLess(again, 1000)
        rest = run_arguments(resume_arguments(run.stderr))
        self.assertEqual(len(whole) - again + len(rest), self.actors)
        self.assert_each_once(list(set(whole) | set(rest)))

    def test_a_reader_that_does_not_read_bounds_the_memory(self):
        process, rows = self.start_unread("-o", "jsonl", "--parallel", "8")
        quiet = []

        def stuck():  # no processor time for a while: all its threads wait
            with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
                quiet.append(stat.read().split()[13:15])
            return len(quiet) > 50 and quiet[-50] == quiet[-1]

        until(stuck, "the listing to wait for its reader")
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            peak_kib = int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))
        self.assertLess(peak_kib, MEMORY_KIB)
        names, _ = self.finish(process, rows, 0)
        self.assert_each_once([json.loads(row)["actorId"] for row in names])

    # ---- services that have less to give ----

    def test_a_service_with_two_places(self):
        with Ateapi("--demo-actors", "20000", "--max-concurrent-listings", "2") as service:
            names = Cli(service.address).lines("get", "actors", "-A", "-o", "name", "--parallel",
                                               "8", "--chunk-size", "100")
        self.assert_each_once(names, 20000)


class Older:
    """A service with nothing but these methods: functions of a request that return a response."""

    def __init__(self, **methods):
        self.requests = []

        def handler(name, answer):
            def call(request, context):
                self.requests.append(request)
                return answer(request)
            return wire.grpc.unary_unary_rpc_method_handler(
                call, getattr(wire.api, name + "Request").FromString,
                lambda response: response.SerializeToString())

        self.server = wire.grpc.server(futures.ThreadPoolExecutor(4))
        self.server.add_generic_rpc_handlers([wire.grpc.method_handlers_generic_handler(
            "ateapi.Control", {name: handler(name, answer) for name, answer in methods.items()})])
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop(None).wait()


class OlderServices(unittest.TestCase):
    def test_without_parts_and_streams(self):
        def page(request):
            begin = int(request.page_token or 0)
            end = min(2500, begin + (request.page_size or 1000))
            return wire.api.ListActorsResponse(
                actors=[wire.api.Actor(atespace="a", actor_id=f"{i:04}")
                        for i in range(begin, end)],
                next_page_token=str(end) if end < 2500 else "")

        with Older(ListActors=page) as older:
            cli = Cli(older.address)
            names = [f"actor/a/{i:04}" for i in range(2500)]
            for width in ((), ("--parallel", "1"), ("--parallel", "8")):
                self.assertEqual(cli.lines("get", "actors", "-A", "-o", "name", *width), names)
            self.assertEqual(cli.lines("get", "actors", "-A", "-o", "name", "--page-token",
                                       "2400,1000"), names[2400:] + names[1000:])
            run = cli.run("get", "actors", "-A", "--filter", "version = 1", expect=1)
            self.assertIn("ignores filters", run.stderr)
            self.assertNotIn("actor", run.stdout)

    def test_atespaces_and_workers_in_pages_or_at_once(self):
        names = [f"space-{i:04}" for i in range(2500)]

        def paged(request):
            begin = int(request.page_token or 0)
            end = begin + request.page_size
            return wire.api.ListAtespacesResponse(
                atespaces=[wire.api.Atespace(name=name) for name in names[begin:end]],
                next_page_token=str(end) if end < 2500 else "")

        def at_once(request):
            return wire.api.ListWorkersResponse(
                workers=[wire.api.Worker(worker_namespace="n", worker_pool="p", worker_pod=name)
                         for name in names])

        with Older(ListAtespaces=paged, ListWorkers=at_once) as service:
            cli = Cli(service.address)
            self.assertEqual(cli.lines("get", "atespaces", "--no-headers"), names)
            self.assertEqual([(request.page_size, request.page_token)
                              for request in service.requests],
                             [(1000, ""), (1000, "1000"), (1000, "2000")])
            document = json.loads(cli.out("get", "atespaces", "-o", "json"))
            self.assertEqual([atespace["name"] for atespace in document["atespaces"]], names)
            self.assertEqual(cli.lines("get", "workers", "-o", "name"),
                             ["worker/n/p/" + name for name in names])
            run = cli.shell("set -o pipefail; ate get atespaces | head -2")
            self.assertEqual((run.returncode, run.stdout, run.stderr),
                             (0, "NAME\nspace-0000\n", ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
