"""Twins and juniors: people who share everything but one thing, told from one person's slips by the company they keep.

One person's slips gather: a record written carelessly differs in several places, so a name or a birth date that
differs outright is at least as frequent beside other slips as beside values that all agree. Where it stands alone far
more often than that, those records are two people, and the difference is a contradiction. Decoys cannot show this:
twins are not chance.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
from scipy.stats import binom, poisson

from rcu.matching.arrays import Bools, Index, Levels
from rcu.matching.decoys import Ways
from rcu.matching.model import ComparisonLevel, Contradiction, MatchModel
from rcu.matching.patterns import is_own, weights_of_levels
from rcu.matching.scoring import WeighedPairs

LEAST_SURE: Final = 3.0
"""Log2 odds that the rest of a pair must reach by itself at least."""
COMMON: Final = 1.0
"""What the frequency of values may take off the weight of the rest, in bits."""
ALONE: Final = 4.0
"""How many times more often than among slips a difference must stand alone: then four in five are two people."""
DOUBT: Final = 1e-3
"""How unlikely slips must make the number of those that stand alone."""
SLIPS: Final = 0.25
"""Where all the rest agrees, at most this share of one person's records differ in one value, if not by very bad luck;
as a name that one record in seven has wrong."""
BAD_LUCK: Final = 1e-2


def learnt_contradictions(
    draft: MatchModel, model: MatchModel, pairs: WeighedPairs, own: Ways
) -> tuple[Contradiction, ...]:
    """The differences that these pairs show to be between two people.

    Args:
        draft: the model before training, which says what a person has for himself.
        model: the trained model.
        pairs: its weighed pairs, down to its review threshold at least.
        own: columns that go with the person; the lesser ones (sex) may differ with what is in question.
    """
    kept = {name for way in own for name in way}
    decisive = [place for place, comparison in enumerate(draft.comparisons) if is_own(comparison)]
    beside = [
        place
        for place, comparison in enumerate(draft.comparisons)
        if place in decisive or not kept.issuperset(comparison.shows)
    ]
    found = {place: _of_two(model, pairs, place, beside=[at for at in beside if at != place]) for place in decisive}
    named = {model.comparisons[place].name: levels for place, levels in found.items() if levels}
    return tuple(
        Contradiction(says=f"two different values of {name}", levels={name: levels}) for name, levels in named.items()
    )


def _of_two(model: MatchModel, pairs: WeighedPairs, place: int, *, beside: Sequence[int]) -> tuple[str, ...]:
    """The levels of one comparison that two people show: none, unless outright differences stand alone too often."""
    states, levels = pairs.levels[:, place], model.comparisons[place].levels
    sure = (states >= 0) & _sure_without(model, pairs.levels, place)
    slips, outright = _company(model, pairs.levels, beside)
    alone, among = (
        np.bincount(states[sure & ~outright & company], minlength=len(levels)) for company in (~slips, slips)
    )
    if _no_slips(np.bincount(states[(states >= 0) & ~outright & ~slips], minlength=len(levels)), levels):
        return tuple(level.name for level in levels if not _says_same(level))
    expected = (among[-1] + 1.0) / (among[:-1].sum() + 1.0) * (alone[:-1].sum() + 1.0)
    if alone[-1] < ALONE * expected or poisson.sf(alone[-1] - 1, expected) > DOUBT:
        return ()
    # Two people's values are alike now and then, as those of strangers are: where that explains most of a level, it is
    # no slip either.
    by_luck = [alone[-1] * level.u / levels[-1].u for level in levels]
    alike = [
        level.name for at, level in enumerate(levels[:-1]) if 0 < alone[at] <= 2 * by_luck[at] and not _says_same(level)
    ]
    return (*alike, levels[-1].name)


def _no_slips(alone: Index, levels: Sequence[ComparisonLevel]) -> bool:
    """Whether even values nearly alike are two people's: all the rest agrees, and they are hardly ever the same.

    `alone` counts the pairs by level. Pairs below the review threshold are not in it, which are the less alike ones.
    """
    same = int(alone[[_says_same(level) for level in levels]].sum())
    slipped = int(alone[:-1].sum()) - same
    return slipped > 2 * same and bool(binom.sf(slipped - 1, slipped + same, SLIPS) < BAD_LUCK)


def _sure_without(model: MatchModel, levels: Levels, place: int) -> Bools:
    """Which rows of levels are one person by the rest, clearly enough to have been weighed if this one differs."""
    last = model.comparisons[place].levels[-1]
    against = max(math.log2(last.u / last.m), math.log2(last.h / last.m))
    rest = levels.copy()
    rest[:, place] = -1
    return weights_of_levels(model, rest) >= max(LEAST_SURE, model.review_weight + against + COMMON)


def _company(model: MatchModel, levels: Levels, beside: Collection[int]) -> tuple[Bools, Bools]:
    """By pair: whether one of some comparisons shows a slip, and whether one differs outright."""
    slips, outright = np.zeros(len(levels), dtype=bool), np.zeros(len(levels), dtype=bool)
    for place in beside:
        comparison = model.comparisons[place]
        says_same = [_says_same(level) for level in comparison.levels]
        states: Index = levels[:, place].astype(np.int64)
        differs = states == len(comparison.levels) - 1
        outright |= differs
        slips |= ~np.r_[says_same, True][states] & ~differs
    return slips, outright


def _says_same(level: ComparisonLevel) -> bool:
    """Whether a level is plain agreement, or neutral as another comparison says so."""
    return level.frequency_of is not None or level.m == level.u
