"""Projection of many customers, some thousands at a time, and what all of them make together: basis and households."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa

from rcu.domain.households import Household
from rcu.insight.scores import Buyers, ScoreBasis
from rcu.services.pieces import Piece, projected
from rcu.services.projection import EVENT_KINDS, MEMBER_COLUMNS, Projected, Written, written
from rcu.services.side_by_side import projected_beside
from rcu.store import profiles as rows
from rcu.store.engine import Store

T = TypeVar("T")

_PIECE: Final = 5_000
"""Records that are read, and customers that are written, at a time."""

_WORTH_PROCESSES: Final = 50_000
"""Records from which on starting processes takes less time than it saves."""

_MOST_PROCESSES: Final = 4
"""More would wait for the reading."""

DOCUMENTS: Final = pa.schema(
    [
        ("cluster_id", pa.int64()),
        ("customer_id", pa.string()),
        ("digest", pa.string()),
        ("profile", pa.string()),
        ("household_key", pa.string()),
        ("last_seen_at", pa.timestamp("us", tz="UTC")),
    ]
)
"""Customers as they are stored, but for their version."""

SUMMARY: Final = ("customer_id", "household_key", "last_seen_at")


def project(store: Store, memberships: pd.DataFrame) -> Iterator[Projected]:
    """Work customers out one by one, by cluster_id; only some thousands of records are held at a time.

    Args:
        store: where the records, consents and events are.
        memberships: record_id and cluster_id of every record of these customers.
    """
    pieces = (_read(store, piece) for piece in _pieces(memberships))
    if len(memberships) >= _WORTH_PROCESSES and _processes() > 1:
        yield from projected_beside(pieces, _processes())
    else:
        for piece in pieces:
            yield from projected(piece)


def _processes() -> int:
    return min(os.cpu_count() or 1, _MOST_PROCESSES)


def _pieces(memberships: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The memberships by cluster, cut between clusters."""
    ordered = memberships.sort_values("cluster_id", kind="stable")
    clusters = ordered["cluster_id"].to_numpy()
    start = 0
    while start < len(clusters):
        last = clusters[min(start + _PIECE, len(clusters)) - 1]
        end = int(np.searchsorted(clusters, last, side="right"))
        yield ordered.iloc[start:end]
        start = end


def _read(store: Store, memberships: pd.DataFrame) -> Piece:
    with store.staged(pa.Table.from_pandas(memberships, preserve_index=False)) as staged:
        members = rows.members(store, staged, MEMBER_COLUMNS)
        silent = members["record_id"].filter(members["silent"]).to_numpy().tolist()
        return Piece(
            members=members,
            consents=rows.consent_entries(store, staged),
            cells=rows.event_cells(store, staged, EVENT_KINDS, silent=silent),
        )


def summary(projected: Sequence[Projected]) -> pd.DataFrame:
    """One row a customer (index cluster_id): SUMMARY."""
    return pd.DataFrame(
        {
            "customer_id": [one.customer_id for one in projected],
            "household_key": pd.Series([one.household_key for one in projected], dtype=object).to_numpy(),
            "last_seen_at": pd.Series([one.last_seen_at for one in projected], dtype="datetime64[us, UTC]").to_numpy(),
        },
        index=pd.Index([one.cluster_id for one in projected], dtype=np.int64, name="cluster_id"),
    )


def sums(projected: Iterable[Projected]) -> pa.Table:
    """Rows of the table `aggregates`."""
    every = (row for one in projected for row in one.sums)
    return pa.concat_tables([rows.aggregate_rows([]), *map(rows.aggregate_rows, in_pieces(every))])


def buyers(table: pa.Table) -> Buyers:
    """Rows of the table `aggregates`, as a basis is worked out of them."""
    return Buyers(
        currency=table["currency"].to_numpy(),
        orders=table["orders"].to_numpy(),
        net_revenue_minor=table["net_revenue_minor"].to_numpy(),
        last_order=table["last_order_at"].cast(pa.int64()).fill_null(pa.scalar(0, pa.int64())).to_numpy(),
    )


def households(people: pd.DataFrame) -> dict[int, Household]:
    """The households of two members and more, by cluster_id, from all who share their keys (SUMMARY)."""
    keyed = people.loc[people["household_key"].notna(), ["household_key", "customer_id"]].sort_index()
    shared = keyed.loc[keyed.duplicated("household_key", keep=False)]
    together: dict[str, list[tuple[int, str]]] = {}
    for cluster, key, customer in zip(
        shared.index.tolist(), shared["household_key"], shared["customer_id"], strict=True
    ):
        together.setdefault(key, []).append((cluster, customer))
    found: dict[int, Household] = {}
    for members in together.values():
        household = household_of(members)
        found.update((cluster, household) for cluster, _ in members)
    return found


def household_of(members: Iterable[tuple[int, str]]) -> Household:
    """The household of people (cluster_id, customer_id) who share a key."""
    ids = tuple(customer for _, customer in sorted(members))
    return Household(ids[0], ids)


def write(
    projected: list[Projected], basis: ScoreBasis, shared: Mapping[int, Household]
) -> Iterator[tuple[Projected, Written]]:
    """Set customers among the others, by cluster_id; they are taken out of the list, so that nothing is held twice."""
    projected.sort(key=lambda one: one.cluster_id, reverse=True)
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
            "profile": [stored.profile for _, stored in piece],
            "household_key": [one.household_key for one, _ in piece],
            "last_seen_at": [one.last_seen_at for one, _ in piece],
        },
        schema=DOCUMENTS,
    )


def in_pieces(items: Iterable[T]) -> Iterator[list[T]]:
    """Lists of some thousands."""
    every = iter(items)
    while piece := list(islice(every, _PIECE)):
        yield piece


def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate, leaving out empty frames, whose column types say nothing."""
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled) if filled else frames[0]
