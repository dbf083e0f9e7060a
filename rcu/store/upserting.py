"""Records as they are sent one by one: what is stored of them, and writing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, select, update

from rcu.domain.records import STANDARD_COLUMNS, RecordKey
from rcu.store.dialect import among, upsert
from rcu.store.tables import memberships, records, sources

Row: TypeAlias = Mapping[str, Any]
_OWN: Final = (
    "record_id", "source", "native_id", "birth_id", "content_hash", "updated_at", "to_match", "store", "is_guest",
    "deleted", "created_at", "raw",
)  # fmt: skip


def unknown_sources(connection: Connection, names: Sequence[str]) -> list[str]:
    """Which of some names no source has."""
    known = set(connection.execute(select(sources.c.name).where(among(connection, sources.c.name, names))).scalars())
    return sorted(set(names) - known)


def stored(connection: Connection, keys: Sequence[RecordKey]) -> dict[RecordKey, Row]:
    """Records as they are stored: `cluster_id` is None for one that was never matched."""
    columns = [*(records.c[name] for name in (*_OWN, *STANDARD_COLUMNS)), memberships.c.cluster_id]
    statement = (
        select(*columns)
        .select_from(records.outerjoin(memberships, memberships.c.record_id == records.c.record_id))
        .where(
            among(connection, records.c.source, {key.source for key in keys}),
            among(connection, records.c.native_id, {key.native_id for key in keys}),
        )
    )
    wanted, names = set(keys), [column.name for column in columns]
    found: dict[RecordKey, Row] = {}
    for row in connection.execute(statement):
        told = dict(zip(names, row, strict=True))
        key = RecordKey(told["source"], told["native_id"])
        if key in wanted:
            found[key] = told
    return found


def put_new(connection: Connection, found: Mapping[RecordKey, Row], now: datetime) -> dict[RecordKey, int]:
    """Write records that were not there; the numbers of those that are by now another's doing are missing."""
    if not found:
        return {}
    marks = {"absent": False, "to_match": False, "to_project": False, "arrived_at": now}
    rows = [{"source": key.source, "native_id": key.native_id, **row, **marks} for key, row in sorted(found.items())]
    statement = upsert(connection, records).on_conflict_do_nothing()
    columns = (records.c.source, records.c.native_id, records.c.record_id)
    written = connection.execute(statement.returning(*columns), rows)
    return {RecordKey(row[0], row[1]): row[2] for row in written}


def put_changed(connection: Connection, found: Mapping[int, Row]) -> None:
    """Write what known records say now; all rows have the same columns."""
    for record, row in sorted(found.items()):
        connection.execute(update(records).where(records.c.record_id == record).values(**row, absent=False))
