"""Filling large tables for the first time, while nobody looks into them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Final

from sqlalchemy import Connection, exists, select

from rcu.store.indexes import bare, drop_indexes, make_indexes
from rcu.store.tables import (
    aggregates,
    blocking_keys,
    cluster_quality,
    customers,
    links,
    memberships,
    records,
    scores,
)

_FILLED: Final = (links, memberships, cluster_quality, customers, aggregates, scores)
"""The large ones of matching and publication: all are empty before the first run."""

_ONLY_ADDED_TO: Final = (links, blocking_keys, cluster_quality, aggregates, scores)
"""Those whose rows cannot be there already: they need no key meanwhile."""


def first_filling(connection: Connection) -> AbstractContextManager[None]:
    """Fill them faster for the time of the block. Call it before anything else in the transaction."""
    return bare(connection, _FILLED, keyless=_ONLY_ADDED_TO, named=[records])


def begin_first_import(connection: Connection) -> None:
    """Where there is no record yet, take away the indexes by which records are looked up by what they say.

    `have_lookups` makes them again, of all records at once. A process that is killed in between leaves them away, and
    everything works, but slowly: who imports or runs next calls it.
    """
    if not connection.execute(select(exists().where(records.c.record_id.is_not(None)))).scalar_one():
        drop_indexes(connection, records)


def have_lookups(connection: Connection) -> None:
    """Make those indexes where they are not there."""
    make_indexes(connection, records)
