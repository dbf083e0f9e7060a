"""What a matching model weighs, as people read it: in bits, level by level."""

from __future__ import annotations

from dataclasses import dataclass

from rcu.matching.model import Comparison, MatchModel


@dataclass(frozen=True, slots=True)
class LevelShown:
    """One level of a comparison: the bits it adds (log2 odds; above zero speaks for one person).

    `rarer_more`: the rarer the value, the more it says against strangers.
    """

    says: str
    against_strangers: float
    against_household: float
    rarer_more: bool


@dataclass(frozen=True, slots=True)
class ComparisonShown:
    """A comparison with its levels, from the strongest agreement to disagreement."""

    name: str
    levels: tuple[LevelShown, ...]


def shown_weights(model: MatchModel) -> tuple[ComparisonShown, ...]:
    """What each level of each comparison adds."""
    return tuple(ComparisonShown(one.name, _levels(one)) for one in model.comparisons)


def _levels(comparison: Comparison) -> tuple[LevelShown, ...]:
    strangers, household = comparison.log_ratios
    return tuple(
        LevelShown(level.says, float(strangers[place]), float(household[place]), level.frequency_of is not None)
        for place, level in enumerate(comparison.levels)
    )
