"""What matching reads and writes: records to compare, links, memberships, identifiers that are nobody's."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from sqlalchemy import Connection, Table, and_, delete, or_, select, update

from rcu.domain.records import RecordKey
from rcu.store.dialect import upsert
from rcu.store.engine import Store
from rcu.store.tables import identifier_frequency, links, memberships, records


def records_to_match(store: Store, columns: Sequence[str]) -> pa.Table:
    """Every record, oldest first: its number, key, flags and the columns the model compares."""
    own = ("record_id", "source", "native_id", "to_match", "to_project")
    statement = select(*(records.c[name] for name in (*own, *columns))).order_by(records.c.record_id)
    return store.read_arrow(statement)


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


def generic_identifiers(store: Store) -> dict[str, frozenset[str]]:
    """The identifier values found to be nobody's at the last run, by column."""
    with store.read() as connection:
        rows = connection.execute(select(identifier_frequency.c.identifier, identifier_frequency.c.value)).all()
    found: dict[str, set[str]] = {}
    for identifier, value in rows:
        found.setdefault(identifier, set()).add(value)
    return {identifier: frozenset(values) for identifier, values in found.items()}


def replace_generic(connection: Connection, generic: dict[str, frozenset[str]]) -> None:
    """Remember which identifier values are nobody's."""
    connection.execute(delete(identifier_frequency))
    rows = [
        {"identifier": name, "value": value} for name, values in sorted(generic.items()) for value in sorted(values)
    ]
    if rows:
        connection.execute(identifier_frequency.insert(), rows)


def replace_links(connection: Connection, touched: Table, found: Table) -> None:
    """Drop every link of a touched record and put in those that were found for them."""
    for side in (links.c.left_id, links.c.right_id):
        connection.execute(delete(links).where(side.in_(select(touched.c.record_id))))
    names = ["left_id", "right_id", "weight", "pattern"]
    rows = select(*(found.c[name] for name in names)).where(found.c.left_id.is_not(None))
    connection.execute(links.insert().from_select(names, rows))


def put_memberships(connection: Connection, staged: Table) -> None:
    """Set the cluster of the staged records (record_id, cluster_id)."""
    rows = select(staged.c.record_id, staged.c.cluster_id).where(staged.c.record_id.is_not(None))
    statement = upsert(connection, memberships).from_select(["record_id", "cluster_id"], rows)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[memberships.c.record_id], set_={"cluster_id": statement.excluded.cluster_id}
        )
    )


def clear_marks(connection: Connection) -> None:
    """Every record is matched and projected now."""
    connection.execute(
        update(records).where(or_(records.c.to_match, records.c.to_project)).values(to_match=False, to_project=False)
    )
