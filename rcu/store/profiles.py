"""What projection reads and writes: the records, consents and events of clusters, and the profiles made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeAlias

import pyarrow as pa
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    cast,
    delete,
    false,
    func,
    literal,
    not_,
    or_,
    select,
)

from rcu.domain.causes import Cause
from rcu.domain.sources import EventsOfDeleted
from rcu.store.engine import Store, arrow_type
from rcu.store.history import keep_staged, not_before, told
from rcu.store.later import Later
from rcu.store.sql import among, ask, named
from rcu.store.tables import (
    aggregates,
    change_counter,
    changes,
    consents,
    customers,
    events,
    overrides,
    records,
    scores,
    sources,
)
from rcu.store.writing import next_numbers, upsert

Row: TypeAlias = Mapping[str, Any]
Query: TypeAlias = Select[*tuple[Any, ...]]

_SAID: Final = ("contact_kind", "contact_key", "channel", "purpose", "state", "basis", "evidence", "occurred_at")
_OF_CELL: Final = ("kind", "channel", "store", "currency")


def _member(columns: Sequence[str]) -> list[ColumnElement[Any]]:
    """What is read of a record.

    `deleted` where it is not in the source any more, `silent` where its events do not count, `rank` is its source's.
    """
    deleted = or_(records.c.deleted, records.c.absent)
    return [
        records.c.record_id,
        *(records.c[name] for name in columns),
        deleted.label("deleted"),
        and_(deleted, sources.c.events_of_deleted == EventsOfDeleted.DROP.value).label("silent"),
        records.c.address_updated_at,
        sources.c.rank,
        overrides.c.content.label("overrides"),
    ]


def _entry() -> list[ColumnElement[Any]]:
    return [records.c.source, records.c.native_id, *(consents.c[name] for name in _SAID)]


def _cell() -> list[ColumnElement[Any]]:
    return [
        *(events.c[name] for name in _OF_CELL),
        cast(func.count(), BigInteger).label("count"),
        cast(func.coalesce(func.sum(events.c.amount_minor), 0), BigInteger).label("amount_minor"),
        func.min(events.c.occurred_at).label("first_at"),
        func.max(events.c.occurred_at).label("last_at"),
    ]


def _of_kinds(kinds: Sequence[str]) -> ColumnElement[bool]:
    """One of some kinds; IN would be spelt out anew each time the statement is run."""
    return or_(*(events.c.kind == kind for kind in kinds))


def members(store: Store, staged: Table, columns: Sequence[str]) -> pa.Table:
    """The records staged as (record_id, cluster_id), by cluster, oldest record first: cluster_id, and `members_of`."""
    statement = (
        select(staged.c.cluster_id, *_member(columns))
        .select_from(staged.join(records, records.c.record_id == staged.c.record_id))
        .join(sources, sources.c.name == records.c.source)
        .outerjoin(overrides, overrides.c.record_id == records.c.record_id)
        .order_by(staged.c.cluster_id, records.c.record_id)
    )
    return store.read_arrow(statement)


def consent_entries(store: Store, staged: Table) -> pa.Table:
    """The consent ledger of the staged records, by cluster: cluster_id, and `consents_of`."""
    statement = (
        select(staged.c.cluster_id, *_entry())
        .select_from(staged.join(consents, consents.c.record_id == staged.c.record_id))
        .join(records, records.c.record_id == consents.c.record_id)
        .order_by(staged.c.cluster_id, consents.c.fingerprint)
    )
    return store.read_arrow(statement)


def event_cells(store: Store, staged: Table, kinds: Sequence[str], *, silent: Sequence[int] = ()) -> pa.Table:
    """Counts and sums of some kinds of events of the staged records, by cluster: cluster_id, and `cells_of`.

    Those of `silent` records, of which there are few, are left out.
    """
    statement = (
        select(staged.c.cluster_id, *_cell())
        .select_from(staged.join(events, events.c.record_id == staged.c.record_id))
        .where(not_(events.c.cancelled), _of_kinds(kinds))
        .group_by(staged.c.cluster_id, *(events.c[name] for name in _OF_CELL))
        .order_by(staged.c.cluster_id)
    )
    return store.read_arrow(statement.where(staged.c.record_id.not_in(silent)) if silent else statement)


def members_of(connection: Connection, record_ids: Sequence[int], columns: Sequence[str]) -> Later[list[Row]]:
    """A few records, oldest first.

    Each has record_id, the columns asked for, deleted, silent (its events do not count), address_updated_at, rank (of
    its source, the lower the more trusted), overrides (`overrides.content`, None as a rule), and whether it has entries
    in the ledger of consents and events: `has_consents`, `has_events`.
    """
    return _few(connection, _members_query(tuple(columns)), record_ids)


def consents_of(connection: Connection, record_ids: Sequence[int]) -> Later[list[Row]]:
    """The consent ledger of a few records.

    Each entry has record_id, source, native_id, contact_kind, contact_key, channel, purpose, state, basis, evidence and
    occurred_at.
    """
    return _few(connection, _consents_query(), record_ids)


def cells_of(connection: Connection, record_ids: Sequence[int], kinds: Sequence[str]) -> Later[list[Row]]:
    """Counts and sums of some kinds of events of a few records; cancelled ones are left out.

    Each row has record_id, kind, channel, store, currency, count, amount_minor, first_at and last_at.
    """
    return _few(connection, _cells_query(tuple(kinds)), record_ids)


# Putting a wide query together takes longer than answering it for one customer: each is made once.


_IDS: Final = "record_ids"


@cache
def _members_query(columns: tuple[str, ...]) -> Query:
    read = records.join(sources, sources.c.name == records.c.source)
    read = read.outerjoin(overrides, overrides.c.record_id == records.c.record_id)
    has = (
        select(table.c.record_id).where(table.c.record_id == records.c.record_id).exists().label(f"has_{name}")
        for name, table in (("consents", consents), ("events", events))
    )
    found = select(*_member(columns), *has).select_from(read)
    return found.where(among(records.c.record_id, _IDS)).order_by(records.c.record_id)


@cache
def _consents_query() -> Query:
    found = select(records.c.record_id, *_entry()).select_from(
        consents.join(records, records.c.record_id == consents.c.record_id)
    )
    return found.where(among(consents.c.record_id, _IDS)).order_by(consents.c.fingerprint)


@cache
def _cells_query(kinds: tuple[str, ...]) -> Query:
    found = select(events.c.record_id, *_cell()).where(not_(events.c.cancelled), _of_kinds(kinds))
    found = found.where(among(events.c.record_id, _IDS))
    return found.group_by(events.c.record_id, *(events.c[name] for name in _OF_CELL))


def _few(connection: Connection, query: Query, record_ids: Sequence[int]) -> Later[list[Row]]:
    if not record_ids:
        return Later.of([])
    return ask(connection, query, {_IDS: record_ids}, lambda rows: [*named(query, rows)])


def latest_event(store: Store) -> datetime | None:
    """When the latest event occurred, of any kind."""
    with store.read() as connection:
        return connection.execute(select(func.max(events.c.occurred_at))).scalar()


def latest_seen(store: Store) -> datetime | None:
    """When a customer was last seen, of all as they are stored."""
    with store.read() as connection:
        return connection.execute(select(func.max(customers.c.last_seen_at))).scalar()


def standing_customers(store: Store) -> pa.Table:
    """All customers as stored, but for their documents."""
    names = ("cluster_id", "customer_id", "version", "digest", "consents_digest", "household_key", "last_seen_at")
    return store.read_arrow(select(*(customers.c[name] for name in names)).order_by(customers.c.cluster_id))


def last_seen_within(store: Store, spans: Sequence[tuple[datetime, datetime]]) -> list[int]:
    """The clusters of the customers that were last seen after the beginning of a span, and until its end."""
    within = (and_(customers.c.last_seen_at > first, customers.c.last_seen_at <= last) for first, last in spans)
    with store.read() as connection:
        return list(connection.execute(select(customers.c.cluster_id).where(or_(false(), *within))).scalars())


def standing_profiles(store: Store, *, at_once: int = 20_000) -> Iterator[pa.Table]:
    """All profile documents as stored (cluster_id, profile), by cluster, so many at a time."""
    last = -1
    while True:
        statement = select(customers.c.cluster_id, customers.c.profile).where(customers.c.cluster_id > last)
        piece = store.read_arrow(statement.order_by(customers.c.cluster_id).limit(at_once))
        if not piece.num_rows:
            return
        yield piece
        last = piece["cluster_id"][-1].as_py()


def standing_aggregates(store: Store) -> pa.Table:
    """All aggregates as stored."""
    return store.read_arrow(select(aggregates).order_by(aggregates.c.cluster_id, aggregates.c.currency))


def standing_scores(store: Store) -> pa.Table:
    """All scores as stored."""
    return store.read_arrow(select(scores).order_by(scores.c.cluster_id, scores.c.name))


def replace_customers(
    connection: Connection, gone: Table, staged: Table, now: datetime, *, cause: Cause | None = None
) -> None:
    """Keep what ends here, and drop and write the staged customers, see `drop_customers` and `put_customers`.

    Memberships are written before: they tell where who is gone went.
    """
    for ending in (gone, staged):
        keep_staged(connection, ending, cause, now)
    drop_customers(connection, gone)
    put_customers(connection, staged, now, cause=cause)


def put_customers(connection: Connection, staged: Table, now: datetime, *, cause: Cause | None = None) -> None:
    """Write the staged customers: the columns of the table but `updated_at` and what changed them."""
    names = [
        "cluster_id", "customer_id", "version", "digest", "consents_digest", "profile", "household_key", "last_seen_at",
    ]  # fmt: skip
    same = {"updated_at": now, **told(cause)}
    values = (literal(value, customers.c[name].type) for name, value in same.items())
    rows = select(*(staged.c[name] for name in names), *values).where(staged.c.cluster_id.is_not(None))
    statement = upsert(connection, customers).from_select([*names, *same], rows)
    changed: dict[str, ColumnElement[Any]] = {name: statement.excluded[name] for name in (*names[2:], *same)}
    changed["updated_at"] = not_before(customers.c.updated_at, statement.excluded.updated_at)
    connection.execute(statement.on_conflict_do_update(index_elements=[customers.c.cluster_id], set_=changed))


def aggregate_rows(found: Sequence[Row]) -> pa.Table:
    """Rows of the table of aggregates as Arrow, ready to be staged."""
    return _rows(found, aggregates)


def score_rows(found: Sequence[Row]) -> pa.Table:
    """Rows of the table of scores as Arrow, ready to be staged."""
    return _rows(found, scores)


def _rows(found: Sequence[Row], table: Table) -> pa.Table:
    schema = pa.schema([(column.name, arrow_type(column.type)) for column in table.columns])
    return pa.Table.from_pylist(list(found), schema=schema)


def replace_aggregates(connection: Connection, touched: Table, staged: Table) -> None:
    """Replace the aggregates of the touched clusters (cluster_id) by the staged ones."""
    _replace(connection, aggregates, touched, staged)


def replace_scores(connection: Connection, touched: Table, staged: Table) -> None:
    """Replace the scores of the touched clusters (cluster_id) by the staged ones."""
    _replace(connection, scores, touched, staged)


def _replace(connection: Connection, table: Table, touched: Table, staged: Table) -> None:
    connection.execute(delete(table).where(table.c.cluster_id.in_(select(touched.c.cluster_id))))
    names = [column.name for column in table.columns]
    rows = select(*(staged.c[name] for name in names)).where(staged.c.cluster_id.is_not(None))
    connection.execute(table.insert().from_select(names, rows))


def drop_customers(connection: Connection, gone: Table) -> None:
    """Take away the profiles of clusters that are no more (cluster_id)."""
    for table in (customers, aggregates, scores):
        connection.execute(delete(table).where(table.c.cluster_id.in_(select(gone.c.cluster_id))))


def announce(connection: Connection, staged: Table, count: int, now: datetime) -> None:
    """Append changes to the feed, numbered so that a reader can never step over one.

    The counter's row stays locked until the transaction ends, so numbers become visible in their own order, and a
    rolled-back transaction gives its numbers back.

    Args:
        connection: the transaction; do this last in it, other writers wait from here on.
        staged: position (from 1), customer_id, kind, version, now_customer_id.
        count: how many rows are staged.
        now: the instant of the change.
    """
    last = next_numbers(connection, change_counter.c.last_sequence, count)
    names = ["customer_id", "kind", "version", "now_customer_id"]
    rows = select(
        staged.c.position + (last - count),
        *(staged.c[name] for name in names),
        literal(now, changes.c.changed_at.type),
    ).where(and_(staged.c.position.is_not(None)))
    connection.execute(changes.insert().from_select(["sequence", *names, "changed_at"], rows))
