"""Customers that were worked out, as rows: what is told of them while the others are, and what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar

import pyarrow as pa

from rcu.domain.households import Household
from rcu.insight.scores import ScoreBasis
from rcu.services.pieces import Piece, projected
from rcu.services.projection import Projected, Written, written
from rcu.store import profiles as rows

T = TypeVar("T")

_AT_ONCE: Final = 5_000

DOCUMENTS: Final = pa.schema(
    [
        ("cluster_id", pa.int64()),
        ("customer_id", pa.string()),
        ("digest", pa.string()),
        ("consents_digest", pa.string()),
        ("profile", pa.string()),
        ("household_key", pa.string()),
        ("last_seen_at", pa.timestamp("us", tz="UTC")),
    ]
)
"""Customers as they are stored, but for their version."""

TOLD: Final = pa.schema(
    [DOCUMENTS.field(name) for name in ("cluster_id", "customer_id", "household_key", "last_seen_at")]
)
"""Customers as the others need to know them."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of some customers before they are written: rows of TOLD, by cluster_id, and of `aggregates`."""

    customers: pa.Table
    sums: pa.Table


class Held:
    """Customers that were worked out and are held, by the number of their piece, until they are written."""

    def __init__(self) -> None:
        self._held: dict[int, list[Projected]] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._held

    def project(self, number: int, piece: Piece) -> Told:
        """Work the customers of a piece out."""
        found = self._held[number] = projected(piece)
        return Told(_told(found), sums(found))

    def write(self, number: int, basis: ScoreBasis, shared: Mapping[int, Household]) -> tuple[pa.Table, pa.Table]:
        """Set the customers of a piece among the others, see `tables`; they are held no longer."""
        return tables(write(self._held.pop(number), basis, shared))


def _told(found: Sequence[Projected]) -> pa.Table:
    return pa.Table.from_pydict({name: [getattr(one, name) for one in found] for name in TOLD.names}, schema=TOLD)


def sums(projected: Iterable[Projected]) -> pa.Table:
    """Rows of the table `aggregates`."""
    every = (row for one in projected for row in one.sums)
    return pa.concat_tables([rows.aggregate_rows([]), *map(rows.aggregate_rows, in_pieces(every))])


def write(
    projected: list[Projected], basis: ScoreBasis, shared: Mapping[int, Household]
) -> Iterator[tuple[Projected, Written]]:
    """Set customers among the others; they are taken out of the list, so that nothing is held twice."""
    projected.reverse()
    while projected:
        one = projected.pop()
        yield one, written(one, basis, shared.get(one.cluster_id))


def tables(customers: Iterable[tuple[Projected, Written]]) -> tuple[pa.Table, pa.Table]:
    """Customers as rows: of DOCUMENTS, and of the table `scores`."""
    documents, scores = [DOCUMENTS.empty_table()], [rows.score_rows([])]
    for piece in in_pieces(customers):
        documents.append(_documents(piece))
        scores.append(rows.score_rows([row for _, stored in piece for row in stored.scores]))
    return pa.concat_tables(documents), pa.concat_tables(scores)


def _documents(piece: Sequence[tuple[Projected, Written]]) -> pa.Table:
    return pa.Table.from_pydict(
        {
            "cluster_id": [one.cluster_id for one, _ in piece],
            "customer_id": [one.customer_id for one, _ in piece],
            "digest": [stored.digest for _, stored in piece],
            "consents_digest": [stored.consents for _, stored in piece],
            "profile": [stored.profile for _, stored in piece],
            "household_key": [one.household_key for one, _ in piece],
            "last_seen_at": [one.last_seen_at for one, _ in piece],
        },
        schema=DOCUMENTS,
    )


def in_pieces(items: Iterable[T]) -> Iterator[list[T]]:
    """Lists of some thousands."""
    every = iter(items)
    while piece := list(islice(every, _AT_ONCE)):
        yield piece
