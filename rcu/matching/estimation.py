"""What learning a model (`training`) and refining a declared one (`refining`) share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from rcu.matching.arrays import Floats, Index, Levels
from rcu.matching.conditions import Equal
from rcu.matching.model import Comparison, MatchModel
from rcu.matching.table import MISSING, EncodedTable

RANDOM_PAIRS: Final = 300_000
ROUNDS: Final = 60
ENOUGH: Final = 1e-5
LEAST: Final = 1e-9
LEAST_RECORDS: Final = 1e-3
"""The least number of other records of the same person, on average, that is ever believed."""


@dataclass(frozen=True, slots=True)
class Training:
    """The trained model and what it was trained on: expected duplicates and household pairs among all pairs."""

    model: MatchModel
    random_pairs: int
    blocked_pairs: int
    rounds: int
    expected_matches: float
    expected_household: float


@dataclass(slots=True)
class Estimate:
    """Probabilities of the levels under the three explanations, and the expected number of pairs of the first two."""

    m: list[Floats]
    h: list[Floats]
    u: list[Floats]
    matches: float
    household: float


def random_pairs(size: int, rng: np.random.Generator, source: Index | None) -> tuple[Index, Index]:
    """Every pair of a small table, a sample of a large one."""
    if size * (size - 1) // 2 <= RANDOM_PAIRS:
        left, right = (places.astype(np.int64) for places in np.triu_indices(size, k=1))
    else:
        left, right = rng.integers(0, size, RANDOM_PAIRS), rng.integers(0, size - 1, RANDOM_PAIRS)
        right += right >= left
    if source is not None:
        apart = source[left] != source[right]
        left, right = left[apart], right[apart]
    return left, right


def agreement_by_chance(table: EncodedTable, comparison: Comparison) -> float | None:
    """The exact share of pairs that are equal in the one column of a first level; a sample is poor at what is rare."""
    first = comparison.levels[0].when
    if not isinstance(first, Equal) or len(first.of) != 1:
        return None
    codes = table[first.of[0]].codes
    counts = np.bincount(codes[codes != MISSING], minlength=1).astype(np.float64)
    filled = counts.sum()
    return float((counts * (counts - 1)).sum() / (filled * (filled - 1))) if filled > 1 else None


def normal(shares: Floats) -> Floats:
    """Shares that add up to one."""
    return shares / shares.sum()


def tally(levels: Levels, weights: Floats, width: int) -> Floats:
    """How much weight each level has; missing values have none."""
    known = levels >= 0
    return np.bincount(levels[known], weights=weights[known], minlength=width).astype(np.float64)


def with_shares(comparison: Comparison, m: Floats, h: Floats, u: Floats) -> Comparison:
    """A comparison with other probabilities of its levels, kept inside 0 and 1."""

    def inside(value: float) -> float:
        return float(min(max(value, LEAST), 1 - LEAST))

    levels = tuple(
        level.model_copy(update={"m": inside(m[at]), "h": inside(h[at]), "u": inside(u[at])})
        for at, level in enumerate(comparison.levels)
    )
    return comparison.model_copy(update={"levels": levels})
