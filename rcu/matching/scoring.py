"""The comparison kernel: candidate pairs in, weighed pairs out. Nothing else decides whether two records are alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from rcu.matching.arrays import Bools, Floats, Index, Levels
from rcu.matching.blocking import CandidatePairs, candidate_pairs
from rcu.matching.model import Comparison, MatchModel
from rcu.matching.table import MISSING, EncodedTable

NO_EVIDENCE: Final = -1
"""The level of a comparison in which a value is missing."""


@dataclass(frozen=True, slots=True)
class WeighedPairs:
    """Pairs that reached the review threshold.

    `weight` is the log2 odds that both records are one person; `levels[i, c]` is the level of comparison c.
    """

    left: Index
    right: Index
    weight: Floats
    levels: Levels
    rule: Index

    def __len__(self) -> int:
        return len(self.left)

    @property
    def probability(self) -> Floats:
        """The match probability of each pair."""
        return 1.0 / (1.0 + np.exp2(-self.weight))

    def only(self, chosen: Bools) -> WeighedPairs:
        """The pairs chosen by a mask."""
        return WeighedPairs(
            self.left[chosen], self.right[chosen], self.weight[chosen], self.levels[chosen], self.rule[chosen]
        )

    @classmethod
    def concatenate(cls, parts: Iterable[WeighedPairs], comparisons: int) -> WeighedPairs:
        """Put parts together, sorted by (left, right) so that the order of the work cannot show."""
        found = list(parts)
        if not found:
            none = np.empty(0, dtype=np.int64)
            return cls(none, none, np.empty(0), np.empty((0, comparisons), dtype=np.int8), none)
        left = np.concatenate([part.left for part in found])
        right = np.concatenate([part.right for part in found])
        order = np.lexsort((right, left))
        weight = np.concatenate([part.weight for part in found])[order]
        levels = np.concatenate([part.levels for part in found])[order]
        rule = np.concatenate([part.rule for part in found])[order]
        return cls(left[order], right[order], weight, levels, rule)


@dataclass(frozen=True, slots=True)
class _Weights:
    """Log2 likelihood ratios of the levels of one comparison; the last entry is for a missing value."""

    strangers: Floats
    household: Floats

    @classmethod
    def of(cls, comparison: Comparison) -> _Weights:
        m, h, u = (np.array([getattr(lv, name) for lv in comparison.levels]) for name in ("m", "h", "u"))
        return cls(np.r_[np.log2(m / u), 0.0], np.r_[np.log2(m / h), 0.0])


class Kernel:
    """Compares records of one table under one model."""

    def __init__(self, table: EncodedTable, model: MatchModel) -> None:
        self.table = table
        self.model = model
        self._weights = [_Weights.of(comparison) for comparison in model.comparisons]
        self._bonus = [self._frequency_bonus(comparison) for comparison in model.comparisons]
        best_strangers = [self._best(place) for place in range(len(model.comparisons))]
        best_household = [max(weights.household.max(), 0.0) for weights in self._weights]
        self._hope_strangers = np.r_[np.cumsum(best_strangers[::-1])[::-1], 0.0]
        self._hope_household = np.r_[np.cumsum(best_household[::-1])[::-1], 0.0]

    def _best(self, place: int) -> float:
        """The most a comparison can add, frequencies included."""
        weights, bonus = self._weights[place].strangers, self._bonus[place]
        tops = [
            weights[level] + (bonus[level].max(initial=0.0) if level in bonus else 0.0) for level in range(len(weights))
        ]
        return max(*tops, 0.0)

    def _frequency_bonus(self, comparison: Comparison) -> dict[int, Floats]:
        """For each adjusted level: by code of the value, what its rarity adds to the level's weight (log2)."""
        bonus: dict[int, Floats] = {}
        for number, level in enumerate(comparison.levels):
            if level.frequency_of:
                known = self.model.frequencies[level.frequency_of]
                shares = self.table[level.frequency_of].frequencies(known.all, known.floor)
                bonus[number] = np.log2(level.u / shares)
        return bonus

    def levels_of(self, comparison: Comparison, left: Index, right: Index) -> Index:
        """The level of one comparison for each pair; -1 where a value is missing."""
        levels = np.full(len(left), len(comparison.levels) - 1, dtype=np.int64)
        missing = comparison.missing.holds(self.table, left, right)
        levels[missing] = NO_EVIDENCE
        open_ = np.flatnonzero(~missing)
        for number, level in enumerate(comparison.levels[:-1]):
            if level.when is None or not len(open_):
                continue
            holds = level.when.holds(self.table, left[open_], right[open_])
            levels[open_[holds]] = number
            open_ = open_[~holds]
        return levels

    def weights_of(self, place: int, levels: Index, left: Index, right: Index) -> tuple[Floats, Floats]:
        """Weights of one comparison's levels: against strangers (with term frequencies) and against the household."""
        weights = self._weights[place]
        strangers, household = weights.strangers[levels], weights.household[levels]
        for number, bonus in self._bonus[place].items():
            at = np.flatnonzero(levels == number)
            column = self.model.comparisons[place].levels[number].frequency_of
            if len(at) and column:
                codes = self.table[column].codes
                # Where the level holds for values that differ, the rarer of the two would promise too much.
                one, other = codes[left[at]], codes[right[at]]
                strangers[at] += np.where(
                    (one == MISSING) | (other == MISSING), 0.0, np.minimum(bonus[one], bonus[other])
                )
        return strangers, household

    def weigh(self, pairs: CandidatePairs, *, floor: float | None = None) -> WeighedPairs:
        """Weigh candidate pairs and keep those that reach `floor` (log2 odds; the review threshold by default).

        A pair leaves as soon as the comparisons still to come could not lift it to the floor.
        """
        floor = self.model.review_weight if floor is None else floor
        left, right = pairs.left, pairs.right
        strangers = np.full(len(left), self.model.prior_against_strangers)
        household = np.full(len(left), self.model.prior_against_household)
        levels = np.full((len(left), len(self.model.comparisons)), NO_EVIDENCE, dtype=np.int8)
        for place, comparison in enumerate(self.model.comparisons):
            here = self.levels_of(comparison, left, right)
            gain_strangers, gain_household = self.weights_of(place, here, left, right)
            strangers, household = strangers + gain_strangers, household + gain_household
            levels[:, place] = here
            alive = strangers + self._hope_strangers[place + 1] >= floor
            alive &= household + self._hope_household[place + 1] >= floor
            if not alive.all():
                left, right, levels = left[alive], right[alive], levels[alive]
                strangers, household = strangers[alive], household[alive]
        weight = combined_weight(strangers, household)
        rule = np.full(len(left), pairs.rule, dtype=np.int64)
        weighed = WeighedPairs(left, right, weight, levels, rule)
        return weighed.only(weight >= floor)


def combined_weight(strangers: Floats, household: Floats) -> Floats:
    """Log2 odds of "same person" against both other explanations together: -log2(2^-strangers + 2^-household)."""
    return -np.logaddexp2(-strangers, -household)


def weigh_candidates(
    kernel: Kernel, *, touched: Bools | None = None, floor: float | None = None, block: int = 1_000_000
) -> WeighedPairs:
    """Block, compare and weigh; pairs with at least one touched record only, when given.

    Memory is bounded by `block` candidate pairs beside the pairs that are kept.
    """
    found = _weighed(kernel, candidate_pairs(kernel.table, kernel.model.blocking, touched=touched, block=block), floor)
    return WeighedPairs.concatenate(found, len(kernel.model.comparisons))


def _weighed(kernel: Kernel, batches: Iterable[CandidatePairs], floor: float | None) -> Iterator[WeighedPairs]:
    for pairs in batches:
        weighed = kernel.weigh(pairs, floor=floor)
        if len(weighed):
            yield weighed
