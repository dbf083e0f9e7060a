"""The access log: who was shown whom. Rows are only added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import CTE, Connection, func, select

from rcu.store.tables import access_log
from rcu.store.tables.access import part
from rcu.store.writing import add_at_once

NEWEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Access:
    """A customer that was shown to somebody.

    Attributes:
        at: when.
        key_name: the key that asked.
        actor: for whom, as the caller said; None: it did not.
        operation: what it asked, by its operation id.
        purpose: what for, as the request or its key says; None: neither does.
        customer_id: who was shown.
        field_groups: the groups of fields that were; none: the id alone.
        request_id: of the request and its answer.
    """

    at: datetime
    key_name: str
    actor: str | None
    operation: str
    purpose: str | None
    customer_id: str
    field_groups: tuple[str, ...]
    request_id: str


@dataclass(frozen=True, slots=True)
class AccessWish:
    """Which entries are asked for: of one customer, by one key, after an instant; None: all."""

    customer_id: str | None = None
    key_name: str | None = None
    after: datetime | None = None


_COLUMNS: Final = ("at", "key_name", "actor", "operation", "purpose", "customer_id", "field_groups", "request_id")


def add(connection: Connection, accesses: Sequence[Access]) -> None:
    """Add entries, in one statement."""
    rows = [
        (
            one.at,
            one.key_name,
            one.actor,
            one.operation,
            one.purpose,
            one.customer_id,
            " ".join(one.field_groups),
            one.request_id,
        )
        for one in accesses
    ]
    add_at_once(connection, access_log, _COLUMNS, rows)


def page(connection: Connection, wish: AccessWish, *, before: int, limit: int) -> list[tuple[int, Access]]:
    """Entries below a number, the newest first, each with its number."""
    log = access_log.c
    columns = (log.at, log.key_name, log.actor, log.operation, log.purpose, log.customer_id, log.field_groups)
    statement = select(log.entry_id, *columns, log.request_id).where(log.entry_id < before)
    order = [log.entry_id.desc()]
    if wish.customer_id is not None:
        parts = _parts(before)
        statement = statement.join(parts, parts.c.part == part(log.entry_id)).where(log.customer_id == wish.customer_id)
        order.insert(0, parts.c.part.desc())  # the same order, and no reason to walk through all entries
    if wish.key_name is not None:
        statement = statement.where(log.key_name == wish.key_name)
    if wish.after is not None:
        statement = statement.where(log.at > wish.after)
    rows = connection.execute(statement.order_by(*order).limit(limit))
    return [(row[0], Access(*row[1:7], tuple(row[7].split()), row[8])) for row in rows]


def _parts(before: int) -> CTE:
    """The parts of the log below a number, the last first: in each of them a customer's entries are found by index."""
    number = access_log.c.entry_id
    first = select(part(func.min(number))).scalar_subquery()
    parts = select(part(func.max(number)).label("part")).where(number < before).cte("parts", recursive=True)
    return parts.union_all(select(parts.c.part - 1).where(parts.c.part > first))
