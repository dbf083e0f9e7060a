"""Reading customers: one indexed lookup each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Row, Select, func, select

from rcu.domain.records import RecordKey
from rcu.store.sql import among
from rcu.store.tables import changes, customers, memberships, raw_batches, records, runs

LOOKUP_COLUMNS: Final[Mapping[str, str]] = {
    "email": "email_key",
    "mobile": "mobile",
    "landline": "landline",
    "loyalty_number": "loyalty_number",
}
"""Identifiers a customer can be looked up by, and the column that holds their key."""


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """A profile as stored."""

    customer_id: str
    version: int
    digest: str
    profile: str


def _profiles() -> Select[str, int, str, str]:
    return select(customers.c.customer_id, customers.c.version, customers.c.digest, customers.c.profile)


def _first(row: Row[str, int, str, str] | None) -> StoredProfile | None:
    return None if row is None else StoredProfile(*row)


def by_birth_id(connection: Connection, birth_id: str) -> StoredProfile | None:
    """The customer that the record born with this id belongs to now; any id ever given answers for ever."""
    statement = (
        _profiles()
        .join(memberships, memberships.c.cluster_id == customers.c.cluster_id)
        .join(records, records.c.record_id == memberships.c.record_id)
        .where(records.c.birth_id == birth_id)
    )
    return _first(connection.execute(statement).one_or_none())


def by_customer_ids(connection: Connection, customer_ids: Sequence[str]) -> list[StoredProfile]:
    """Customers by their present ids, the oldest first; those that are none any more are left out."""
    statement = _profiles().where(among(customers.c.customer_id, customer_ids)).order_by(customers.c.cluster_id)
    return [StoredProfile(*row) for row in connection.execute(statement)]


def record_born_as(connection: Connection, birth_id: str) -> RecordKey | None:
    """The record that was born with this id."""
    found = connection.execute(select(records.c.source, records.c.native_id).where(records.c.birth_id == birth_id))
    row = found.one_or_none()
    return None if row is None else RecordKey(row.source, row.native_id)


def by_record(connection: Connection, source: str, native_id: str) -> StoredProfile | None:
    """The customer a record belongs to."""
    statement = (
        _profiles()
        .join(memberships, memberships.c.cluster_id == customers.c.cluster_id)
        .join(records, records.c.record_id == memberships.c.record_id)
        .where(records.c.source == source, records.c.native_id == native_id)
    )
    return _first(connection.execute(statement).one_or_none())


def by_identifiers(
    connection: Connection, identifier: str, keys: Sequence[str], *, most_each: int
) -> dict[str, list[StoredProfile]]:
    """The customers whose records carry one of the keys, oldest first; at most `most_each` for one key.

    Args:
        connection: a connection.
        identifier: one of LOOKUP_COLUMNS.
        keys: keys in the form records are matched on.
        most_each: more than this many customers are cut off.
    """
    column = records.c[LOOKUP_COLUMNS[identifier]]
    carriers = (
        select(column.label("key"), memberships.c.cluster_id)
        .join(memberships, memberships.c.record_id == records.c.record_id)
        .where(column.in_(keys))
        .distinct()
        .subquery("carriers")
    )
    place = func.row_number().over(partition_by=carriers.c.key, order_by=carriers.c.cluster_id)
    ranked = select(carriers.c.key, carriers.c.cluster_id, place.label("place")).subquery("ranked")
    statement = (
        select(ranked.c.key, customers.c.customer_id, customers.c.version, customers.c.digest, customers.c.profile)
        .join(customers, customers.c.cluster_id == ranked.c.cluster_id)
        .where(ranked.c.place <= most_each)
        .order_by(ranked.c.key, ranked.c.cluster_id)
    )
    found: dict[str, list[StoredProfile]] = {}
    for key, *profile in connection.execute(statement):
        found.setdefault(key, []).append(StoredProfile(*profile))
    return found


def page(connection: Connection, *, after: int, limit: int) -> list[tuple[int, StoredProfile]]:
    """The next customers by the age of their oldest record, with the number to go on from."""
    statement = (
        select(
            customers.c.cluster_id,
            customers.c.customer_id,
            customers.c.version,
            customers.c.digest,
            customers.c.profile,
        )
        .where(customers.c.cluster_id > after)
        .order_by(customers.c.cluster_id)
        .limit(limit)
    )
    return [(row[0], StoredProfile(*row[1:])) for row in connection.execute(statement)]


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the change feed."""

    sequence: int
    customer_id: str
    kind: str
    version: int | None
    now_customer_id: str | None
    changed_at: str


def changes_after(connection: Connection, after: int, limit: int) -> list[Change]:
    """The next entries of the change feed, in commit order."""
    columns = (
        changes.c.customer_id,
        changes.c.kind,
        changes.c.version,
        changes.c.now_customer_id,
        changes.c.changed_at,
    )
    statement = select(changes.c.sequence, *columns).where(changes.c.sequence > after)
    rows = connection.execute(statement.order_by(changes.c.sequence).limit(limit))
    return [Change(*row[:5], row[5].strftime("%Y-%m-%dT%H:%M:%S.%fZ")) for row in rows]


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
