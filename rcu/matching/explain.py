"""Why two records are, or are not, one person: the comparison of every field in words, with its weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from rcu.matching.model import Comparison, ComparisonLevel, MatchModel
from rcu.matching.scoring import Kernel, combined_weight
from rcu.matching.table import EncodedTable

NOTHING_TO_COMPARE: Final = "one of the two has no value"


class Verdict(StrEnum):
    """What becomes of a pair."""

    MATCH = "match"
    POSSIBLE_MATCH = "possible match"
    NO_MATCH = "no match"


class Rival(StrEnum):
    """What else than one person two records can be."""

    STRANGERS = "two strangers"
    HOUSEHOLD = "two people of one household"


@dataclass(frozen=True, slots=True)
class Step:
    """One comparison of a pair.

    `strangers` and `household` are what it adds to the log2 odds of "one person" against two strangers and against
    two people of one household. `share` is the share of people who have the value, where its frequency counts.
    """

    comparison: str
    level: str | None
    says: str
    left: str
    right: str
    strangers: float
    household: float
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    """One bar of a waterfall: the log2 odds before and after a piece of evidence."""

    name: str
    says: str
    start: float
    end: float

    @property
    def bits(self) -> float:
        """What it adds; negative against one person."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Explanation:
    """All steps, the starting odds, the sums, and the verdict: match, possible match or no match."""

    steps: tuple[Step, ...]
    prior_strangers: float
    prior_household: float
    total_strangers: float
    total_household: float
    weight: float
    probability: float
    contradictions: tuple[str, ...]
    verdict: Verdict

    @property
    def rival(self) -> Rival:
        """Which of the two other explanations is the likelier: the one that holds "one person" back."""
        return Rival.HOUSEHOLD if self.total_household < self.total_strangers else Rival.STRANGERS

    def against_rival(self, step: Step) -> float:
        """What one step adds to the log2 odds against the likelier other explanation."""
        return step.household if self.rival is Rival.HOUSEHOLD else step.strangers

    @property
    def waterfall(self) -> tuple[Rung, ...]:
        """From the odds before any evidence to the sum, against the likelier other explanation; silent steps left out.

        The first rung starts at 0. The last ends at the total against the rival, a little above the match weight,
        which counts both other explanations.
        """
        prior = self.prior_household if self.rival is Rival.HOUSEHOLD else self.prior_strangers
        rungs = [Rung("before any evidence", f"one person rather than {self.rival}", 0.0, prior)]
        for step in self.steps:
            if step.level is not None:
                start = rungs[-1].end
                rungs.append(Rung(step.comparison, step.says, start, start + self.against_rival(step)))
        return tuple(rungs)


def explain_pair(kernel: Kernel, left: int, right: int) -> Explanation:
    """Explain how two records of the kernel's table compare, with the very steps that weigh them in a run."""
    model, pair = kernel.model, (np.array([left]), np.array([right]))
    steps: list[Step] = []
    levels: list[int] = []
    for place, comparison in enumerate(model.comparisons):
        number = kernel.levels_of(comparison, *pair)
        strangers, household = kernel.weights_of(place, number, *pair)
        levels.append(int(number[0]))
        if levels[-1] >= 0 or not comparison.seldom:
            added = (float(strangers[0]), float(household[0]))
            steps.append(_step(kernel, comparison, levels[-1], (left, right), added))
    against_strangers = model.prior_against_strangers + sum(step.strangers for step in steps)
    against_household = model.prior_against_household + sum(step.household for step in steps)
    weight = float(combined_weight(np.array([against_strangers]), np.array([against_household]))[0])
    found = contradictions_of(model, levels)
    return Explanation(
        steps=tuple(steps),
        prior_strangers=model.prior_against_strangers,
        prior_household=model.prior_against_household,
        total_strangers=against_strangers,
        total_household=against_household,
        weight=weight,
        probability=float(1 / (1 + np.exp2(-weight))),
        contradictions=found,
        verdict=_verdict(model, weight, contradiction=bool(found)),
    )


def _verdict(model: MatchModel, weight: float, *, contradiction: bool) -> Verdict:
    if weight >= model.match_weight and not contradiction:
        return Verdict.MATCH
    return Verdict.POSSIBLE_MATCH if weight >= model.review_weight else Verdict.NO_MATCH


def contradictions_of(model: MatchModel, levels: Sequence[int]) -> tuple[str, ...]:
    """What forbids one cluster to hold two records, given the level of each comparison (-1: missing)."""
    return tuple(
        contradiction.says
        for contradiction, meant in zip(model.contradictions, model.contradicting_levels, strict=True)
        if all(wanted[levels[place]] for place, wanted in meant)
    )


def _step(
    kernel: Kernel, comparison: Comparison, number: int, rows: tuple[int, int], weights: tuple[float, float]
) -> Step:
    level = comparison.levels[number] if number >= 0 else None
    left, right = (_shown(kernel.table, comparison, row) for row in rows)
    return Step(
        comparison=comparison.name,
        level=level.name if level else None,
        says=level.says if level else NOTHING_TO_COMPARE,
        left=left,
        right=right,
        strangers=weights[0],
        household=weights[1],
        share=_share(kernel, level, rows) if level else None,
    )


def _share(kernel: Kernel, level: ComparisonLevel, rows: tuple[int, int]) -> float | None:
    """The share of people who have the commoner of the two values, where the level asks for it."""
    if level.frequency_of is None:
        return None
    known, column = kernel.model.frequencies[level.frequency_of], kernel.table[level.frequency_of]
    values = (column.value(row) for row in rows)
    return max((max(known.all.get(value, known.floor), known.floor) for value in values if value), default=None)


def _shown(table: EncodedTable, comparison: Comparison, row: int) -> str:
    """The values of one record that the comparison is mainly about."""
    values = (table[name].value(row) for name in comparison.shows)
    return " ".join(value for value in values if value)
