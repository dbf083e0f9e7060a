"""How much of what there is to find the blocking rules bring together, estimated without labels.

recall = reachable * caught. A pair of records is **reachable** when there is a rule for which both have a key; what
share of the pairs of one person is, is read from pairs drawn at random from all records, supposing that which fields
are filled has nothing to do with whether two records are one person.

For the share **caught** of the reachable, each rule is taken for a trap and each pair of one person for an animal: how
many are caught by one rule only, and how many by two, tells how many are caught by none. The lower bound of Chao
(1987),

    missed >= (t - 1) / t * f1^2 / (2 * f2)

with t the number of traps and f1 and f2 the pairs caught by exactly one and by exactly two of them, is worked out by
itself for the pairs that the same rules can reach (strata after Sekar and Deming, 1949), so that a pair with an email
on one side only is not held against the rule of emails; then the strata are added up. The form corrected for bias is
used, which has an answer when f2 is 0. Pairs may differ as they like in how easily they are caught; what is supposed
is that each rule catches a given pair independently of the others and about as easily. Where one slip spoils several
rules at once, f2 can be next to nothing and the formula runs away, so a stratum never misses more than f1.

Too few are said to be missed, rather than too many: rules that share columns catch together, pairs that one rule alone
can reach all count as caught, and records in which every value differs are caught by no rule at all. So **recall is
about this or less**; where people fill in other fields each time, `reachable` may err either way. What is caught is
what the model calls a match, so its errors are in the figures. A pair that is missed may still end in one cluster by
way of a third record: this is not the recall of the clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from rcu.matching.arrays import Bools, Floats, Index
from rcu.matching.blockreport import BlockReport, SampledPairs
from rcu.matching.pairs import CandidatePairs
from rcu.matching.scoring import Kernel

CONFIDENCE: Final = 0.95
_RESAMPLES: Final = 400
_MORE: Final = 3
"""Pairs caught by so many rules or more are alike for the estimate."""


@dataclass(frozen=True, slots=True)
class RuleYield:
    """What one rule catches.

    `share` of the matches that any rule catches, and of them the share that only this one does, `alone`: it would be
    lost without the rule. `pairs_per_match`: pairs that are compared for each match caught; None without any.
    """

    name: str
    share: float
    alone: float
    pairs_per_match: float | None


@dataclass(frozen=True, slots=True)
class Recall:
    """The share of the pairs of one person that the rules bring together: about `share` or less.

    Attributes:
        share: `reachable` * `caught`; None where it cannot be told: no match is caught, or there are not two rules.
        low, high: what chance does to the share, at `CONFIDENCE`; how far the suppositions are wrong is not in them.
        reachable: the share of pairs for which some rule has a key on both sides.
        caught: the share that the rules bring together of the matches they can reach.
        matches: pairs of the whole table that the rules bring together and the model calls one person.
        weighed: pairs that this rests on.
        rules: what each rule catches.
    """

    share: float | None
    low: float | None
    high: float | None
    reachable: float
    caught: float | None
    matches: float
    weighed: int
    rules: tuple[RuleYield, ...]


def estimate_recall(report: BlockReport, pairs: SampledPairs, matched: Bools, *, seed: int) -> Recall:
    """Estimate which share of the pairs of one person is among the candidates.

    Args:
        report: on the rules.
        pairs: sampled with it.
        matched: which of them the model calls one person, see `are_matches`.
        seed: of the interval.
    """
    weight = np.where(matched, pairs.stands_for[pairs.rule], 0.0)
    matches = float(weight.sum())
    known = matches > 0 and len(report.rules) > 1
    low = high = caught = None
    if known:
        cells = _Cells.of(pairs, matched)
        caught = cells.caught(cells.counts)
        low, high = _interval(cells, pairs, seed=seed)
    return Recall(
        share=None if caught is None else pairs.reachable * caught,
        low=low,
        high=high,
        reachable=pairs.reachable,
        caught=caught,
        matches=matches,
        weighed=len(pairs.left),
        rules=_yields(pairs, weight, report),
    )


def are_matches(kernel: Kernel, left: Index, right: Index) -> Bools:
    """Which pairs the model calls one person."""
    kept = kernel.weigh(CandidatePairs(left, right, 0), floor=kernel.model.match_weight)
    size = max(kernel.table.size, 1)
    return np.isin(left * size + right, kept.left * size + kept.right)


@dataclass(frozen=True, slots=True)
class _Cells:
    """Sampled matches counted by what the estimate needs to know of them.

    Attributes:
        counts: pairs in each cell.
        stratum: the number of the rules that can reach the pairs of the cell, taken together.
        kind: by how many rules they are caught: 1, 2 or `_MORE`.
        stands_for: how many pairs of the table each one stands for.
        traps: how many rules can reach the pairs of each stratum.
    """

    counts: Index
    stratum: Index
    kind: Index
    stands_for: Floats
    traps: Index

    @classmethod
    def of(cls, pairs: SampledPairs, matched: Bools) -> _Cells:
        masks, stratum = np.unique(pairs.reach[matched], axis=0, return_inverse=True)
        kind = np.minimum(pairs.found[matched].sum(axis=1), _MORE)
        keys = np.stack([stratum.ravel(), kind, pairs.rule[matched]], axis=1)
        cells, counts = np.unique(keys, axis=0, return_counts=True)
        return cls(counts, cells[:, 0], cells[:, 1], pairs.stands_for[cells[:, 2]], masks.sum(axis=1))

    def caught(self, counts: Index) -> float:
        """The share of the reachable matches that is caught, if the cells had these counts."""
        once, twice = (self._sums(counts, self.stands_for, self.kind == kind) for kind in (1, 2))
        # Counts of a sample stand for several pairs each: the "1" of the corrected form is what one of them stands for.
        squares = self._sums(counts, self.stands_for**2, self.kind == 1)
        both = self._sums(counts, self.stands_for, self.kind <= 2)
        one = self._sums(counts, self.stands_for**2, self.kind <= 2) / np.maximum(both, 1.0)
        pairs = np.maximum(once**2 - squares, 0.0) / (2 * (twice + np.maximum(one, 1.0)))
        missed = float(np.minimum((self.traps - 1) / self.traps * pairs, once).sum())
        matches = float((counts * self.stands_for).sum())
        return matches / (matches + missed) if matches else 1.0

    def _sums(self, counts: Index, each: Floats, chosen: Bools) -> Floats:
        """Counts times `each` of the chosen cells, by stratum."""
        return np.bincount(self.stratum[chosen], (counts * each)[chosen], minlength=len(self.traps)).astype(np.float64)


def _interval(cells: _Cells, pairs: SampledPairs, *, seed: int) -> tuple[float, float]:
    """Draw the samples again and again (Poisson bootstrap) and see how the share moves."""
    rng = np.random.default_rng(seed)
    shares = np.empty(_RESAMPLES)
    for place in range(_RESAMPLES):
        reachable = rng.binomial(pairs.random, pairs.reachable) / pairs.random
        shares[place] = reachable * cells.caught(rng.poisson(cells.counts))
    low, high = np.quantile(shares, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]).tolist()
    return low, high


def _yields(pairs: SampledPairs, weight: Floats, report: BlockReport) -> tuple[RuleYield, ...]:
    matches = max(float(weight.sum()), 1e-300)
    by_one = pairs.found.sum(axis=1) == 1
    found: list[RuleYield] = []
    for place, rule in enumerate(report.rules):
        here = pairs.found[:, place]
        caught, alone = float(weight[here].sum()), float(weight[here & by_one].sum())
        found.append(RuleYield(rule.name, caught / matches, alone / matches, rule.pairs / caught if caught else None))
    return tuple(found)
