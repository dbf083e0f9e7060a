"""Sources: a small table a person fills."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, or_, select

from rcu.domain.sources import EventsOfDeleted
from rcu.store.marks import mark
from rcu.store.tables import records, sources
from rcu.store.writing import upsert


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source as stored: `settings` is JSON, `rank` its trust (the lower, the more trusted).

    `created_at` is told by the store, and not given to it.
    """

    name: str
    kind: str
    settings: str
    rank: int
    events_of_deleted: EventsOfDeleted = EventsOfDeleted.KEEP
    created_at: datetime | None = None


def put_source(connection: Connection, row: SourceRow, now: datetime) -> None:
    """Add a source or change its settings."""
    changed = {
        "kind": row.kind,
        "settings": row.settings,
        "rank": row.rank,
        "events_of_deleted": row.events_of_deleted.value,
    }
    statement = upsert(connection, sources).values(name=row.name, created_at=now, **changed)
    connection.execute(statement.on_conflict_do_update(index_elements=[sources.c.name], set_=changed))


def mark_source(connection: Connection, name: str, *, gone_only: bool = False) -> None:
    """Mark the records of a source, or those of them that are gone, as having an outdated profile."""
    mine = select(records.c.record_id).where(records.c.source == name)
    mark(connection, mine.where(or_(records.c.deleted, records.c.absent)) if gone_only else mine)


def all_sources(connection: Connection) -> list[SourceRow]:
    """Every source, the most trusted first."""
    columns = (sources.c.name, sources.c.kind, sources.c.settings, sources.c.rank, sources.c.events_of_deleted)
    rows = connection.execute(select(*columns, sources.c.created_at).order_by(sources.c.rank, sources.c.name))
    return [SourceRow(*row[:4], EventsOfDeleted(row[4]), row[5]) for row in rows]


def records_by_source(connection: Connection) -> dict[str, int]:
    """How many records each source has."""
    statement = select(records.c.source, func.count()).group_by(records.c.source)
    return {row[0]: int(row[1]) for row in connection.execute(statement)}
