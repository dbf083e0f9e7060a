"""Check, without network, that the lock files are in step with pyproject.toml. `make lock` puts them right.

For each lock file: every entry has an exact version and hashes and names no index; walking from the declared
dependencies through the metadata of what is installed, every package needed here is pinned at a version its dependents
accept, and every pin that applies here is needed. The smaller locks pin what the full one pins.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parent.parent
FULL: Final = "requirements.lock"
BENCH: Final = "requirements-bench.lock"
"""What benchmarks measure against; installed apart, so only what is declared can be checked here."""
_ENTRY: Final = re.compile(r"[^=;\s]+==[^;\s]+(?: ; .+)?")
_HASH: Final = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock file: every line that is no comment, continuation lines joined."""

    name: str
    lines: tuple[str, ...]

    @classmethod
    def read(cls, name: str) -> Lock:
        """Read a lock file of the project."""
        text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
        return cls(name, tuple(line.strip() for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#"))

    def malformed(self) -> Iterator[str]:
        """Name the entries that are not an exact version with hashes."""
        for line in self.lines:
            entry = _entry(line)
            if not (_ENTRY.fullmatch(entry) and _HASH.search(line)):
                yield f"{self.name}: not an exact version with hashes: {entry}"

    def pins(self) -> dict[str, str]:
        """Give the version of each package this lock installs on this machine."""
        entries = (Requirement(_entry(line)) for line in self.lines)
        applying = (one for one in entries if one.marker is None or one.marker.evaluate())
        return {canonicalize_name(one.name): next(iter(one.specifier)).version for one in applying}


def _entry(line: str) -> str:
    return line.partition(" --hash=")[0].strip()


def unmet(lock: Lock, roots: Iterable[str]) -> Iterator[str]:
    """Say what is needed but not pinned, pinned at a version that does not do, or pinned and not needed."""
    pins = lock.pins()
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(root), "pyproject.toml") for root in roots]
    while waiting:
        wanted, by = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name not in pins or not wanted.specifier.contains(pins[name], prereleases=True):
            yield f"{lock.name}: {by} needs {wanted}, pinned is {pins.get(name, 'nothing')}"
            continue
        extras = {"", *wanted.extras} - {extra for known, extra in seen if known == name}
        seen |= {(name, extra) for extra in extras}
        waiting += [(one, name) for one in _needed_by(name, extras)]
    for name in sorted(pins.keys() - {name for name, _ in seen}):
        yield f"{lock.name}: nothing needs {name}"


def unpinned(lock: Lock, roots: Iterable[str]) -> Iterator[str]:
    """Say which declared dependencies a lock does not pin at a version that does."""
    pins = lock.pins()
    for root in map(Requirement, roots):
        version = pins.get(canonicalize_name(root.name))
        if version is None or not root.specifier.contains(version, prereleases=True):
            yield f"{lock.name}: pyproject.toml needs {root}, pinned is {version or 'nothing'}"


def _needed_by(name: str, extras: set[str]) -> list[Requirement]:
    """Give the dependencies of an installed package, with these extras of it."""
    if not extras:
        return []
    found = [Requirement(text) for text in importlib.metadata.requires(name) or []]
    return [
        one for one in found if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras)
    ]


def differing(lock: Lock, full: Lock) -> Iterator[str]:
    """Say which entries of a smaller lock the full one does not have."""
    known = {_entry(line) for line in full.lines}
    return (
        f"{lock.name}: {_entry(line)} is not what {full.name} has" for line in lock.lines if _entry(line) not in known
    )


def problems() -> Iterator[str]:
    """Say everything that is out of step."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime = declared["project"]["dependencies"]
    full = Lock.read(FULL)
    roots = {
        FULL: [*runtime, *declared["project"]["optional-dependencies"]["dev"]],
        "requirements-runtime.lock": runtime,
        "requirements-build.lock": declared["build-system"]["requires"],
    }
    bench = Lock.read(BENCH)
    yield from list(bench.malformed()) or unpinned(bench, declared["dependency-groups"]["bench"])
    for name, needs in roots.items():
        lock = Lock.read(name)
        wrong = list(lock.malformed())
        yield from wrong or [*unmet(lock, needs), *differing(lock, full)]


def main() -> None:
    """Print what is wrong and end with 1, or say that all is well."""
    found = list(problems())
    if found:
        sys.exit("\n".join([*found, "run: make lock"]))
    sys.stdout.write("the lock files are in step with pyproject.toml\n")


if __name__ == "__main__":
    main()
