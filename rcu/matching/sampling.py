"""A sample of the candidate pairs, without enumerating the rest."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from rcu.matching.arrays import Index
from rcu.matching.blocking import block_numbers, pairing
from rcu.matching.blockkeys import BlockingRule
from rcu.matching.pairs import near_pairs
from rcu.matching.table import EncodedTable


@dataclass(frozen=True, slots=True)
class CandidateSample:
    """Some of the candidate pairs: `share` is the chance each had to be among them."""

    left: Index
    right: Index
    share: float

    @property
    def total(self) -> int:
        """About how many candidate pairs there are."""
        return round(len(self.left) / self.share)


def sample_candidates(
    table: EncodedTable, rules: Sequence[BlockingRule], *, most: int, rng: np.random.Generator, threads: int = 2
) -> CandidateSample:
    """Draw about `most` of the candidate pairs, all of them where there are fewer, without enumerating the rest.

    Under each rule records are drawn, with all their pairs in their block.
    """
    with ThreadPoolExecutor(threads) as pool:
        blocks = list(pool.map(lambda rule: pairing(table, rule), rules))
    share = min(1.0, most / max(sum(runs.pairs for runs in blocks), 1))
    numbers = block_numbers(table, rules)
    found = [(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))]
    for number, runs in enumerate(blocks):
        drawn = rng.random(len(runs.order)) < share
        pieces = near_pairs(runs, block=most, places=np.flatnonzero(drawn))
        found += [near.new_to(number, numbers).in_table() for near in pieces]
    left, right = (np.concatenate(end) for end in zip(*found, strict=True))
    return CandidateSample(left, right, share)
