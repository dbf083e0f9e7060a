"""The report of `rcu dedupe`: one HTML page that stands alone, charts drawn on the server, no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from rcu.ingest.recognise import Role
from rcu.matching.arrays import Index
from rcu.services.dedupe import Dedupe
from rcu.services.pages import template

SAMPLES: Final = 12
MOST_ROWS: Final = 8
MOST_COLUMNS: Final = 12
BINS: Final = 24
_WIDTH: Final = 640
_HEIGHT: Final = 180


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart, in the units of its view box, with what it says."""

    x: float
    y: float
    width: float
    height: float
    says: str
    label: str
    strong: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """A few rows shown together."""

    title: str
    rows: tuple[tuple[str, ...], ...]
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class LearntLevel:
    """What one level of a comparison is worth."""

    comparison: str
    level: str
    m: float
    u: float
    weight: float


def render_report(result: Dedupe, golden: pd.DataFrame) -> str:
    """Render the page for one run; `golden` are its golden rows."""
    shown = _shown_columns(result)
    return template("dedupe_report.html.j2").render(
        result=result,
        columns=[(c, result.comparable.left_out.get(c.name, "")) for c in result.recognition.columns],
        weights=_weight_bars(result),
        sizes=_size_bars(result),
        box=(_WIDTH, _HEIGHT),
        levels=learnt_levels(result),
        header=["id", *shown],
        clusters=_sample_clusters(result, shown),
        possible=_possible_matches(result, shown),
        golden=len(golden),
    )


def learnt_levels(result: Dedupe) -> list[LearntLevel]:
    """Every level of every comparison with its learnt probabilities and weight (log2 m/u)."""
    return [
        LearntLevel(comparison.name, level.name, level.m, level.u, float(np.log2(level.m / level.u)))
        for comparison in result.model.comparisons
        for level in comparison.levels
    ]


def _shown_columns(result: Dedupe) -> list[str]:
    used = [column.name for column in result.recognition.of(Role.FIELD, Role.ATTRIBUTE)]
    return [name for name in used if name not in result.comparable.left_out][:MOST_COLUMNS]


def _weight_bars(result: Dedupe) -> list[Bar]:
    """How many pairs have each weight; strong where they were joined."""
    pairs = result.pairs
    if not len(pairs):
        return []
    edges = np.linspace(np.floor(pairs.weight.min()), np.ceil(pairs.weight.max()) + 1e-9, BINS + 1)
    same = result.cluster[pairs.left] == result.cluster[pairs.right]
    every, _ = np.histogram(pairs.weight, edges)
    joined, _ = np.histogram(pairs.weight[same], edges)
    names = [f"{edge:.0f}" for edge in edges[:-1]]
    says = [
        f"weight {low:.1f} to {high:.1f}: {count:,} pairs, {of:,} joined"
        for low, high, count, of in zip(edges[:-1], edges[1:], every, joined, strict=True)
    ]
    strong = (joined * 2 >= every).tolist()
    return _bars(every.tolist(), names, says, strong=strong)


def _size_bars(result: Dedupe) -> list[Bar]:
    """How many people have one row, two rows, ...; the last bar takes all larger ones."""
    _, sizes = np.unique(result.cluster, return_counts=True)
    most = 12
    counts = np.bincount(np.minimum(sizes, most), minlength=2)[1:]
    names = [str(size) if size < most else f"{most}+" for size in range(1, len(counts) + 1)]
    says = [f"{count:,} people with {name} rows" for count, name in zip(counts, names, strict=True)]
    return _bars(counts.tolist(), names, says, strong=[at > 0 for at in range(len(counts))])


def _bars(counts: Sequence[int], names: Sequence[str], says: Sequence[str], *, strong: Sequence[bool]) -> list[Bar]:
    """Place bars side by side; heights go with the square root, so that small counts can be seen beside large ones."""
    step = _WIDTH / max(len(counts), 1)
    tallest = max([1, *counts]) ** 0.5
    bars: list[Bar] = []
    for place, count in enumerate(counts):
        height = max((_HEIGHT - 30) * count**0.5 / tallest, 1.0 if count else 0.0)
        x, y = round(place * step + 1, 1), round(_HEIGHT - 20 - height, 1)
        bars.append(Bar(x, y, round(step - 2, 1), round(height, 1), says[place], names[place], strong[place]))
    return bars


def _sample_clusters(result: Dedupe, shown: Sequence[str]) -> list[Sample]:
    """Clusters from the smallest to the largest, evenly chosen."""
    firsts, sizes = np.unique(result.cluster, return_counts=True)
    wanted = np.flatnonzero(sizes > 1)
    wanted = wanted[np.lexsort((firsts[wanted], sizes[wanted]))]
    wanted = (
        wanted[np.unique(np.linspace(0, len(wanted) - 1, min(SAMPLES, len(wanted))).astype(int))]
        if len(wanted)
        else wanted
    )
    samples: list[Sample] = []
    for at in wanted.tolist():
        rows = np.flatnonzero(result.cluster == firsts[at])
        title = f"{len(rows)} rows, cluster {result.ids.iloc[int(firsts[at])]}"
        samples.append(Sample(title, _texts(result, rows[:MOST_ROWS], shown), max(len(rows) - MOST_ROWS, 0)))
    return samples


def _possible_matches(result: Dedupe, shown: Sequence[str]) -> list[Sample]:
    """Pairs left apart that come nearest to a match."""
    pairs = result.pairs
    apart = np.flatnonzero(result.cluster[pairs.left] != result.cluster[pairs.right])
    nearest = apart[np.argsort(np.abs(pairs.weight[apart]), kind="stable")][:SAMPLES]
    return [
        Sample(
            f"probability {pairs.probability[at]:.0%}, weight {pairs.weight[at]:.1f}",
            _texts(result, np.array([pairs.left[at], pairs.right[at]]), shown),
        )
        for at in nearest.tolist()
    ]


def _texts(result: Dedupe, rows: Index, shown: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    table = result.frame.iloc[rows][list(shown)]
    ids = result.ids.iloc[rows]
    cells = table.astype(object).where(table.notna(), "").to_numpy()
    return tuple((str(name), *(str(cell) for cell in row)) for name, row in zip(ids, cells, strict=True))
