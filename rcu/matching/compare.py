"""Two clusterings of the same records compared with each other: how alike they are, and which clusters changed how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rcu.errors import InputError
from rcu.matching.arrays import Index
from rcu.matching.evaluate import Labels, label_codes


class Change(StrEnum):
    """What became of a cluster from one clustering to the other."""

    SAME = "same"
    SPLIT = "split"
    MERGED = "merged"
    REARRANGED = "rearranged"


@dataclass(frozen=True, slots=True)
class ChangeCount:
    """Clusters of one and of the other, over the same records, that changed in one way.

    `groups` counts changes: each holds `one` clusters before and `other` after it, put together over all groups.
    """

    change: Change
    groups: int
    one: int
    other: int
    records: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two clusterings agree.

    Attributes:
        records: how many were compared.
        clusters: how many clusters each has.
        pairs: how many pairs of records each puts together.
        pairs_both: how many pairs both put together.
        rand: the share of all pairs of records on which both agree (Rand, 1971).
        adjusted_rand: the same corrected for chance: 1 when equal, about 0 for random labels (Hubert and Arabie, 1985).
        variation_of_information: in bits, 0 when equal, at most log2 of the records (Meila, 2007).
        changes: clusters by what became of them; every cluster counts once.
        split_in: how many clusters of the one are exactly k clusters of the other, by k.
        merged_of: how many clusters of the other are exactly k clusters of the one, by k.
        group: for each record the number of its group: the smallest set of records that is a union of whole clusters
            of both.
        change: for each group, what happened to it.
    """

    records: int
    clusters: tuple[int, int]
    pairs: tuple[int, int]
    pairs_both: int
    rand: float
    adjusted_rand: float
    variation_of_information: float
    changes: tuple[ChangeCount, ...]
    split_in: Mapping[int, int]
    merged_of: Mapping[int, int]
    group: Index
    change: tuple[Change, ...]

    @property
    def shared(self) -> tuple[float, float]:
        """The share of the pairs of the one that the other has too, and the reverse; 1 where there is no pair."""
        one, other = (self.pairs_both / count if count else 1.0 for count in self.pairs)
        return one, other


def compare(one: Labels, other: Labels) -> Agreement:
    """Compare two labellings of the same records, given in the same order.

    Raises:
        InputError: when they are of different lengths, or a record has no label.
    """
    if len(one) != len(other):
        msg = f"two clusterings of different records: {len(one):,} and {len(other):,}"
        raise InputError(msg, hint="compare two labellings of the same records")
    a, b = label_codes(one), label_codes(other)
    cells = _Cells.of(a, b)
    pairs_a, pairs_b, pairs_both = _pairs(cells.sizes_one), _pairs(cells.sizes_other), _pairs(cells.sizes)
    group_of_cell, before, after, sizes = cells.groups()
    change = _changes(before, after)
    return Agreement(
        records=len(a),
        clusters=(len(cells.sizes_one), len(cells.sizes_other)),
        pairs=(pairs_a, pairs_b),
        pairs_both=pairs_both,
        rand=_rand(len(a), pairs_a, pairs_b, pairs_both=pairs_both),
        adjusted_rand=_adjusted_rand(len(a), pairs_a, pairs_b, pairs_both=pairs_both),
        variation_of_information=cells.variation_of_information(),
        changes=tuple(_count(kind, change, before, after=after, sizes=sizes) for kind in Change),
        split_in=_tally(after[change == Change.SPLIT]),
        merged_of=_tally(before[change == Change.MERGED]),
        group=group_of_cell[cells.of_record],
        change=tuple(Change(kind) for kind in change.tolist()),
    )


@dataclass(frozen=True, slots=True)
class _Cells:
    """The non-empty cells of the table of one clustering against the other."""

    one: Index
    other: Index
    sizes: Index
    sizes_one: Index
    sizes_other: Index
    of_record: Index

    @classmethod
    def of(cls, a: Index, b: Index) -> _Cells:
        width = int(b.max(initial=0)) + 1
        cells, of_record, sizes = np.unique(a * width + b, return_inverse=True, return_counts=True)
        sizes_a, sizes_b = (np.bincount(codes).astype(np.int64) for codes in (a, b))
        return cls(cells // width, cells % width, sizes.astype(np.int64), sizes_a, sizes_b, of_record.astype(np.int64))

    def variation_of_information(self) -> float:
        """H(one | other) + H(other | one), in bits."""
        total = float(self.sizes.sum())
        if not total:
            return 0.0
        share = self.sizes / total
        told = np.log2(self.sizes / self.sizes_one[self.one]) + np.log2(self.sizes / self.sizes_other[self.other])
        return max(0.0, float(-(share * told).sum()))

    def groups(self) -> tuple[Index, Index, Index, Index]:
        """The connected components of clusters that share records.

        Gives the group of each cell, and for each group its clusters of the one, of the other, and its records.
        """
        nodes = len(self.sizes_one) + len(self.sizes_other)
        if not nodes:
            none = np.empty(0, dtype=np.int64)
            return none, none, none, none
        edges = (np.ones(len(self.one), dtype=np.int8), (self.one, self.other + len(self.sizes_one)))
        count, labels = connected_components(coo_array(edges, shape=(nodes, nodes)), directed=False)
        before = np.bincount(labels[: len(self.sizes_one)], minlength=count)
        after = np.bincount(labels[len(self.sizes_one) :], minlength=count)
        of_cell = labels[self.one].astype(np.int64)
        records = np.bincount(of_cell, weights=self.sizes, minlength=count)
        return of_cell, before.astype(np.int64), after.astype(np.int64), records.astype(np.int64)


_CHANGES: Final = np.array([str(change) for change in Change], dtype=object)


def _changes(before: Index, after: Index) -> np.ndarray:
    """One cluster against one is the same; one against many is split; many against one merged; else rearranged."""
    return _CHANGES[np.where(before == 1, np.where(after == 1, 0, 1), np.where(after == 1, 2, 3))]


def _count(kind: Change, change: np.ndarray, before: Index, *, after: Index, sizes: Index) -> ChangeCount:
    chosen = change == kind
    return ChangeCount(
        kind, int(chosen.sum()), int(before[chosen].sum()), int(after[chosen].sum()), int(sizes[chosen].sum())
    )


def _tally(counts: Index) -> dict[int, int]:
    values, times = np.unique(counts, return_counts=True)
    return dict(zip(values.tolist(), times.tolist(), strict=True))


def _pairs(sizes: Index) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _rand(records: int, pairs_a: int, pairs_b: int, *, pairs_both: int) -> float:
    every = records * (records - 1) // 2
    return 1 - (pairs_a + pairs_b - 2 * pairs_both) / every if every else 1.0


def _adjusted_rand(records: int, pairs_a: int, pairs_b: int, *, pairs_both: int) -> float:
    every = records * (records - 1) // 2
    expected = pairs_a * pairs_b / every if every else 0.0
    most = (pairs_a + pairs_b) / 2
    return (pairs_both - expected) / (most - expected) if most != expected else 1.0
