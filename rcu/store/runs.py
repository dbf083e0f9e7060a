"""The history of runs."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, insert, select, update

from rcu.store.sql import fetch
from rcu.store.tables import runs

DONE: Final = "done"


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run that published: its model's fingerprint, the instant its data spoke of, what scores rest on."""

    run_id: int
    model: str | None
    as_of: datetime | None
    score_basis: str | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it is stored: `status` is running, done or killed; `summary` is JSON, empty before it has ended."""

    run_id: int
    kind: str
    status: str
    model: str | None
    as_of: datetime | None
    started_at: datetime
    finished_at: datetime | None
    summary: str | None


_OF_RUN: Final = tuple(runs.c[one.name] for one in fields(Run))


def page(connection: Connection, *, status: str | None, before: int, limit: int) -> list[Run]:
    """Runs below a number, the newest first; `status` None is any."""
    statement = select(*_OF_RUN).where(runs.c.run_id < before)
    if status is not None:
        statement = statement.where(runs.c.status == status)
    return [Run(*row) for row in connection.execute(statement.order_by(runs.c.run_id.desc()).limit(limit))]


def find(connection: Connection, run_id: int) -> Run | None:
    """One run; None when there is none of that number."""
    row = connection.execute(select(*_OF_RUN).where(runs.c.run_id == run_id)).one_or_none()
    return None if row is None else Run(*row)


def start(connection: Connection, kind: str, *, model: str, now: datetime) -> int:
    """Open a run; runs left open by a killed process are marked as such."""
    connection.execute(update(runs).where(runs.c.status == "running").values(status="killed", finished_at=now))
    values = {"kind": kind, "status": "running", "model": model, "started_at": now}
    return connection.execute(insert(runs).values(**values).returning(runs.c.run_id)).scalar_one()


def finish(
    connection: Connection, run_id: int, *, as_of: datetime | None, score_basis: str, summary: str, now: datetime
) -> None:
    """Close a run in the transaction that publishes it."""
    values = {"status": DONE, "as_of": as_of, "score_basis": score_basis, "summary": summary, "finished_at": now}
    connection.execute(update(runs).where(runs.c.run_id == run_id).values(**values))


def tell(connection: Connection, run_id: int, summary: str) -> None:
    """Write down what a run did, once it has published everything."""
    connection.execute(update(runs).where(runs.c.run_id == run_id).values(summary=summary))


_LAST: Final = (
    select(runs.c.run_id, runs.c.model, runs.c.as_of, runs.c.score_basis, runs.c.finished_at)
    .where(runs.c.status == DONE)
    .order_by(runs.c.run_id.desc())
    .limit(1)
)


def last_done(connection: Connection) -> LastRun | None:
    """The newest run that published; None before the first."""
    return next((LastRun(*row) for row in fetch(connection, _LAST, {})), None)
