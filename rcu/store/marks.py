"""Which records wait for a run: to be matched, or only to be projected. They are in a table of their own.

A mark that is there already is written again, and a mark is taken away before what it stands for is read: so a change
that comes meanwhile waits until whoever takes the mark away has ended, and marks the record anew.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Connection, Select, delete, exists, false, func, literal, or_, select
from sqlalchemy.sql.dml import Insert, Update

from rcu.store.sql import act, among
from rcu.store.tables import records, waiting
from rcu.store.writing import Upsert, upsert, written_and

_IDS: Final = "record_ids"

MATCHED: Final = ~exists().where(waiting.c.record_id == records.c.record_id, waiting.c.to_match)
"""Whether a record does not wait to be matched."""

TO_MATCH: Final = func.coalesce(waiting.c.to_match, false()).label("to_match")
"""Whether a record waits to be matched, where `waiting` is joined to it."""

TO_PROJECT: Final = waiting.c.record_id.is_not(None).label("to_project")
"""Whether its profile is older than its data, likewise."""


def write_marked(connection: Connection, statement: Insert | Update, *, to_match: bool) -> int:
    """Run a statement that writes records and mark those it writes; says how many they are."""
    return written_and(
        connection, statement, records.c.record_id, lambda ids: _marking(connection, ids, to_match=to_match)
    )


def mark(connection: Connection, record_ids: Select[Any]) -> None:
    """Mark the records a query gives, once or more often, as having an outdated profile."""
    own = select(records.c.record_id).where(records.c.record_id.in_(record_ids))
    connection.execute(_marking(connection, own, to_match=False))


def mark_some(connection: Connection, record_ids: Collection[int]) -> None:
    """The same for a few."""
    if record_ids:
        own = select(records.c.record_id).where(among(records.c.record_id, record_ids))
        connection.execute(_marking(connection, own, to_match=False))


def _marking(connection: Connection, record_ids: Select[Any], *, to_match: bool) -> Upsert:
    ids = record_ids.subquery("marked")
    rows = select(ids.c.record_id, literal(to_match)).where(ids.c.record_id.is_not(None))
    statement = upsert(connection, waiting).from_select(["record_id", "to_match"], rows)
    either = or_(waiting.c.to_match, statement.excluded.to_match)
    return statement.on_conflict_do_update(index_elements=[waiting.c.record_id], set_={"to_match": either})


_UNMARK: Final = delete(waiting).where(among(waiting.c.record_id, _IDS))


def unmark(connection: Connection, record_ids: Collection[int]) -> None:
    """Take the marks of some records away, before what has changed of them is read."""
    if record_ids:
        act(connection, _UNMARK, {_IDS: record_ids})


def unmark_all(connection: Connection) -> None:
    """Take all marks away."""
    connection.execute(delete(waiting))
