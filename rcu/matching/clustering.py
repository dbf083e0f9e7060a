"""Clusters: which records are one person, given the weighed pairs and what forbids a union.

The result is a function of the records, the links and the constraints, and of nothing else. Within each connected
component: must-links first, then automatic links by falling weight; a union is refused when it would bring together
two records that must not be in one cluster. Ties are broken by the records' own rank, which the caller derives from
their keys, never from their order of arrival.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rcu.matching.arrays import Bools, Floats, Index
from rcu.matching.blocking import pairs_within
from rcu.matching.model import MISSING_LEVEL, MatchModel
from rcu.matching.scoring import Kernel, WeighedPairs

LARGEST_EXAMINED: Final = 1_000
"""Components above this many records are first cut at rising weights, so that the work inside one stays bounded."""


def _no_pairs() -> Index:
    return np.empty((0, 2), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Constraints:
    """What people decided about pairs of rows: arrays of shape (pairs, 2)."""

    must: Index = field(default_factory=_no_pairs)
    cannot: Index = field(default_factory=_no_pairs)


@dataclass(frozen=True, slots=True)
class Clustering:
    """`cluster[i]` is the lowest row number in record i's cluster; `refused` are links (pairs of rows) not followed."""

    cluster: Index
    refused: Index


@dataclass(frozen=True, slots=True)
class _Links:
    left: Index
    right: Index
    weight: Floats

    def only(self, chosen: Bools) -> _Links:
        return _Links(self.left[chosen], self.right[chosen], self.weight[chosen])


def contradicted(model: MatchModel, level_of: Callable[[int, Index], Index], count: int) -> Bools:
    """Say for each of `count` pairs whether the model forbids its records one cluster.

    `level_of(comparison, pairs)` gives the levels of one comparison for some of the pairs.
    """
    places = {comparison.name: place for place, comparison in enumerate(model.comparisons)}
    answer = np.zeros(count, dtype=bool)
    for contradiction in model.contradictions:
        open_ = np.flatnonzero(~answer)
        for name, wanted in contradiction.levels.items():
            comparison = model.comparisons[places[name]]
            numbers = [number for number, level in enumerate(comparison.levels) if level.name in wanted]
            numbers += [-1] if MISSING_LEVEL in wanted else []
            open_ = open_[np.isin(level_of(places[name], open_), numbers)]
        answer[open_] = True
    return answer


def matches(model: MatchModel, pairs: WeighedPairs) -> Bools:
    """Which pairs are joined automatically: heavy enough and without a contradiction."""
    against = contradicted(model, lambda place, rows: pairs.levels[rows, place].astype(np.int64), len(pairs))
    return (pairs.weight >= model.match_weight) & ~against


def cluster(kernel: Kernel, pairs: WeighedPairs, rank: Index, *, constraints: Constraints | None = None) -> Clustering:
    """Cluster all records of the kernel's table.

    Args:
        kernel: to examine pairs inside a component that no blocking rule brought together.
        pairs: weighed pairs; those below the match threshold or contradicted are left aside.
        rank: a number for each record, the same whenever the same records are present (rank of its key).
        constraints: must-links and cannot-links of stewards.
    """
    constraints = constraints or Constraints()
    links = _all_links(pairs.only(matches(kernel.model, pairs)), constraints.must)
    links = _bounded(links, kernel.table.size, kernel.model.match_weight)
    labels = _components(links, kernel.table.size)
    forbidden = _forbidden_pairs(kernel, labels, constraints)
    lowest = _lowest_row(labels)
    refused = _no_pairs()
    if len(forbidden):
        refused = _resolve(lowest, links, forbidden, rank)
    return Clustering(lowest, refused)


def components(pairs: WeighedPairs, size: int, *, floor: float, largest: int = LARGEST_EXAMINED) -> Index:
    """Number the connected components of the pairs that weigh `floor` or more; those too large are cut as above."""
    strong = pairs.only(pairs.weight >= floor)
    links = _Links(strong.left, strong.right, strong.weight)
    return _components(_bounded(links, size, floor, largest=largest), size)


def _all_links(links: WeighedPairs, must: Index) -> _Links:
    """Must-links weigh more than anything a machine can say."""
    return _Links(
        np.r_[must[:, 0], links.left],
        np.r_[must[:, 1], links.right],
        np.r_[np.full(len(must), np.inf), links.weight],
    )


def _components(links: _Links, size: int) -> Index:
    graph = coo_array((np.ones(len(links.left), dtype=np.int8), (links.left, links.right)), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    return labels.astype(np.int64)


def _bounded(links: _Links, size: int, floor: float, *, largest: int = LARGEST_EXAMINED) -> _Links:
    """Drop the weakest links of components too large to examine, a bit of weight at a time, until none is left."""
    heaviest = links.weight[np.isfinite(links.weight)].max(initial=floor)
    while floor <= heaviest:
        labels = _components(links, size)
        oversize = np.bincount(labels, minlength=1) > largest
        if not oversize.any():
            break
        floor += 1.0
        links = links.only(~oversize[labels[links.left]] | (links.weight >= floor))
    return links


def _lowest_row(labels: Index) -> Index:
    """For each row, the lowest row with the same label."""
    lowest = np.full(int(labels.max(initial=-1)) + 1, len(labels), dtype=np.int64)
    np.minimum.at(lowest, labels, np.arange(len(labels)))
    return lowest[labels]


def _forbidden_pairs(kernel: Kernel, labels: Index, constraints: Constraints) -> Index:
    """Pairs of rows of one component that may not end in one cluster, shape (pairs, 2).

    What a steward joined, directly or through others, no contradiction of the model parts; a cannot-link does.
    """
    cannot = constraints.cannot
    decided = _components(_Links(constraints.must[:, 0], constraints.must[:, 1], np.empty(0)), len(labels))
    found = [cannot[labels[cannot[:, 0]] == labels[cannot[:, 1]]]]
    for left, right in pairs_within((labels + 1).astype(np.uint64)):
        bad = contradicted(
            kernel.model,
            lambda place, rows, left=left, right=right: kernel.levels_of(
                kernel.model.comparisons[place], left[rows], right[rows]
            ),
            len(left),
        )
        bad |= _two_identifiers(kernel, left, right)
        bad &= decided[left] != decided[right]
        found.append(np.stack([left[bad], right[bad]], axis=1))
    return np.concatenate(found)


def _two_identifiers(kernel: Kernel, left: Index, right: Index) -> Bools:
    """Pairs with two values of an identifier of which a person has only one."""
    answer = np.zeros(len(left), dtype=bool)
    for identifier in kernel.model.identifiers:
        if identifier.single:
            codes = kernel.table[identifier.column].codes
            one, other = codes[left], codes[right]
            answer |= (one != other) & (one >= 0) & (other >= 0)
    return answer


def _resolve(lowest: Index, links: _Links, forbidden: Index, rank: Index) -> Index:
    """Rebuild, in place, the components that hold a forbidden pair; return the links refused."""
    troubled = np.zeros(len(lowest), dtype=bool)
    troubled[lowest[forbidden[:, 0]]] = True
    inside = np.flatnonzero(troubled[lowest[links.left]])
    one, other = rank[links.left[inside]], rank[links.right[inside]]
    order = inside[np.lexsort((np.maximum(one, other), np.minimum(one, other), -links.weight[inside]))]
    rows = np.flatnonzero(troubled[lowest])
    union = _ConstrainedUnion(rows, forbidden)
    pairs = zip(links.left[order].tolist(), links.right[order].tolist(), strict=True)
    refused = [pair for pair in pairs if not union.join(*pair)]
    lowest[rows] = union.lowest(rows)
    return np.array(refused, dtype=np.int64).reshape(-1, 2)


class _ConstrainedUnion:
    """Union-find in which some pairs may never meet."""

    def __init__(self, rows: Index, forbidden: Index) -> None:
        self._root = {row: row for row in rows.tolist()}
        self._members: dict[int, set[int]] = {row: {row} for row in self._root}
        self._enemies: dict[int, set[int]] = {}
        for one, other in forbidden.tolist():
            self._enemies.setdefault(one, set()).add(other)
            self._enemies.setdefault(other, set()).add(one)

    def join(self, one: int, other: int) -> bool:
        """Bring the clusters of two rows together; False when that is forbidden."""
        a, b = self._root[one], self._root[other]
        if a == b:
            return True
        nobody: set[int] = set()
        if self._members[a] & self._enemies.get(b, nobody):
            return False
        if len(self._members[a]) < len(self._members[b]):
            a, b = b, a
        for row in self._members[b]:
            self._root[row] = a
        self._members[a] |= self._members.pop(b)
        if b in self._enemies:
            self._enemies.setdefault(a, set()).update(self._enemies.pop(b))
        return True

    def lowest(self, rows: Index) -> Index:
        """For each row, the lowest row of its cluster."""
        least = {root: min(members) for root, members in self._members.items()}
        return np.fromiter((least[self._root[row]] for row in rows.tolist()), dtype=np.int64, count=len(rows))
