"""How good a clustering probably is, without any truth: precision and recall, each with the range it may well lie in.

Precision is counted from decoys: what they reach at the line is what chance joins. Recall sets the pairs joined beside
those that the records show to be missing: pairs beyond chance that stayed apart, pairs too different to be weighed (as
far as the model knows its slips), and pairs that no blocking rule brings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import gamma

from rcu.matching.arrays import Floats, Index
from rcu.matching.calibration import FLOOR, Calibration
from rcu.matching.patterns import weights_of_levels
from rcu.matching.scoring import Kernel, WeighedPairs

SIMULATED: Final = 20_000
TAIL: Final = 0.025
"""Of each end of a range."""
EXCESS_SLACK: Final = 2.0
"""By how much what decoys are multiplied by may be wrong, either way."""
REFUSED: Final = 8.0
"""By how much clustering may have reduced the pairs by chance: it weighs all the pairs of two clusters together."""
FEW: Final = 3.0
"""Expected pairs below which there may be none at all."""
NONE_SEEN: Final = 3.7
"""What may be there though none is seen: a Poisson count of that mean is zero once in forty times."""
MISSED_SLACK: Final = 4.0
"""By how much the number of missed pairs may be wrong, either way: slips are not as independent as the model has it."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A share with the range it may well lie in (19 times out of 20)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SelfEstimate:
    """Precision and recall over pairs; None where there is nothing to judge them by."""

    precision: Guess | None
    recall: Guess | None
    missed_pairs: float


def estimate_quality(
    kernel: Kernel, pairs: WeighedPairs, cluster: Index, calibration: Calibration | None, *, seed: int
) -> SelfEstimate:
    """Judge a clustering by the pairs weighed, their calibration and the model.

    Args:
        kernel: of the calibrated model.
        pairs: the pairs that reached its review threshold.
        cluster: the cluster of each record.
        calibration: None where there was nothing to tell chance by; then nothing can be said.
        seed: of the simulation.
    """
    sizes = np.bincount(cluster, minlength=1).astype(np.float64)
    joined = float((sizes * (sizes - 1) / 2).sum())
    if calibration is None or not calibration.joins or not joined:
        return SelfEstimate(None, None, 0.0)
    precision = _precision(calibration, pairs, cluster)
    apart = _apart_beyond_chance(calibration, pairs, cluster)
    right = precision.value * joined
    unseen = 1.0 - _weighed_share(kernel, pairs, calibration, seed=seed)
    missed = apart + right * unseen / max(1.0 - unseen, 0.1)
    least, most = missed / MISSED_SLACK if missed >= FEW * MISSED_SLACK else 0.0, missed * MISSED_SLACK + NONE_SEEN
    recall = Guess(*(right / (right + count) for count in (missed, most, least)))
    return SelfEstimate(precision, recall, missed)


def _precision(found: Calibration, pairs: WeighedPairs, cluster: Index) -> Guess:
    """One less the share of chance among the pairs joined, each by its weight."""
    together = cluster[pairs.left] == cluster[pairs.right]
    joined = max(float(together.sum()), 1.0)
    real = _real(found)
    false = float((1 - real[_steps(found, pairs.weight[together])]).sum())
    at = int(np.searchsorted(found.weights, -1e-9))
    held = found.times * float(found.decoys[at])
    # What is not known of chance: how many decoys there were by luck, and by how much they fall short.
    most = false * EXCESS_SLACK + found.excess * float(
        gamma.ppf(1 - TAIL, held + 1.0) / found.times - held / found.times
    )
    least = false / REFUSED if false >= FEW * REFUSED else 0.0
    return Guess(*(1 - min(count / joined, 1.0) for count in (false, most, least)))


def _steps(found: Calibration, weights: Floats) -> Index:
    return np.clip(np.searchsorted(found.weights, weights, side="right") - 1, 0, len(found.weights) - 1)


def _real(found: Calibration) -> Floats:
    """By step of the grid, the share of the pairs that chance does not explain."""
    seen, chance = (-np.diff(counts, append=0.0) for counts in (found.seen, found.chance))
    return np.clip(1 - chance / np.maximum(seen, 1.0), 0.0, 1.0)


def _apart_beyond_chance(found: Calibration, pairs: WeighedPairs, cluster: Index) -> float:
    """Of the pairs that stayed apart, how many are one person by their weight."""
    apart = cluster[pairs.left] != cluster[pairs.right]
    return float(_real(found)[_steps(found, pairs.weight[apart])].sum())


def _weighed_share(kernel: Kernel, pairs: WeighedPairs, found: Calibration, *, seed: int) -> float:
    """Of one person's pairs, as the model has them, the share heavy enough to be weighed at all."""
    sure = np.flatnonzero(pairs.weight >= 0)
    if not len(sure):
        return 1.0
    rng = np.random.default_rng(seed)
    missing = pairs.levels[rng.choice(sure, SIMULATED)] < 0
    levels = np.stack([_drawn(kernel, place, rng) for place in range(missing.shape[1])], axis=1)
    weights = weights_of_levels(kernel.model, np.where(missing, -1, levels).astype(np.int8))
    return float((weights >= FLOOR - found.shift).mean())


def _drawn(kernel: Kernel, place: int, rng: np.random.Generator) -> Index:
    shares = np.array([level.m for level in kernel.model.comparisons[place].levels])
    return rng.choice(len(shares), SIMULATED, p=shares / shares.sum())
