"""How good a clustering is, against a truth: pairwise and B-cubed precision, recall and F1.

Pairwise counts pairs of records; B-cubed (Bagga and Baldwin, 1998) averages over records, so that one huge cluster
does not drown the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rcu.errors import InputError
from rcu.matching.arrays import Floats, Index


@dataclass(frozen=True, slots=True)
class Quality:
    """Precision, recall and their harmonic mean, each from 0 to 1; 1 where there is nothing to be wrong about."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of one clustering; `true_pairs`, `found_pairs` and `right_pairs` are counts of pairs of records."""

    records: int
    clusters: int
    persons: int
    largest_cluster: int
    true_pairs: int
    found_pairs: int
    right_pairs: int
    pairwise: Quality
    b_cubed: Quality


Labels = Sequence[object] | pd.Series | Index
"""One label a record; any values that can be compared, none of them missing."""


def label_codes(labels: Labels) -> Index:
    """Number the labels 0, 1, ... as they are met.

    Raises:
        InputError: when a record has no label (None, NaN).
    """
    array = labels if isinstance(labels, (np.ndarray, pd.Series)) else np.asarray(labels, dtype=object)
    codes, _ = pd.factorize(array, use_na_sentinel=True)
    missing = int((codes < 0).sum())
    if missing:
        msg = f"{missing:,} of {len(codes):,} records have no label"
        raise InputError(msg, hint="leave out the records of which it is not known who they are")
    return codes.astype(np.int64)


def evaluate(clusters: Labels, truth: Labels) -> Evaluation:
    """Compare two labellings of the same records, given in the same order.

    Raises:
        InputError: when they are of different lengths, or a record has no label.
    """
    if len(clusters) != len(truth):
        msg = f"{len(clusters):,} clusters and {len(truth):,} labels of the truth"
        raise InputError(msg, hint="give one label for each record, in the same order")
    found, true = label_codes(clusters), label_codes(truth)
    both, sizes_both = _joint(found, true)
    sizes_found, sizes_true = np.bincount(found, minlength=1), np.bincount(true, minlength=1)
    found_pairs, true_pairs, right_pairs = _pairs(sizes_found), _pairs(sizes_true), _pairs(sizes_both)
    together = sizes_both[both].astype(np.float64)
    return Evaluation(
        records=len(found),
        clusters=int(np.count_nonzero(sizes_found)),
        persons=int(np.count_nonzero(sizes_true)),
        largest_cluster=int(sizes_found.max(initial=0)),
        true_pairs=true_pairs,
        found_pairs=found_pairs,
        right_pairs=right_pairs,
        pairwise=Quality(_ratio(right_pairs, found_pairs), _ratio(right_pairs, true_pairs)),
        b_cubed=Quality(_mean(together / sizes_found[found]), _mean(together / sizes_true[true])),
    )


def _joint(found: Index, true: Index) -> tuple[Index, Index]:
    """For each record the number of its (cluster, person) cell, and the size of each cell."""
    width = int(true.max(initial=0)) + 1
    _, cells, sizes = np.unique(found * width + true, return_inverse=True, return_counts=True)
    return cells, sizes


def _pairs(sizes: Index) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _mean(shares: Floats) -> float:
    return float(shares.mean()) if len(shares) else 1.0


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


@dataclass(frozen=True, slots=True)
class SourcePair:
    """Pairwise figures among the pairs that join one source with another (or with itself)."""

    sources: tuple[str, str]
    true_pairs: int
    found_pairs: int
    quality: Quality


def evaluate_by_source(frame: pd.DataFrame) -> list[SourcePair]:
    """Pairwise figures for each pair of sources; `frame` has columns source, cluster and truth."""
    names = sorted(frame["source"].unique())
    cells = frame.groupby(["cluster", "truth", "source"]).size().unstack(fill_value=0)  # noqa: PD010
    by_cluster, by_truth = cells.groupby(level="cluster").sum(), cells.groupby(level="truth").sum()
    figures: list[SourcePair] = []
    for place, one in enumerate(names):
        for other in names[place:]:
            right, found, true = (_between(counts, one, other) for counts in (cells, by_cluster, by_truth))
            figures.append(SourcePair((one, other), true, found, Quality(_ratio(right, found), _ratio(right, true))))
    return figures


def _between(counts: pd.DataFrame, one: str, other: str) -> int:
    if one == other:
        return _pairs(counts[one].to_numpy())
    return int((counts[one] * counts[other]).sum())
