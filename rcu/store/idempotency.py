"""Requests that were answered under a key the caller chose, and those that are under way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from rcu.store.tables import idempotency_keys as rows
from rcu.store.writing import upsert


@dataclass(frozen=True, slots=True)
class Known:
    """A request that began before; without `status` it is under way, or its process died."""

    request: str
    began_at: datetime
    status: int | None
    media_type: str | None
    body: str | None


def begin(connection: Connection, name: str, *, request: str, now: datetime) -> Known | None:
    """Note that a request begins; where one of this name began before, that one instead."""
    fresh = upsert(connection, rows).values(name=name, request=request, began_at=now)
    added = connection.execute(fresh.on_conflict_do_nothing().returning(rows.c.name)).one_or_none()
    if added is not None:
        return None
    columns = (rows.c.request, rows.c.began_at, rows.c.status, rows.c.media_type, rows.c.body)
    return Known(*connection.execute(select(*columns).where(rows.c.name == name)).one())


def take_over(connection: Connection, name: str, *, began_at: datetime, now: datetime) -> bool:
    """Begin a request again whose process died; False when somebody else did."""
    same = (rows.c.name == name, rows.c.began_at == began_at, rows.c.status.is_(None))
    return connection.execute(update(rows).where(*same).values(began_at=now)).rowcount > 0


def finish(connection: Connection, name: str, *, status: int, media_type: str, body: str) -> None:
    """Keep an answer."""
    connection.execute(update(rows).where(rows.c.name == name).values(status=status, media_type=media_type, body=body))


def forget(connection: Connection, name: str) -> None:
    """Have a request as if it had not begun."""
    connection.execute(delete(rows).where(rows.c.name == name, rows.c.status.is_(None)))


def forget_older(connection: Connection, than: datetime) -> None:
    """Forget what began before some instant."""
    connection.execute(delete(rows).where(rows.c.began_at < than))
