"""Refining a declared model: what its levels are worth among the records at hand, without any label.

The model handed in is believed as much as the records. `u` comes from random pairs, cleared of the share that is one
person; `m`, `h` and the numbers of duplicates and of household pairs come from expectation-maximisation (Dempster,
Laird and Rubin, 1977; Winkler, 1988) on the counts of the patterns of levels among candidate pairs. A pattern is
weighed against its expected number among *all* pairs, so that what blocking selected for does not pass for agreement by
chance. Levels declared as fixed, and the frequencies of names, stay as they are.

`rcu.matching.training` learns a model of which next to nothing is known beforehand; this one sharpens one that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rcu.matching.arrays import Bools, Floats, Index, Levels
from rcu.matching.estimation import (
    ENOUGH,
    LEAST,
    LEAST_RECORDS,
    RANDOM_PAIRS,
    ROUNDS,
    Estimate,
    Training,
    agreement_by_chance,
    normal,
    random_pairs,
    tally,
    with_shares,
)
from rcu.matching.model import Comparison, MatchModel
from rcu.matching.patterns import levels_of_pairs
from rcu.matching.sampling import sample_candidates
from rcu.matching.scoring import Kernel
from rcu.matching.table import EncodedTable
from rcu.matching.verdicts import Verdicts

BLOCKED_PAIRS: Final = 400_000
"""Of more candidate pairs, a sample of about so many stands for all."""
BELIEVED: Final = 1.0
"""How many pairs the declared `m` and `h` count for, for each pair that speaks: as much as the records."""
LEAST_PAIRS: Final = 30.0
"""How many they count for at least: with few duplicates, or none, the model stays what it was."""
EVENTS: Final = 1.0
"""How many sightings the declared `u` counts for: a level nobody saw in n pairs is not as rare as 1 in n for that."""
EXACT: Final = 1e7
"""How many pairs a share counts for that is not sampled but worked out from how often each value occurs."""
KEPT: Final = 0.02
"""The least share of what random pairs show that is believed to be strangers."""
JUDGED: Final = 5.0
"""How many expected pairs one judged pair counts for: it is known, and one of the hard ones people are asked about."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is looked at: patterns of levels with the number of candidate pairs that show each, and random pairs.

    `chance[c]` are the shares of the levels of comparison c among random pairs where it is known, `known[c]` the share
    of random pairs where it is. `judged` are levels of pairs people judged, `same` whether they said one person.
    """

    levels: Levels
    counts: Floats
    chance: Sequence[Floats]
    known: Sequence[float]
    judged: Levels
    same: Bools
    possible: float


def refine(model: MatchModel, table: EncodedTable, *, seed: int = 0, verdicts: Verdicts | None = None) -> Training:
    """Renew the probabilities of a model from the records of a table.

    Args:
        model: declared or shipped; its probabilities are the prior.
        table: the records, encoded over `model.columns()`, generic values taken out.
        seed: of the samples. The same seed and records give the same model to the bit.
        verdicts: pairs somebody judged; they count with their known class.
    """
    rng = np.random.default_rng(seed)
    kernel = Kernel(table, model)
    left, right = random_pairs(table.size, rng, None)
    total, levels, counts = _patterns(kernel, rng)
    judged = levels_of_pairs(kernel, verdicts.left, verdicts.right) if verdicts is not None else levels[:0]
    chance, known = _by_chance(kernel, left, right)
    seen = _Seen(
        levels, counts, chance, known, judged, verdicts.same if verdicts is not None else np.empty(0, dtype=bool),
        possible=max(table.size * (table.size - 1) / 2, 1.0),
    )  # fmt: skip
    estimate = _start(model, chance, table.size)
    rounds = _fit(estimate, model, seen)
    refined = _refined(model, estimate, table.size)
    return Training(refined, len(left), total, rounds, estimate.matches, estimate.household)


def _patterns(kernel: Kernel, rng: np.random.Generator) -> tuple[int, Levels, Floats]:
    """How many candidate pairs there are, their distinct patterns, and how many pairs show each."""
    drawn = sample_candidates(kernel.table, kernel.model.blocking, most=BLOCKED_PAIRS, rng=rng)
    levels = levels_of_pairs(kernel, drawn.left, drawn.right)
    packed = np.zeros(len(levels), dtype=np.int64)
    for place, comparison in enumerate(kernel.model.comparisons):
        packed = packed * (len(comparison.levels) + 1) + levels[:, place] + 1
    _, first, counts = np.unique(packed, return_index=True, return_counts=True)
    return drawn.total, levels[first], counts / drawn.share


def _by_chance(kernel: Kernel, left: Index, right: Index) -> tuple[list[Floats], list[float]]:
    """The shares of the levels among random pairs, and how many of these know the comparison at all.

    A level nobody saw in n pairs keeps the declared share as far as n allows: the posterior mean of a rate with a
    gamma prior of `EVENTS` sightings.
    """
    shares: list[Floats] = []
    known: list[float] = []
    for comparison in kernel.model.comparisons:
        levels = kernel.levels_of(comparison, left, right)
        counts = np.bincount(levels[levels >= 0], minlength=len(comparison.levels)).astype(np.float64)
        pairs = np.full(len(counts), counts.sum())
        exact = agreement_by_chance(kernel.table, comparison)
        if exact is not None:
            counts[0], pairs[0] = exact * EXACT, EXACT
        found = (counts + EVENTS) / (pairs + EVENTS / np.array([level.u for level in comparison.levels]))
        found[-1] = max(1.0 - float(found[:-1].sum()), LEAST)
        shares.append(found)
        known.append(max(float((levels >= 0).mean()) if len(levels) else 1.0, 1.0 / RANDOM_PAIRS))
    return shares, known


def _start(model: MatchModel, chance: Sequence[Floats], size: int) -> Estimate:
    m, h = ([_declared(c, name) for c in model.comparisons] for name in ("m", "h"))
    return Estimate(m, h, [share.copy() for share in chance], matches=0.05 * size, household=0.05 * size)


def _declared(comparison: Comparison, name: str) -> Floats:
    return normal(np.array([getattr(level, name) for level in comparison.levels]))


def _fit(estimate: Estimate, model: MatchModel, seen: _Seen) -> int:
    """Improve an estimate until its number of duplicates stands still; the number of rounds it took."""
    for rounds in range(1, ROUNDS + 1):
        before = estimate.matches
        _improve(estimate, model, seen)
        if abs(estimate.matches - before) <= ENOUGH * before and rounds > 5:
            return rounds
    return ROUNDS


def _improve(estimate: Estimate, model: MatchModel, seen: _Seen) -> None:
    """One round: the share of each explanation in every pattern, then the probabilities that fit these shares best."""
    same, household = _expected(estimate, model, seen.levels, seen.possible)
    estimate.matches = max(float((same * seen.counts).sum()), LEAST)
    estimate.household = max(float((household * seen.counts).sum()), LEAST)
    judged_household = _expected(estimate, model, seen.judged, seen.possible, apart=True)[1]
    levels = np.concatenate([seen.levels, seen.judged])
    for_same = np.r_[same * seen.counts, JUDGED * seen.same]
    for_household = np.r_[household * seen.counts, JUDGED * ~seen.same * judged_household]
    for place, comparison in enumerate(model.comparisons):
        counted = tally(levels[:, place], for_same, len(comparison.levels))
        estimate.m[place] = _believed(counted, _declared(comparison, "m"))
        shared = tally(levels[:, place], for_household, len(comparison.levels))
        estimate.h[place] = _believed(shared, _declared(comparison, "h"))
        # Duplicates are denser where both records know a value than among all pairs.
        chance, one_person = seen.chance[place], min(float(counted.sum()) / (seen.possible * seen.known[place]), 0.5)
        cleared = (chance - one_person * estimate.m[place]) / (1 - one_person)
        estimate.u[place] = normal(np.maximum(cleared, KEPT * chance))


def _believed(counted: Floats, declared: Floats) -> Floats:
    return normal(counted + max(LEAST_PAIRS, BELIEVED * float(counted.sum())) * declared)


def _expected(
    estimate: Estimate, model: MatchModel, levels: Levels, possible: float, *, apart: bool = False
) -> tuple[Floats, Floats]:
    """By pattern, the probability that a pair is one person, and that it is two of a household.

    `apart`: it is known not to be one person.
    """
    counts = (estimate.matches * (0.0 if apart else 1.0), estimate.household, possible)
    logs = [np.full(len(levels), np.log(max(count, LEAST * LEAST))) for count in counts]
    for place, comparison in enumerate(model.comparisons):
        for at, shares in enumerate(_in_force(comparison, estimate.m[place], estimate.h[place], u=estimate.u[place])):
            logs[at] += np.r_[np.log(np.maximum(shares, LEAST)), 0.0][levels[:, place]]
    total = np.logaddexp(np.logaddexp(logs[0], logs[1]), logs[2])
    return np.exp(logs[0] - total), np.exp(logs[1] - total)


def _in_force(comparison: Comparison, m: Floats, h: Floats, *, u: Floats) -> tuple[Floats, Floats, Floats]:
    """The probabilities of the levels, those declared as fixed, or as saying nothing, in the place of learnt ones."""
    still = np.array([level.fixed is True or level.m == level.u for level in comparison.levels])
    declared = ([getattr(level, name) for level in comparison.levels] for name in ("m", "h", "u"))
    learnt_m, learnt_h, learnt_u = (np.where(still, one, other) for one, other in zip(declared, (m, h, u), strict=True))
    return learnt_m, learnt_h, learnt_u


def _refined(model: MatchModel, estimate: Estimate, size: int) -> MatchModel:
    comparisons = tuple(
        with_shares(comparison, *_in_force(comparison, estimate.m[place], estimate.h[place], u=estimate.u[place]))
        for place, comparison in enumerate(model.comparisons)
    )
    return model.model_copy(
        update={
            "comparisons": comparisons,
            "population": max(size, 2),
            "records_of_same": max(2 * estimate.matches / max(size, 1), LEAST_RECORDS),
            "records_of_household": max(2 * estimate.household / max(size, 1), LEAST_RECORDS),
        }
    )
