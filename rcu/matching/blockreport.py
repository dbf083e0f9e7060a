"""What blocking rules bring together, before any pair is compared: counted from the sizes of blocks, never enumerated.

How many pairs of a rule no earlier rule brings is the one figure that block sizes do not tell. It is estimated from
pairs drawn at random from the rule's blocks, and exact where the rule brings no more pairs than are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rcu.matching.arrays import Bools, Codes, Floats, Index
from rcu.matching.blocking import Blocks, LeftOut, Runs, blocks_of
from rcu.matching.blockkeys import BlockingRule
from rcu.matching.pairs import pairs_in
from rcu.matching.table import MISSING, EncodedTable

SAMPLED_PAIRS: Final = 200_000
"""Pairs drawn for all rules together."""


@dataclass(frozen=True, slots=True)
class RuleReport:
    """What one rule does to the records.

    Attributes:
        name: of the rule.
        records: how many have a key.
        blocks: of two records or more that bring pairs; `largest` is the number of records in the largest.
        pairs: that the rule brings.
        new_pairs: of them, those that no earlier rule brings; an estimate unless `exact`.
        split: blocks that were too large, parts of them that were too large again included.
        pairs_saved: what these, and blocks left out, would have brought more.
        lacking: records that left a block that was split, because they lack the column that splits it.
        left_out: what no column could split.
    """

    name: str
    records: int
    blocks: int
    largest: int
    pairs: int
    new_pairs: int
    exact: bool
    split: int
    pairs_saved: int
    lacking: int
    left_out: LeftOut


@dataclass(frozen=True, slots=True)
class BlockReport:
    """What all rules do together to `records` records."""

    records: int
    rules: tuple[RuleReport, ...]

    @property
    def pairs(self) -> int:
        """Candidate pairs, each counted once; an estimate unless every rule's figure is exact."""
        return sum(rule.new_pairs for rule in self.rules)

    def seconds(self, rate: float) -> float:
        """How long the comparison takes at `rate` candidate pairs a second."""
        return self.pairs / rate


@dataclass(frozen=True, slots=True)
class SampledPairs:
    """Candidate pairs drawn at random, rule by rule, and kept where no earlier rule brings them.

    Attributes:
        left, right: row numbers, left < right; a pair may have been drawn twice.
        rule: the number of the first rule that brings the pair.
        found: one column a rule, whether it brings the pair.
        reach: one column a rule, whether both records have a key under it.
        stands_for: how many pairs of the table each pair drawn from a rule stands for, by rule.
        reachable: of `random` pairs drawn from all records, the share for which some rule has a key on both sides.
        random: how many these were.
    """

    left: Index
    right: Index
    rule: Index
    found: Bools
    reach: Bools
    stands_for: Floats
    reachable: float
    random: int


def survey(
    table: EncodedTable, rules: Sequence[BlockingRule], *, seed: int, sample: int = SAMPLED_PAIRS
) -> tuple[BlockReport, SampledPairs]:
    """Count what the rules bring together, and draw about `sample` candidate pairs on the way.

    Memory is bounded by a few numbers a record and rule; the same records, rules and seed give the same report.
    """
    rng = np.random.default_rng(seed)
    draws = _Draws(table.size)
    reports: list[RuleReport] = []
    for rule in rules:
        blocks = blocks_of(table, rule)
        ends = _draw(blocks.whole, max(sample // len(rules), 1), rng)
        new = ~draws.seen(*ends)
        reports.append(_rule_report(rule, blocks, drawn=len(new), new=int(new.sum())))
        draws.add(blocks, (ends[0][new], ends[1][new]), stands_for=blocks.whole.pairs / max(len(new), 1))
    return BlockReport(table.size, tuple(reports)), draws.pairs(rng, sample)


class _Draws:
    """What is kept of each rule: who has a key, in which block, and the pairs that were drawn."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._numbers: list[Codes] = []
        self._keyed: list[Bools] = []
        self._ends: list[tuple[Index, Index]] = []
        self._stands_for: list[float] = []

    def add(self, blocks: Blocks, ends: tuple[Index, Index], *, stands_for: float) -> None:
        keyed = np.zeros(self._size, dtype=bool)
        keyed[blocks.before.order] = True
        self._keyed.append(keyed)
        self._numbers.append(blocks.whole.numbers(self._size))
        self._ends.append(ends)
        self._stands_for.append(stands_for)

    def seen(self, left: Index, right: Index) -> Bools:
        """Which pairs one of the rules so far brings."""
        return np.logical_or.reduce(self._found(left, right), axis=1)

    def _found(self, left: Index, right: Index) -> Bools:
        """One column a rule: whether both records are in one block."""
        found = np.empty((len(left), len(self._numbers)), dtype=bool)
        for place, of_rule in enumerate(self._numbers):
            one = of_rule[left]
            found[:, place] = (one == of_rule[right]) & (one != MISSING)
        return found

    def _reach(self, left: Index, right: Index) -> Bools:
        """One column a rule: whether both records have a key."""
        reach = np.empty((len(left), len(self._keyed)), dtype=bool)
        for place, keyed in enumerate(self._keyed):
            reach[:, place] = keyed[left] & keyed[right]
        return reach

    def pairs(self, rng: np.random.Generator, random: int) -> SampledPairs:
        none = np.empty(0, dtype=np.int64)
        left, right = (np.concatenate(end) for end in zip((none, none), *self._ends, strict=True))
        strangers = _distinct(np.full(random if self._size > 1 else 0, self._size), rng)
        reachable = np.logical_or.reduce(self._reach(*strangers), axis=1)
        return SampledPairs(
            left=left,
            right=right,
            rule=np.repeat(np.arange(len(self._ends)), [len(ends[0]) for ends in self._ends]),
            found=self._found(left, right),
            reach=self._reach(left, right),
            stands_for=np.array(self._stands_for),
            reachable=float(reachable.mean()) if self._size > 1 else 0.0,
            random=len(strangers[0]),
        )


def _rule_report(rule: BlockingRule, blocks: Blocks, *, drawn: int, new: int) -> RuleReport:
    pairs = blocks.whole.pairs
    left_out = LeftOut.of(rule, blocks)
    return RuleReport(
        name=rule.name,
        records=len(blocks.before.order),
        blocks=int((blocks.whole.sizes > 1).sum()),
        largest=int(blocks.whole.sizes.max(initial=0)),
        pairs=pairs,
        new_pairs=round(pairs * new / drawn) if drawn else 0,
        exact=drawn == pairs,
        split=len(blocks.split) - left_out.blocks,
        pairs_saved=blocks.before.pairs - pairs,
        lacking=blocks.lacking,
        left_out=left_out,
    )


def _draw(runs: Runs, count: int, rng: np.random.Generator) -> tuple[Index, Index]:
    """All the pairs of the runs if there are at most `count`, else so many drawn with replacement."""
    if runs.pairs <= count:
        none = np.empty(0, dtype=np.int64)
        ends = [(none, none), *pairs_in(runs.only(runs.sizes > 1), touched=None, block=count)]
        left, right = (np.concatenate(end) for end in zip(*ends, strict=True))
        return left, right
    total = np.cumsum(runs.sizes * (runs.sizes - 1) // 2)
    run = np.searchsorted(total, rng.integers(0, total[-1], count), side="right")
    one, other = _distinct(runs.sizes[run], rng)
    rows, others = runs.order[runs.starts[run] + one], runs.order[runs.starts[run] + other]
    return np.minimum(rows, others), np.maximum(rows, others)


def _distinct(sizes: Index, rng: np.random.Generator) -> tuple[Index, Index]:
    """Two different places in each of some runs of `sizes` records."""
    one, other = rng.integers(0, sizes), rng.integers(0, sizes - 1)
    other += other >= one
    return one, other
