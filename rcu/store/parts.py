"""Reading what one customer is made of: its records, its events with their lines, what was said of its consents.

Every function is one statement, however much it gives. Customers are named by their present id.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, FromClause, and_, func, not_, or_, select, tuple_

from rcu.domain.sources import EventsOfDeleted
from rcu.store.sql import among
from rcu.store.tables import consents, customers, event_lines, events, memberships, records, sources

Row: TypeAlias = Mapping[str, Any]

_EVENT: Final = (
    "event_id", "source", "native_id", "kind", "channel", "store", "label", "occurred_at", "currency", "amount_minor",
    "discount_minor", "shipping_minor", "cancelled", "related_native_id",
)  # fmt: skip
_LINE: Final = (
    "event_id", "line_number", "product_id", "label", "category", "quantity_milli", "unit_price_minor",
    "discount_minor", "amount_minor",
)  # fmt: skip
_ENTRY: Final = (
    "contact_kind", "contact_key", "channel", "purpose", "state", "basis", "evidence", "occurred_at", "recorded_at",
)  # fmt: skip


def _records_of(customer_id: str) -> tuple[FromClause, ColumnElement[bool]]:
    """The records of a customer; those of an erased person are no more than an id."""
    held = records.join(memberships, memberships.c.record_id == records.c.record_id)
    mine = held.join(customers, customers.c.cluster_id == memberships.c.cluster_id)
    return mine, and_(customers.c.customer_id == customer_id, records.c.erased_at.is_(None))


def records_page(
    connection: Connection, customer_id: str, columns: Sequence[str], *, after: int, limit: int
) -> list[Row]:
    """The next records of a customer, the oldest first: some of their columns, and `record_id` to go on from."""
    held, mine = _records_of(customer_id)
    wanted = (records.c[name] for name in columns)
    statement = select(records.c.record_id, *wanted).select_from(held).where(mine, records.c.record_id > after)
    return _rows(connection, statement.order_by(records.c.record_id).limit(limit))


def members(connection: Connection, customer_id: str, *, limit: int) -> list[int]:
    """The numbers of a customer's records, the oldest first."""
    held, mine = _records_of(customer_id)
    statement = select(records.c.record_id).select_from(held).where(mine).order_by(records.c.record_id).limit(limit)
    return list(connection.execute(statement).scalars())


@dataclass(frozen=True, slots=True)
class EventWish:
    """Which events: of some kinds (all where none is named), from an instant on, before a place among the newest."""

    kinds: Collection[str] = ()
    since: datetime | None = None
    before: tuple[datetime, int] | None = None


def events_page(connection: Connection, customer_id: str, wish: EventWish, *, limit: int) -> list[Row]:
    """The next events of a customer, the newest first, with `record`, the native id of the record they are of.

    Those that do not count are left out: of records that are gone from a source that drops them.
    """
    held, mine = _records_of(customer_id)
    told = held.join(events, events.c.record_id == records.c.record_id)
    told = told.join(sources, sources.c.name == records.c.source)
    gone = or_(records.c.deleted, records.c.absent)
    silent = and_(gone, sources.c.events_of_deleted == EventsOfDeleted.DROP.value)
    asked = [mine, not_(silent)]
    if wish.kinds:
        asked.append(among(events.c.kind, sorted(wish.kinds)))
    if wish.since is not None:
        asked.append(events.c.occurred_at >= wish.since)
    place = tuple_(events.c.occurred_at, events.c.event_id)
    if wish.before is not None:
        asked.append(place < tuple_(*wish.before, types=[events.c.occurred_at.type, events.c.event_id.type]))
    wanted = select(*(events.c[name] for name in _EVENT), records.c.native_id.label("record"))
    newest = (events.c.occurred_at.desc(), events.c.event_id.desc())
    return _rows(connection, wanted.select_from(told).where(*asked).order_by(*newest).limit(limit))


def lines_of(connection: Connection, event_ids: Collection[int], *, most_each: int) -> list[Row]:
    """The lines of some events, by their number; at most so many of each."""
    ranked = func.row_number().over(partition_by=event_lines.c.event_id, order_by=event_lines.c.line_number)
    numbered = (
        select(*(event_lines.c[name] for name in _LINE), ranked.label("place"))
        .where(among(event_lines.c.event_id, event_ids))
        .subquery("numbered")
    )
    statement = select(*(numbered.c[name] for name in _LINE)).where(numbered.c.place <= most_each)
    return _rows(connection, statement.order_by(numbered.c.event_id, numbered.c.line_number))


def ledger(connection: Connection, customer_id: str) -> list[Row]:
    """All that was said of a customer's consents, as `profiles.consents_of` has it, and when it was recorded."""
    held, mine = _records_of(customer_id)
    told = held.join(consents, consents.c.record_id == records.c.record_id)
    wanted = select(records.c.source, records.c.native_id, *(consents.c[name] for name in _ENTRY))
    return _rows(connection, wanted.select_from(told).where(mine).order_by(consents.c.fingerprint))


def mailboxes(connection: Connection, customer_id: str) -> dict[str, str]:
    """The mailboxes of a customer by the key they are matched on, written as in its profile."""
    held, mine = _records_of(customer_id)
    statement = (
        select(records.c.email_key, func.min(records.c.email))
        .select_from(held)
        .where(mine, records.c.email_key.is_not(None), records.c.email.is_not(None))
        .group_by(records.c.email_key)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def _rows(connection: Connection, statement: Any) -> list[Row]:  # noqa: ANN401  # a Select of any columns
    return [dict(row) for row in connection.execute(statement).mappings()]
