"""Search as you type on both databases: names of those who are there, typed letter by letter, a fifth with a slip.

In the process, through the service, one search after the other: what HTTP and other callers add is not in it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from benchmarks import realtime_records as given
from benchmarks.databases import postgresql, settle
from benchmarks.machine import describe, load, measure, rcu
from rcu.services.searching import search
from rcu.store.customers import counts
from rcu.store.engine import Store

_SEED: Final = 90_210
PEOPLE: Final = 100
"""So many are looked for: about five searches each, and more by their letters."""
_SLIPS: Final = 0.2
_SCOPES: Final = frozenset({"identity", "contact"})
_FROM: Final = 3
_SHARES: Final = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody types in the end, and what sort of search it is; `slip`: not as it is stored."""

    sort: str
    text: str
    slip: bool = False


@dataclass(slots=True)
class Timed:
    """The milliseconds of searches, and how many found somebody when all was typed."""

    milliseconds: list[float] = field(default_factory=list[float])
    typed: int = 0
    found: int = 0


def run(records: int) -> str:
    """Measure with about `records`; the section of RESULTS.md."""
    with tempfile.TemporaryDirectory(prefix="rcu-bench-") as name:
        folder = Path(name)
        before = load()
        # In a process of its own: a child starts with the peak of the process that starts it.
        measure("records", [sys.executable, "-m", "benchmarks.realtime_records", str(records), "100", name])
        typed = list(_typed(folder))
        with postgresql() as url:
            told = {"PostgreSQL": _measured(url, folder, typed)}
        told["SQLite"] = _measured(f"sqlite:///{folder}/bench.db", folder, typed)
        return _section(records, told, loads=(before, load()))


def _typed(folder: Path) -> Iterator[Typed]:
    """What is typed to find some of the people there are."""
    rows = pd.read_parquet(folder / given.BEFORE)
    there = rows.dropna(subset=["first_name_key", "last_name_key", "mobile", "email_key", "city_key"])
    chance = np.random.default_rng(_SEED)
    for place in chance.choice(len(there), min(PEOPLE, len(there)), replace=False):
        one = there.iloc[int(place)]
        names = [one["first_name_key"].lower(), one["last_name_key"].lower()]
        if chance.random() < 0.5:
            names.reverse()
        slip = bool(chance.random() < _SLIPS)
        if slip:
            names[1] = _mistyped(names[1], chance)
        yield Typed("first and last name", " ".join(names), slip)
        yield Typed("one name", one["last_name_key"].lower())
        yield Typed("name and town", f"{one['last_name_key']} {one['city_key']}".lower())
        yield Typed("end of a mobile", one["mobile"][-4:])
        yield Typed("mailbox", one["email_key"].partition("@")[0] + "@")


def _mistyped(name: str, chance: np.random.Generator) -> str:
    """A name with two letters in each other's place, one too few or another one."""
    place = int(chance.integers(0, max(1, len(name) - 1)))
    head, rest = name[:place], name[place:]
    others = (head + rest[1:2] + rest[:1] + rest[2:], head + rest[1:], head + "e" + rest[1:])
    return others[int(chance.integers(len(others)))]


def _measured(url: str, folder: Path, typed: list[Typed]) -> tuple[dict[str, int], dict[str, Timed]]:
    """Fill a database, and type everything into it; gives how much is there, and times by sort."""
    env = {"RCU_DATABASE_URL": url}
    contract = ("--contract", str(folder / given.CONTRACT))
    for command in (
        ("db", "upgrade"),
        ("source", "add", given.SOURCE, *contract, "--rank", "20"),
        ("import", given.SOURCE, str(folder / given.RECORDS), "--json"),
        ("run", "--json"),
    ):
        measure(" ".join(command[:2]), rcu(*command), env=env)
    settle(url)
    store = Store(url)
    try:
        with store.read() as connection:
            there = counts(connection)
        for one in typed[:5]:  # what a server has loaded long since
            search(store, one.text, limit=10, scopes=_SCOPES)
        return there, _timed(store, typed)
    finally:
        store.close()


def _timed(store: Store, typed: list[Typed]) -> dict[str, Timed]:
    found: dict[str, Timed] = {}
    for one in typed:
        timed = found.setdefault(one.sort + (", a slip" if one.slip else ""), Timed())
        results = ()
        for end in range(min(_FROM, len(one.text)), len(one.text) + 1):
            began = time.perf_counter()
            results = search(store, one.text[:end], limit=10, scopes=_SCOPES).results
            timed.milliseconds.append(1000 * (time.perf_counter() - began))
        timed.typed += 1
        timed.found += bool(results)
    return found


def _section(
    records: int, told: dict[str, tuple[dict[str, int], dict[str, Timed]]], *, loads: tuple[float, float]
) -> str:
    (there, _), *_ = told.values()
    lines = [
        f"## Search as you type, {there['customers']:,} customers of {records:,} generated records",
        "",
        f"Measured on {describe()}.",
        "",
        f"The machine's load was {loads[0]:.1f} before and {loads[1]:.1f} after. {PEOPLE} people are typed letter by",
        f"letter, from {_FROM} letters on, one search after the other. Found: somebody, when all was typed.",
        "",
        "| database | typed | searches | p50 ms | p95 ms | p99 ms | found |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for database, (_, sorts) in told.items():
        whole = Timed(
            [each for one in sorts.values() for each in one.milliseconds],
            sum(one.typed for one in sorts.values()),
            sum(one.found for one in sorts.values()),
        )
        lines += [_row(database, sort, one) for sort, one in [*sorts.items(), ("**all**", whole)]]
    return "\n".join(lines)


def _row(database: str, sort: str, one: Timed) -> str:
    times = " | ".join(f"{value:.1f}" for value in np.quantile(one.milliseconds, _SHARES))
    return f"| {database} | {sort} | {len(one.milliseconds):,} | {times} | {one.found} of {one.typed} |"
