"""Clusters: which records are one person, given the weighed pairs, what contradicts them and what people decided.

The result is a function of the records, the links and the decisions, and of nothing else, in two steps:

1. What the machine thinks. In each connected component links are followed by falling weight; one is refused when it
   would bring together two records that contradict each other.
2. What people decided. Must-links are followed before the links of step 1, against any contradiction; a link is
   refused when it would bring together two records of a cannot-link.

No decision reaches step 1, and step 2 obeys (`unions.FaithfulUnion`): another cannot-link never joins anybody, and
another must-link parts nobody but what a cannot-link keeps from joining. Ties are broken by the records' own rank,
which the caller derives from their keys, never from their order of arrival.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from rcu.matching.arrays import Bools, Floats, Index
from rcu.matching.basecondition import Pairs
from rcu.matching.blocking import Runs
from rcu.matching.model import MatchModel
from rcu.matching.pairs import Near, near_pairs
from rcu.matching.scoring import PAIRS_AT_ONCE, Kernel, WeighedPairs, side_by_side
from rcu.matching.unions import FaithfulUnion, GreedyUnion

_FEW_ROWS: Final = 32
LARGEST_EXAMINED: Final = 1_000
"""Components above this many records are first cut at rising weights, so that the work inside one stays bounded."""


def _no_pairs() -> Index:
    return np.empty((0, 2), dtype=np.int64)


class Rank(Protocol):
    """A number for each record, the same whenever the same records are present; an array of them is one."""

    def __getitem__(self, rows: Index, /) -> Index:
        """The numbers of some rows."""
        ...


@dataclass(frozen=True, slots=True)
class Constraints:
    """What people decided about pairs of rows: arrays of shape (pairs, 2)."""

    must: Index = field(default_factory=_no_pairs)
    cannot: Index = field(default_factory=_no_pairs)


@dataclass(frozen=True, slots=True)
class ClusterQuality:
    """How well clusters of two records or more hold together; one entry a cluster in each array.

    Attributes:
        cluster: the lowest row of the cluster, rising.
        records: how many records it has.
        weakest: the weight (log2 odds) of the weakest link without which it would fall apart; infinite where only
            must-links hold it.
        contradictions: pairs of its records that contradict each other, joined by people all the same.
        refused: links that would have made it larger.
    """

    cluster: Index
    records: Index
    weakest: Floats
    contradictions: Index
    refused: Index


@dataclass(frozen=True, slots=True)
class Links:
    """Links between rows with their weights (log2 odds; infinite for a must-link)."""

    left: Index
    right: Index
    weight: Floats

    def only(self, chosen: Bools) -> Links:
        """The links chosen by a mask."""
        return Links(self.left[chosen], self.right[chosen], self.weight[chosen])

    def and_also(self, others: Links) -> Links:
        """These links and others after them."""
        return Links(np.r_[self.left, others.left], np.r_[self.right, others.right], np.r_[self.weight, others.weight])

    def in_order(self, rank: Rank, *, component: Index | None = None) -> list[tuple[int, int, float]]:
        """Left row, right row and weight by falling weight, those of one weight by the ranks of their records.

        `component`, by row: component after component, so that what is worked on together lies together in memory.
        """
        one, other = rank[self.left], rank[self.right]
        keys = (np.maximum(one, other), np.minimum(one, other), -self.weight)
        order = np.lexsort(keys if component is None else (*keys, component[self.left]))
        columns = (self.left[order].tolist(), self.right[order].tolist(), self.weight[order].tolist())
        return list(zip(*columns, strict=True))


@dataclass(frozen=True, slots=True)
class Clustering:
    """Who is together.

    Attributes:
        cluster: for each record the lowest row number in its cluster.
        refused: links (pairs of rows) not followed.
        followed: the links inside clusters.
        against: pairs of rows that contradict each other, brought into one cluster by people.
    """

    cluster: Index
    refused: Index
    followed: Links
    against: Index

    @property
    def quality(self) -> ClusterQuality:
        """How well the clusters hold together, worked out when it is asked for."""
        return _quality(self)


def contradicted(model: MatchModel, level_of: Callable[[int, Index], Index], count: int) -> Bools:
    """Say for each of `count` pairs whether the model forbids its records one cluster.

    `level_of(comparison, pairs)` gives the levels of one comparison for some of the pairs.
    """
    answer = np.zeros(count, dtype=bool)
    for contradiction in model.contradicting_levels:
        open_ = np.flatnonzero(~answer)
        for place, wanted in contradiction:
            if not len(open_):
                break
            open_ = open_[wanted[level_of(place, open_)]]
        answer[open_] = True
    return answer


def matches(model: MatchModel, pairs: WeighedPairs) -> Bools:
    """Which pairs are joined automatically: heavy enough and without a contradiction."""
    return (pairs.weight >= model.match_weight) & ~against_each_other(model, pairs)


def against_each_other(model: MatchModel, pairs: WeighedPairs) -> Bools:
    """Which weighed pairs contradict each other."""
    return contradicted(model, lambda place, rows: pairs.levels[rows, place].astype(np.int64), len(pairs))


@dataclass(frozen=True, slots=True)
class Known:
    """Pairs of rows, in order, of which it is known whether they contradict each other: they are not looked at again.

    `pairs` are the left row in the upper half, the right one in the lower.
    """

    pairs: Index
    against: Bools

    @classmethod
    def of(cls, pairs: WeighedPairs, against: Bools) -> Known:
        """Those that were weighed."""
        both = _both(pairs.left, pairs.right)
        order = np.argsort(both, kind="stable")
        return cls(both[order], against[order])

    def look_up(self, left: Index, right: Index) -> tuple[Bools, Bools]:
        """Which of some pairs are known, and which of those contradict each other."""
        both = _both(left, right)
        if not len(self.pairs):
            return np.zeros(len(both), dtype=bool), np.zeros(len(both), dtype=bool)
        places = np.minimum(np.searchsorted(self.pairs, both), len(self.pairs) - 1)
        known = self.pairs[places] == both
        return known, known & self.against[places]


def _both(left: Index, right: Index) -> Index:
    return (left << 32) | right


def cluster(kernel: Kernel, pairs: WeighedPairs, rank: Rank, *, constraints: Constraints | None = None) -> Clustering:
    """Cluster all records of the kernel's table.

    Args:
        kernel: to examine pairs inside a component that no blocking rule brought together.
        pairs: weighed pairs; those below the match threshold or contradicted are left aside.
        rank: a number for each record, the same whenever the same records are present (rank of its key).
        constraints: must-links and cannot-links of stewards.
    """
    constraints = constraints or Constraints()
    against = against_each_other(kernel.model, pairs)
    links, known = _usable(kernel, pairs, against), Known.of(pairs, against)
    labels = _components(links, kernel.table.size)
    forbidden = forbidden_pairs(kernel, labels, known)
    cluster = _lowest_row(labels)
    _follow(GreedyUnion, cluster, links, forbidden, rank=rank)
    inside = cluster[links.left] == cluster[links.right]
    decided = with_decisions(links.only(inside), constraints.must)
    if len(constraints.must) or len(constraints.cannot):
        cluster = _lowest_row(_components(decided, kernel.table.size))
        _follow(FaithfulUnion, cluster, decided, constraints.cannot, rank=rank)
    every = decided.and_also(links.only(~inside))
    apart = cluster[every.left] != cluster[every.right]
    refused = np.stack([every.left[apart], every.right[apart]], axis=1)
    joined = _joined_against(kernel, cluster, constraints.must, known) if len(constraints.must) else _no_pairs()
    return Clustering(cluster, refused, every.only(~apart), joined)


def usable_links(kernel: Kernel, pairs: WeighedPairs) -> Links:
    """The pairs that join, without those dropped because their component is too large to examine."""
    return _usable(kernel, pairs, against_each_other(kernel.model, pairs))


def _usable(kernel: Kernel, pairs: WeighedPairs, against: Bools) -> Links:
    joining = pairs.only((pairs.weight >= kernel.model.match_weight) & ~against)
    links = Links(joining.left, joining.right, joining.weight)
    return _bounded(links, kernel.table.size, kernel.model.match_weight)


def components(pairs: WeighedPairs, size: int, *, floor: float, largest: int = LARGEST_EXAMINED) -> Index:
    """Number the connected components of the pairs that weigh `floor` or more; those too large are cut as above."""
    strong = pairs.only(pairs.weight >= floor)
    links = Links(strong.left, strong.right, strong.weight)
    return _components(_bounded(links, size, floor, largest=largest), size)


def reachable(links: Links, size: int, row: int) -> Index:
    """The rows that links connect with one row, itself included."""
    labels = _components(links, size)
    return np.flatnonzero(labels == labels[row])


def with_decisions(links: Links, must: Index) -> Links:
    """Must-links before links: they weigh more than anything a machine can say."""
    return Links(must[:, 0], must[:, 1], np.full(len(must), np.inf)).and_also(links)


def _components(links: Links, size: int) -> Index:
    if size <= _FEW_ROWS:
        return _few_components(links, size)
    graph = coo_array((np.ones(len(links.left), dtype=np.int8), (links.left, links.right)), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    return labels.astype(np.int64)


def _few_components(links: Links, size: int) -> Index:
    """The same for a handful of rows, for which making a graph takes longer."""
    labels = list(range(size))
    for one, other in zip(links.left.tolist(), links.right.tolist(), strict=True):
        now, then = sorted((labels[one], labels[other]))
        if now != then:
            labels = [now if label == then else label for label in labels]
    return np.array(labels, dtype=np.int64)


def _bounded(links: Links, size: int, floor: float, *, largest: int = LARGEST_EXAMINED) -> Links:
    """Drop the weakest links of components too large to examine, a bit of weight at a time, until none is left."""
    if size <= largest:
        return links
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


def forbidden_pairs(kernel: Kernel, labels: Index, known: Known | None = None) -> Index:
    """Pairs of rows with one label (-1 is none) that contradict each other, blocked or not; shape (pairs, 2)."""
    known = known or Known(np.empty(0, dtype=np.int64), np.empty(0, dtype=bool))
    runs = Runs.of((labels + 1).astype(np.uint64))
    pieces = near_pairs(runs.only(runs.sizes > 1), block=PAIRS_AT_ONCE)
    return np.concatenate([_no_pairs(), *side_by_side(lambda near: _forbidden_among(kernel, near, known), pieces)])


def _forbidden_among(kernel: Kernel, near: Near, known: Known) -> Index:
    pairs = Pairs(kernel.table, near.left, near.right, near.rows)
    left, right = pairs.in_table()
    looked_at, bad = known.look_up(left, right)
    unknown = np.flatnonzero(~looked_at)
    if len(unknown):
        comparisons = kernel.model.comparisons
        bad[unknown] = contradicted(
            kernel.model,
            lambda place, at: kernel.levels_among(comparisons[place], pairs.only(unknown[at])),
            len(unknown),
        )
    bad |= _two_identifiers(kernel, pairs)
    return np.stack([left[bad], right[bad]], axis=1)


def _two_identifiers(kernel: Kernel, pairs: Pairs) -> Bools:
    """Pairs with two values of an identifier of which a person has only one."""
    answer = np.zeros(len(pairs), dtype=bool)
    for identifier in kernel.model.identifiers:
        if identifier.single:
            one, other = pairs.codes(identifier.column)
            answer |= (one != other) & (one >= 0) & (other >= 0)
    return answer


def _follow(
    how: type[GreedyUnion | FaithfulUnion], cluster: Index, links: Links, forbidden: Index, *, rank: Rank
) -> None:
    """Work out anew, in place, the components in which a forbidden pair met."""
    met = forbidden[cluster[forbidden[:, 0]] == cluster[forbidden[:, 1]]]
    if not len(met):
        return
    troubled = np.zeros(len(cluster), dtype=bool)
    troubled[cluster[met[:, 0]]] = True
    rows = np.flatnonzero(troubled[cluster])
    union = how(rows[np.argsort(cluster[rows], kind="stable")].tolist(), met)
    for one, other, _ in links.only(troubled[cluster[links.left]]).in_order(rank, component=cluster):
        union.follow(one, other)
    cluster[rows] = rows
    for members in union.clusters:
        cluster[list(members)] = min(members)


def _joined_against(kernel: Kernel, cluster: Index, must: Index, known: Known) -> Index:
    """Pairs of rows in one cluster that contradict each other: only must-links can have brought them together."""
    held = np.zeros(len(cluster), dtype=bool)
    held[cluster[must[:, 0]]] = True
    return forbidden_pairs(kernel, np.where(held[cluster], cluster, -1), known)


def _quality(found: Clustering) -> ClusterQuality:
    cluster, size = found.cluster, len(found.cluster)
    records = np.bincount(cluster, minlength=size)
    several = np.flatnonzero(records > 1)
    return ClusterQuality(
        cluster=several,
        records=records[several],
        weakest=_weakest(cluster, records, found.followed)[several],
        contradictions=np.bincount(cluster[found.against[:, 0]], minlength=size)[several],
        refused=np.bincount(cluster[found.refused.ravel()], minlength=size)[several],
    )


def _weakest(cluster: Index, records: Index, links: Links) -> Floats:
    """For each cluster, by its lowest row, the weight of the lightest link of its maximum spanning tree."""
    weakest = np.full(len(cluster), np.inf)
    of = cluster[links.left]
    # As many links as it takes and no more, which is most clusters: there is nothing to choose.
    chosen = (np.bincount(of, minlength=len(cluster)) >= records)[of]
    np.minimum.at(weakest, of[~chosen], links.weight[~chosen])
    links = links.only(chosen)
    if not len(links.left):
        return weakest
    if len(cluster) <= _FEW_ROWS:
        return _weakest_of_few(weakest, cluster, links)
    # scipy takes the lightest tree and takes 0 for "no link": the heaviest link becomes the number 1.
    finite = np.isfinite(links.weight)
    top = links.weight[finite].max(initial=0.0) + 1.0
    cost = np.where(finite, top - links.weight + 1.0, 1.0)
    inside = np.zeros(len(cluster), dtype=bool)
    inside[links.left] = inside[links.right] = True
    rows, number = np.flatnonzero(inside), np.cumsum(inside) - 1
    one, other = number[links.left], number[links.right]
    low, high = np.minimum(one, other), np.maximum(one, other)
    kept = np.arange(len(cost)) if finite.all() else _lightest(low, high, cost)
    graph = coo_array((cost[kept], (low[kept], high[kept])), shape=(len(rows), len(rows))).tocsr()
    tree = minimum_spanning_tree(graph).tocoo()
    weight = np.where(tree.data <= 1.0, np.inf, top + 1.0 - tree.data)
    np.minimum.at(weakest, cluster[rows[tree.coords[0]]], weight)
    return weakest


def _weakest_of_few(weakest: Floats, cluster: Index, links: Links) -> Floats:
    """The same for a handful of rows: the heaviest links that connect anybody new, one after the other (Kruskal)."""
    labels = list(range(len(cluster)))
    for at in np.argsort(-links.weight, kind="stable").tolist():
        now, then = labels[links.left[at]], labels[links.right[at]]
        if now != then:
            labels = [now if label == then else label for label in labels]
            lowest = cluster[links.left[at]]
            weakest[lowest] = min(weakest[lowest], links.weight[at])
    return weakest


def _lightest(low: Index, high: Index, cost: Floats) -> Index:
    """Of several links between the same two rows, as must-links bring, the place of the one that costs least."""
    order = np.lexsort((cost, high, low))
    first = np.r_[True, (low[order][1:] != low[order][:-1]) | (high[order][1:] != high[order][:-1])]
    return order[first]
