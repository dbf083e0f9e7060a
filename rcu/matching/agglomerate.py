"""Clusters by the weight of all the evidence: records join a cluster for what its members say together.

Where the same person appears many times, following every link chains strangers together through one poor record.
Inside each connected component all pairs are weighed, found by blocking or not, and clusters are merged by average
linkage (Sokal and Michener, 1958) of the weights, as long as the average speaks for one person. Weights are cut at
both ends: no single pair, and no single slip, decides alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from rcu.matching.arrays import Bools, Floats, Index
from rcu.matching.clustering import components, contradicted
from rcu.matching.model import MatchModel
from rcu.matching.pairs import CandidatePairs, pairs_within
from rcu.matching.scoring import Kernel, WeighedPairs

LEAST_SAID: Final = -6.0
MOST_SAID: Final = 12.0
"""What one pair can say against and for one person, in bits."""
ENOUGH: Final = -2.0
"""Clusters merge while the pairs between them say this on average: a record that lacks half its fields says little."""
APART: Final = -1e7
"""What two records that may never meet say: no average makes up for it."""


def agglomerate(kernel: Kernel, pairs: WeighedPairs, rank: Index, *, source: Index | None = None) -> Index:
    """Cluster all records of the kernel's table; the answer for each is the lowest row of its cluster.

    Args:
        kernel: weighs the pairs inside a component.
        pairs: weighed pairs; those below the match threshold link nothing.
        rank: a number for each record, the same whenever the same records are present; it breaks ties.
        source: a number for each record; when given, a cluster holds one record of a source at most.
    """
    size = kernel.table.size
    labels = components(pairs, size, floor=kernel.model.match_weight)
    cluster = np.arange(size, dtype=np.int64)
    for members, weights in _component_weights(kernel, labels, rank, source):
        if len(members) == 2:
            cluster[members] = members.min() if weights[0] >= ENOUGH else members
            continue
        groups = fcluster(linkage(MOST_SAID - weights, "average"), MOST_SAID - ENOUGH, "distance")
        lowest = np.full(int(groups.max()) + 1, size, dtype=np.int64)
        np.minimum.at(lowest, groups, members)
        cluster[members] = lowest[groups]
    return cluster


def forbidden(model: MatchModel, pairs: WeighedPairs) -> Bools:
    """Which weighed pairs the model's contradictions keep apart, whatever they weigh."""
    return contradicted(model, lambda place, rows: pairs.levels[rows, place].astype(np.int64), len(pairs))


def _component_weights(
    kernel: Kernel, labels: Index, rank: Index, source: Index | None
) -> Iterator[tuple[Index, Floats]]:
    """For each component its members in the order of rank, and the weights of all their pairs as scipy wants them."""
    order = np.lexsort((rank, labels))
    starts = np.flatnonzero(np.r_[True, labels[order][1:] != labels[order][:-1], True])
    place = np.empty(len(labels), dtype=np.int64)
    place[order] = np.arange(len(labels)) - np.repeat(starts[:-1], np.diff(starts))
    left, right, weight = _weighed_within(kernel, labels, source)
    by_label = np.argsort(labels[left], kind="stable")
    ends = np.searchsorted(labels[left][by_label], np.arange(int(labels.max(initial=-1)) + 2))
    for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        if end - start > 1:
            members = order[start:end]
            label = int(labels[members[0]])
            here = by_label[ends[label] : ends[label + 1]]
            one, two = place[left[here]], place[right[here]]
            yield members, _condensed(np.minimum(one, two), np.maximum(one, two), weight[here], end - start)


def _condensed(low: Index, high: Index, weight: Floats, size: int) -> Floats:
    flat = np.empty(size * (size - 1) // 2)
    flat[size * low - low * (low + 1) // 2 + high - low - 1] = weight
    return flat


def _weighed_within(kernel: Kernel, labels: Index, source: Index | None) -> tuple[Index, Index, Floats]:
    """Weigh every pair of records of one component."""
    empty = np.empty(0, dtype=np.int64)
    parts: list[tuple[Index, Index, Floats]] = [(empty, empty, np.empty(0))]
    for left, right in pairs_within((labels + 1).astype(np.uint64)):
        weighed = kernel.weigh(CandidatePairs(left, right, 0), floor=-np.inf)
        weight = np.clip(weighed.weight, LEAST_SAID, MOST_SAID)
        weight[forbidden(kernel.model, weighed)] = APART
        if source is not None:
            weight[source[weighed.left] == source[weighed.right]] = APART
        parts.append((weighed.left, weighed.right, weight))
    left, right, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    return left, right, weight
