"""Records as they happen: RCU over HTTP on both databases, with Splink 5 and GoldenMatch beside it.

All get the same records, in the same run, one after the other. RCU's server, its database and the client share the
machine. The other engines run in an environment of their own (`make .venv/.bench` installs it
from requirements-bench.lock); they are called in their process, with records that are standardised already.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
from sqlalchemy import create_engine, text

from benchmarks import realtime_records as given
from benchmarks.databases import postgresql, settle
from benchmarks.disk import Flushed, flushes
from benchmarks.found import Found
from benchmarks.machine import Step, describe, load, measure, rcu

SECONDS: Final = 30
WARM_UP: Final = 15
DISK: Final = 10
"""Seconds the disk alone is looked at, before and after the steady load."""
CONNECTIONS: Final = 64
PROCESSES: Final = 2
PACE: Final = 50
SLOW_PACE: Final = 10
"""For a database that would not keep up with the other."""
NEW: Final = 40_000
_READY: Final = 60
_BENCH: Final = Path(sys.prefix) / "bench" / "bin" / "python"
_TOGETHER: Final = """
SELECT s.native_id, o.native_id
FROM records AS s
JOIN memberships AS ms ON ms.record_id = s.record_id
LEFT JOIN memberships AS mo ON mo.cluster_id = ms.cluster_id AND mo.record_id <> s.record_id
LEFT JOIN records AS o ON o.record_id = mo.record_id AND o.source = :before
WHERE s.source = :after
"""


@dataclass(frozen=True, slots=True)
class Served:
    """What one database's server did: the loads of benchmarks/load.py, and whose records it put together."""

    database: str
    records: int
    flat_out: dict[str, Any]
    pace: int
    paced: dict[str, Any]
    found: dict[str, int]
    verified: dict[str, Any]
    verifying: Step
    disk: tuple[Flushed, Flushed]


def run(records: int) -> str:
    """Measure with about `records` there before; the section of RESULTS.md."""
    with tempfile.TemporaryDirectory(prefix="rcu-bench-") as name:
        folder = Path(name)
        before = load()
        arguments = (str(records), str(NEW), name)
        # In a process of its own: a child starts with the peak of the process that starts it.
        measure("records", [sys.executable, "-m", "benchmarks.realtime_records", *arguments])
        with postgresql() as url:
            served = [_served("PostgreSQL", url, folder, processes=PROCESSES)]
        served.append(_served("SQLite", f"sqlite:///{folder}/bench.db", folder, processes=1))
        others = {name: _other(name, folder) for name in ("splink", "goldenmatch")}
        return _section(records, served, others, loads=(before, load()))


def _served(database: str, url: str, folder: Path, *, processes: int) -> Served:
    env = {"RCU_DATABASE_URL": url}
    _fill(folder, env)
    settle(url)
    made = measure("key", rcu("key", "create", "bench", "--scope", "records", "--json"), env=env)
    with _server(env, processes) as (port, server):
        sender = _Sender(port, server, json.loads(made.output)["key"], folder / given.REQUESTS)
        first = sender.send("--seconds", str(WARM_UP), "--connections", str(CONNECTIONS))
        pace = PACE if first["a_second"] > 1.5 * PACE else SLOW_PACE
        before = flushes(folder, pace=PACE, seconds=DISK)
        paced = sender.send("--seconds", str(SECONDS), "--pace", str(pace), "--connections", str(CONNECTIONS))
        disk = before, flushes(folder, pace=PACE, seconds=DISK)
        flat_out = sender.send("--seconds", str(SECONDS), "--connections", str(CONNECTIONS))
    verifying = measure("verify", rcu("verify", "--json"), env=env)
    verified = json.loads(verifying.output)
    return Served(database, sender.sent, flat_out, pace, paced, _found(url, folder), verified, verifying, disk)


def _fill(folder: Path, env: dict[str, str]) -> None:
    contract = ("--contract", str(folder / given.CONTRACT))
    measure("upgrade", rcu("db", "upgrade"), env=env)
    measure("source", rcu("source", "add", given.SOURCE, *contract, "--rank", "20"), env=env)
    measure("source", rcu("source", "add", given.SENDS, *contract, "--rank", "10"), env=env)
    measure("import", rcu("import", given.SOURCE, str(folder / given.RECORDS), "--json"), env=env)
    measure("run", rcu("run", "--json"), env=env)


@contextlib.contextmanager
def _server(env: dict[str, str], processes: int) -> Iterator[tuple[int, psutil.Process]]:
    """`rcu serve` on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = rcu("serve", "--host", "127.0.0.1", "--port", str(port), "--workers", str(processes))
    process = subprocess.Popen(command, env={**os.environ, **env})
    try:
        _wait(f"http://127.0.0.1:{port}/health/ready")
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _wait(address: str) -> None:
    end = time.monotonic() + _READY
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


class _Sender:
    """Sends the requests, each once, by benchmarks/load.py in a process of its own."""

    def __init__(self, port: int, server: psutil.Process, key: str, requests: Path) -> None:
        self._server = server
        self._target = ("127.0.0.1", str(port), key, str(requests))
        self.sent = 0

    def send(self, *how: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "benchmarks.load", *self._target, "--skip", str(self.sent), *how]
        before = self._cpu()
        told: dict[str, Any] = json.loads(measure("load", command).output)
        told["cpu"] = 1e3 * (self._cpu() - before) / told["sent"]
        self.sent += told["sent"]
        refused = {status: count for status, count in told["statuses"].items() if not status.startswith("2")}
        if refused:
            sys.exit(f"the server refused records: {refused}")
        return told

    def _cpu(self) -> float:
        """Seconds of a core that all its processes took."""
        times = [one.cpu_times() for one in (self._server, *self._server.children(recursive=True))]
        return sum(one.user + one.system for one in times)


def _found(url: str, folder: Path) -> dict[str, int]:
    """With whose records every record that was sent is together."""
    found = Found(*given.people(folder))
    partners: dict[int, list[int]] = {}
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:", 1))
    with engine.connect() as connection:
        for sent, there in connection.execute(text(_TOGETHER), {"before": given.SOURCE, "after": given.SENDS}):
            ids = partners.setdefault(int(sent[1:]), [])
            if there:
                ids.append(int(there[1:]))
    engine.dispose()
    for place, ids in partners.items():
        found.add(place, ids)
    return found.told()


def _other(name: str, folder: Path) -> dict[str, Any] | None:
    """What another engine measured; None where it is not installed."""
    if not _BENCH.exists():
        return None
    script = Path(__file__).parent / f"realtime_{name}.py"
    output = measure(name, [str(_BENCH), str(script), str(folder / given.BEFORE), str(folder / given.AFTER)]).output
    told: dict[str, Any] = json.loads(output.splitlines()[-1])
    return told


def _section(
    records: int,
    served: list[Served],
    others: dict[str, dict[str, Any] | None],
    *,
    loads: tuple[float, float],
) -> str:
    return f"""## Real time: records that come one by one to {records:,} that are there

Measured on {describe()}.

Server, database and client share the cores. The machine's load (processes that run or wait to) was {loads[0]:.1f}
before the first step and {loads[1]:.1f} after the last{_busy(loads)}.

`rcu serve` in {PROCESSES} processes on PostgreSQL, one on SQLite; every record is a `PUT /v1/records/...` of a record
that is new. Before the answer it is cleaned, matched against all, and committed with its customer's golden record and
what changed; records that come together may share a transaction. The time is the client's, from when a request was due
to its answer. Each load lasts {SECONDS} s, after {WARM_UP} s of warming up.

{_table(served)}

{_disks(served)}

{_verified(served)}

### Beside it: one record against the same {records:,}, in the other engines' own processes

The others have no HTTP and no cleaning to do: they are given standardised records, one after the other, and stop
after a minute. CPU is of the server or the engine's process alone, without PostgreSQL's.{_missing(others)}

{_beside(served, others)}

{_notes(others)}
"""


def _busy(loads: tuple[float, float]) -> str:
    cores = os.cpu_count() or 1
    return ": other work ran on it, and the times hold the waiting" if loads[0] > cores / 2 else ""


def _table(served: list[Served]) -> str:
    lines = [
        "| database | load | records a second | p50 ms | p90 ms | p99 ms | longest ms | server, CPU ms a record |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for one in served:
        lines.append(_line(one.database, f"{one.pace} a second", one.paced))
        lines.append(_line(one.database, f"flat out, {CONNECTIONS} connections", one.flat_out))
    return "\n".join(lines)


def _line(database: str, how: str, told: dict[str, Any]) -> str:
    times = " | ".join(f"{told['milliseconds'][name]:,.0f}" for name in ("p50", "p90", "p99", "p100"))
    return f"| {database} | {how} | {told['a_second']:,.0f} | {times} | {told['cpu']:.1f} |"


def _disks(served: list[Served]) -> str:
    """The disk alone, just before and just after the steady load: no commit is faster."""
    return "\n".join(
        f"{one.database}: {PACE} blocks of 8 KB a second, written and flushed by nobody else, took the disk "
        + " and ".join(
            f"{found.p50:,.1f} ms (p99 {found.p99:,.1f}, longest {found.longest:,.0f}) {when}"
            for found, when in zip(one.disk, ("before", "after"), strict=True)
        )
        + f" the load of {one.pace} a second."
        for one in served
    )


def _verified(served: list[Served]) -> str:
    return "\n".join(
        f"{one.database}: after {one.records:,} records that were sent, `rcu verify` rebuilt everything "
        f"from nothing in {one.verifying.seconds:.0f} s and found {one.verified['differences']:,} differences."
        for one in served
    )


def _missing(others: dict[str, dict[str, Any] | None]) -> str:
    return "" if all(others.values()) else "\nNot all were installed: `make .venv/.bench` does it."


def _beside(served: list[Served], others: dict[str, dict[str, Any] | None]) -> str:
    lines = [
        "| engine | records | p50 ms | p90 ms | p99 ms | CPU ms a record | its person found | put with somebody else |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for one in served:
        name = f"RCU over HTTP, {one.database}, {one.pace} a second"
        times = [one.paced["milliseconds"][share] for share in ("p50", "p90", "p99")]
        lines.append(_compared(name, one.paced["sent"], [*times, one.paced["cpu"]], one.found))
    for name, told in others.items():
        if told:
            ordered = told["milliseconds"]
            times = [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.9, 0.99)]
            lines.append(_compared(_ENGINES[name], len(ordered), [*times, told["cpu"]], told))
    return "\n".join(lines)


_ENGINES: Final = {
    "splink": "Splink 5, `predict_between`, nothing stored",
    "goldenmatch": "GoldenMatch, `resolve_record_incremental`, identity store on SQLite",
}


def _compared(engine: str, records: int, times: list[float], found: dict[str, int]) -> str:
    said = " | ".join(f"{one:,.1f}" for one in times)
    right = f"{found['right'] / max(found['there'], 1):.1%} of {found['there']:,}"
    wrong = f"{found['wrong'] / max(found['looked'], 1):.1%} of {found['looked']:,}"
    return f"| {engine} | {records:,} | {said} | {right} | {wrong} |"


def _notes(others: dict[str, dict[str, Any] | None]) -> str:
    said = []
    if splink := others["splink"]:
        each = splink["batch_milliseconds"] / max(splink["batch"], 1)
        said.append(
            f"Splink's model was trained in {splink['training']:.1f} s before. Its version 5 has no "
            "`find_matches_to_new_records` any more; `predict_between` is what its documentation names for new "
            f"records. It is made for many at once: {splink['batch']:,} in one call take {each:,.1f} ms each. Links of "
            "probability 0.999 and more count as found."
        )
    if golden := others["goldenmatch"]:
        scan = sum(golden["scans"]) / max(len(golden["scans"]), 1)
        said.append(
            f"GoldenMatch's store of {golden['rows']:,} records was filled in {golden['filling']:.0f} s with the true "
            "persons. It has the candidates' keys Splink has; its matchkeys are sensible ones, written by hand. Its "
            "`match_one`, which its streaming and `goldenmatch incremental` use, scores against every row: "
            f"{scan:,.0f} ms a record."
        )
    return "\n\n".join(textwrap.fill(one, 118, break_on_hyphens=False) for one in said)
