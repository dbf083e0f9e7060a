"""Profiles by id and lookups over HTTP on both databases, beside a bare FastAPI route that returns the same bytes.

Server, database and load generator share the machine. Both applications run under the same server with the same
settings, one process each, and get the same requests, in turns.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, text

from benchmarks import realtime_records as given
from benchmarks.bare import LOOKUP
from benchmarks.databases import postgresql, settle
from benchmarks.machine import describe, load, measure, rcu

SECONDS: Final = 6
TURNS: Final = 5
CONNECTIONS: Final = 32
ASKED: Final = 4_000
ASPIRED: Final = 0.6
"""What a read is to reach of the bare route's requests a second."""
_READY: Final = 60
_SEED: Final = 4_711
_BARE: Final = "benchmarks.bare:application"
_RCU: Final = "rcu.api.app:from_environment"


@dataclass(frozen=True, slots=True)
class Served:
    """One sort of request to one database: requests a second flat out, theirs and the bare route's, and times.

    `aim` are theirs at half of what they are to do, ASPIRED of the bare route, `bare_aim` the bare route's at the same
    pace; `half` theirs at half of what they do.
    """

    database: str
    asked: str
    a_second: float
    bare: float
    aim: Mapping[str, float]
    bare_aim: Mapping[str, float]
    half: Mapping[str, float]


def run(records: int) -> str:
    """Measure with about `records` there; the section of RESULTS.md."""
    with tempfile.TemporaryDirectory(prefix="rcu-bench-") as name:
        folder = Path(name)
        before = load()
        # In a process of its own: a child starts with the peak of the process that starts it.
        measure("records", [sys.executable, "-m", "benchmarks.realtime_records", str(records), "100", name])
        with postgresql() as url:
            served = _database("PostgreSQL", url, folder)
        served += _database("SQLite", f"sqlite:///{folder}/bench.db", folder)
        return _section(records, served, loads=(before, load()))


def _database(database: str, url: str, folder: Path) -> list[Served]:
    env = {"RCU_DATABASE_URL": url}
    contract = ("--contract", str(folder / given.CONTRACT))
    measure("upgrade", rcu("db", "upgrade"), env=env)
    measure("source", rcu("source", "add", given.SOURCE, *contract, "--rank", "20"), env=env)
    measure("import", rcu("import", given.SOURCE, str(folder / given.RECORDS), "--json"), env=env)
    measure("run", rcu("run", "--json"), env=env)
    settle(url)
    return measured(database, url, folder)


def measured(database: str, url: str, folder: Path) -> list[Served]:
    """Measure on a database that is filled."""
    env = {"RCU_DATABASE_URL": url}
    name = f"bench {random.SystemRandom().randrange(10**9)}"
    scopes = [part for scope in ("identity", "contact", "consent", "orders", "scores") for part in ("--scope", scope)]
    key = json.loads(measure("key", rcu("key", "create", name, *scopes, "--json"), env=env).output)["key"]
    found: list[Served] = []
    for asked, requests in _requests(url).items():
        path = folder / "asked.jsonl"
        path.write_text("\n".join(map(json.dumps, requests)), encoding="utf-8")
        with _server(_RCU, env) as port:
            answers = _answers(port, key, requests)
            (folder / "answers.jsonl").write_text("\n".join(map(json.dumps, answers)), encoding="utf-8")
            with _server(_BARE, {"RCU_BENCH_ANSWERS": str(folder / "answers.jsonl")}) as bare:
                found.append(_beside(database, asked, path, key=key, ports=(port, bare)))
    return found


def _requests(url: str) -> dict[str, list[dict[str, Any]]]:
    """Requests of each sort, of customers by chance."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:", 1))
    with engine.connect() as connection:
        last = int(connection.execute(text("SELECT max(record_id) FROM records")).scalar_one())
        chosen = sorted(random.Random(_SEED).sample(range(1, last + 1), min(ASKED * 3, last)))
        some = ",".join(map(str, chosen))
        ids = (
            connection.execute(text(f"SELECT customer_id FROM customers WHERE cluster_id IN ({some})")).scalars().all()
        )
        rows = connection.execute(text(f"SELECT email, mobile FROM records WHERE record_id IN ({some})")).all()
    engine.dispose()
    kinds = (("email", [row[0] for row in rows]), ("phone", [row[1] for row in rows]))
    found: dict[str, list[dict[str, Any]]] = {
        "profile by id": [{"method": "GET", "path": f"/v1/customers/{one}"} for one in ids[:ASKED]]
    }
    for kind, values in kinds:
        given_ = [value for value in values if value][:ASKED]
        bodies = [{"identifiers": [{"type": kind, "value": value}]} for value in given_]
        found[f"lookup by {kind}"] = [{"method": "POST", "path": LOOKUP, "body": body} for body in bodies]
    return found


def _answers(port: int, key: str, requests: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What RCU answers, for the bare route to return: each profile, or the lookup of middling length."""
    found: list[dict[str, str]] = []
    for one in requests if requests[0]["method"] == "GET" else requests[:200]:
        body = None if one.get("body") is None else json.dumps(one["body"]).encode()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}{one['path']}", body, headers, method=one["method"])
        with urllib.request.urlopen(request) as answer:
            found.append({"path": one["path"], "body": answer.read().decode()})
    if requests[0]["method"] == "GET":
        return [*found, {"path": LOOKUP, "body": ""}]
    return [sorted(found, key=lambda one: len(one["body"]))[len(found) // 2]]


def _beside(database: str, asked: str, requests: Path, *, key: str, ports: tuple[int, int]) -> Served:
    """Both in turns: flat out, at half of what RCU is to do, RCU at half of what it does.

    What is half is told by the same turn: how fast the machine is may change from one to the next.
    """
    for port in ports:
        _send(port, key, requests, "--seconds", "3")
    turns = [_turn(requests, key=key, ports=ports) for _ in range(TURNS)]
    times = [
        {kind: statistics.median(one[place][kind] for _, one in turns) for kind in turns[0][1][place]}
        for place in range(3)
    ]
    most, bare = (statistics.median(flat[place] for flat, _ in turns) for place in range(2))
    return Served(database, asked, most, bare, *times)


def _turn(requests: Path, *, key: str, ports: tuple[int, int]) -> tuple[list[float], list[dict[str, float]]]:
    """Requests a second of RCU and of the bare route, and the times of RCU, of the bare route and of RCU again."""
    most, bare = (_send(port, key, requests, "--seconds", str(SECONDS))["a_second"] for port in ports)
    paces = ((ports[0], bare * ASPIRED / 2), (ports[1], bare * ASPIRED / 2), (ports[0], most / 2))
    return [most, bare], [
        _send(port, key, requests, "--seconds", str(2 * SECONDS), "--pace", str(pace))["milliseconds"]
        for port, pace in paces
    ]


def _send(port: int, key: str, requests: Path, *how: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.load", "127.0.0.1", str(port), key, str(requests), "--again", *how]
    told: dict[str, Any] = json.loads(measure("load", [*command, "--connections", str(CONNECTIONS)]).output)
    if set(told["statuses"]) != {"200"}:
        sys.exit(f"not every answer was 200: {told['statuses']}")
    return told


@contextlib.contextmanager
def _server(factory: str, env: Mapping[str, str]) -> Iterator[int]:
    """Uvicorn as `rcu serve` runs it in one process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    code = f"import uvicorn; uvicorn.run({factory!r}, factory=True, port={port}, workers=1, log_level='warning')"
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **env})
    try:
        end = time.monotonic() + _READY
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if time.monotonic() > end:
                sys.exit("the server did not start")
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def _section(records: int, served: Sequence[Served], *, loads: tuple[float, float]) -> str:
    lines = [
        "| database | request | a second | bare route | share | p50 ms | p99 ms | bare: p99 | p99 at half of all |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {one.database} | {one.asked} | {one.a_second:,.0f} | {one.bare:,.0f} | {one.a_second / one.bare:.0%} |"
            f" {one.aim['p50']:.1f} | {one.aim['p99']:.1f} | {one.bare_aim['p99']:.1f} | {one.half['p99']:.1f} |"
            for one in served
        ),
    ]
    table = "\n".join(lines)
    return f"""## HTTP reads: {records:,} records

Measured on {describe()}.

One server process, its database and the load generator share the cores; the machine's load was {loads[0]:.1f} before
the first step and {loads[1]:.1f} after the last. The bare route is a FastAPI route that returns the same bytes out of
memory, under the same server with the same settings; a lookup's body it reads as JSON. Both are sent the same
requests over {CONNECTIONS} connections, and all figures are medians of {TURNS} turns. A turn is {SECONDS} s flat out of
each; then, {2 * SECONDS} s each, both at half of {ASPIRED:.0%} of what the bare route just did, and RCU at half of all
it just did. Times are from when a request was due to its answer. RCU's answers are looked up, cut to the key's scopes,
tagged and written to the access log; every request asks for another of {ASKED:,} customers. PostgreSQL has a quarter of
the memory.

{table}
"""
