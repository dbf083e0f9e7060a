"""Deduplication of invented people of many countries and kinds of file: what is joined, and what RCU thinks of it."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.machine import describe
from benchmarks.populations import TABLES, table
from rcu.matching.selfestimate import Guess
from rcu.services.dedupe import DedupeRequest, dedupe

SEED: Final = 101
REPEATED: Final = (0.0, 0.1, 0.5)


@dataclass(frozen=True, slots=True)
class Run:
    """One table: kind, rows, share of repeated rows, and a line of figures."""

    kind: str
    rows: int
    repeated: float
    joined: int
    figures: str


def run(rows: int) -> str:
    """Measure every kind of table at up to `rows` rows, and give the section of the results."""
    sizes = sorted({min(size, rows) for size in (150, 1_500, 10_000, 50_000)})
    runs = [measured(kind, size, share) for kind in TABLES for size in sizes for share in REPEATED]
    quiet = [one for one in runs if not one.repeated]
    kept = sum(one.joined <= 0.001 * one.rows for one in quiet)
    lines = "\n".join(f"| {one.kind} | {one.rows:,} | {one.repeated:.0%} | {one.figures} |" for one in runs)
    return f"""## Dedupe of invented tables

Measured on {describe()}, seed {SEED}. Of {len(quiet)} tables without duplicates, {kept} had at most 0.1 % of their rows
joined. Estimates are RCU's own, without labels, with the range given; figures are over pairs.

| table | rows | repeated | joined | precision | estimated | recall | estimated | F1 | seconds |
|---|---:|---:|---:|---:|---|---:|---|---:|---:|
{lines}
"""


def measured(kind: str, rows: int, repeated: float, *, seed: int = SEED) -> Run:
    """Make one table, deduplicate it and compare with the truth."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        table(kind, rows, repeated=repeated, seed=seed).to_csv(path, index=False)
        began = time.perf_counter()
        result = dedupe(DedupeRequest((path,), truth="person"))
        seconds = time.perf_counter() - began
    joined, truth = int(result.joined.sum()), result.evaluation
    if truth is None or not repeated:
        return Run(kind, rows, repeated, joined, f"{joined} | | | | | | {seconds:.1f}")
    pairwise, estimate = truth.pairwise, result.estimate
    figures = (
        f"{joined} | {pairwise.precision:.3f} | {_told(estimate.precision)} | {pairwise.recall:.3f} | "
        f"{_told(estimate.recall)} | {pairwise.f1:.3f} | {seconds:.1f}"
    )
    return Run(kind, rows, repeated, joined, figures)


def _told(guess: Guess | None) -> str:
    return f"{guess.value:.3f} ({guess.low:.3f} to {guess.high:.3f})" if guess else "none"
