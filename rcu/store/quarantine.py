"""The quarantine: every row that was refused, with its reason, until it is replayed or dropped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, and_, exists, func, insert, or_, select, update

from rcu.domain.intake import Refusal
from rcu.store.sql import among
from rcu.store.tables import events, quarantine, raw_batches, records

_RECORD: Final = "record:"
_EVENT: Final = "event:"


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """Where a refused row stands and what is wrong with it, without the row: `status` is open, replayed or dropped."""

    quarantine_id: int
    file_id: int
    source: str
    file_name: str
    line: int
    field: str | None
    reason: str
    detail: str
    status: str
    refused_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class QuarantinedRow(RefusedRow):
    """One refused row; `raw` is the row as it was read, JSON, with personal data."""

    raw: str


@dataclass(frozen=True, slots=True)
class RefusedWish:
    """Which refused rows somebody wants to see; None is: no matter which."""

    source: str | None = None
    reason: str | None = None
    file_name: str | None = None
    status: str | None = "open"


_PLACE: Final = tuple(quarantine.c[one.name] for one in fields(RefusedRow))
_WHOLE: Final = tuple(quarantine.c[one.name] for one in fields(QuarantinedRow))


def put(
    connection: Connection,
    origin: Mapping[str, Any],
    refusals: Sequence[Refusal],
    *,
    waits_for: Mapping[int, str],
    now: datetime,
) -> None:
    """Put refused rows into quarantine.

    Args:
        connection: the transaction.
        origin: file_id, source and file_name.
        refusals: the rows.
        waits_for: by line, what a row that is sound in itself waits for.
        now: the instant.
    """
    rows = [
        {
            **origin,
            "line": refusal.line,
            "field": refusal.field,
            "reason": refusal.reason,
            "detail": refusal.detail,
            "raw": refusal.raw,
            "waits_for": waits_for.get(refusal.line),
            "status": "open",
            "refused_at": now,
        }
        for refusal in refusals
    ]
    if rows:
        connection.execute(insert(quarantine), rows)


def no_longer_waiting(connection: Connection, source: str) -> list[int]:
    """Open rows of a source that waited for a record or an order which is there now."""
    named = quarantine.c.waits_for
    record = and_(
        named.startswith(_RECORD),
        exists().where(records.c.source == source, records.c.native_id == func.substr(named, len(_RECORD) + 1)),
    )
    event = and_(
        named.startswith(_EVENT),
        exists().where(events.c.source == source, events.c.native_id == func.substr(named, len(_EVENT) + 1)),
    )
    statement = select(quarantine.c.quarantine_id).where(
        quarantine.c.source == source, quarantine.c.status == "open", named.is_not(None), or_(record, event)
    )
    return list(connection.execute(statement.order_by(quarantine.c.quarantine_id)).scalars())


def header_of(connection: Connection, file_id: int) -> bytes | None:
    """The rows of the first batch of a file, as Parquet: they tell its columns."""
    statement = select(raw_batches.c.content).where(raw_batches.c.file_id == file_id).order_by(raw_batches.c.number)
    return connection.execute(statement.limit(1)).scalar_one_or_none()


def listed(
    connection: Connection,
    *,
    source: str | None = None,
    reason: str | None = None,
    ids: Sequence[int] | None = None,
    limit: int | None = None,
) -> Iterator[QuarantinedRow]:
    """Open rows, by file and line."""
    statement = select(*_WHOLE).where(quarantine.c.status == "open")
    if source:
        statement = statement.where(quarantine.c.source == source)
    if reason:
        statement = statement.where(quarantine.c.reason == reason)
    if ids is not None:
        statement = statement.where(among(quarantine.c.quarantine_id, ids))
    order = (quarantine.c.file_id, quarantine.c.line, quarantine.c.quarantine_id)
    for row in connection.execute(statement.order_by(*order).limit(limit)):
        yield QuarantinedRow(*row)


def page(connection: Connection, wish: RefusedWish, *, before: int, limit: int) -> list[RefusedRow]:
    """Refused rows below a number, the newest first."""
    statement = select(*_PLACE).where(quarantine.c.quarantine_id < before)
    for column, wanted in (
        (quarantine.c.source, wish.source),
        (quarantine.c.reason, wish.reason),
        (quarantine.c.file_name, wish.file_name),
        (quarantine.c.status, wish.status),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    rows = connection.execute(statement.order_by(quarantine.c.quarantine_id.desc()).limit(limit))
    return [RefusedRow(*row) for row in rows]


def find(connection: Connection, quarantine_id: int) -> QuarantinedRow | None:
    """One refused row, open or not; None when there is none of that number."""
    statement = select(*_WHOLE).where(quarantine.c.quarantine_id == quarantine_id)
    row = connection.execute(statement).one_or_none()
    return None if row is None else QuarantinedRow(*row)


def counts(connection: Connection, *, most: int | None = None) -> list[tuple[str, str, str, int]]:
    """How many open rows there are, by source, file and reason; with `most` only so many, the largest first."""
    by = (quarantine.c.source, quarantine.c.file_name, quarantine.c.reason)
    statement = select(*by, func.count()).where(quarantine.c.status == "open").group_by(*by)
    order = by if most is None else (func.count().desc(), *by)
    return [(row[0], row[1], row[2], int(row[3])) for row in connection.execute(statement.order_by(*order).limit(most))]


def resolve(connection: Connection, ids: Sequence[int], status: str, now: datetime) -> int:
    """Close rows as replayed or dropped; returns how many were open."""
    statement = update(quarantine).where(among(quarantine.c.quarantine_id, ids), quarantine.c.status == "open")
    return connection.execute(statement.values(status=status, resolved_at=now)).rowcount
