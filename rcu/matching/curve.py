"""Precision and recall over thresholds: what the clusters would be if pairs were joined from another probability up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from rcu.errors import InputError
from rcu.matching.arrays import Index
from rcu.matching.clustering import Constraints, Rank, cluster
from rcu.matching.evaluate import Evaluation, evaluate
from rcu.matching.scoring import Kernel, WeighedPairs

THRESHOLDS: Final = (
    0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999,
)  # fmt: skip
"""Match probabilities: close to one another where customer files bend."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The clusters that joining from `threshold` (a match probability) up would make, measured.

    `clusters` and `largest_cluster` count all records; `evaluation` those whose person is known.
    """

    threshold: float
    clusters: int
    largest_cluster: int
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class Curve:
    """Points by rising threshold; `own` is the model's threshold, which is one of them."""

    points: tuple[CurvePoint, ...]
    own: float

    @property
    def best(self) -> CurvePoint:
        """The point of the highest pairwise F1; of several, the one of the highest threshold."""
        return max(self.points, key=lambda point: (point.evaluation.pairwise.f1, point.threshold))

    @property
    def best_b_cubed(self) -> CurvePoint:
        """The point of the highest B-cubed F1; of several, the one of the highest threshold."""
        return max(self.points, key=lambda point: (point.evaluation.b_cubed.f1, point.threshold))

    @property
    def present(self) -> CurvePoint:
        """The point of the model's own threshold."""
        return next(point for point in self.points if point.threshold == self.own)


def curve(
    kernel: Kernel,
    pairs: WeighedPairs,
    truth: Index,
    *,
    rank: Rank,
    thresholds: Iterable[float] = THRESHOLDS,
    constraints: Constraints | None = None,
) -> Curve:
    """Cluster at each threshold, and at the model's own, and measure.

    Args:
        kernel: of all records and the model.
        pairs: weighed down to the lowest threshold (`floor_of`); what is not in it is not joined.
        truth: the number of each record's person, -1 where it is not known.
        rank: as `cluster` takes it.
        thresholds: match probabilities between 0 and 1.
        constraints: as `cluster` takes them.

    Raises:
        InputError: when a threshold is no probability between 0 and 1.
    """
    known = truth >= 0
    own = kernel.model.match_probability
    points: list[CurvePoint] = []
    for threshold in sorted({*checked(thresholds), own}):
        model = kernel.model.model_copy(update={"match_probability": threshold})
        found = cluster(Kernel(kernel.table, model), pairs, rank, constraints=constraints).cluster
        sizes = np.bincount(found, minlength=1)
        measured = evaluate(found[known], truth[known])
        points.append(CurvePoint(threshold, int(np.count_nonzero(sizes)), int(sizes.max()), measured))
    return Curve(tuple(points), own)


def checked(thresholds: Iterable[float]) -> tuple[float, ...]:
    """The thresholds, each between 0 and 1.

    Raises:
        InputError: when one is not.
    """
    asked = tuple(thresholds)
    for threshold in asked:
        if not 0 < threshold < 1:
            msg = f"{threshold:g} is no threshold"
            raise InputError(msg, hint="a threshold is a match probability between 0 and 1, for example 0.9")
    return asked
