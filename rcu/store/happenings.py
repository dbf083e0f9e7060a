"""Events that are sent a few at a time: what is stored of them, writing them, and whose those of visitors are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    Connection,
    ScalarSelect,
    Select,
    Update,
    and_,
    bindparam,
    case,
    distinct,
    func,
    not_,
    or_,
    select,
    update,
)

from rcu.domain.events import MOST_RECORDS_OF_VISITOR
from rcu.domain.records import RecordKey
from rcu.store.sql import act, among, fetch, fetch_dicts, prepared
from rcu.store.tables import customers, event_lines, events, memberships, records
from rcu.store.writing import Upsert, add_rows, drop_rows, inserting, put_rows

Row: TypeAlias = Mapping[str, Any]
EventKey: TypeAlias = tuple[str, str]
_NAMED: Final = (
    "source", "native_id", "record_id", "kind", "channel", "store", "label", "occurred_at", "currency", "amount_minor",
    "discount_minor", "shipping_minor", "sums_lines", "cancelled", "related_native_id", "content_hash", "visitor_id",
    "by_visitor",
)  # fmt: skip
_SOURCES: Final = "sources"
_NATIVE_IDS: Final = "native_ids"
_IDS: Final = "ids"
_SOURCE: Final = "source_name"
_VISITORS: Final = "visitors"


@dataclass(frozen=True, slots=True)
class Owner:
    """A record that events are of: its number, and its cluster where it was matched."""

    record_id: int
    cluster_id: int | None


_OWNERS: Final = (
    select(records.c.source, records.c.native_id, records.c.record_id, memberships.c.cluster_id)
    .outerjoin(memberships, memberships.c.record_id == records.c.record_id)
    .where(among(records.c.source, _SOURCES), among(records.c.native_id, _NATIVE_IDS))
)


def owners(connection: Connection, keys: Collection[RecordKey]) -> dict[RecordKey, Owner]:
    """Of some records those that were delivered."""
    named = [(key.source, key.native_id) for key in keys]
    found = fetch(connection, _OWNERS, _asked(named)) if named else ()
    known = {RecordKey(source, native_id): Owner(number, cluster) for source, native_id, number, cluster in found}
    return {key: owner for key, owner in known.items() if key in keys}


_STORED: Final = select(
    *(events.c[name] for name in ("event_id", "source", "native_id", "record_id", "visitor_id", "by_visitor", "kind")),
    *(events.c[name] for name in ("content_hash", "amount_minor", "discount_minor")),
).where(among(events.c.source, _SOURCES), among(events.c.native_id, _NATIVE_IDS))


def stored(connection: Connection, keys: Collection[EventKey]) -> dict[EventKey, Row]:
    """Of some events (source, native id) those that are stored."""
    found = fetch_dicts(connection, _STORED, _asked(keys)) if keys else ()
    wanted = set(keys)
    return {key: row for row in found if (key := (row["source"], row["native_id"])) in wanted}


def _asked(keys: Collection[EventKey]) -> dict[str, set[str]]:
    return {_SOURCES: {source for source, _ in keys}, _NATIVE_IDS: {native_id for _, native_id in keys}}


_LINES: Final = select(event_lines.c.event_id, event_lines.c.content_hash).where(among(event_lines.c.event_id, _IDS))


def lines_of(connection: Connection, event_ids: Collection[int]) -> dict[int, set[int]]:
    """The content hashes of the lines of some events."""
    found: dict[int, set[int]] = {}
    for event, content in fetch(connection, _LINES, {_IDS: event_ids}) if event_ids else ():
        found.setdefault(event, set()).add(content)
    return found


def _put(connection: Connection) -> Any:  # noqa: ANN401  # an insert that gives three columns
    statement: Upsert = inserting(connection, events, _NAMED)
    kept = [name for name in _NAMED if name not in ("source", "native_id")]
    return statement.on_conflict_do_update(
        index_elements=[events.c.source, events.c.native_id],
        set_={name: statement.excluded[name] for name in kept},
    ).returning(events.c.source, events.c.native_id, events.c.event_id)


def put(connection: Connection, rows: Sequence[Row]) -> dict[EventKey, int]:
    """Write events as these rows say, and give their numbers."""
    if not rows:
        return {}
    nothing = dict.fromkeys(_NAMED)
    ordered = sorted(({**nothing, **row} for row in rows), key=lambda row: (row["source"], row["native_id"]))
    written = put_rows(connection, prepared(connection, _put), ordered)
    return {(source, native_id): number for source, native_id, number in written}


def replace_lines(connection: Connection, lines: Mapping[int, Sequence[Row]]) -> None:
    """Have some events have these lines and no others."""
    if lines:
        drop_rows(connection, [event_lines], "event_id", lines)
        add_rows(connection, event_lines, [{"event_id": event, **row} for event in lines for row in lines[event]])


def _owner_of_visitor() -> ScalarSelect[int]:
    """Whose an event of a visitor is: of who was named on it next, else of who was named last before."""
    tie = events.alias("tie")
    of_visitor = and_(
        tie.c.source == events.c.source,
        tie.c.visitor_id == events.c.visitor_id,
        tie.c.visitor_id.is_not(None),
        tie.c.record_id.is_not(None),
        not_(tie.c.by_visitor),
    )
    named = select(tie.c.record_id).where(of_visitor).limit(1).correlate(events)
    then = named.where(tie.c.occurred_at >= events.c.occurred_at).order_by(tie.c.occurred_at, tie.c.native_id)
    before = named.where(tie.c.occurred_at < events.c.occurred_at)
    before = before.order_by(tie.c.occurred_at.desc(), tie.c.native_id)
    several = select(func.count(distinct(tie.c.record_id))).where(of_visitor).correlate(events).scalar_subquery()
    nearest = func.coalesce(then.scalar_subquery(), before.scalar_subquery())
    found = select(case((several <= MOST_RECORDS_OF_VISITOR, nearest)))
    return found.correlate(events).scalar_subquery()


def _unnamed(visitors: Any) -> Any:  # noqa: ANN401  # conditions
    return and_(
        events.c.source == bindparam(_SOURCE),
        events.c.visitor_id.is_not(None),
        visitors,
        or_(events.c.record_id.is_(None), events.c.by_visitor),
    )


def _join() -> Update:
    owner = _owner_of_visitor()
    return (
        update(events)
        .where(_unnamed(among(events.c.visitor_id, _VISITORS)), events.c.record_id.is_distinct_from(owner))
        .values(record_id=owner, by_visitor=owner.is_not(None))
    )


_JOIN: Final = _join()
_JOINED: Final[Select[int]] = (
    select(events.c.record_id)
    .where(_unnamed(among(events.c.visitor_id, _VISITORS)), events.c.record_id.is_not(None))
    .distinct()
)


def join_visitors(connection: Connection, source: str, visitors: Collection[str]) -> set[int]:
    """Have what visitors did without being named be whose they are by now; give all records that it is, or was, of.

    It follows from the events alone, in whatever order they came: an event is of the record that was named next on the
    same visitor, else of the one named last before. What more than `MOST_RECORDS_OF_VISITOR` were named on is nobody's.
    """
    if not visitors:
        return set()
    asked = {_SOURCE: source, _VISITORS: visitors}
    before = fetch(connection, _JOINED, asked)
    act(connection, _JOIN, asked)
    return {row[0] for found in (before, fetch(connection, _JOINED, asked)) for row in found}


_NOW: Final = (
    select(events.c.source, events.c.native_id, records.c.native_id, events.c.by_visitor, customers.c.customer_id)
    .join(records, records.c.record_id == events.c.record_id)
    .outerjoin(memberships, memberships.c.record_id == records.c.record_id)
    .outerjoin(customers, customers.c.cluster_id == memberships.c.cluster_id)
    .where(among(events.c.source, _SOURCES), among(events.c.native_id, _NATIVE_IDS))
)


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose an event is: the native id of the record, whether through its visitor, and the customer, if any yet."""

    record: str
    by_visitor: bool
    customer_id: str | None


def whose(connection: Connection, keys: Collection[EventKey]) -> dict[EventKey, Whose]:
    """Whose some events are; those that are nobody's are left out."""
    found = fetch(connection, _NOW, _asked(keys)) if keys else ()
    return {(row[0], row[1]): Whose(row[2], bool(row[3]), row[4]) for row in found}


_CLUSTERS: Final = select(memberships.c.record_id, memberships.c.cluster_id).where(among(memberships.c.record_id, _IDS))


def clusters_of(connection: Connection, record_ids: Collection[int]) -> dict[int, int]:
    """The clusters of some records; those that were not matched yet are left out."""
    return {row[0]: row[1] for row in fetch(connection, _CLUSTERS, {_IDS: record_ids})} if record_ids else {}
