"""Why two records are, or are not, one person: the comparison of every field in words, with its weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from rcu.matching.clustering import contradicted
from rcu.matching.model import Comparison, MatchModel
from rcu.matching.scoring import Kernel, combined_weight
from rcu.matching.table import EncodedTable

NOTHING_TO_COMPARE: Final = "one of the two has no value"


@dataclass(frozen=True, slots=True)
class Step:
    """One comparison of a pair.

    `strangers` and `household` are what it adds to the log2 odds of "one person" against two strangers and against
    two people of one household.
    """

    comparison: str
    level: str | None
    says: str
    left: str
    right: str
    strangers: float
    household: float


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
    verdict: str


def explain_pair(kernel: Kernel, left: int, right: int) -> Explanation:
    """Explain how two records of the kernel's table compare, with the very steps that weigh them in a run."""
    model, pair = kernel.model, (np.array([left]), np.array([right]))
    steps: list[Step] = []
    levels: list[int] = []
    for place, comparison in enumerate(model.comparisons):
        number = kernel.levels_of(comparison, *pair)
        strangers, household = kernel.weights_of(place, number, *pair)
        levels.append(int(number[0]))
        steps.append(
            _step(kernel.table, comparison, levels[-1], (left, right), (float(strangers[0]), float(household[0])))
        )
    against_strangers = model.prior_against_strangers + sum(step.strangers for step in steps)
    against_household = model.prior_against_household + sum(step.household for step in steps)
    weight = float(combined_weight(np.array([against_strangers]), np.array([against_household]))[0])
    found = tuple(says for says in _contradictions(model, levels))
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


def _verdict(model: MatchModel, weight: float, *, contradiction: bool) -> str:
    if weight >= model.match_weight and not contradiction:
        return "match"
    return "possible match" if weight >= model.review_weight else "no match"


def _contradictions(model: MatchModel, levels: list[int]) -> list[str]:
    known = np.array(levels, dtype=np.int64)
    return [
        contradiction.says
        for contradiction in model.contradictions
        if contradicted(
            model.model_copy(update={"contradictions": (contradiction,)}),
            lambda place, rows: np.full(len(rows), known[place]),
            1,
        )[0]
    ]


def _step(
    table: EncodedTable, comparison: Comparison, number: int, rows: tuple[int, int], weights: tuple[float, float]
) -> Step:
    level = comparison.levels[number] if number >= 0 else None
    left, right = (_shown(table, comparison, row) for row in rows)
    return Step(
        comparison=comparison.name,
        level=level.name if level else None,
        says=level.says if level else NOTHING_TO_COMPARE,
        left=left,
        right=right,
        strangers=weights[0],
        household=weights[1],
    )


def _shown(table: EncodedTable, comparison: Comparison, row: int) -> str:
    """The values of one record that the comparison is mainly about."""
    values = (table[name].value(row) for name in comparison.shows)
    return " ".join(value for value in values if value)
