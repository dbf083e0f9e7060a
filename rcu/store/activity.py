"""Taking in what records did and said: events with their lines, and consents; each set in one statement."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Subquery,
    Table,
    and_,
    case,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    update,
)

from rcu.store.happenings import join_visitors
from rcu.store.intake import Upserted, rows_written
from rcu.store.marks import mark, mark_some
from rcu.store.tables import consents, event_lines, events, records
from rcu.store.writing import upsert

_AT_ONCE: Final = 1_000
_EVENT_COLUMNS: Final = (
    "native_id", "kind", "channel", "store", "label", "occurred_at", "currency", "amount_minor", "discount_minor",
    "shipping_minor", "sums_lines", "cancelled", "related_native_id", "content_hash",
)  # fmt: skip
_LINE_COLUMNS: Final = (
    "line_number", "product_id", "label", "category", "quantity_milli", "unit_price_minor", "discount_minor",
    "amount_minor", "content_hash",
)  # fmt: skip


def upsert_events(connection: Connection, staged: Table, source: str) -> Upserted:
    """Insert or replace events; the records they belong, or belonged, to are marked for a new profile.

    One that names nobody stays whose its visitor was; where one names somebody, other events of its visitor follow.
    """
    owned = _with_owner(staged, source)
    stored = and_(events.c.source == source, events.c.native_id == owned.c.native_id)
    differs = or_(events.c.content_hash != owned.c.content_hash, _other_owner(owned.c.record_id))
    new = connection.execute(
        select(func.count()).select_from(owned.outerjoin(events, stored)).where(events.c.event_id.is_(None))
    ).scalar_one()
    stale = select(owned.c.record_id).select_from(owned.outerjoin(events, stored))
    mark(connection, stale.where(or_(events.c.event_id.is_(None), differs)))
    mark(connection, select(events.c.record_id).select_from(owned.join(events, stored)).where(differs))
    statement = upsert(connection, events).from_select(
        ["source", "record_id", *_EVENT_COLUMNS],
        select(literal(source), owned.c.record_id, *(owned.c[name] for name in _EVENT_COLUMNS))
        .where(owned.c.native_id.is_not(None))
        .order_by(owned.c.line),
    )
    excluded = statement.excluded
    # The amount of an event that sums its lines is worked out from them, not taken from the delivery.
    kept = [name for name in _EVENT_COLUMNS if name not in {"native_id", "amount_minor"}]
    statement = statement.on_conflict_do_update(
        index_elements=[events.c.source, events.c.native_id],
        set_={
            "record_id": func.coalesce(excluded.record_id, case((events.c.by_visitor, events.c.record_id))),
            "by_visitor": and_(events.c.by_visitor, excluded.record_id.is_(None)),
            "amount_minor": func.coalesce(excluded.amount_minor, events.c.amount_minor),
            **{name: excluded[name] for name in kept},
        },
        where=or_(events.c.content_hash != excluded.content_hash, _other_owner(excluded.record_id)),
    )
    changed = rows_written(connection, statement) - new
    if changed:
        _join_visitors(connection, staged, source)
    return Upserted(new=new, changed=changed)


def _other_owner(given: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether what is given has an event be somebody else's: another record's, or nobody's though one was named."""
    by_visitor = and_(given.is_(None), events.c.by_visitor)
    named = and_(events.c.record_id.is_not_distinct_from(given), not_(events.c.by_visitor))
    return not_(or_(by_visitor, named))


def _join_visitors(connection: Connection, staged: Table, source: str) -> None:
    """Have other events follow those of a visitor that name somebody now."""
    told = select(events.c.visitor_id).where(events.c.source == source, events.c.visitor_id.is_not(None)).distinct()
    visitors = connection.execute(told.where(events.c.native_id.in_(select(staged.c.native_id)))).scalars().all()
    for start in range(0, len(visitors), _AT_ONCE):
        mark_some(connection, join_visitors(connection, source, visitors[start : start + _AT_ONCE]))


def _with_owner(staged: Table, source: str) -> Subquery:
    """Staged events with the record they belong to, null where none is named."""
    joined = staged.outerjoin(
        records, and_(records.c.source == source, records.c.native_id == staged.c.record_native_id)
    )
    return select(records.c.record_id, *staged.c).select_from(joined).subquery("owned")


def upsert_lines(connection: Connection, staged: Table, source: str) -> None:
    """Insert or replace lines of events taken before, then bring the amounts of events that sum them up to date."""
    joined = staged.join(events, and_(events.c.source == source, events.c.native_id == staged.c.order_native_id))
    named = select(events.c.event_id, events.c.record_id, *staged.c).select_from(joined).subquery("named")
    same = exists().where(
        event_lines.c.event_id == named.c.event_id,
        event_lines.c.line_number == named.c.line_number,
        event_lines.c.content_hash == named.c.content_hash,
    )
    mark(connection, select(named.c.record_id).where(~same))
    statement = upsert(connection, event_lines).from_select(
        ["event_id", *_LINE_COLUMNS],
        select(named.c.event_id, *(named.c[name] for name in _LINE_COLUMNS))
        .where(named.c.event_id.is_not(None))
        .order_by(named.c.event_id, named.c.line_number),
    )
    replaced = [name for name in _LINE_COLUMNS if name != "line_number"]
    statement = statement.on_conflict_do_update(
        index_elements=[event_lines.c.event_id, event_lines.c.line_number],
        set_={name: statement.excluded[name] for name in replaced},
        where=event_lines.c.content_hash != statement.excluded.content_hash,
    )
    connection.execute(statement)
    _sum_lines(connection, select(named.c.event_id))


def _sum_lines(connection: Connection, touched: Any) -> None:  # noqa: ANN401
    """Set the amount and the discount of events that sum their lines."""
    lines = event_lines.c
    sums = (
        select(
            lines.event_id,
            func.sum(lines.amount_minor).label("amount_minor"),
            func.sum(func.coalesce(lines.discount_minor, 0)).label("discount_minor"),
        )
        .where(lines.event_id.in_(touched))
        .group_by(lines.event_id)
        .subquery("sums")
    )
    connection.execute(
        update(events)
        .values(amount_minor=sums.c.amount_minor, discount_minor=sums.c.discount_minor)
        .where(events.c.event_id == sums.c.event_id, events.c.sums_lines)
    )


def append_consents(connection: Connection, staged: Table, source: str, now: datetime) -> int:
    """Append to the ledger what was not said before; returns how many entries are new."""
    said = (
        "fingerprint",
        "contact_kind",
        "contact_key",
        "channel",
        "purpose",
        "state",
        "basis",
        "evidence",
        "occurred_at",
    )
    joined = staged.join(records, and_(records.c.source == source, records.c.native_id == staged.c.record_native_id))
    known = exists().where(consents.c.fingerprint == staged.c.fingerprint)
    mark(connection, select(records.c.record_id).select_from(joined).where(~known))
    rows = (
        select(records.c.record_id, *(staged.c[name] for name in said), literal(now, consents.c.recorded_at.type))
        .select_from(joined)
        .where(~known)
        .order_by(staged.c.line)
    )
    statement = upsert(connection, consents).from_select(["record_id", *said, "recorded_at"], rows)
    return rows_written(connection, statement.on_conflict_do_nothing())
