"""Records as they are sent one by one: what is stored of them, and writing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Update, select
from sqlalchemy.sql.dml import ReturningInsert

from rcu.domain.hashes import HASH_COLUMNS
from rcu.domain.records import STANDARD_COLUMNS, RecordKey
from rcu.store.asking import Rows
from rcu.store.later import Later
from rcu.store.marks import TO_MATCH, TO_PROJECT
from rcu.store.sql import among, ask, named, prepared
from rcu.store.tables import memberships, records, sources, waiting
from rcu.store.writing import inserting, put_rows, updating

Row: TypeAlias = Mapping[str, Any]
_OWN: Final = (
    "record_id", "source", "native_id", "birth_id", "content_hash", "updated_at", "store", "is_guest",
    "deleted", "created_at", "raw",
)  # fmt: skip


def unknown_sources(connection: Connection, names: Sequence[str]) -> list[str]:
    """Which of some names no source has."""
    known = set(connection.execute(select(sources.c.name).where(among(sources.c.name, names))).scalars())
    return sorted(set(names) - known)


_STORED: Final = (
    select(*(records.c[name] for name in (*_OWN, *STANDARD_COLUMNS)), memberships.c.cluster_id, TO_MATCH, TO_PROJECT)
    .select_from(records)
    .outerjoin(memberships, memberships.c.record_id == records.c.record_id)
    .outerjoin(waiting, waiting.c.record_id == records.c.record_id)
    .where(among(records.c.source, "sources"), among(records.c.native_id, "native_ids"))
)


_HELD: Final = _STORED.with_for_update(of=records)


def stored(connection: Connection, keys: Sequence[RecordKey], *, hold: bool = False) -> Later[dict[RecordKey, Row]]:
    """Records as they are stored: `cluster_id` is None for one that was never matched.

    `hold` keeps everybody, imports included, from writing them before the transaction ends.
    """
    if not keys:
        return Later.of({})
    wanted = set(keys)
    told = {"sources": {key.source for key in keys}, "native_ids": {key.native_id for key in keys}}

    def by_key(rows: Rows) -> dict[RecordKey, Row]:
        found = {RecordKey(row["source"], row["native_id"]): row for row in named(_STORED, rows)}
        return {key: row for key, row in found.items() if key in wanted}

    return ask(connection, _HELD if hold else _STORED, told, by_key)


_NEW: Final = (
    "birth_id", "source", "native_id", *STANDARD_COLUMNS, "store", "is_guest", "deleted", "created_at", "updated_at",
    "raw", "content_hash", "absent", "arrived_at", *HASH_COLUMNS,
)  # fmt: skip


def _put_new(connection: Connection) -> ReturningInsert[str, str, int]:
    columns = (records.c.source, records.c.native_id, records.c.record_id)
    return inserting(connection, records, _NEW).on_conflict_do_nothing().returning(*columns)


def put_new(connection: Connection, found: Mapping[RecordKey, Row], now: datetime) -> dict[RecordKey, int]:
    """Write records that were not there; the numbers of those that are by now another's doing are missing."""
    if not found:
        return {}
    nothing = dict.fromkeys(_NEW) | {"absent": False, "arrived_at": now}
    rows = [{**nothing, "source": key.source, "native_id": key.native_id, **row} for key, row in sorted(found.items())]
    written = put_rows(connection, prepared(connection, _put_new), rows)
    return {RecordKey(source, native_id): number for source, native_id, number in written}


def _put_changed(connection: Connection, names: tuple[str, ...]) -> Update:
    return updating(connection, records, names)


def put_changed(connection: Connection, found: Mapping[int, Row]) -> None:
    """Write what known records say now, as far as each row speaks of it."""
    shapes: dict[tuple[str, ...], list[Row]] = {}
    for record, row in sorted(found.items()):
        shapes.setdefault((*row, "absent"), []).append({**row, "absent": False, "record_id": record})
    for names, rows in shapes.items():
        put_rows(connection, prepared(connection, _put_changed, names), rows)
