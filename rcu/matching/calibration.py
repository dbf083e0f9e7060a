"""Put the weights of a trained model to the proof: how many pairs reach each weight, and how many decoys do.

A trained model says itself how sure it is, from probabilities that suppose independence. Decoys (`rcu.matching.decoys`)
say it from outside: what they reach is chance. Their number, made as large as the one seen where nearly everything is
chance, gives the weight from which a pair is rather one person than not. Where the pairs seen do not exceed chance
beyond doubt, nothing is joined.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.stats import nbinom

from rcu.matching.arrays import Bools, Floats, Index
from rcu.matching.autoblocking import FREE_PAIRS, PAIRS_A_RECORD
from rcu.matching.decoys import Decoys, Ways, decoys, times_of
from rcu.matching.model import MatchModel
from rcu.matching.pairs import CandidatePairs
from rcu.matching.scoring import Kernel, WeighedPairs, weigh_candidates

FLOOR: Final = -8.0
"""Weights (log2 odds) are looked at from here up."""
STEP: Final = 0.5
CHANCE_BELOW: Final = -3.0
"""Below this weight nearly all pairs are chance, so decoys are compared with what is seen there."""
LOWEST: Final = -3.0
"""How far below an even chance, by the model's own reckoning, the proof may put the line where decoys are right."""
DISTRUST: Final = 2.0
"""By how many bits less it may for each doubling by which decoys fall short of chance, with mailboxes after both names:
these tie what is a person's own to his family's, and no decoy shows what namesakes have."""
DECOY_PAIRS: Final = 1_500_000
"""A small table is shuffled until about so many pairs of decoys are looked at."""
UNDERSTOOD: Final = 4.0
"""When chance is more than so many times what decoys show, it is feared to grow with the weight as well."""
SUPPOSED: Final = 1.5
SUPPOSED_PAIRS: Final = 10.0
"""What chance is multiplied by before anything is seen, and how many pairs this counts for."""
MOST_FALSE: Final = 0.2
"""Of the pairs from the line up, the largest share that may be chance."""
NEGLIGIBLE: Final = 2e-3
"""Of the pairs from the line up, the share by chance just above it that is not worth moving the line for."""
DOUBT: Final = 1e-3
"""How unlikely chance alone must make the number of pairs from the line up."""
_FEW: Final = 3.0
"""Decoys that a count rests on at least; further up it is drawn out."""
_FALL: Final = 0.7
"""How many halvings a bit of weight is worth there: one if the weights were exact."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Pairs seen and pairs by chance, from each weight of a grid up.

    Attributes:
        weights: the grid, in log2 odds after the shift.
        seen: pairs at or above each weight.
        chance: how many of them are expected to be chance.
        decoys: how many pairs of decoys are at or above each weight, in one shuffled table.
        times: how many tables were shuffled.
        excess: what the number of decoys was multiplied by.
        shift: what was taken off the model's own weights.
        joins: whether there are more pairs than chance explains.
    """

    weights: Floats
    seen: Floats
    chance: Floats
    decoys: Floats
    times: int
    excess: float
    shift: float
    joins: bool


def calibrate(
    kernel: Kernel, own: Ways, *, seed: int, source: Index | None = None
) -> tuple[MatchModel, WeighedPairs, Calibration | None]:
    """Weigh all candidate pairs and move the prior of the model so that weight 0 is an even chance.

    Args:
        kernel: of the table and its trained model.
        own: ways to tell the columns that are a person's own; none where there is nothing to shuffle: nothing moves.
        seed: of the shuffles.
        source: a number for each record; when given, only pairs of two sources count.

    Returns:
        The model with its new prior, the pairs that reach its review threshold, and the counts behind it.
    """
    review = kernel.model.review_weight
    pairs = _apart(weigh_candidates(kernel, floor=FLOOR if own else review), source)
    if not own:
        return kernel.model, pairs, None
    weights, counts, times = _decoy_weights(kernel, own, seed=seed, source=source)
    grid = np.arange(FLOOR, max(float(pairs.weight.max(initial=0.0)), 0.0) + 2 * STEP, STEP)
    found = _compared(grid, pairs.weight, weights, counts=counts, times=times)
    line = _line(found, lowest=LOWEST + (DISTRUST * math.log2(found.excess) if len(own) > 1 else 0.0))
    shift = line if line is not None else float(grid[-1]) + 1.0
    records = max(kernel.model.records_of_same * 2.0**-shift, 1e-300)
    moved = replace(pairs, weight=pairs.weight - shift)
    calibration = replace(found, weights=grid - shift, shift=shift, joins=line is not None)
    model = kernel.model.model_copy(update={"records_of_same": records})
    return model, moved.only(moved.weight >= review), calibration


def _apart(pairs: WeighedPairs, source: Index | None) -> WeighedPairs:
    return pairs if source is None else pairs.only(source[pairs.left] != source[pairs.right])


def _decoy_weights(kernel: Kernel, own: Ways, *, seed: int, source: Index | None) -> tuple[Floats, Floats, int]:
    """Weights of the pairs of decoys, what each counts for, and how many tables were shuffled."""
    size = kernel.table.size
    looked_at = min(size * (size - 1) // 2, PAIRS_A_RECORD * size + FREE_PAIRS)
    times = times_of(own, DECOY_PAIRS // max(looked_at, 1))
    weights, counts = [np.empty(0)], [np.empty(0)]
    for made in decoys(kernel.table, own, seed=seed, count=times, source=source):
        pairs = _apart(weigh_candidates(Kernel(made.table, kernel.model), floor=FLOOR), source)
        weights.append(pairs.weight)
        counts.append(_strangers(kernel, made, pairs))
    return np.concatenate(weights), np.concatenate(counts), times


def _strangers(kernel: Kernel, made: Decoys, pairs: WeighedPairs) -> Floats:
    """For pairs of decoys, the chance that neither their families' nor their own values come from one person."""
    answer = np.ones(len(pairs))
    for left, right in ((pairs.left, pairs.right), (made.donor[pairs.left], made.donor[pairs.right])):
        answer /= 1.0 + np.exp2(np.minimum(kernel.weigh(CandidatePairs(left, right, 0), floor=-np.inf).weight, 1000.0))
    return answer


def _compared(grid: Floats, seen: Floats, by_chance: Floats, *, counts: Floats, times: int) -> Calibration:
    """Count from each weight up, and learn from the low weights how far decoys fall short of chance."""
    above = _from(grid, seen, np.ones(len(seen)))
    held = _from(grid, by_chance, counts / times)
    low = int(np.searchsorted(grid, CHANCE_BELOW))
    excess = (above[0] - above[low] + SUPPOSED * SUPPOSED_PAIRS) / (held[0] - held[low] + SUPPOSED_PAIRS)
    excess = max(float(excess), 1.0) * max(float(excess) / UNDERSTOOD, 1.0)
    return Calibration(grid, above, excess * held, held, times, excess, 0.0, joins=False)


def _from(grid: Floats, weights: Floats, counts: Floats) -> Floats:
    """What the weights at or above each step of the grid count for together."""
    steps = np.searchsorted(grid, weights, side="right") - 1
    here: Floats = np.bincount(steps, weights=counts, minlength=len(grid)).astype(np.float64)
    return np.cumsum(here[::-1])[::-1]


def _line(found: Calibration, *, lowest: float) -> float | None:
    """The weight from which pairs are joined, no less than `lowest`; None where chance explains them."""
    chance = _drawn_out(found)
    start = int(np.searchsorted(found.weights, 0.0))
    good = _good(found, chance)
    if not good[start]:
        better = np.flatnonzero(good[start:])
        return float(found.weights[start + better[0]]) if len(better) else None
    while found.weights[start - 1] >= lowest and good[start - 1] and found.seen[start - 1] - found.seen[start] >= _FEW:
        start -= 1
    return float(found.weights[start])


def _drawn_out(found: Calibration) -> Floats:
    """The pairs by chance, where too few decoys are left to count drawn out from the last weight with enough."""
    enough = np.flatnonzero(found.decoys * found.times >= _FEW)
    last = int(enough[-1]) if len(enough) else 0
    base = max(float(found.chance[last]), found.excess / found.times)
    tail = base * 2.0 ** (-_FALL * np.maximum(found.weights - found.weights[last], 0.0))
    return np.where(np.arange(len(tail)) <= last, np.maximum(found.chance, 0.0), np.maximum(tail, found.chance))


def _good(found: Calibration, chance: Floats) -> Bools:
    """Weights from which up chance is beyond doubt not all there is, seldom, and not the likelier just above."""
    wide = int(2.0 / STEP)
    seen_here = found.seen - np.r_[found.seen[wide:], np.zeros(wide)]
    chance_here = found.chance - np.r_[found.chance[wide:], np.zeros(wide)]
    rests_on = np.maximum(found.decoys * found.times, 1.0)
    # Chance is a count whose mean is itself only known from so many decoys: Poisson mixed by Gamma.
    unlikely = nbinom.sf(found.seen - 1, rests_on, rests_on / (rests_on + np.maximum(chance, 1e-12)))
    likelier = (seen_here >= 2 * chance_here) | (chance_here <= NEGLIGIBLE * found.seen)
    return (found.seen > 0) & likelier & (chance <= MOST_FALSE * found.seen) & (unlikely <= DOUBT)
