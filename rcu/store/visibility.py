"""Whose customers a store's are: one of their records is that store's, or they bought or returned something there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import ColumnElement, Connection, exists, or_, select, true

from rcu.store.sql import among
from rcu.store.tables import events, memberships, records

_BOUGHT: Final = ("order", "return")
_BORN: Final = "born"


def of_stores(cluster_id: ColumnElement[int], stores: frozenset[str] | None) -> ColumnElement[bool]:
    """Whether a customer is one of some stores; of all, where there is no restriction to any (None)."""
    if stores is None:
        return true()
    mine = records.alias("of_store")
    held = memberships.alias("held_by_store")
    here = or_(
        among(mine.c.store, stores),
        exists().where(
            events.c.record_id == mine.c.record_id, events.c.kind.in_(_BOUGHT), among(events.c.store, stores)
        ),
    )
    return exists().where(held.c.cluster_id == cluster_id, mine.c.record_id == held.c.record_id, here)


def seen_by(connection: Connection, customer_ids: Collection[str], stores: frozenset[str]) -> set[str]:
    """Of some ids those whose record is a customer's of some stores today."""
    statement = (
        select(records.c.birth_id)
        .join(memberships, memberships.c.record_id == records.c.record_id)
        .where(among(records.c.birth_id, _BORN), of_stores(memberships.c.cluster_id, stores))
    )
    return set(connection.execute(statement, {_BORN: list(customer_ids)}).scalars())
