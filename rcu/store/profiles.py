"""What projection reads and writes: the records, consents and events of clusters, and the profiles made of them."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pyarrow as pa
from sqlalchemy import BigInteger, Connection, Table, and_, cast, delete, func, literal, not_, or_, select, update

from rcu.domain.records import STANDARD_COLUMNS
from rcu.store.dialect import upsert
from rcu.store.engine import Store, arrow_type
from rcu.store.tables import (
    aggregates,
    change_counter,
    changes,
    consents,
    customers,
    events,
    records,
    scores,
    sources,
)


def members(store: Store, staged: Table) -> pa.Table:
    """Every standard column of the records staged as (record_id, cluster_id), by cluster, oldest record first."""
    own = ("record_id", "birth_id", "source", "native_id", "store", "is_guest", "created_at", "updated_at")
    statement = (
        select(
            staged.c.cluster_id,
            *(records.c[name] for name in (*own, *STANDARD_COLUMNS)),
            or_(records.c.deleted, records.c.absent).label("deleted"),
            records.c.address_updated_at,
            sources.c.rank,
        )
        .select_from(staged.join(records, records.c.record_id == staged.c.record_id))
        .join(sources, sources.c.name == records.c.source)
        .order_by(staged.c.cluster_id, records.c.record_id)
    )
    return store.read_arrow(statement)


def consent_entries(store: Store, staged: Table) -> pa.Table:
    """The consent ledger of the staged records, by cluster."""
    said = ("contact_kind", "contact_key", "channel", "purpose", "state", "basis", "evidence", "occurred_at")
    statement = (
        select(staged.c.cluster_id, records.c.source, records.c.native_id, *(consents.c[name] for name in said))
        .select_from(staged.join(consents, consents.c.record_id == staged.c.record_id))
        .join(records, records.c.record_id == consents.c.record_id)
        .order_by(staged.c.cluster_id, consents.c.fingerprint)
    )
    return store.read_arrow(statement)


def event_cells(store: Store, staged: Table) -> pa.Table:
    """Counts and sums of the events of the staged records, by cluster, kind, channel, store and currency.

    Cancelled events are left out.
    """
    cell = (events.c.kind, events.c.channel, events.c.store, events.c.currency)
    statement = (
        select(
            staged.c.cluster_id,
            *cell,
            cast(func.count(), BigInteger).label("count"),
            cast(func.coalesce(func.sum(events.c.amount_minor), 0), BigInteger).label("amount_minor"),
            func.min(events.c.occurred_at).label("first_at"),
            func.max(events.c.occurred_at).label("last_at"),
        )
        .select_from(staged.join(events, events.c.record_id == staged.c.record_id))
        .where(not_(events.c.cancelled))
        .group_by(staged.c.cluster_id, *cell)
        .order_by(staged.c.cluster_id)
    )
    return store.read_arrow(statement)


def latest_instant(store: Store) -> datetime | None:
    """The latest instant the data speak of: an event's, or an update of a record."""
    with store.read() as connection:
        found = [
            connection.execute(select(func.max(column))).scalar()
            for column in (events.c.occurred_at, records.c.updated_at)
        ]
    return max((instant for instant in found if instant is not None), default=None)


def standing_customers(store: Store) -> pa.Table:
    """All customers as stored: cluster_id, customer_id, version, digest, household_key, last_seen_at."""
    names = ("cluster_id", "customer_id", "version", "digest", "household_key", "last_seen_at")
    return store.read_arrow(select(*(customers.c[name] for name in names)).order_by(customers.c.cluster_id))


def standing_profiles(store: Store) -> pa.Table:
    """All profile documents as stored, by cluster."""
    return store.read_arrow(select(customers.c.cluster_id, customers.c.profile).order_by(customers.c.cluster_id))


def standing_aggregates(store: Store) -> pa.Table:
    """All aggregates as stored."""
    return store.read_arrow(select(aggregates).order_by(aggregates.c.cluster_id, aggregates.c.currency))


def standing_scores(store: Store) -> pa.Table:
    """All scores as stored."""
    return store.read_arrow(select(scores).order_by(scores.c.cluster_id, scores.c.name))


def birth_ids(store: Store, staged: Table) -> pa.Table:
    """The birth id of the records staged as cluster_id: record_id, birth_id."""
    statement = (
        select(records.c.record_id, records.c.birth_id)
        .select_from(staged.join(records, records.c.record_id == staged.c.cluster_id))
        .distinct()
    )
    return store.read_arrow(statement)


def put_customers(connection: Connection, staged: Table, now: datetime) -> None:
    """Write the staged profiles: cluster_id, customer_id, version, digest, profile, household_key, last_seen_at."""
    names = ["cluster_id", "customer_id", "version", "digest", "profile", "household_key", "last_seen_at"]
    rows = select(*(staged.c[name] for name in names), literal(now, customers.c.updated_at.type))
    statement = upsert(connection, customers).from_select(
        [*names, "updated_at"], rows.where(staged.c.cluster_id.is_not(None))
    )
    changed = {name: statement.excluded[name] for name in (*names[2:], "updated_at")}
    connection.execute(statement.on_conflict_do_update(index_elements=[customers.c.cluster_id], set_=changed))


def aggregate_rows(frame: pd.DataFrame) -> pa.Table:
    """Rows of the table of aggregates as Arrow, ready to be staged."""
    return _rows(frame, aggregates)


def score_rows(frame: pd.DataFrame) -> pa.Table:
    """Rows of the table of scores as Arrow, ready to be staged."""
    return _rows(frame, scores)


def _rows(frame: pd.DataFrame, table: Table) -> pa.Table:
    schema = pa.schema([(column.name, arrow_type(column.type)) for column in table.columns])
    return pa.Table.from_pandas(frame.reindex(columns=schema.names), schema=schema, preserve_index=False)


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
    last = connection.execute(
        update(change_counter)
        .values(last_sequence=change_counter.c.last_sequence + count)
        .returning(change_counter.c.last_sequence)
    ).scalar_one()
    names = ["customer_id", "kind", "version", "now_customer_id"]
    rows = select(
        staged.c.position + (last - count),
        *(staged.c[name] for name in names),
        literal(now, changes.c.changed_at.type),
    ).where(and_(staged.c.position.is_not(None)))
    connection.execute(changes.insert().from_select(["sequence", *names, "changed_at"], rows))
