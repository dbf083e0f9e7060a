"""Two ways to follow links one by one when some records must not meet.

Both are given links from the strongest to the weakest and say what became of each. `GreedyUnion` keeps the heaviest
links it can and is used where the machine decides alone. `FaithfulUnion` obeys people: a pair more that may not meet
never brings others together, which the greedy way would (a union refused frees the place for another).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from rcu.matching.arrays import Index

Pair = tuple[int, int]


class Outcome(StrEnum):
    """What became of a link."""

    JOINED = "joined"
    ALREADY = "already together"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Union:
    """One link followed: `because` is the pair of rows that would have met, when it was refused."""

    left: int
    right: int
    outcome: Outcome
    because: Pair | None = None


class _Sets:
    """Disjoint sets of rows: each found by its root, with its members if several, and the rows they may not meet."""

    def __init__(self, rows: Iterable[int], forbidden: Index) -> None:
        kept = list(rows)
        self.root = dict(zip(kept, kept, strict=True))
        self._members: dict[int, set[int]] = {}
        self.enemies: dict[int, set[int]] = {}
        self._met: dict[int, set[int]] = {}
        for one, other in forbidden.tolist():
            if one in self.root and other in self.root:
                self.enemies.setdefault(one, set()).add(other)
                self.enemies.setdefault(other, set()).add(one)
                self._met.setdefault(one, set()).add(other)
                self._met.setdefault(other, set()).add(one)

    @property
    def several(self) -> Iterable[set[int]]:
        """The sets of two rows and more."""
        return self._members.values()

    def members(self, root: int) -> set[int]:
        return self._members.get(root) or {root}

    def clash(self, a: int, b: int) -> Pair | None:
        """The lowest pair of rows of two sets that may not meet."""
        nobody: set[int] = set()
        hit = self.members(a) & self.enemies.get(b, nobody)
        if not hit:
            return None
        one = min(hit)
        return one, min(self._met[one] & self.members(b))

    def unite(self, a: int, b: int) -> None:
        if len(self.members(a)) < len(self.members(b)):
            a, b = b, a
        moved = self._members.pop(b, {b})
        for row in moved:
            self.root[row] = a
        self._members.setdefault(a, {a}).update(moved)
        if b in self.enemies:
            self.enemies.setdefault(a, set()).update(self.enemies.pop(b))


class _Unions:
    """Clusters that grow link by link."""

    _clusters: _Sets

    @property
    def clusters(self) -> Iterable[set[int]]:
        """The rows of each cluster of two rows and more."""
        return self._clusters.several

    @property
    def labels(self) -> Mapping[int, int]:
        """For each row a number, the same for all rows of its cluster."""
        return self._clusters.root

    def size(self, row: int) -> int:
        """How many rows are in the cluster of a row."""
        return len(self._clusters.members(self._clusters.root[row]))

    @abstractmethod
    def follow(self, one: int, other: int) -> Union:
        """Follow a link."""


class GreedyUnion(_Unions):
    """A union is refused when it would bring a forbidden pair into one cluster."""

    def __init__(self, rows: Iterable[int], forbidden: Index) -> None:
        self._clusters = _Sets(rows, forbidden)

    def follow(self, one: int, other: int) -> Union:
        a, b = self._clusters.root[one], self._clusters.root[other]
        if a == b:
            return Union(one, other, Outcome.ALREADY)
        clash = self._clusters.clash(a, b)
        if clash:
            return Union(one, other, Outcome.REFUSED, clash)
        self._clusters.unite(a, b)
        return Union(one, other, Outcome.JOINED)


class FaithfulUnion(_Unions):
    """A union is refused when a forbidden pair would meet in what *all* links so far connect, refused ones included.

    What all links connect does not depend on the forbidden pairs. So one more of them only ever refuses more: the
    clusters it leaves lie inside those there were before.
    """

    def __init__(self, rows: Iterable[int], forbidden: Index) -> None:
        kept = list(rows)
        self._connected = _Sets(kept, forbidden)
        self._clusters = _Sets(kept, forbidden[:0])

    def follow(self, one: int, other: int) -> Union:
        a, b = self._connected.root[one], self._connected.root[other]
        own, its = self._clusters.root[one], self._clusters.root[other]
        if a == b:
            return Union(one, other, Outcome.ALREADY if own == its else Outcome.REFUSED)
        clash = self._connected.clash(a, b)
        self._connected.unite(a, b)
        if clash:
            return Union(one, other, Outcome.REFUSED, clash)
        self._clusters.unite(own, its)
        return Union(one, other, Outcome.JOINED)
