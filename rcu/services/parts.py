"""What one customer is made of, piece by piece: its records as they were cleaned, its events, its ledger of consents.

A page is a few statements, however large it is. What a key's scopes do not open is absent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import orjson

from rcu.cleaning.notes import MEANINGS, Note
from rcu.domain.records import NOTE_COLUMNS, QUALITY_COLUMNS
from rcu.errors import InvalidCursor
from rcu.insight.aggregates import minor_to_decimal
from rcu.privacy.consent import POINT, effective_consents
from rcu.services.cursors import read_cursor, read_ranked_cursor, write_cursor
from rcu.services.reading import present
from rcu.store import parts as rows
from rcu.store.customers import StoredProfile
from rcu.store.engine import Store, Transaction
from rcu.store.parts import EventWish, Row

MOST_LINES: Final = 200
"""Lines of one event that are given with it."""
MOST_POINTS: Final = 500
"""Consents of one answer: by contact point, channel and purpose."""
MOST_ENTRIES: Final = 50
"""Entries of the ledger that are given with one consent, the newest."""

_INSTANTS: Final = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS
_RECORDS: Final = "r1"
_EVENTS: Final = "v1"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_SAID: Final = (
    "store", "record_kind", "civility", "gender", "likely_gender", "first_name", "last_name", "birth_name", "company",
    "birth_date", "loyalty_number",
)  # fmt: skip
_CONTACTS: Final = ("email", "email_kind", "email_suggestion", "mobile", "landline", "other_phones")
_ADDRESS: Final = (
    "address_complement", "building", "street", "place", "postcode", "city", "cedex", "commune_insee", "country",
)  # fmt: skip
_OF_CONTACT: Final = frozenset({"email", "mobile", "landline", "address"})
_TIMES: Final = ("created_at", "updated_at", "address_updated_at", "arrived_at")
_FLAGS: Final = ("is_guest", "deleted", "absent")
_COLUMNS: Final = (
    "source", "native_id", "birth_id", *_SAID, *_CONTACTS, *_ADDRESS, *QUALITY_COLUMNS, *NOTE_COLUMNS, *_FLAGS, *_TIMES,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PartPage:
    """Pieces of one customer, by its present id, and the cursor of the next page (None at the end)."""

    customer_id: str
    pieces: tuple[Mapping[str, Any], ...]
    next_cursor: str | None = None

    def answer(self, called: str) -> bytes:
        """The page as it is told to a program; `called`: what the pieces are."""
        told = {"customer_id": self.customer_id, called: self.pieces, "next_cursor": self.next_cursor}
        return orjson.dumps(told, option=_INSTANTS)


def records(
    store: Store,
    customer_id: str,
    scopes: frozenset[str],
    *,
    cursor: str | None,
    limit: int,
    stores: frozenset[str] | None = None,
) -> PartPage:
    """The records of the customer an id stands for, the oldest first; how to reach anybody with the scope `contact`.

    Compare `customer_id`: an id that was merged gives nothing but the present one. So it is in all that follows.

    Raises:
        NotFound: the id was never given.
        Erased: its person was erased.
        SeveralCustomers: its customer is part of several others today.
        InvalidCursor: the cursor is not one this service gave out.
    """
    after = 0 if cursor is None else read_cursor(_RECORDS, cursor)
    with store.read() as connection:
        mine = present(connection, customer_id, stores=stores)
        if not _same(mine, customer_id):
            return PartPage(mine.customer_id, ())
        found = rows.records_page(connection, mine.customer_id, _COLUMNS, after=after, limit=limit + 1)
    shown = found[:limit]
    further = write_cursor(_RECORDS, shown[-1]["record_id"]) if len(found) > limit else None
    return PartPage(mine.customer_id, tuple(_record(row, reach="contact" in scopes) for row in shown), further)


def _same(mine: StoredProfile, asked: str) -> bool:
    return mine.customer_id == asked.lower()


def _record(row: Row, *, reach: bool) -> dict[str, Any]:
    """A record as it is told; `reach`: with how to reach its person."""
    told: dict[str, Any] = {"source": row["source"], "native_id": row["native_id"], "record_id": row["birth_id"]}
    told |= _filled(row, (*_SAID, *_CONTACTS) if reach else _SAID)
    if reach and (address := _filled(row, _ADDRESS)):
        told["address"] = address
    judged = (name.removesuffix("_quality") for name in QUALITY_COLUMNS)
    shown = [name for name in judged if reach or name not in _OF_CONTACT]
    told["quality"] = {name: row[f"{name}_quality"] for name in shown if row[f"{name}_quality"] is not None}
    told["notes"] = {name: notes for name in shown if (notes := _notes(row[f"{name}_notes"]))}
    told |= {name: bool(row[name]) for name in _FLAGS}
    return told | _filled(row, _TIMES if reach else tuple(name for name in _TIMES if name != "address_updated_at"))


def _filled(row: Row, names: Iterable[str]) -> dict[str, Any]:
    return {name: row[name] for name in names if row[name] is not None}


def _notes(codes: str | None) -> list[dict[str, str]]:
    return [{"code": code, "says": MEANINGS[Note(code)]} for code in (codes or "").split()]


@dataclass(frozen=True, slots=True)
class EventsWanted:
    """Which events somebody wants: of some kinds (all where none is named), since an instant; with lines or not."""

    kinds: Collection[str] = ()
    since: datetime | None = None
    lines: bool = False


def events(
    store: Store,
    customer_id: str,
    wanted: EventsWanted,
    *,
    cursor: str | None,
    limit: int,
    stores: frozenset[str] | None = None,
) -> PartPage:
    """The events of a customer, the newest first, see `records`.

    They are those the aggregates count, and those that were cancelled.
    """
    before = None if cursor is None else _place(cursor)
    with store.read() as connection:
        mine = present(connection, customer_id, stores=stores)
        if not _same(mine, customer_id):
            return PartPage(mine.customer_id, ())
        return events_of(connection, mine.customer_id, wanted, before=before, limit=limit)


def events_of(
    connection: Transaction,
    customer_id: str,
    wanted: EventsWanted,
    *,
    before: tuple[datetime, int] | None = None,
    limit: int,
) -> PartPage:
    """The events of a customer by its present id."""
    wish = EventWish(wanted.kinds, wanted.since, before)
    found = rows.events_page(connection, customer_id, wish, limit=limit + 1)
    shown = found[:limit]
    lines = _lines(connection, [row["event_id"] for row in shown]) if wanted.lines and shown else None
    told = (_event(row) | ({} if lines is None else _with_lines(lines.get(row["event_id"], []))) for row in shown)
    further = None
    if len(found) > limit:
        further = write_cursor(_EVENTS, shown[-1]["event_id"], float(_microseconds(shown[-1]["occurred_at"])))
    return PartPage(customer_id, tuple(told), further)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _place(cursor: str) -> tuple[datetime, int]:
    """The instant and the number a page of events goes on from."""
    rank, number = read_ranked_cursor(_EVENTS, cursor)
    try:
        return _EPOCH + int(rank) * _MICROSECOND, number
    except OverflowError:
        msg = "this is not a cursor of this service"
        raise InvalidCursor(msg, hint="start again without a cursor") from None


def _event(row: Row) -> dict[str, Any]:
    related = row["related_native_id"]
    return {
        "event": f"{row['source']}:{row['native_id']}",
        "record": f"{row['source']}:{row['record']}",
        **_filled(row, ("kind", "channel", "store", "label", "occurred_at", "currency")),
        **_money(row, ("amount", "discount", "shipping")),
        "cancelled": bool(row["cancelled"]),
        **({} if related is None else {"related": f"{row['source']}:{related}"}),
    }


def _money(row: Row, names: Sequence[str]) -> dict[str, str]:
    minor = {name: row[f"{name}_minor"] for name in names}
    return {name: str(minor_to_decimal(amount)) for name, amount in minor.items() if amount is not None}


def _lines(connection: Transaction, event_ids: Collection[int]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows.lines_of(connection, event_ids, most_each=MOST_LINES + 1):
        found.setdefault(row["event_id"], []).append(row)
    return found


def _with_lines(lines: Sequence[Row]) -> dict[str, Any]:
    told = [
        {
            **_filled(row, ("line_number", "product_id", "label", "category")),
            "quantity": str(Decimal(row["quantity_milli"]).scaleb(-3)),
            **_money(row, ("unit_price", "discount", "amount")),
        }
        for row in lines[:MOST_LINES]
    ]
    return {"lines": told} | ({"more_lines": True} if len(lines) > MOST_LINES else {})


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was said of a customer's consents; `left_out`: of so many more nothing is told."""

    customer_id: str
    consents: tuple[Mapping[str, Any], ...]
    left_out: int = 0

    def answer(self) -> bytes:
        """The ledger as it is told to a program."""
        told = {"customer_id": self.customer_id, "consents": self.consents, "left_out": self.left_out}
        return orjson.dumps(told, option=_INSTANTS)


def ledger(store: Store, customer_id: str, scopes: frozenset[str], *, stores: frozenset[str] | None = None) -> Ledger:
    """Every consent of a customer, in force as its profile has it, with the entries it follows from, see `records`.

    Which mailbox or number it is about is told with the scope `contact`.
    """
    with store.read() as connection:
        mine = present(connection, customer_id, stores=stores)
        if not _same(mine, customer_id):
            return Ledger(mine.customer_id, ())
        said = rows.ledger(connection, mine.customer_id)
        written = rows.mailboxes(connection, mine.customer_id) if "contact" in scopes and said else {}
    about: dict[tuple[str, ...], list[Row]] = {}
    for entry in said:
        about.setdefault(_about(entry), []).append(entry)
    told: list[Mapping[str, Any]] = []
    for one in effective_consents(said)[:MOST_POINTS]:
        key = one["contact_key"] if "contact" in scopes else None
        value = {} if key is None else {"value": written.get(key, key)}
        told.append({"contact": one["contact_kind"], **value, **_consent(one, about[_about(one)])})
    return Ledger(mine.customer_id, tuple(told), len(about) - len(told))


def _about(entry: Row) -> tuple[str, ...]:
    return tuple(entry[name] or "" for name in POINT)


def _consent(in_force: Row, entries: Sequence[Row]) -> dict[str, Any]:
    """A consent: the word in force, and what was said, the newest first."""

    def newest(entry: Row) -> tuple[datetime, datetime]:
        return entry["occurred_at"] or _EPOCH, entry["recorded_at"]

    ordered = sorted(entries, key=newest, reverse=True)
    return {
        **{name: in_force[name] for name in ("channel", "purpose", "state")},
        "entries": [_entry(entry, holds=entry is in_force) for entry in ordered[:MOST_ENTRIES]],
        "left_out": max(len(ordered) - MOST_ENTRIES, 0),
    }


def _entry(entry: Row, *, holds: bool) -> dict[str, Any]:
    told = _filled(entry, ("state", "basis", "evidence", "occurred_at", "recorded_at"))
    return told | {"record": f"{entry['source']}:{entry['native_id']}", "in_force": holds}
