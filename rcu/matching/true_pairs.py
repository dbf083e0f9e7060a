"""How far along the road the true pairs came: candidates at all, heavy enough to review, heavy enough to join.

A true pair that no blocking rule brings together is lost whatever it would weigh; blocking, weighing and clustering
are measured apart here, so that one knows which of them to mend.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rcu.matching.arrays import Bools, Hashes, Index
from rcu.matching.blocking import blocking_keys
from rcu.matching.blockkeys import NO_KEY, BlockingRule
from rcu.matching.pairs import CandidatePairs, pairs_within
from rcu.matching.scoring import Kernel, WeighedPairs
from rcu.matching.table import EncodedTable


@dataclass(frozen=True, slots=True)
class Reach:
    """Of `true_pairs` pairs of records of one person, how many got how far; each is part of the one before."""

    true_pairs: int
    candidates: int
    reviewed: int
    heavy_enough: int

    @property
    def blocking_recall(self) -> float:
        """The share of true pairs that some blocking rule brings together: no clustering finds more directly."""
        return self.candidates / self.true_pairs if self.true_pairs else 1.0

    @property
    def review_recall(self) -> float:
        """The share that is a candidate and reaches the review threshold."""
        return self.reviewed / self.true_pairs if self.true_pairs else 1.0


class Candidates:
    """Tells which pairs the blocking rules bring together, without listing all candidates."""

    def __init__(self, table: EncodedTable, rules: Sequence[BlockingRule]) -> None:
        self._keys: list[Hashes] = [blocking_keys(table, rule) for rule in rules]

    def has(self, left: Index, right: Index) -> Bools:
        """Which pairs have the same key under at least one rule."""
        answer = np.zeros(len(left), dtype=bool)
        for keys in self._keys:
            one = keys[left]
            answer |= (one == keys[right]) & (one != NO_KEY)
        return answer


def pairs_of(labels: Index, *, block: int = 1_000_000) -> Iterator[tuple[Index, Index]]:
    """All pairs of rows with one label, left < right, about `block` at a time; rows labelled -1 are in no pair."""
    return pairs_within((labels + 1).astype(np.uint64), block=block)


def weigh_all(kernel: Kernel, left: Index, right: Index) -> WeighedPairs:
    """Weigh pairs whatever they come to; `rule` says nothing."""
    return kernel.weigh(CandidatePairs(left, right, 0), floor=-np.inf)


def reach(kernel: Kernel, truth: Index) -> Reach:
    """Follow the pairs of one person; `truth[i]` numbers the person of record i, -1 where it is not known."""
    candidates = Candidates(kernel.table, kernel.model.blocking)
    counts = np.zeros(4, dtype=np.int64)
    for left, right in pairs_of(truth):
        met = candidates.has(left, right)
        weight = weigh_all(kernel, left[met], right[met]).weight
        reviewed, heavy = weight >= kernel.model.review_weight, weight >= kernel.model.match_weight
        counts += [len(left), int(met.sum()), int(reviewed.sum()), int(heavy.sum())]
    return Reach(*counts.tolist())
