"""Source packages of Debian's archive, fetched into the build folder when a suite is run."""

import os
import pathlib
import subprocess
from typing import NamedTuple

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Source(NamedTuple):
    package: str
    releases: tuple[str, ...]  # the first one that still has the package is taken


# Mirrors drop old versions of a package, so a later release stands in for the one installed here.
SOURCES = {
    "redis": Source("redis", ("bookworm",)),
    "valkey": Source("valkey", ("bookworm-backports", "trixie")),
    "hiredis": Source("hiredis", ("bookworm",)),
    "php-redis": Source("php-redis", ("bookworm",)),
    "redis-py": Source("python-redis", ("bookworm", "trixie", "sid")),
}


class CannotFetch(Exception):
    """The archive does not have the package, or cannot be reached."""


def debian_mirror() -> str:
    """The main Debian mirror of this machine, as scripts/setup finds it."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)",
         "Created-By: Packages"], capture_output=True, text=True, check=False).stdout
    for line in listed.splitlines():
        release, component, mirror = line.split(" ", 2)
        if (release, component) == ("bookworm", "main"):
            return mirror
    raise CannotFetch("apt lists no mirror of bookworm/main")


class Archive:
    """The source packages, in `folder`. Keeps lists of its own: apt's in /etc stay as they are."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.apt = folder / "apt"
        self.updated = False

    def unpacked(self, name: str) -> pathlib.Path:
        """The folder with the upstream source of SOURCES[name]. Raises CannotFetch."""
        target = self.folder / name
        if not (target / "version").exists():
            self._fetch(SOURCES[name], target)
        return target / "source"

    def version(self, name: str) -> str:
        return (self.folder / name / "version").read_text(encoding="ascii").strip()

    def _run(self, *command: str, where: pathlib.Path) -> str:
        options = [f"Dir::Etc::SourceList={self.apt}/sources.list",
                   "Dir::Etc::SourceParts=/dev/null",
                   f"Dir::State::Lists={self.apt}/lists", f"Dir::Cache={self.apt}",
                   "APT::Sandbox::User="]
        words = [command[0], *(word for option in options for word in ("-o", option)),
                 *command[1:]]
        run = subprocess.run(words, cwd=where, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise CannotFetch(f"{' '.join(command)}: {(run.stderr.strip() or '?')[-300:]}")
        return run.stdout

    def _update(self) -> None:
        if self.updated:
            return
        for part in ("lists/partial", "archives/partial"):
            (self.apt / part).mkdir(parents=True, exist_ok=True)
        signed = f"[signed-by={KEYRING}] " if os.path.exists(KEYRING) else ""
        releases = sorted({release for source in SOURCES.values() for release in source.releases})
        mirror = debian_mirror()
        (self.apt / "sources.list").write_text(
            "".join(f"deb-src {signed}{mirror} {release} main\n" for release in releases),
            encoding="ascii")
        self._run("apt-get", "update", "-q", where=self.apt)
        self.updated = True

    def _fetch(self, source: Source, target: pathlib.Path) -> None:
        self._update()
        target.mkdir(parents=True, exist_ok=True)
        failures = []
        for release in source.releases:
            try:
                # Upstream's archive alone: the suites are upstream's, and apt checks its hash.
                self._run("apt-get", "source", "-q", "--tar-only", "--only-source",
                          f"{source.package}/{release}", where=target)
            except CannotFetch as failure:
                failures.append(str(failure))
                continue
            self._unpack(source, target)
            return
        raise CannotFetch("; ".join(failures))

    def _unpack(self, source: Source, target: pathlib.Path) -> None:
        tarball = next(target.glob(f"{source.package}_*.orig.tar.*"))
        (target / "source").mkdir(exist_ok=True)
        subprocess.run(["tar", "-xf", tarball, "-C", target / "source", "--strip-components=1"],
                       check=True)
        version = tarball.name.split("_", 1)[1].split(".orig.", 1)[0]
        (target / "version").write_text(version + "\n", encoding="ascii")
