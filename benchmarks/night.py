"""The first load, and a night in which one record of a hundred changed, on both databases; Splink's linking beside it.

Files to stored profiles, each step a process of its own. A night's records all have another mobile or another mailbox
than before: what matching is hit hardest by. Splink links the same records, standardised already, and stores nothing.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import psycopg

from benchmarks import realtime_records as given
from benchmarks.databases import postgresql, settle
from benchmarks.machine import Step, describe, load, measure, rcu

CHANGED = 100
"""One of so many."""
_SEED = 77_177
_LATER = "2025-06-02T00:00:00Z"
_SPLINK = Path(sys.prefix) / "bench" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Measured:
    """A step, the rows it worked on, and what of a core it took, in seconds: the process and the database's server."""

    step: Step
    rows: int
    server: float

    @property
    def cpu(self) -> float:
        """Both together."""
        return self.step.cpu + self.server


def run(records: int) -> str:
    """Measure with about `records`; the section of RESULTS.md."""
    with tempfile.TemporaryDirectory(prefix="rcu-bench-") as name:
        folder = Path(name)
        before = load()
        # In a process of its own: a child starts with the peak of the process that starts it.
        measure("records", [sys.executable, "-m", "benchmarks.realtime_records", str(records), "100", name])
        _write_night(folder)
        with postgresql() as url:
            steps = {"PostgreSQL": _measure(url, folder, records)}
        steps["SQLite"] = _measure(f"sqlite:///{folder}/bench.db", folder, records)
        return _section(records, steps, _splink(folder), (before, load()))


def _write_night(folder: Path) -> None:
    """The changed records, in a folder of their own: files of the same name, as a source delivers them."""
    rows = pd.read_csv(folder / given.RECORDS, dtype=str, keep_default_na=False)
    chance = np.random.default_rng(_SEED)
    count = len(rows) // CHANGED
    changed = rows.iloc[np.sort(chance.choice(len(rows), count, replace=False))].reset_index(drop=True)
    other = chance.random(count) < 0.5
    numbers = chance.integers(10_000_000, 99_999_999, count)
    changed["mobile"] = changed["mobile"].where(~other, [f"06{number}" for number in numbers])
    changed["email"] = changed["email"].where(other, [f"p{number}@orange.fr" for number in numbers])
    (folder / "night").mkdir()
    changed.assign(updated_at=_LATER).to_csv(folder / "night" / given.RECORDS, index=False, lineterminator="\n")


def _measure(url: str, folder: Path, records: int) -> list[Measured]:
    env = {"RCU_DATABASE_URL": url}
    measure("upgrade", rcu("db", "upgrade"), env=env)
    contract = ("--contract", str(folder / given.CONTRACT))
    measure("source", rcu("source", "add", given.SOURCE, *contract, "--rank", "20"), env=env)
    found: list[Measured] = []
    for when, place, rows in (("first", folder, records), ("night", folder / "night", records // CHANGED)):
        for what, command in (
            ("import", ("import", given.SOURCE, str(place / given.RECORDS), "--json")),
            ("run", ("run", "--json")),
        ):
            before = _server_cpu(url)
            step = measure(f"{when}: {what}", rcu(*command), env=env)
            found.append(Measured(step, rows, _server_cpu(url) - before))
        settle(url)  # a day lies between them, and what a server tidies up in it is not the night's
    return found


def _server_cpu(url: str) -> float:
    """Seconds of a core that a database's server has taken so far; none for SQLite, and where it is elsewhere."""
    if url.startswith("sqlite"):
        return 0.0
    with psycopg.connect(url) as connection:
        backend = connection.info.backend_pid
        if not psutil.pid_exists(backend) or "postgres" not in psutil.Process(backend).name():
            return 0.0
        server = psutil.Process(backend).parent()
        assert server is not None
        spent = server.cpu_times()
        own = spent.user + spent.system + spent.children_user + spent.children_system
        return own + sum(sum(one.cpu_times()[:2]) for one in server.children())


def _splink(folder: Path) -> float | None:
    """Seconds Splink takes to link the same records, training included; None where it is not installed."""
    if not _SPLINK.exists():
        return None
    script = Path(__file__).parent / "link_splink.py"
    output = measure("Splink", [str(_SPLINK), str(script), str(folder / given.BEFORE)]).output
    return float(json.loads(output.splitlines()[-1])["seconds"])


def _section(
    records: int, databases: dict[str, list[Measured]], splink: float | None, loads: tuple[float, float]
) -> str:
    lines = [
        f"## Nights: the first load of {records:,} generated records, and one in {CHANGED} of them changed",
        "",
        f"Measured on {describe()}.",
        "",
        f"The machine's load was {loads[0]:.1f} before the first step and {loads[1]:.1f} after the last. Each step",
        "is a process of its own, its time includes Python's start. CPU is what it and the database's server took, in",
        "seconds of a core. Every record of the night has another mobile or another mailbox than before.",
        "",
    ]
    for database, steps in databases.items():
        lines += [f"### {database}, from files to stored profiles", "", *_table(steps), ""]
    if splink is None:
        lines.append("Splink was not installed: `make bench-link` does it.")
    else:
        lines.append(
            f"Splink 5 links the same records, standardised already, in {splink:.0f} s, training included, and stores"
            " nothing."
        )
    return "\n".join(lines)


def _table(steps: list[Measured]) -> list[str]:
    found = ["| step | records | seconds | CPU, RCU | CPU, server |", "|---|---:|---:|---:|---:|"]
    found += [
        f"| {one.step.name} | {one.rows:,} | {one.step.seconds:.1f} | {one.step.cpu:.1f} | {one.server:.1f} |"
        for one in steps
    ]
    first, night = ([one for one in steps if one.step.name.startswith(when)] for when in ("first", "night"))
    for name, both in (("first load", first), ("night", night)):
        seconds, cpu = sum(one.step.seconds for one in both), sum(one.cpu for one in both)
        found.append(f"| **{name}** | {both[0].rows:,} | **{seconds:.1f}** | **{cpu:.1f}** together | |")
    share = sum(one.step.seconds for one in night) / sum(one.step.seconds for one in first)
    of_core = sum(one.cpu for one in night) / sum(one.cpu for one in first)
    inside = "; ".join(f"{one.step.name}: {_inside(one.step)}" for one in steps if one.step.name.endswith("run"))
    return [*found, "", f"The night takes {share:.1%} of the first load's time, {of_core:.1%} of its CPU. {inside}."]


def _inside(step: Step) -> str:
    seconds = json.loads(step.output)["run"]["seconds"]
    return ", ".join(f"{name} {value:.1f} s" for name, value in seconds.items())
