"""How a cluster came to be, link by link, what it refused, and why a record stands alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from rcu.matching.arrays import Index
from rcu.matching.clustering import (
    Constraints,
    Links,
    Rank,
    forbidden_pairs,
    reachable,
    usable_links,
    with_decisions,
)
from rcu.matching.explain import contradictions_of
from rcu.matching.scoring import Kernel, WeighedPairs, weigh_candidates
from rcu.matching.unions import FaithfulUnion, GreedyUnion, Outcome, Union

NEAREST: Final = 5
"""How many records nearest to another are shown."""


@dataclass(frozen=True, slots=True)
class Event:
    """One link followed while a cluster was built, in the order it was followed.

    Attributes:
        left: row of one record.
        right: row of the other.
        weight: log2 odds; infinite for a must-link.
        outcome: joined, already together or refused.
        size: how many records are together after it.
        because: the two rows that may not be together, when it was refused.
        reason: why they may not.
    """

    left: int
    right: int
    weight: float
    outcome: Outcome
    size: int
    because: tuple[int, int] | None = None
    reason: str | None = None


def history(
    kernel: Kernel, pairs: WeighedPairs, rank: Rank, row: int, *, constraints: Constraints | None = None
) -> tuple[Event, ...]:
    """Follow the links of one record's component as `clustering.cluster` does, and say what became of each.

    Only links that touch the record's cluster in the end are told.
    """
    constraints = constraints or Constraints()
    links = usable_links(kernel, pairs)
    rows = reachable(with_decisions(links, constraints.must), kernel.table.size, row)
    inside = np.zeros(kernel.table.size, dtype=bool)
    inside[rows] = True
    links = links.only(inside[links.left])
    thought, cluster = _machine(kernel, links, rows, rank)
    own = np.fromiter((cluster.get(at, -1) for at in range(kernel.table.size)), dtype=np.int64, count=len(inside))
    decided = with_decisions(links.only(own[links.left] == own[links.right]), _within(constraints.must, inside))
    if len(constraints.must) or len(constraints.cannot):
        union = FaithfulUnion(rows.tolist(), _within(constraints.cannot, inside))
        events = _followed(union, decided, rank, reason="a steward said they are not one person")
        thought = [event for event in thought if event.outcome is Outcome.REFUSED] + events
        cluster = union.labels
    return tuple(event for event in thought if cluster[row] in (cluster[event.left], cluster[event.right]))


def _machine(kernel: Kernel, links: Links, rows: Index, rank: Rank) -> tuple[list[Event], Mapping[int, int]]:
    """What the machine thinks: contradictions refuse."""
    labels = np.full(kernel.table.size, -1, dtype=np.int64)
    labels[rows] = 0
    union = GreedyUnion(rows.tolist(), forbidden_pairs(kernel, labels))
    events = [_with_reason(kernel, event) for event in _followed(union, links, rank)]
    return events, union.labels


def _within(pairs: Index, inside: np.ndarray) -> Index:
    return pairs[inside[pairs[:, 0]] & inside[pairs[:, 1]]]


def _followed(
    union: GreedyUnion | FaithfulUnion, links: Links, rank: Rank, *, reason: str | None = None
) -> list[Event]:
    return [
        _event(union, union.follow(one, other), weight, reason=reason) for one, other, weight in links.in_order(rank)
    ]


def _event(union: GreedyUnion | FaithfulUnion, found: Union, weight: float, *, reason: str | None) -> Event:
    reason = reason if found.outcome is Outcome.REFUSED else None
    return Event(found.left, found.right, weight, found.outcome, union.size(found.left), found.because, reason)


def _with_reason(kernel: Kernel, event: Event) -> Event:
    if event.because is None:
        return event
    one, other = (np.array([row], dtype=np.int64) for row in event.because)
    levels = [int(kernel.levels_of(comparison, one, other)[0]) for comparison in kernel.model.comparisons]
    says = contradictions_of(kernel.model, levels) or ("two values of an identifier of which a person has one",)
    return replace(event, reason=says[0])


def candidates_of(kernel: Kernel, row: int) -> WeighedPairs:
    """The candidate pairs of one record, whatever they weigh."""
    touched = np.zeros(kernel.table.size, dtype=bool)
    touched[row] = True
    return weigh_candidates(kernel, touched=touched, floor=-np.inf)


def heaviest(pairs: WeighedPairs, most: int) -> WeighedPairs:
    """The pairs that weigh most, the heaviest first; of equal ones the first."""
    order = np.argsort(-pairs.weight, kind="stable")[:most]
    return WeighedPairs(
        pairs.left[order], pairs.right[order], pairs.weight[order], pairs.levels[order], pairs.rule[order]
    )
