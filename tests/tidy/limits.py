#!/usr/bin/env python3
"""Compares the tables of docs/limits.md with the constants in the code. usage: limits.py [ROOT]"""

import pathlib
import re
import sys
from typing import Iterator

UNITS = {"Ki": 1 << 10, "KiB": 1 << 10, "Mi": 1 << 20, "MiB": 1 << 20,
         "ms": 1, "s": 1000, "min": 60_000}
DURATIONS = {"Milliseconds": 1, "Seconds": 1000, "Minutes": 60_000}
ROW = re.compile(r"\| `(\w+)` \| ([\d']+)(?: (\w+))? \| `([\w./-]+)` \|")


def number(text: str) -> int:
    return int(text.replace("'", ""))


def value_in(code: str, name: str) -> int | None:
    """What `name` is set to in `code`; times in milliseconds."""
    match = re.search(rf"\b{name} = ([^;]+);", code)
    if not match:
        return None
    text = match.group(1)
    if duration := re.fullmatch(r"absl::(\w+)\(([\d']+)\)", text):
        return number(duration.group(2)) * DURATIONS[duration.group(1)]
    if shifted := re.fullmatch(r"(?:(?:size_t|int64_t)\{)?([\d']+)\}? << (\d+)", text):
        return number(shifted.group(1)) << int(shifted.group(2))
    return number(text) if re.fullmatch(r"[\d']+", text) else None


def mistakes(root: pathlib.Path, page: str) -> Iterator[str]:
    for name, value, unit, path in ROW.findall(page):
        stated = number(value) * UNITS[unit] if unit else number(value)
        found = value_in((root / path).read_text(), name)
        if found != stated:
            yield f"docs/limits.md: {name} is {found} in {path}, not {stated}"


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    page = (root / "docs/limits.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    found = list(mistakes(root, page))
    found += [f"docs/limits.md: cannot read: {row}" for row in rows if not ROW.match(row)]
    for mistake in found:
        print(mistake)
    print(f"{len(rows)} limits, {len(found)} mistakes")
    return 1 if found or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
