"""The change feed as it is read, and what is forgotten of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select, true

from rcu.store.tables import change_counter, changes


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the change feed."""

    sequence: int
    customer_id: str
    kind: str
    version: int | None
    now_customer_id: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Some changes in commit order.

    Attributes:
        changes: the changes.
        oldest: the oldest sequence that is kept; the one to come where none is.
        newest: the newest that was given; 0 before the first.
    """

    changes: tuple[Change, ...]
    oldest: int
    newest: int


_COLUMNS: Final = tuple(changes.c[name] for name in Change.__dataclass_fields__)
_FIRST: Final = select(func.min(changes.c.sequence)).scalar_subquery()
_BOUNDS: Final = select(
    func.coalesce(_FIRST, change_counter.c.last_sequence + 1).label("oldest"),
    change_counter.c.last_sequence.label("newest"),
)


def page(connection: Connection, after: int, *, limit: int, kinds: Collection[str] = ()) -> FeedPage:
    """The next changes, of some kinds or of all; in one statement, so that all of it is true at one instant."""
    chosen = select(*_COLUMNS).where(changes.c.sequence > after)
    if kinds:
        chosen = chosen.where(changes.c.kind.in_(sorted(kinds)))
    some = chosen.order_by(changes.c.sequence).limit(limit).subquery("some_changes")
    ends = _BOUNDS.subquery("ends")
    both = select(ends.c.oldest, ends.c.newest, *some.c).select_from(ends.outerjoin(some, true()))
    rows: Sequence[Sequence[Any]] = connection.execute(both.order_by(some.c.sequence)).all()
    names = Change.__dataclass_fields__
    found = tuple(Change(**dict(zip(names, row[2:], strict=True))) for row in rows if row[2] is not None)
    return FeedPage(found, rows[0][0], rows[0][1])


def bounds(connection: Connection) -> tuple[int, int]:
    """The oldest sequence that is kept and the newest, as in `FeedPage`."""
    oldest, newest = connection.execute(_BOUNDS).one()
    return oldest, newest


def first_since(connection: Connection, instant: datetime) -> int:
    """The first change of an instant or later; the one to come where there is none."""
    later = select(changes.c.sequence).where(changes.c.changed_at >= instant).order_by(changes.c.sequence).limit(1)
    found = connection.execute(later).scalar_one_or_none()
    return bounds(connection)[1] + 1 if found is None else found


def forget(connection: Connection, before: int, *, most: int) -> int:
    """Forget some of the changes before a sequence, the oldest first; says how many there were."""
    oldest, _ = bounds(connection)
    return connection.execute(delete(changes).where(changes.c.sequence < min(before, oldest + most))).rowcount
