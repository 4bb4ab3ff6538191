#!/usr/bin/env python3
"""Plants a violation of every rule of tidy.py and sees it found, where it is; and what only looks
like one, and sees it passed over."""

import pathlib
import tempfile
import unittest

import limits
import tidy

HEADERS = {"core/slot.h", "core/resp.h", "store/cluster/clock.h", "store/listing/listing.h",
           "store/redis/batch.h", "store/actor_store.h", "store/codec/actor_json.h",
           "store/records/records.h", "store/transport/request_queue.h",
           "mockcluster/cluster.h", "mockcluster/options.h", "apps/ateapi/log.h", "bench/data.h",
           "mockcluster/commands/routing.h", "mockcluster/control/control.h",
           "mockcluster/events/faults.h", "mockcluster/keyspace/table.h",
           "mockcluster/node/gossip.h", "mockcluster/wire/request_parser.h"}
HEADER = "#pragma once\n"


def findings(path: str, text: str) -> list[tuple[int, str]]:
    found = tidy.check_file(path, text, lambda header: header in HEADERS)
    return [(finding.line, finding.rule) for finding in found]


class Prose(unittest.TestCase):
    def test_riddles(self):
        riddle = "// Ends what is on its way.\n"
        self.assertEqual([(1, "riddle")], findings("core/a.cc", riddle))
        self.assertEqual([(2, "riddle")], findings("docs/a.md", "x\nReads it Anew.\n"))

    def test_plain(self):
        for path, text in (("core/a.cc", "// Ends what is in flight.\n"),
                           ("core/a.cc", "int canew;\n"), ("tests/unit/a.cc", "// anew\n"),
                           ("docs/experiments.md", "Names ahead with 3 calls.\n")):
            self.assertEqual([], findings(path, text))


class Layers(unittest.TestCase):
    def test_leaks(self):
        for path, header in (
                ("core/a.cc", '"store/cluster/clock.h"'), ("core/a.cc", "<asio.hpp>"),
                ("core/a.cc", "<thread>"), ("core/a.cc", "<chrono>"), ("core/a.cc", "<random>"),
                ("core/a.cc", '"absl/time/clock.h"'), ("core/listing/a.cc", "<grpcpp/grpcpp.h>"),
                ("mockcluster/a.cc", '"store/cluster/clock.h"'), ("mockcluster/a.cc", "<asio.hpp>"),
                ("mockcluster/tcp/a.cc", '"store/cluster/clock.h"'),
                ("store/a.cc", "<grpcpp/grpcpp.h>"),
                ("store/a.cc", '"mockcluster/cluster.h"'), ("store/a.cc", '"store/redis/batch.h"'),
                ("store/redis/pool.cc", "<asio.hpp>"),
                ("store/redis/asio_loop.cc", "<grpcpp/grpcpp.h>"),
                ("apps/kubectl-ate/a.cc", '"store/cluster/clock.h"'),
                ("apps/kubectl-ate/a.cc", '"apps/ateapi/log.h"'),
                ("apps/ateapi/a.cc", '"bench/data.h"')):
            with self.subTest(path=path, header=header):
                self.assertIn((1, "layer"), findings(path, f"#include {header}\n"))

    def test_neighbours(self):
        for path, header in (
                ("core/a.cc", '"core/slot.h"'), ("mockcluster/a.cc", '"core/slot.h"'),
                ("mockcluster/tcp/a.cc", "<asio.hpp>"), ("store/a.cc", '"core/slot.h"'),
                ("store/redis/asio_loop.cc", "<asio.hpp>"),
                ("store/redis/a.cc", '"store/redis/batch.h"'),
                ("store/embedded/a.cc", '"mockcluster/cluster.h"'),
                ("apps/ateapi/a.cc", '"store/redis/batch.h"'),
                ("apps/ate-bench/a.cc", '"bench/data.h"'),
                ("tests/unit/a_test.cc", '"mockcluster/cluster.h"')):
            with self.subTest(path=path, header=header):
                self.assertEqual([], findings(path, f"#include {header}\n"))


class Parts(unittest.TestCase):
    def test_arrows_that_run_back_up(self):
        for path, header in (
                ("mockcluster/keyspace/a.cc", "mockcluster/cluster.h"),
                ("mockcluster/keyspace/a.cc", "mockcluster/wire/request_parser.h"),
                ("mockcluster/options.h", "mockcluster/keyspace/table.h"),
                ("mockcluster/node/a.cc", "mockcluster/commands/routing.h"),
                ("mockcluster/commands/a.h", "mockcluster/events/faults.h"),
                ("mockcluster/events/a.cc", "mockcluster/control/control.h"),
                ("mockcluster/a.h", "mockcluster/node/gossip.h"),
                ("mockcluster/a.cc", "mockcluster/control/control.h"),
                ("mockcluster/node/a.cc", "mockcluster/elsewhere/a.h"),
                ("store/a.h", "store/codec/actor_json.h"),
                ("store/codec/a.cc", "store/actor_store.h"),
                ("store/transport/a.cc", "store/cluster/clock.h"),
                ("store/redis/a.cc", "store/cluster/clock.h"),
                ("store/cluster/a.cc", "store/records/records.h"),
                ("store/records/a.cc", "store/listing/listing.h"),
                ("store/listing/a.cc", "store/elsewhere/a.h")):
            with self.subTest(path=path, header=header):
                text = HEADER + f'#include "{header}"\n'
                self.assertIn((2, "part"), findings(path, text))

    def test_arrows_that_run_down(self):
        for path, header in (
                ("mockcluster/node/a.cc", "mockcluster/node/gossip.h"),
                ("mockcluster/node/a.cc", "mockcluster/cluster.h"),
                ("mockcluster/a.h", "mockcluster/keyspace/table.h"),
                ("mockcluster/a.h", "mockcluster/options.h"),
                ("mockcluster/keyspace/a.h", "mockcluster/options.h"),
                ("mockcluster/a.cc", "mockcluster/cluster.h"),
                ("mockcluster/a.cc", "mockcluster/events/faults.h"),
                ("mockcluster/tcp/a.cc", "mockcluster/control/control.h"),
                ("store/redis/a.cc", "store/transport/request_queue.h"),
                ("store/cluster/a.cc", "store/actor_store.h"),
                ("store/listing/a.cc", "store/records/records.h"),
                ("store/a.cc", "store/listing/listing.h"),
                ("tests/unit/a_test.cc", "mockcluster/events/faults.h")):
            with self.subTest(path=path, header=header):
                self.assertEqual([], findings(path, HEADER + f'#include "{header}"\n'))

    def test_a_folder_without_a_place(self):
        self.assertEqual([(1, "part")], findings("mockcluster/elsewhere/a.h", HEADER))


class Files(unittest.TestCase):
    def test_includes(self):
        self.assertIn((1, "include"), findings("core/a.cc", '#include "slot.h"\n'))
        own_second = '#include "core/resp.h"\n\n#include "core/slot.h"\n'
        self.assertEqual([(1, "include")], findings("core/slot.cc", own_second))
        own_first = '#include "core/slot.h"\n\n#include "core/resp.h"\n'
        self.assertEqual([], findings("core/slot.cc", own_first))

    def test_headers(self):
        self.assertEqual([(1, "header")], findings("core/a.h", "#ifndef A\n#define A\n#endif\n"))
        self.assertEqual([(2, "header")],
                         findings("core/a.h", HEADER + "using namespace std;\n"))
        self.assertEqual([], findings("core/a.h", "// A contract.\n" + HEADER))

    def test_namespaces_of_libraries(self):
        for line in ("namespace atestore {", "namespace mockcluster::wire {",
                     "namespace atestore::inline v01 {"):
            self.assertEqual([(1, "namespace")], findings("core/a.cc", line + "\n"))
        for path, line in (("store/a.cc", "namespace atestore::inline v0::json {"),
                           ("mockcluster/a.cc", "namespace {"),
                           ("apps/ateapi/a.cc", "namespace atestore {")):
            self.assertEqual([], findings(path, line + "\n"))

    def test_size(self):
        self.assertEqual([(1, "size")], findings("core/a.cc", "/" * 101 + "\n"))
        self.assertEqual([], findings("core/a.cc", "é" * 100 + "\n"))
        self.assertEqual([(501, "size")], findings("core/a.cc", "\n" * 501))
        self.assertEqual([], findings("core/a.cc", "\n" * 500))
        self.assertEqual([(1, "size")], findings("core/a.cc", "int a; \n"))
        self.assertEqual([(1, "size")], findings("core/a.cc", "\tint a;\n"))
        self.assertEqual([(1, "size")], findings("core/a.cc", "int a;"))

    def test_text(self):
        planted = "// see /" + "work/main/x\n"
        self.assertEqual([(1, "machine")], findings("docs/a.md", planted))
        self.assertEqual([(1, "machine")], findings("core/a.cc", '// "/' + 'home/me/x"\n'))
        self.assertEqual([], findings("docs/a.md", "a/" + "work/b, ${HOME}/" + "work/b\n"))
        self.assertEqual([(1, "unfinished")], findings("core/a.cc", "// TO" + "DO: later\n"))

    def test_unlisted_source(self):
        texts = {"core/CMakeLists.txt": "slot.cc\nslot_set.cc", "core/slot.cc": "",
                 "core/set.cc": "", "tests/e2e/CMakeLists.txt": "foreach(name a_test)",
                 "tests/e2e/a_test.py": "", "tests/e2e/b_test.py": ""}
        found = tidy.check_listed(list(texts), texts.__getitem__)
        self.assertEqual(["core/set.cc", "tests/e2e/b_test.py"], [f.path for f in found])


    def test_installed_headers(self):
        texts = {"cmake/Install.cmake": "set(ATESTORE_PUBLIC_HEADERS\n  store/a.h\n  store/b.h)",
                 "store/a.h": '#include "store/b.h"\n#include "absl/status/status.h"\n',
                 "store/b.h": '#include <string>\n#include "proto/ateapi.pb.h"\n'}
        self.assertEqual([], list(tidy.check_installed(texts.__getitem__)))
        texts["store/b.h"] += '#include "store/c.h"\n'
        found = [(f.path, f.line, f.rule) for f in tidy.check_installed(texts.__getitem__)]
        self.assertEqual([("store/b.h", 3, "install")], found)
        texts["cmake/Install.cmake"] = ""
        self.assertEqual(1, len(list(tidy.check_installed(texts.__getitem__))))


class Calls(unittest.TestCase):
    def test_forbidden(self):
        for call in ("std::this_thread::sleep_for(x);", "usleep(3);", "absl::SleepFor(x);",
                     "system(command);", "std::system(c);", "int a = rand();", "std::srand(1);",
                     "sprintf(b, f);", "atoi(t);"):
            with self.subTest(call=call):
                self.assertEqual([(1, "call")], findings("store/a.cc", call + "\n"))
        self.assertEqual([(1, "call")], findings("tests/unit/a.cc", "absl::SleepFor(x);\n"))
        self.assertEqual([(1, "call")], findings("core/a.cc", "std::random_device device;\n"))

    def test_look_alikes(self):
        for line in ("// sleep_for(x) is not used here", 'Print("system(x)");', "my_system(x);",
                     "clock.system(x);", "Brand(x);", "/* usleep(1) */", "snprintf(b, n, f);",
                     "char quote = '\"'; // system(x)"):
            with self.subTest(line=line):
                self.assertEqual([], findings("store/a.cc", line + "\n"))
        clock = '#include "store/cluster/clock.h"\nabsl::SleepFor(x);\n'
        self.assertEqual([], findings("store/cluster/clock.cc", clock))
        listing = clock.replace("cluster/clock", "listing/listing")
        self.assertEqual([(2, "call")], findings("store/listing/listing.cc", listing))


class Coroutines(unittest.TestCase):
    def test_shapes_that_are_miscompiled(self):
        for shape in ("co_await F({1, 2});", "co_await F(T{1});", "co_await F({.a = 1});",
                      "co_await F([x] { return x; });", "co_await T{}.Method();",
                      "auto r = c ? co_await A() : co_await B();",
                      "auto r = co_await F(c ? a : b);", "T x{.a = co_await G()};",
                      "if (co_await F()) {", "while (co_await F()) {",
                      "switch (co_await F()) {", "G(co_await F());", "a = b + co_await F();",
                      "x.a = y(co_await F());"):
            with self.subTest(shape=shape):
                self.assertIn("coroutine",
                              [rule for _, rule in findings("store/a.cc", f"{{ {shape}\n}}\n")])

    def test_an_await_alone(self):
        for shape in ("co_await F(a, b);", "auto r = co_await F(a);", "r = co_await F(a[1]);",
                      "co_return co_await F();", "StatusOr<Reply> reply = co_await F(*a);",
                      "const T& r = co_await F();", "// co_await F({1});"):
            with self.subTest(shape=shape):
                self.assertEqual([], findings("store/a.cc", f"{{ {shape}\n}}\n"))


class Limits(unittest.TestCase):
    def check(self, row: str, code: str) -> int:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "a.h").write_text(code)
            return len(list(limits.mistakes(root, f"| `kMax` | {row} | `a.h` | … |\n")))

    def test_pages_and_code(self):
        for row, code in (("7", "int kMax = 7;"), ("64 KiB", "kMax = size_t{64} << 10;"),
                          ("8 Mi", "kMax = size_t{8} << 20;  // nodes"), ("1000", "kMax = 1'000;"),
                          ("5 s", "kMax = absl::Seconds(5);"),
                          ("5 min", "kMax = absl::Minutes(5);")):
            with self.subTest(row=row):
                self.assertEqual(0, self.check(row, code))
                self.assertEqual(1, self.check(row, code.replace("kMax", "kOther")))
        self.assertEqual(1, self.check("7", "int kMax = 8;"))
        self.assertEqual(1, self.check("4 MiB", "kMax = size_t{64} << 10;"))


if __name__ == "__main__":
    unittest.main()
