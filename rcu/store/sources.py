"""Sources and API keys: the small tables a person fills."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, or_, select, update

from rcu.domain.sources import EventsOfDeleted
from rcu.store.marks import mark
from rcu.store.sql import upsert
from rcu.store.tables import api_keys, records, sources


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source as stored: `settings` is JSON, `rank` its trust (the lower, the more trusted)."""

    name: str
    kind: str
    settings: str
    rank: int
    events_of_deleted: EventsOfDeleted = EventsOfDeleted.KEEP


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
    rows = connection.execute(select(*columns).order_by(sources.c.rank, sources.c.name))
    return [SourceRow(*row[:4], EventsOfDeleted(row[4])) for row in rows]


def records_by_source(connection: Connection) -> dict[str, int]:
    """How many records each source has."""
    statement = select(records.c.source, func.count()).group_by(records.c.source)
    return {row[0]: int(row[1]) for row in connection.execute(statement)}


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key; the key itself is never stored."""

    name: str
    scopes: frozenset[str]
    created_at: datetime
    revoked_at: datetime | None


def add_key(connection: Connection, name: str, *, digest: str, scopes: frozenset[str], now: datetime) -> bool:
    """Store a key; False when the name is taken."""
    values = {"name": name, "digest": digest, "scopes": " ".join(sorted(scopes)), "created_at": now}
    taken = connection.execute(select(api_keys.c.key_id).where(api_keys.c.name == name)).one_or_none()
    if taken is None:
        connection.execute(insert(api_keys).values(**values))
    return taken is None


def key_by_digest(connection: Connection, digest: str) -> ApiKey | None:
    """The key with this digest, unless it was revoked."""
    columns = (api_keys.c.name, api_keys.c.scopes, api_keys.c.created_at, api_keys.c.revoked_at)
    statement = select(*columns).where(api_keys.c.digest == digest, api_keys.c.revoked_at.is_(None))
    row = connection.execute(statement).one_or_none()
    return None if row is None else ApiKey(row[0], frozenset(row[1].split()), row[2], row[3])


def all_keys(connection: Connection) -> list[ApiKey]:
    """Every key ever made, by name."""
    columns = (api_keys.c.name, api_keys.c.scopes, api_keys.c.created_at, api_keys.c.revoked_at)
    rows = connection.execute(select(*columns).order_by(api_keys.c.name))
    return [ApiKey(row[0], frozenset(row[1].split()), row[2], row[3]) for row in rows]


def revoke_key(connection: Connection, name: str, now: datetime) -> bool:
    """Revoke a key; False when there is none of that name in force."""
    statement = update(api_keys).where(api_keys.c.name == name, api_keys.c.revoked_at.is_(None))
    return connection.execute(statement.values(revoked_at=now)).rowcount > 0
