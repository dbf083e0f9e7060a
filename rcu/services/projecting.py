"""Projection of many customers, some thousands at a time, and what all of them make together: basis and households."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from rcu.domain.households import Household
from rcu.insight.scores import Buyers, ScoreBasis
from rcu.services.customer_rows import TOLD, Held
from rcu.services.pieces import Piece
from rcu.services.projection import EVENT_KINDS, MEMBER_COLUMNS
from rcu.services.side_by_side import Workers, workers
from rcu.store import profiles as rows
from rcu.store.engine import Store

_PIECE: Final = 5_000
"""Records that are read at a time."""

_WORTH_PROCESSES: Final = 50_000
"""Records from which on starting processes takes less time than it saves."""

_MOST_PROCESSES: Final = 4
"""More would wait for the reading."""

SUMMARY: Final = ("customer_id", "household_key", "last_seen_at")


class Projecting:
    """Works customers out one by one, and writes them once it is known what all of them make together.

    They are held where they were worked out: here, or in processes of their own. What one of these held when it died is
    worked out again here: nobody may write meanwhile.
    """

    def __init__(self, store: Store, beside: Workers | None = None) -> None:
        self._store, self._beside = store, beside
        self._here = Held()
        self._pieces: list[pd.DataFrame] = []
        self._clusters: list[list[int]] = []

    def project(self, memberships: pd.DataFrame) -> tuple[pd.DataFrame, pa.Table]:
        """Work customers out; only some thousands of records are read at a time.

        Args:
            memberships: record_id and cluster_id of every record of these customers.

        Returns:
            One row a customer (index cluster_id): SUMMARY. And rows of the table `aggregates`. Both by cluster_id.
        """
        first = len(self._pieces)
        self._pieces += _pieces(memberships)
        asked = ((number, self._read(number)) for number in range(first, len(self._pieces)))
        if self._beside is None:
            told = [self._here.project(*one) for one in asked]
        else:
            answers = enumerate(self._beside.project(asked), first)
            told = [answer or self._here.project(number, self._read(number)) for number, answer in answers]
        self._clusters += [one.customers["cluster_id"].to_numpy().tolist() for one in told]
        customers = pa.concat_tables([TOLD.empty_table(), *(one.customers for one in told)])
        return _summary(customers), pa.concat_tables([rows.aggregate_rows([]), *(one.sums for one in told)])

    def write(self, basis: ScoreBasis, shared: Mapping[int, Household]) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Set the customers among the others, some thousands at a time: rows of DOCUMENTS and of the table `scores`."""
        asked = ((number, basis, self._shared(number, shared)) for number in range(len(self._pieces)))
        if self._beside is None:
            yield from (self._here.write(*one) for one in asked)
            return
        for number, answer in enumerate(self._beside.write(asked)):
            yield answer or self._written_here(number, basis, self._shared(number, shared))

    def _written_here(
        self, number: int, basis: ScoreBasis, shared: Mapping[int, Household]
    ) -> tuple[pa.Table, pa.Table]:
        if number not in self._here:
            self._here.project(number, self._read(number))
        return self._here.write(number, basis, shared)

    def _shared(self, number: int, shared: Mapping[int, Household]) -> dict[int, Household]:
        return {cluster: shared[cluster] for cluster in self._clusters[number] if cluster in shared}

    def _read(self, number: int) -> Piece:
        memberships = pa.Table.from_pandas(self._pieces[number], preserve_index=False)
        with self._store.staged(memberships) as staged:
            members = rows.members(self._store, staged, MEMBER_COLUMNS)
            silent = members["record_id"].filter(members["silent"]).to_numpy().tolist()
            return Piece(
                members=members,
                consents=rows.consent_entries(self._store, staged),
                cells=rows.event_cells(self._store, staged, EVENT_KINDS, silent=silent),
            )


@contextmanager
def projecting(store: Store, records: int) -> Generator[Projecting]:
    """Work customers with so many records out, in processes of their own where that gains."""
    if records >= _WORTH_PROCESSES and _processes() > 1:
        with workers(_processes()) as beside:
            yield Projecting(store, beside)
    else:
        yield Projecting(store)


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


def _summary(customers: pa.Table) -> pd.DataFrame:
    """One row a customer (index cluster_id), of rows of `customer_rows.TOLD`: SUMMARY."""
    last_seen = customers["last_seen_at"].cast(pa.timestamp("us")).to_numpy()
    return pd.DataFrame(
        {
            "customer_id": customers["customer_id"].to_pylist(),
            "household_key": pd.Series(customers["household_key"].to_pylist(), dtype=object).to_numpy(),
            "last_seen_at": pd.DatetimeIndex(last_seen, tz="UTC"),
        },
        index=pd.Index(customers["cluster_id"].to_numpy(), name="cluster_id"),
    )


def buyers(table: pa.Table) -> Buyers:
    """Rows of the table `aggregates`, as a basis is worked out of them."""
    return Buyers(
        currency=table["currency"].to_numpy(),
        orders=table["orders"].to_numpy(),
        net_revenue_minor=table["net_revenue_minor"].to_numpy(),
        last_order=table["last_order_at"].cast(pa.int64()).fill_null(pa.scalar(0, pa.int64())).to_numpy(),
    )


def latest_instant(store: Store, seen: datetime | None) -> datetime | None:
    """The latest instant the data speak of: an event's of any kind, or when a customer was last `seen`.

    No record was updated later than its customer was seen.
    """
    return max((at for at in (rows.latest_event(store), seen) if at is not None), default=None)


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


def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate, leaving out empty frames, whose column types say nothing."""
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled) if filled else frames[0]
