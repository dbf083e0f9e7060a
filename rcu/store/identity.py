"""What matching reads and writes: records to compare, links, memberships, identifiers that are nobody's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

import pyarrow as pa
from sqlalchemy import Connection, Table, and_, delete, or_, select

from rcu.domain.records import RecordKey
from rcu.store.engine import Store
from rcu.store.marks import unmark_all
from rcu.store.sql import among
from rcu.store.tables import (
    blocking_keys,
    cluster_quality,
    identifier_frequency,
    links,
    memberships,
    records,
    records_before,
    steward_links,
    value_counts,
    waiting,
)
from rcu.store.writing import upsert


def records_to_match(store: Store, columns: Sequence[str]) -> pa.Table:
    """Every record, oldest first: its number, key and the columns the model compares."""
    own = ("record_id", "source", "native_id")
    statement = select(*(records.c[name] for name in (*own, *columns))).order_by(records.c.record_id)
    return store.read_arrow(statement)


def marked(store: Store) -> pa.Table:
    """The records that wait for a run: record_id."""
    return store.read_arrow(select(waiting.c.record_id))


def names(store: Store) -> pa.Table:
    """What every record is called: record_id, source, native_id, birth_id; oldest first."""
    columns = (records.c.record_id, records.c.source, records.c.native_id, records.c.birth_id)
    return store.read_arrow(select(*columns).order_by(records.c.record_id))


def records_by_key(store: Store, keys: Sequence[RecordKey], columns: Sequence[str]) -> pa.Table:
    """A few records: source, native_id, cluster_id (null before the first run) and the columns asked for."""
    wanted = or_(*(and_(records.c.source == key.source, records.c.native_id == key.native_id) for key in keys))
    statement = (
        select(records.c.source, records.c.native_id, memberships.c.cluster_id, *(records.c[name] for name in columns))
        .select_from(records.outerjoin(memberships, memberships.c.record_id == records.c.record_id))
        .where(wanted)
    )
    return store.read_arrow(statement)


def stored_links(store: Store) -> pa.Table:
    """All links: left_id, right_id, weight, pattern."""
    return store.read_arrow(select(links.c.left_id, links.c.right_id, links.c.weight, links.c.pattern))


def stored_memberships(store: Store) -> pa.Table:
    """record_id and cluster_id of every record that was matched before, by record."""
    return store.read_arrow(select(memberships.c.record_id, memberships.c.cluster_id).order_by(memberships.c.record_id))


def generic(store: Store) -> Mapping[str, frozenset[str]]:
    """The values that are nobody's, by column."""
    found: dict[str, set[str]] = {}
    with store.read() as connection:
        for name, value in connection.execute(select(identifier_frequency.c.identifier, identifier_frequency.c.value)):
            found.setdefault(name, set()).add(value)
    return {name: frozenset(values) for name, values in found.items()}


def replace_generic(connection: Connection, found: Mapping[str, frozenset[str]]) -> None:
    """Remember which values are nobody's."""
    connection.execute(delete(identifier_frequency))
    pairs = sorted((name, value) for name, values in found.items() for value in values)
    if pairs:
        rows = [{"identifier": name, "value": value} for name, value in pairs]
        connection.execute(identifier_frequency.insert(), rows)


def carriers(store: Store, column: str, values: Sequence[str]) -> dict[str, list[int]]:
    """The records that carry each of some values of a column."""
    found: dict[str, list[int]] = {}
    with store.read() as connection:
        mine = select(records.c[column], records.c.record_id).where(among(records.c[column], values))
        for value, record in connection.execute(mine.order_by(records.c.record_id)):
            found.setdefault(value, []).append(record)
    return found


class Whole(Enum):
    """The tables that a run over everything fills anew; all their columns are staged."""

    LINKS = links
    BLOCKING_KEYS = blocking_keys
    VALUE_COUNTS = value_counts
    STEWARD_LINKS = steward_links


def refill(connection: Connection, which: Whole, staged: Table) -> None:
    """Put the staged rows in the place of all rows of a table, in the order of its key."""
    table: Table = which.value
    connection.execute(delete(table))
    names = [column.name for column in table.columns]
    rows = select(*(staged.c[name] for name in names)).order_by(*(staged.c[key.name] for key in table.primary_key))
    connection.execute(table.insert().from_select(names, rows))


def kept(store: Store, which: Whole) -> pa.Table:
    """What such a table holds; a count of no records is none."""
    table: Table = which.value
    statement = select(*table.columns)
    return store.read_arrow(statement.where(table.c.records > 0) if which is Whole.VALUE_COUNTS else statement)


def put_memberships(connection: Connection, staged: Table) -> None:
    """Set the cluster of the staged records (record_id, cluster_id)."""
    rows = select(staged.c.record_id, staged.c.cluster_id).where(staged.c.record_id.is_not(None))
    statement = upsert(connection, memberships).from_select(["record_id", "cluster_id"], rows)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[memberships.c.record_id], set_={"cluster_id": statement.excluded.cluster_id}
        )
    )


def stored_quality(store: Store) -> pa.Table:
    """The quality of every cluster of two or more records, as of the last run, by cluster."""
    return store.read_arrow(select(cluster_quality).order_by(cluster_quality.c.cluster_id))


def replace_quality(connection: Connection, changed: Table, found: Table) -> None:
    """Drop the quality of the staged clusters (cluster_id) and put in the rows that were found for them."""
    connection.execute(delete(cluster_quality).where(cluster_quality.c.cluster_id.in_(select(changed.c.cluster_id))))
    names = cluster_quality.c.keys()
    rows = select(*(found.c[name] for name in names)).where(found.c.cluster_id.is_not(None))
    connection.execute(cluster_quality.insert().from_select(names, rows))


def clear_marks(connection: Connection) -> None:
    """Every record is matched and projected now."""
    unmark_all(connection)
    connection.execute(delete(records_before))
