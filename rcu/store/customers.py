"""Reading customers: one indexed lookup each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    func,
    select,
)

from rcu.domain.hashes import HashColumn
from rcu.domain.records import RecordKey
from rcu.store.sql import KEYS, Query, among, fetch
from rcu.store.tables import (
    changes,
    customers,
    memberships,
    raw_batches,
    records,
    runs,
)
from rcu.store.visibility import of_stores


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """A profile as stored."""

    customer_id: str
    version: int
    digest: str
    profile: str


PROFILE: Final = (customers.c.customer_id, customers.c.version, customers.c.digest, customers.c.profile)
"""The columns of a `StoredProfile`."""


def _profiles() -> Select[str, int, str, str]:
    return select(*PROFILE)


def _first(row: Row[str, int, str, str] | None) -> StoredProfile | None:
    return None if row is None else StoredProfile(*row)


def by_birth_id(connection: Connection, birth_id: str, *, stores: frozenset[str] | None = None) -> StoredProfile | None:
    """The customer that the record born with this id belongs to now; any id ever given answers for ever.

    With `stores`, None when it is not one of theirs; so in all that follows.
    """
    statement = (
        _profiles()
        .join(memberships, memberships.c.cluster_id == customers.c.cluster_id)
        .join(records, records.c.record_id == memberships.c.record_id)
        .where(records.c.birth_id == birth_id, of_stores(customers.c.cluster_id, stores))
    )
    return _first(connection.execute(statement).one_or_none())


_IDS: Final = "customer_ids"
_PRESENT: Final = _profiles().where(among(customers.c.customer_id, KEYS))


def by_present_ids(_connection: Connection) -> Query:
    """Customers by the ids they have now; each row is a `StoredProfile`."""
    return _PRESENT


def by_customer_ids(
    connection: Connection, customer_ids: Sequence[str], *, stores: frozenset[str] | None = None
) -> list[StoredProfile]:
    """Customers by their present ids, the oldest first; those that are none any more are left out."""
    asked = among(customers.c.customer_id, customer_ids), of_stores(customers.c.cluster_id, stores)
    return [
        StoredProfile(*row) for row in connection.execute(_profiles().where(*asked).order_by(customers.c.cluster_id))
    ]


def record_born_as(connection: Connection, birth_id: str) -> RecordKey | None:
    """The record that was born with this id."""
    found = connection.execute(select(records.c.source, records.c.native_id).where(records.c.birth_id == birth_id))
    row = found.one_or_none()
    return None if row is None else RecordKey(row.source, row.native_id)


def by_record(
    connection: Connection, source: str, native_id: str, *, stores: frozenset[str] | None = None
) -> StoredProfile | None:
    """The customer a record belongs to."""
    statement = (
        _profiles()
        .join(memberships, memberships.c.cluster_id == customers.c.cluster_id)
        .join(records, records.c.record_id == memberships.c.record_id)
        .where(records.c.source == source, records.c.native_id == native_id)
        .where(of_stores(customers.c.cluster_id, stores))
    )
    return _first(connection.execute(statement).one_or_none())


_SOURCES: Final = "sources"
_NATIVE_IDS: Final = "native_ids"
_AMONG_NAMED: Final = and_(among(records.c.source, _SOURCES), among(records.c.native_id, _NATIVE_IDS))
"""Records of some sources with some native ids: those with the keys, and a few that nobody named."""
_OF_RECORDS: Final = (
    select(records.c.source, records.c.native_id, *PROFILE)
    .join(memberships, memberships.c.record_id == records.c.record_id)
    .join(customers, customers.c.cluster_id == memberships.c.cluster_id)
    .where(_AMONG_NAMED)
)
_ERASED: Final = select(records.c.source, records.c.native_id).where(_AMONG_NAMED, records.c.erased_at.is_not(None))


def _named(keys: Collection[RecordKey]) -> dict[str, list[str]]:
    return {_SOURCES: sorted({key.source for key in keys}), _NATIVE_IDS: sorted({key.native_id for key in keys})}


def by_records(
    connection: Connection, keys: Collection[RecordKey], *, stores: frozenset[str] | None = None
) -> dict[RecordKey, StoredProfile]:
    """The customers some records belong to; those that belong to none are left out."""
    asked = _named(keys)
    if stores is None:
        rows = fetch(connection, _OF_RECORDS, asked)
    else:
        rows = connection.execute(_OF_RECORDS.where(of_stores(customers.c.cluster_id, stores)), asked).all()
    found = {RecordKey(row[0], row[1]): StoredProfile(*row[2:]) for row in rows}
    return {key: found[key] for key in keys if key in found}


def erased(connection: Connection, keys: Collection[RecordKey]) -> set[RecordKey]:
    """Those of some records whose person was erased."""
    return {RecordKey(*row) for row in fetch(connection, _ERASED, _named(keys))} & set(keys)


def hashed_values(connection: Connection, column: HashColumn, kept: Sequence[int]) -> list[tuple[str, str]]:
    """The values of records by what is kept of their hashes, each with the key it is looked up by."""
    return [(row[0], row[1]) for row in fetch(connection, _of_hashes(column), {_HASHES: kept})]


_HASHES: Final = "hashes"


@cache
def _of_hashes(column: HashColumn) -> Select[*tuple[Any, ...]]:
    key = records.c["email_key" if column.of == "email" else column.of]
    return select(records.c[column.of], key.label("key")).where(among(records.c[column.name], _HASHES)).distinct()


def record_clusters(connection: Connection) -> list[tuple[str, str, int]]:
    """Source, native id and cluster of every record that was matched."""
    statement = select(records.c.source, records.c.native_id, memberships.c.cluster_id).join(
        memberships, memberships.c.record_id == records.c.record_id
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(statement)]


def counts(connection: Connection) -> dict[str, int]:
    """How many rows, records, customers, changes and runs there are."""
    sizes = {
        "rows_accepted": select(func.coalesce(func.sum(raw_batches.c.rows_accepted), 0)),
        "rows_refused": select(func.coalesce(func.sum(raw_batches.c.rows_refused), 0)),
        "records": select(func.count()).select_from(records),
        "customers": select(func.count()).select_from(customers),
        "changes": select(func.count()).select_from(changes),
        "runs": select(func.count()).select_from(runs),
    }
    return {name: int(connection.execute(statement).scalar_one()) for name, statement in sizes.items()}
