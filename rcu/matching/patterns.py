"""The patterns of levels that candidate pairs show, counted: all that training needs to see of a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from rcu.matching.arrays import Floats, Index, Levels
from rcu.matching.decoys import Ways, decoys, times_of
from rcu.matching.model import Comparison, MatchModel
from rcu.matching.pairs import candidate_pairs
from rcu.matching.scoring import NO_EVIDENCE, Kernel, combined_weight

BLOCKED_PAIRS: Final = 600_000
"""Of more candidate pairs, a sample of about so many stands for all."""


@dataclass(frozen=True, slots=True)
class ChancePairs:
    """Candidate pairs of decoys: the records their families' values come from, those their own come from, the pattern.

    `weight` is how many pairs of one shuffled table each stands for.
    """

    family: tuple[Index, Index]
    own: tuple[Index, Index]
    pattern: Index
    weight: Floats

    def counted(self, weight: Floats, patterns: int) -> Floats:
        """How many pairs of one shuffled table show each pattern; one decoy by itself proves nothing."""
        counts = np.bincount(self.pattern, weights=weight, minlength=patterns)
        return np.maximum(counts - (self.weight[0] if len(self.weight) else 0.0), 0.0)


@dataclass(frozen=True, slots=True)
class Patterns:
    """Distinct rows of levels among candidate pairs.

    Attributes:
        levels: one row a pattern.
        counts: how many candidate pairs of the whole table show it.
        by_chance: how many candidate pairs of decoys do; zeros without decoys.
        filled: the share of all pairs that have values just where this pattern has some.
        chance: the pairs of decoys that `by_chance` counts.
    """

    levels: Levels
    counts: Floats
    by_chance: Floats
    filled: Floats
    chance: ChancePairs


def patterns_of(kernel: Kernel, rng: np.random.Generator, *, source: Index | None, own: Ways) -> tuple[int, Patterns]:
    """Count the candidate pairs and their patterns; those of decoys too, when `own` says what to shuffle."""
    found = _blocked(kernel, rng, source)
    packed, first, counts = np.unique(found.packed, return_index=True, return_counts=True)
    levels = found.levels[first]
    chance = _by_chance(kernel, rng, packed, found.total, source=source, own=own)
    by_chance = chance.counted(chance.weight, len(packed))
    return found.total, Patterns(levels, counts / found.share, by_chance, _filled(kernel, levels, rng), chance)


def _by_chance(
    kernel: Kernel, rng: np.random.Generator, packed: Index, total: int, *, source: Index | None, own: Ways
) -> ChancePairs:
    """The candidate pairs of decoys that show one of the patterns, given by their numbers in order."""
    none = np.empty(0, dtype=np.int64)
    parts = [ChancePairs((none, none), (none, none), none, np.empty(0))]
    times = times_of(own, BLOCKED_PAIRS // max(total, 1)) if len(packed) else 0
    for made in decoys(kernel.table, own, seed=int(rng.integers(2**32)), count=times, source=source):
        found = _blocked(Kernel(made.table, kernel.model), rng, source)
        at = np.minimum(np.searchsorted(packed, found.packed), len(packed) - 1)
        shown = packed[at] == found.packed
        left, right = found.left[shown], found.right[shown]
        weight = np.full(len(left), 1 / (found.share * times))
        parts.append(ChancePairs((left, right), (made.donor[left], made.donor[right]), at[shown], weight))
    ends = [
        np.concatenate([getattr(part, kind)[end] for part in parts]) for kind in ("family", "own") for end in (0, 1)
    ]
    pattern, weight = (np.concatenate([getattr(part, name) for part in parts]) for name in ("pattern", "weight"))
    return ChancePairs((ends[0], ends[1]), (ends[2], ends[3]), pattern, weight)


def levels_of_pairs(kernel: Kernel, left: Index, right: Index) -> Levels:
    """The levels of all comparisons, one row a pair."""
    columns = [kernel.levels_of(comparison, left, right).astype(np.int8) for comparison in kernel.model.comparisons]
    return np.stack(columns, axis=1) if columns else np.empty((len(left), 0), dtype=np.int8)


def is_own(comparison: Comparison) -> bool:
    """Whether a comparison is about what each person has for himself: a household agrees on it ten times less often."""
    return comparison.levels[0].m >= 10 * comparison.levels[0].h


def weights_of_levels(model: MatchModel, levels: Levels) -> Floats:
    """What a model says of rows of levels, one row a pair (log2 odds), without the frequency of values."""
    strangers = np.full(len(levels), model.prior_against_strangers)
    household = np.full(len(levels), model.prior_against_household)
    for place, comparison in enumerate(model.comparisons):
        m, h, u = (np.array([getattr(level, kind) for level in comparison.levels]) for kind in ("m", "h", "u"))
        strangers += np.r_[np.log2(m / u), 0.0][levels[:, place]]
        household += np.r_[np.log2(m / h), 0.0][levels[:, place]]
    return combined_weight(strangers, household)


@dataclass(frozen=True, slots=True)
class _Blocked:
    """A sample of the candidate pairs, the share it is of their total, their levels and the numbers of these."""

    total: int
    share: float
    left: Index
    right: Index
    levels: Levels
    packed: Index


def _blocked(kernel: Kernel, rng: np.random.Generator, source: Index | None) -> _Blocked:
    total = sum(len(pairs.left) for pairs in candidate_pairs(kernel.table, kernel.model.blocking))
    share = min(1.0, BLOCKED_PAIRS / max(total, 1))
    none = np.empty(0, dtype=np.int64)
    ends = [(none, none), *_sampled(kernel, share, rng=rng, source=source)]
    left, right = (np.concatenate(end) for end in zip(*ends, strict=True))
    levels = levels_of_pairs(kernel, left, right)
    return _Blocked(total, share, left, right, levels, _packed(levels))


def _packed(rows: Levels) -> Index:
    """Each row of levels as one number."""
    packed = np.zeros(len(rows), dtype=np.int64)
    for place in range(rows.shape[1]):
        packed = packed * 16 + rows[:, place] + 1
    return packed


def _sampled(
    kernel: Kernel, share: float, *, rng: np.random.Generator, source: Index | None
) -> Iterator[tuple[Index, Index]]:
    for pairs in candidate_pairs(kernel.table, kernel.model.blocking):
        chosen = np.ones(len(pairs.left), dtype=bool) if share >= 1.0 else rng.random(len(pairs.left)) < share
        if source is not None:
            chosen &= source[pairs.left] != source[pairs.right]
        yield pairs.left[chosen], pairs.right[chosen]


def _filled(kernel: Kernel, levels: Levels, rng: np.random.Generator) -> Floats:
    """The share of random pairs that have values where each pattern has, comparison by comparison."""
    size = kernel.table.size
    left, right = rng.integers(0, size, (2, 20_000))
    shares = np.ones(len(levels))
    for place, comparison in enumerate(kernel.model.comparisons):
        missing = float((kernel.levels_of(comparison, left, right) == NO_EVIDENCE).mean())
        shares *= np.where(levels[:, place] < 0, missing, 1 - missing)
    return shares
