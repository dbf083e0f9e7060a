"""Lists of customers by what they are: each page looks at so many and no more, however few of them are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, select

from rcu.store.customers import StoredProfile
from rcu.store.tables import customers, scores
from rcu.store.visibility import of_stores

LOOKED_AT: Final = 10_000
"""Customers one page looks at."""


@dataclass(frozen=True, slots=True)
class ScoreRange:
    """A score by its name, from `least` to `most`, both included."""

    name: str
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class CustomerWish:
    """Which customers are wanted; None and nothing: no matter which.

    Attributes:
        stores: of one of these stores, see `visibility`.
        updated_since: whose profile was written at that instant or later.
        seen_since: whose record changed, or who ordered, returned or clicked, at that instant or later.
        seen_before: who did not since then; people never seen are not among them.
        scores: whose scores lie in all of these ranges.
    """

    stores: frozenset[str] | None = None
    updated_since: datetime | None = None
    seen_since: datetime | None = None
    seen_before: datetime | None = None
    scores: Sequence[ScoreRange] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Customers, oldest first, and the number to go on from; None at the end."""

    profiles: tuple[StoredProfile, ...]
    further: int | None


def page(
    connection: Connection, wish: CustomerWish, *, after: int, limit: int, stores: frozenset[str] | None = None
) -> Found:
    """The next customers by the age of their oldest record, fewer than `limit` where few of those looked at are wanted.

    Args:
        connection: a connection.
        wish: which are wanted.
        after: the number the last page ended with; 0 to begin.
        limit: how many.
        stores: only customers of these stores are there at all; None: all.
    """
    conditions = [*_conditions(wish), *([] if stores is None else [of_stores(customers.c.cluster_id, stores)])]
    end = _end(connection, after) if conditions else None
    statement = (
        select(customers.c.cluster_id, customers.c.customer_id, customers.c.version, customers.c.digest)
        .add_columns(customers.c.profile)
        .where(customers.c.cluster_id > after, *conditions)
        .order_by(customers.c.cluster_id)
        .limit(limit + 1)
    )
    if end is not None:
        statement = statement.where(customers.c.cluster_id <= end)
    rows = connection.execute(statement).all()
    further = rows[limit - 1][0] if len(rows) > limit else end
    return Found(tuple(StoredProfile(*row[1:]) for row in rows[:limit]), further)


def _end(connection: Connection, after: int) -> int | None:
    """The last customer a page looks at; None where there are no more than it looks at."""
    ids = select(customers.c.cluster_id).where(customers.c.cluster_id > after).order_by(customers.c.cluster_id)
    last = connection.execute(ids.offset(LOOKED_AT - 1).limit(2)).scalars().all()
    return last[0] if len(last) > 1 else None


def _conditions(wish: CustomerWish) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wish.stores is not None:
        found.append(of_stores(customers.c.cluster_id, wish.stores))
    if wish.updated_since is not None:
        found.append(customers.c.updated_at >= wish.updated_since)
    if wish.seen_since is not None:
        found.append(customers.c.last_seen_at >= wish.seen_since)
    if wish.seen_before is not None:
        found.append(customers.c.last_seen_at < wish.seen_before)
    for one in wish.scores:
        named = select(scores.c.cluster_id).where(
            scores.c.cluster_id == customers.c.cluster_id,
            scores.c.name == one.name,
            scores.c.value.between(one.least, one.most),
        )
        found.append(named.exists())
    return found
