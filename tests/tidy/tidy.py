#!/usr/bin/env python3
"""The house rules that no compiler checks. Prints "file:line: rule: what", exits with 1 if one is
broken.

usage: tidy.py [ROOT]     checks every file that git knows under ROOT
"""

import pathlib
import re
import subprocess
import sys
from typing import Callable, Iterator, NamedTuple

LINE_MAX = 100
FILE_LINES_MAX = 500
PRODUCT = ("core", "mockcluster", "store", "apps")
# Where clocks, threads and chance are at home is decided by LAYERS; what waits blindly, starts a
# shell or reads without bounds is at home nowhere.
FORBIDDEN_CALLS = (
    "sleep_for", "sleep_until", "usleep", "nanosleep", "SleepFor", "system", "popen", "rand",
    "srand", "random_shuffle", "gets", "strcpy", "strcat", "sprintf", "vsprintf", "atoi", "atol",
    "strtok", "setjmp", "longjmp", "alloca",
)
OF_TESTS_TOO = ("sleep_for", "sleep_until", "usleep", "nanosleep", "SleepFor", "system")
MACHINE_PATHS = re.compile(r"(?<![\w.$}])/(?:work|home|root|Users)/\w")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
THIRD_PARTY_QUOTED = ("absl/", "google/", "gmock/", "gtest/")
# Where somebody waits a little between two looks, so that nobody else has to, and a server that is
# slow on purpose.
WAITING_ROOMS = ("store/cluster/clock.cc", "tests/support/server_process.cc",
                 "tests/e2e/redis_hostile_server_test.cc", "tests/soak/idle.cc")


class Finding(NamedTuple):
    path: str
    line: int
    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.what}"


class Layer(NamedTuple):
    """What the files under `folder` may and may not include (the longest folder counts)."""

    folder: str
    project: tuple[str, ...]  # prefixes of this project's headers
    never: tuple[str, ...]  # prefixes of other headers


NO_IO = ("asio", "grpc", "sys/socket.h", "netinet/")
NO_TIME = ("thread", "mutex", "condition_variable", "future", "atomic", "shared_mutex", "chrono",
           "ctime", "time.h", "sys/time.h", "absl/time/clock.h", "absl/synchronization/")
NO_CHANCE = ("random", "absl/random/")

LAYERS = (
    Layer("core", ("core/", "proto/page_token.pb.h"), NO_IO + NO_TIME + NO_CHANCE),
    Layer("mockcluster", ("core/", "mockcluster/"), NO_IO + NO_TIME + NO_CHANCE),
    Layer("mockcluster/tcp", ("core/", "mockcluster/"), ("grpc",)),
    Layer("store", ("core/", "proto/", "store/"), ("asio", "grpc")),
    Layer("store/codec", ("core/", "proto/", "store/codec/"), ("asio", "grpc")),
    Layer("store/redis", ("core/", "store/"), ("asio", "grpc")),
    Layer("store/redis/asio_", ("core/", "store/"), ("grpc",)),
    Layer("store/embedded", ("core/", "mockcluster/", "store/"), ("asio", "grpc")),
    Layer("apps/cli", ("apps/cli/", "core/"), ("asio", "grpc")),
    Layer("apps/ateapi", ("apps/ateapi/", "apps/cli/", "core/", "mockcluster/", "proto/",
                          "store/"), ("asio",)),
    Layer("apps/kubectl-ate", ("apps/cli/", "apps/kubectl-ate/", "core/", "proto/",
                               "store/codec/"), ("asio",)),
    Layer("apps/mockcluster", ("apps/cli/", "apps/mockcluster/", "core/", "mockcluster/"),
          ("grpc",)),
    Layer("apps/slotscan", ("apps/cli/", "apps/slotscan/", "core/", "store/"), ("asio", "grpc")),
    Layer("apps/ate-bench", ("apps/ate-bench/", "apps/cli/", "bench/", "core/", "mockcluster/",
                             "proto/", "store/"), ()),
)
# Of the parts of the store only the programs choose.
STORE_PARTS = ("store/redis/", "store/embedded/")


# The order of the parts of a layer, lowest first: a part may include itself and what stands in a
# lower row. "x/" is a folder, "*.h" and "*.cc" are the headers and sources above the folders that
# are not named.
PART_ORDERS = {
    "mockcluster": (("options.h",), ("keyspace/", "wire/"), ("*.h",), ("node/",), ("commands/",),
                    ("events/",), ("*.cc",), ("control/",), ("tcp/",)),
    "store": (("*.h", "codec/"), ("filter/", "transport/"), ("cluster/", "embedded/", "redis/"),
              ("records/",), ("listing/",), ("*.cc",)),
}


def blank(match: re.Match) -> str:
    return re.sub(r"[^\n]", " ", match.group())


LITERALS = re.compile(
    r'R"(?P<raw>\w*)\(.*?\)(?P=raw)"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\'', re.S)
COMMENTS = re.compile(
    r'(?P<literal>R"(?P<raw>\w*)\(.*?\)(?P=raw)"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\')'
    r"|//[^\n]*|/\*.*?\*/", re.S)


def code_of(text: str) -> str:
    """`text` with comments and the content of literals turned into blanks."""
    without_comments = COMMENTS.sub(
        lambda m: m.group() if m.group("literal") is not None else blank(m), text)
    return LITERALS.sub(blank, without_comments)


def includes(text: str) -> Iterator[tuple[int, str, bool]]:
    """Line, header, whether it is in quotes."""
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line):
            yield number, match.group(1) or match.group(2), match.group(1) is not None


def layer_of(path: str) -> Layer | None:
    fitting = [layer for layer in LAYERS
               if path.startswith(layer.folder + "/") or
               (layer.folder.endswith("_") and path.startswith(layer.folder))]
    return max(fitting, key=lambda layer: len(layer.folder), default=None)


def check_layers(path: str, text: str) -> Iterator[Finding]:
    layer = layer_of(path)
    if layer is None:
        return
    for number, header, quoted in includes(text):
        if header.startswith(layer.never):
            yield Finding(path, number, "layer", f"{layer.folder} must not include {header}")
        if not quoted or header.startswith(THIRD_PARTY_QUOTED):
            continue
        part = next((part for part in STORE_PARTS if header.startswith(part)), None)
        leaks = part and path.startswith("store/") and not path.startswith(part)
        if leaks or not header.startswith(layer.project):
            yield Finding(path, number, "layer", f"{layer.folder} must not include {header}")


def part_of(path: str, layer: str) -> tuple[int, str] | None:
    """The row in the order of its layer, and the name, of the part that `path` belongs to."""
    rest = path.removeprefix(layer + "/")
    general = rest[:rest.find("/") + 1] or "*" + pathlib.PurePosixPath(rest).suffix
    for name in (rest, general):
        for row, parts in enumerate(PART_ORDERS[layer]):
            if name in parts:
                return row, name
    return None


def check_parts(path: str, text: str) -> Iterator[Finding]:
    """An arrow between the parts of a layer never runs back up."""
    layer = path.split("/")[0]
    if layer not in PART_ORDERS:
        return
    own = part_of(path, layer)
    if own is None:
        yield Finding(path, 1, "part", f"this part of {layer} has no place in PART_ORDERS")
        return
    for number, header, quoted in includes(text):
        if not quoted or not header.startswith(layer + "/"):
            continue
        other = part_of(header, layer)
        # A file may include its own header, and those beside it.
        if other is None or (other != own and other[0] >= own[0]):
            yield Finding(path, number, "part", f"{layer}/{own[1]} must not include {header}")


def check_includes(path: str, text: str, exists: Callable[[str], bool]) -> Iterator[Finding]:
    found = list(includes(text))
    for number, header, quoted in found:
        if not quoted or header.startswith(THIRD_PARTY_QUOTED) or header.endswith(".pb.h"):
            continue
        if not exists(header):
            yield Finding(path, number, "include", f"{header} is not a path from the root")
    own = path.removesuffix(".cc") + ".h"
    if path.endswith(".cc") and exists(own) and (not found or found[0][1] != own):
        yield Finding(path, found[0][0] if found else 1, "include", f"{own} must come first")


def check_header(path: str, text: str) -> Iterator[Finding]:
    if not path.endswith(".h"):
        return
    if next((line for line in text.splitlines() if line.startswith("#")), "") != "#pragma once":
        yield Finding(path, 1, "header", "must begin with #pragma once")
    for number, line in enumerate(code_of(text).splitlines(), 1):
        if re.search(r"\busing\s+namespace\b", line):
            yield Finding(path, number, "header", "no using namespace in a header")


def check_namespace(path: str, text: str) -> Iterator[Finding]:
    """The libraries carry their version in their symbols: two of them can live in one process."""
    if not path.startswith(("core/", "store/", "mockcluster/")):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"namespace (?:atestore|mockcluster)\b(?!::inline v0\b)", line):
            yield Finding(path, number, "namespace", "a library's namespace is NAME::inline v0")


def check_size(path: str, text: str) -> Iterator[Finding]:
    lines = text.splitlines()
    if len(lines) > FILE_LINES_MAX:
        yield Finding(path, len(lines), "size", f"more than {FILE_LINES_MAX} lines")
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX:
            yield Finding(path, number, "size", f"more than {LINE_MAX} columns")
        if line != line.rstrip() or "\t" in line:
            yield Finding(path, number, "size", "tabs or blanks at the end")
    if text and not text.endswith("\n"):
        yield Finding(path, len(lines), "size", "no line feed at the end")


def check_calls(path: str, text: str) -> Iterator[Finding]:
    names = FORBIDDEN_CALLS if path.startswith(PRODUCT) else OF_TESTS_TOO
    call = re.compile(r"(?<![\w.>])(?:(?:std|absl|this_thread)::)*(" + "|".join(names) + r")\s*\(")
    for number, line in enumerate(code_of(text).splitlines(), 1):
        match = call.search(line)
        if match and not (match.group(1) == "SleepFor" and path in WAITING_ROOMS):
            yield Finding(path, number, "call", f"{match.group(1)}() is not used here")
        if path.startswith(("core/", "mockcluster/")) and "random_device" in line:
            yield Finding(path, number, "call", "chance is a value that is passed in")


# Phrases that make a reader stop, and what to say instead.
RIDDLES = {
    "on its way": "in flight", "on their way": "in flight", "by and by": "step by step",
    "foretold": "predicted", "huge slot": "large slot", "names ahead": "prefetched keys",
    "dull": "say what it tests", "anew": "again", "whoever": "name the program or the person",
    "be had": "be read, be found", "for the sake of": "for", "believes": "sees, takes for true",
    "befalls": "happens to", "throws its dice": "draws", "in a circle": "redirect loop",
    "for want of": "because of a missing", "gets anywhere": "makes progress",
    "calm down": "stop retrying", "told of": "reported", "takes its time": "is slow",
    "without a trace": "is not logged", "is there twice": "appears twice",
    "that is meant": "that is intended", "stand in for": "replace", "is no list": "is not a list",
    "is no format": "is not a format", "nobody is asked": "callers are not identified",
}
RIDDLE = re.compile(r"\b(" + "|".join(RIDDLES) + r")\b", re.IGNORECASE)
PLAIN = PRODUCT + ("docs/",)
# Dated notes of what was tried keep their words.
APPENDICES = ("docs/experiments.md", "docs/evidence.md")


def check_prose(path: str, text: str) -> Iterator[Finding]:
    if not path.startswith(PLAIN) or path in APPENDICES:
        return
    for number, line in enumerate(text.splitlines(), 1):
        for match in RIDDLE.finditer(line):
            plain = RIDDLES[match.group().lower()]
            yield Finding(path, number, "riddle", f'"{match.group()}": say "{plain}"')


# What may stand before an await in its statement: nothing, a declaration or an assignment, or
# co_return; never the name of a member (a designated initializer).
AWAIT_ALONE = re.compile(r"^\s*(?:co_return\s+|[^.()?{}\[\]]*(?:\w|[>&*\]])\s*=\s*)?$")


def check_coroutines(path: str, text: str) -> Iterator[Finding]:
    """g++ 12.2 miscompiles an await that is not alone or whose arguments are temporaries."""
    code = code_of(text)
    for match in re.finditer(r"\bco_await\b", code):
        number = code.count("\n", 0, match.start()) + 1
        begin = max(code.rfind(mark, 0, match.start()) for mark in ";{}") + 1
        end = code.find(";", match.end())
        before, after = code[begin:match.start()], code[match.end():end if end >= 0 else len(code)]
        if not AWAIT_ALONE.match(before):
            yield Finding(path, number, "coroutine", "an await stands alone in its statement")
        elif re.search(r"[{}?]|[(,]\s*\[", after):
            yield Finding(path, number, "coroutine", "what is awaited has named arguments")


def check_text(path: str, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), 1):
        if match := MACHINE_PATHS.search(line):
            yield Finding(path, number, "machine", f"a path of one machine: {match.group()}…")
        if UNFINISHED.search(line):
            yield Finding(path, number, "unfinished", "a note of work undone")


def check_listed(paths: list[str], read: Callable[[str], str]) -> Iterator[Finding]:
    """Every source is named by the build file of its folder or of one above."""
    listed: dict[str, str] = {path: read(path) for path in paths if path.endswith("CMakeLists.txt")}
    for path in paths:
        if not path.endswith((".cc", "_test.py")):
            continue
        folders = pathlib.PurePosixPath(path).parents
        name = pathlib.PurePosixPath(path).name.removesuffix(".py")
        builds = [listed.get(str(folder / "CMakeLists.txt"), "") for folder in folders]
        if not any(re.search(rf"(?<![\w-]){re.escape(name)}\b", build) for build in builds):
            yield Finding(path, 1, "build", "no CMakeLists.txt names it")


def check_installed(read: Callable[[str], str]) -> Iterator[Finding]:
    """An installed header includes only what is installed too."""
    build = "cmake/Install.cmake"
    listed = re.search(r"set\(ATESTORE_PUBLIC_HEADERS([^)]*)\)", read(build))
    headers = listed.group(1).split() if listed else []
    if not headers:
        yield Finding(build, 1, "install", "no list of public headers")
    for path in headers:
        for number, header, quoted in includes(read(path)):
            if quoted and not header.startswith(THIRD_PARTY_QUOTED) and \
                    header not in headers and header != "proto/ateapi.pb.h":
                yield Finding(path, number, "install", f"{header} is not installed")


def check_file(path: str, text: str, exists: Callable[[str], bool]) -> Iterator[Finding]:
    if path.endswith((".h", ".cc")):
        yield from check_layers(path, text)
        yield from check_parts(path, text)
        yield from check_includes(path, text, exists)
        yield from check_header(path, text)
        yield from check_namespace(path, text)
        yield from check_calls(path, text)
        yield from check_coroutines(path, text)
    if path.endswith((".h", ".cc", ".py", ".proto", ".cmake", "CMakeLists.txt")):
        yield from check_size(path, text)
    if not path.startswith("tests/tidy/"):
        yield from check_text(path, text)
        yield from check_prose(path, text)


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    listing = subprocess.run(["git", "-C", str(root), "ls-files"], check=True, capture_output=True,
                             text=True)
    paths = [path for path in listing.stdout.splitlines()
             if (root / path).is_file() and not path.startswith("fuzz/corpus/")]

    def read(path: str) -> str:
        return (root / path).read_text(encoding="utf-8")

    findings = list(check_listed(paths, read)) + list(check_installed(read))
    for path in paths:
        findings += check_file(path, read(path), lambda header: (root / header).is_file())
    for finding in findings:
        print(finding)
    print(f"{len(paths)} files, {len(findings)} findings")
    return 1 if findings or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
