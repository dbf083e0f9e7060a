"""Unsupervised training: what the levels of a model are worth, learnt from the records at hand without any label.

`u` comes from random pairs, cleared of the few that are one person. `m` and the number of duplicates come from
expectation-maximisation (Dempster, Laird and Rubin, 1977; Winkler, 1988) on the counts of the patterns of levels among
blocked pairs. A pattern is weighed against its expected number among *all* pairs, not among the blocked ones, so what
blocking selected for does not pass for agreement by chance. The model handed in is the prior: with few duplicates, or
none, the probabilities stay near its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from rcu.matching.arrays import Floats, Index, Levels
from rcu.matching.decoys import Ways
from rcu.matching.estimation import (
    ENOUGH,
    LEAST,
    LEAST_RECORDS,
    ROUNDS,
    Estimate,
    Training,
    agreement_by_chance,
    normal,
    random_pairs,
    tally,
    with_shares,
)
from rcu.matching.model import Comparison, Frequencies, MatchModel
from rcu.matching.patterns import Patterns, is_own, levels_of_pairs, patterns_of
from rcu.matching.scoring import Kernel
from rcu.matching.table import EncodedTable

PRIOR_PAIRS: Final = 30.0
"""How many known duplicates the model handed in counts for, when `m` is learnt."""
PRIOR_STRANGERS: Final = 1_000.0
"""How many pairs of strangers it counts for, when `u` is learnt."""
PRIOR_RECORDS: Final = 50.0
"""How many records the usual chance of agreement counts for, when the frequency of values is learnt."""
PRIOR_HOUSEHOLD: Final = 100.0
"""The same for pairs of a household, when `h` is learnt."""
MOST_DIFFERENT: Final = 0.5
"""The largest share of one person's pairs that may differ in a first name, a birth date and the like."""
LEAST_ALIKE: Final = 0.2
"""The least share of one person's pairs that agree in all of these, nearly at least."""
SPEAKS: Final = 4.0
"""How many times as likely in one person as in two a level is that counts as agreement there."""
SURPRISE: Final = 2.0
"""How many times as often as among decoys a pattern must be seen before it says anything: decoys lack what ties a
person's own values to his family's (a generation's first names, ages of couples)."""
OF_INTEREST: Final = -8.0
"""Log odds from which a pattern is worth a closer look at the decoys that show it."""


def train(
    draft: MatchModel,
    table: EncodedTable,
    *,
    seed: int = 0,
    source: Index | None = None,
    own: Ways = (),
) -> Training:
    """Learn the probabilities of a draft model from the records of a table.

    Args:
        draft: comparisons, blocking rules and default probabilities, which are the prior; frequencies are
            renewed for the columns that levels name in `frequency_of`. A level that is fixed, or neutral, goes on
            saying what it says.
        table: the records, encoded over `draft.columns()`.
        seed: of the samples. The same seed and records give the same model to the bit.
        source: a number for each record; when given, only pairs of two sources count (each person once per source).
        own: columns of what is a person's own rather than his family's, one or more ways to see it; when given,
            patterns that decoys show as often as the records do are no sign of duplicates (see `decoys`).
    """
    rng = np.random.default_rng(seed)
    kernel = Kernel(table, _without_frequencies(draft))
    possible = _possible_pairs(table.size, source)
    left, right = random_pairs(table.size, rng, source)
    seen = _shares_by_level(draft, kernel, left, right)
    blocked, patterns = patterns_of(kernel, rng, source=source, own=own)
    estimate = _start(draft, seen, table.size)
    rounds = _fit(estimate, draft, patterns, seen=seen, possible=possible)
    if len(patterns.chance.pattern):
        patterns = _cleaned(estimate, patterns, kernel, possible)
        estimate.matches, estimate.household = max(estimate.matches, 1.0), max(estimate.household, 1.0)
        rounds += _fit(estimate, draft, patterns, seen=seen, possible=possible)
    return Training(_trained(draft, table, estimate), len(left), blocked, rounds, estimate.matches, estimate.household)


def _fit(estimate: Estimate, draft: MatchModel, patterns: Patterns, *, seen: list[Floats], possible: float) -> int:
    """Improve an estimate until its number of duplicates stands still; the number of rounds it took."""
    for rounds in range(1, ROUNDS + 1):
        before = estimate.matches
        _improve(estimate, draft, patterns, seen=seen, possible=possible)
        if abs(estimate.matches - before) <= ENOUGH * before and rounds > 5:
            return rounds
    return ROUNDS


def _cleaned(estimate: Estimate, patterns: Patterns, kernel: Kernel, possible: float) -> Patterns:
    """The patterns with less of those decoys whose values come from two records of one person: these agree by right."""
    same, household, strangers = _logs(estimate, patterns.levels, possible)
    matters = same - np.logaddexp(household, strangers) > OF_INTEREST
    chance = patterns.chance
    at = np.flatnonzero(matters[chance.pattern])
    weight = chance.weight.copy()
    for left, right in (chance.family, chance.own):
        levels = levels_of_pairs(kernel, left[at], right[at])
        one, related, apart = _logs(estimate, levels, possible)
        weight[at] *= 1 / (1 + np.exp(np.clip(one - np.logaddexp(related, apart), -700, 700)))
    return replace(patterns, by_chance=chance.counted(weight, len(patterns.counts)))


def _without_frequencies(model: MatchModel) -> MatchModel:
    """The same levels, none adjusted for the frequency of values: patterns are about levels only."""
    plain = tuple(
        comparison.model_copy(
            update={"levels": tuple(level.model_copy(update={"frequency_of": None}) for level in comparison.levels)}
        )
        for comparison in model.comparisons
    )
    return model.model_copy(update={"comparisons": plain, "frequencies": {}})


def _possible_pairs(size: int, source: Index | None) -> float:
    every = size * (size - 1) / 2
    if source is None:
        return max(every, 1.0)
    sizes = np.bincount(source).astype(np.float64)
    return max(every - float((sizes * (sizes - 1) / 2).sum()), 1.0)


def _shares_by_level(draft: MatchModel, kernel: Kernel, left: Index, right: Index) -> list[Floats]:
    """For each comparison, how often pairs drawn at random show each level, where both have a value."""
    shares: list[Floats] = []
    for comparison in draft.comparisons:
        levels = kernel.levels_of(comparison, left, right)
        counts = np.bincount(levels[levels >= 0], minlength=len(comparison.levels)).astype(np.float64)
        exact = agreement_by_chance(kernel.table, comparison)
        if exact is not None:
            counts[0] = exact * counts.sum()
        prior = normal(np.array([level.u for level in comparison.levels]))
        shares.append(normal(counts + PRIOR_STRANGERS * prior))
    return shares


def _start(draft: MatchModel, seen: list[Floats], size: int) -> Estimate:
    m, h = (
        [normal(np.array([getattr(level, name) for level in c.levels])) for c in draft.comparisons]
        for name in ("m", "h")
    )
    return Estimate(m, h, [share.copy() for share in seen], matches=0.05 * size, household=0.05 * size)


def _improve(
    estimate: Estimate,
    draft: MatchModel,
    patterns: Patterns,
    *,
    seen: list[Floats],
    possible: float,
) -> None:
    """One round: the share of each explanation in every pattern, then the probabilities that fit these shares best."""
    same, household = _responsibilities(estimate, patterns, possible)
    same *= _coherence(draft, patterns.levels, same)
    estimate.matches = max(float(same.sum()), LEAST)
    estimate.household = max(float(household.sum()), LEAST)
    levels = patterns.levels
    for place, comparison in enumerate(draft.comparisons):
        width = len(comparison.levels)
        prior = normal(np.array([level.m for level in comparison.levels]))
        estimate.m[place] = normal(tally(levels[:, place], same, width) + PRIOR_PAIRS * prior)
        if is_own(comparison):
            estimate.m[place] = _mostly_alike(estimate.m[place])
        shared = tally(levels[:, place], household, width)
        fixed = normal(np.array([level.h for level in comparison.levels]))
        # Never more than half learnt: nothing else would hold this explanation to what a household is.
        estimate.h[place] = normal(shared + max(PRIOR_HOUSEHOLD, float(shared.sum())) * fixed)
        rate = min(estimate.matches / possible, 0.5)
        cleared = (seen[place] - rate * estimate.m[place]) / (1 - rate)
        estimate.u[place] = normal(np.maximum(cleared, np.maximum(0.02 * seen[place], LEAST)))
        for at, level in enumerate(comparison.levels):
            if level.fixed or level.m == level.u:
                estimate.m[place][at] = estimate.u[place][at] * level.m / level.u
                estimate.h[place][at] = estimate.u[place][at] * level.h / level.u


def _coherence(draft: MatchModel, levels: Levels, same: Floats) -> Floats:
    """By pattern, the share of "one person" that can be believed.

    Slips hit one value or another, so a fair share of one person's pairs agree in all that is a person's own. Where
    pairs always differ in something, they are twins, or father and son of one name.
    """
    alike = np.ones(len(levels), dtype=bool)
    for place, comparison in enumerate(draft.comparisons):
        if is_own(comparison):
            speaks = [level.m >= SPEAKS * level.u for level in comparison.levels]
            alike &= np.r_[speaks, True][levels[:, place]]
    core, whole = float(same[alike].sum()), float(same.sum())
    if core >= LEAST_ALIKE * whole:
        return np.ones(len(levels))
    return np.where(alike, 1.0, core * (1 / LEAST_ALIKE - 1) / max(whole - core, LEAST))


def _mostly_alike(shares: Floats) -> Floats:
    """Hold "one person" to what it means: what a person has for himself differs outright half of the time at most."""
    different = float(shares[-1])
    if different <= MOST_DIFFERENT:
        return shares
    kept = shares * ((1 - MOST_DIFFERENT) / max(1 - different, LEAST))
    kept[-1] = MOST_DIFFERENT
    return kept


def _responsibilities(estimate: Estimate, patterns: Patterns, possible: float) -> tuple[Floats, Floats]:
    """The expected number of pairs of one person, and of one household, that show each pattern.

    Where decoys show a pattern more often than the model of strangers and households foresees, they are believed.
    """
    same, household, strangers = _logs(estimate, patterns.levels, possible)
    others = np.logaddexp(household, strangers)
    chance = np.log(np.maximum(SURPRISE * patterns.by_chance / np.maximum(patterns.filled, LEAST), LEAST))
    shown = 1 / (1 + np.exp(np.clip(np.maximum(others, chance) - same, -700, 700)))
    expected = patterns.counts * shown
    return expected, (patterns.counts - expected) * np.exp(household - others)


def _logs(estimate: Estimate, levels: Levels, possible: float) -> tuple[Floats, Floats, Floats]:
    """For each row of levels, the log of the expected number of pairs that show it under each explanation."""
    counts = (estimate.matches, estimate.household, possible)
    logs = [np.full(len(levels), np.log(count)) for count in counts]
    for at, tables in enumerate((estimate.m, estimate.h, estimate.u)):
        for place, shares in enumerate(tables):
            logs[at] += np.r_[np.log(np.maximum(shares, LEAST)), 0.0][levels[:, place]]
    return logs[0], logs[1], logs[2]


def _trained(draft: MatchModel, table: EncodedTable, estimate: Estimate) -> MatchModel:
    comparisons = tuple(
        with_shares(comparison, estimate.m[place], estimate.h[place], estimate.u[place])
        for place, comparison in enumerate(draft.comparisons)
    )
    size = max(table.size, 2)
    return draft.model_copy(
        update={
            "comparisons": comparisons,
            "population": size,
            "records_of_same": max(2 * estimate.matches / size, LEAST_RECORDS),
            "records_of_household": max(2 * estimate.household / size, LEAST),
            "frequencies": frequencies_of(draft.comparisons, table),
        }
    )


def frequencies_of(comparisons: Iterable[Comparison], table: EncodedTable) -> dict[str, Frequencies]:
    """The frequencies that the levels of some comparisons name, with the levels' `u` as the usual chance."""
    levels = [level for comparison in comparisons for level in comparison.levels]
    return column_frequencies(table, {level.frequency_of: level.u for level in levels if level.frequency_of})


def column_frequencies(table: EncodedTable, by_default: Mapping[str, float]) -> dict[str, Frequencies]:
    """How often another record carries the value of a given one, for some columns with their usual chance of agreement.

    A value carried c times among n records has the share (c - 1) / (n - 1), drawn towards the usual chance as if
    `PRIOR_RECORDS` more records had been seen: in a small file nothing is known to be rare.
    """
    found: dict[str, Frequencies] = {}
    for name, usual in sorted(by_default.items()):
        column = table[name]
        counts = np.bincount(column.codes[column.present], minlength=len(column.values)).astype(np.float64)
        whole = max(counts.sum() - 1, 0.0) + PRIOR_RECORDS
        shares = ((counts - 1 + PRIOR_RECORDS * usual) / whole).tolist()
        floor = PRIOR_RECORDS * usual / whole
        listed = {value: share for value, share in zip(column.values, shares, strict=False) if floor < share < 1.0}
        found[name] = Frequencies(floor=floor, shares=listed)
    return found
