"""The whole road: generated exports from files to stored profiles, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.databases import postgresql
from benchmarks.machine import Step, describe, measure, python, rcu

SEED = 4242
RECORDS_PER_HOUSEHOLD = 3.46
FILES = {
    "till": ("CLIENTS_20251231.csv", "TICKETS_2025.csv.gz"),
    "shop": ("customers.json", "addresses.json", "orders.json.gz", "order_slips.json"),
    "email": ("audience.csv", "activity.csv.gz"),
}
SOURCES = {
    "till": ("--contract", "till_clients", "--contract", "till_tickets", "--rank", "20"),
    "shop": ("--kind", "prestashop", "--rank", "10"),
    "email": ("--contract", "email_audience", "--contract", "email_activity", "--rank", "30"),
}
GENERATE = """
import sys
from pathlib import Path
from fixtures.generator import generate
generate(Path(sys.argv[1]), seed=int(sys.argv[2]), households=int(sys.argv[3]))
"""
YARDSTICK = """
import gzip, json, sys
import pandas as pd
folder = sys.argv[1]
till = dict(sep=";", encoding="cp1252", dtype=str, quoting=3, on_bad_lines="skip")
pd.read_csv(f"{folder}/till/CLIENTS_20251231.csv", **till)
pd.read_csv(f"{folder}/till/TICKETS_2025.csv.gz", **till)
for name in ("customers.json", "addresses.json", "order_slips.json"):
    json.load(open(f"{folder}/shop/{name}"))
json.load(gzip.open(f"{folder}/shop/orders.json.gz"))
pd.read_csv(f"{folder}/email/audience.csv", dtype=str, on_bad_lines="skip")
pd.read_csv(f"{folder}/email/activity.csv.gz", dtype=str, on_bad_lines="skip")
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """The steps on one database, with the rows or records each worked on."""

    database: str
    steps: list[tuple[Step, int]]


def run(records: int) -> str:
    """Measure on both databases; the section of RESULTS.md."""
    with tempfile.TemporaryDirectory(prefix="rcu-bench-") as folder:
        exports = Path(folder) / "exports"
        # In a process of its own: a child starts with the peak of the process that starts it.
        measure("generate", python(GENERATE, str(exports), str(SEED), str(round(records / RECORDS_PER_HOUSEHOLD))))
        yardstick = measure("yardstick", python(YARDSTICK, str(exports)))
        measured = [_measure("SQLite", f"sqlite:///{folder}/bench.db", exports)]
        with postgresql() as url:
            measured.append(_measure("PostgreSQL", url, exports))
    return _section(records, yardstick, measured)


def _measure(database: str, url: str, exports: Path) -> Measured:
    env = {"RCU_DATABASE_URL": url}
    measure("upgrade", rcu("db", "upgrade"), env=env)
    steps: list[tuple[Step, int]] = []
    for source, options in SOURCES.items():
        measure("source", rcu("source", "add", source, *options), env=env)
    for source, files in FILES.items():
        for name in files:
            step = measure(
                f"import {source}/{name}", rcu("import", source, str(exports / source / name), "--json"), env=env
            )
            steps.append((step, sum(report["rows_read"] for report in json.loads(step.output))))
    step = measure("match, golden records, publish", rcu("run", "--json"), env=env)
    records = int(json.loads(step.output)["run"]["records"])
    steps.append((step, records))
    steps.append((measure("verify: rebuild from nothing and compare", rcu("verify", "--json"), env=env), records))
    return Measured(database, steps)


def _section(records: int, yardstick: Step, measured: list[Measured]) -> str:
    lines = [
        f"## The road: {records:,} generated records, from files to stored profiles",
        "",
        f"Measured on {describe()}.",
        "",
        f"Yardstick: parsing these files with pandas and json takes {yardstick.seconds:.1f} s, {_mb(yardstick)} MB.",
        "Each step is a process of its own, started cold; its time includes Python's start.",
        "",
    ]
    for one in measured:
        total = sum(step.seconds for step, _ in one.steps if not step.name.startswith("verify"))
        lines += [
            f"### {one.database}",
            "",
            "| step | rows | seconds | rows per second | peak MB |",
            "|---|---:|---:|---:|---:|",
            *(
                f"| {step.name} | {rows:,} | {step.seconds:.1f} | {rows / step.seconds:,.0f} | {_mb(step)} |"
                for step, rows in one.steps
            ),
            f"| **files to stored profiles** | | **{total:.1f}** | | |",
            "",
            f"{total / yardstick.seconds:.1f} times the yardstick.",
            "",
            *_inside(one),
        ]
    return "\n".join(lines)


def _mb(step: Step) -> str:
    return f"{step.peak / 2**20:,.0f}"


def _inside(one: Measured) -> list[str]:
    """Seconds inside the run, and what it found."""
    report = json.loads(next(step.output for step, _ in one.steps if step.name.startswith("match")))["run"]
    seconds = ", ".join(f"{name} {value:.1f} s" for name, value in report["seconds"].items())
    return [f"Inside the run: {seconds}; {report['records']:,} records became {report['customers']:,} customers.", ""]
