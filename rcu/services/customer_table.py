"""Customers as a flat table: what a profile says, by column, as far as a key's scopes open it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from rcu.services.exporting import Column, Kind, Row

_IDENTITY: Final = frozenset({"identity"})
_CONTACT: Final = frozenset({"identity", "contact"})
_CONSENT: Final = frozenset({"contact", "consent"})
_ORDERS: Final = frozenset({"orders"})
_SCORES: Final = frozenset({"scores"})
_Scoped = tuple[frozenset[str], Column]


def _at(*path: str) -> Callable[[Row], Any]:
    return partial(_member, path=path)


def _member(row: Row, path: Sequence[str]) -> Any:  # noqa: ANN401  # what stands there
    found: Any = row
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _main(row: Row, name: str) -> Any:  # noqa: ANN401
    """Of the currency with most orders, the first in the alphabet of several."""
    orders: Sequence[Mapping[str, Any]] = row.get("aggregates", {}).get("orders", ())
    chosen = min(orders, key=lambda one: (-one["orders"], one["currency"]), default={})
    return chosen.get(name)


def _permitted(row: Row, kind: str, channel: str) -> str | None:
    """What is said of marketing to the golden contact point of a kind."""
    points: Sequence[Mapping[str, Any]] = row.get("contact_points", ())
    golden = next((one for one in points if one["kind"] == kind), None)
    said = () if golden is None else golden.get("consents", ())
    return next((one["state"] for one in said if (one["channel"], one["purpose"]) == (channel, "marketing")), None)


def _count(row: Row, name: str) -> int:
    return len(row.get(name) or ())


def _scoped() -> list[_Scoped]:
    text, whole = Kind.TEXT, Kind.WHOLE
    names = ("record_kind", "civility", "gender", "first_name", "last_name", "birth_name", "company", "birth_date")
    found = [(_IDENTITY, Column(name, text, _at("golden", name))) for name in (*names, "loyalty_number")]
    found += [(_CONTACT, Column(name, text, _at("golden", name))) for name in ("email", "mobile", "landline")]
    lines = ("address_complement", "building", "street", "place", "postcode", "city", "cedex", "commune_insee")
    found += [(_CONTACT, Column(name, text, _at("golden", "address", name))) for name in (*lines, "country")]
    found += [
        (_CONSENT, Column("email_marketing", text, partial(_permitted, kind="email", channel="email"))),
        (_CONSENT, Column("sms_marketing", text, partial(_permitted, kind="mobile", channel="sms"))),
    ]
    bought = {"currency": text, "orders": whole, "returns": whole, "net_revenue": Kind.MONEY}
    bought |= {"average_basket": Kind.MONEY, "first_order_at": Kind.INSTANT, "last_order_at": Kind.INSTANT}
    bought |= {"preferred_channel": text, "preferred_store": text}
    found += [(_ORDERS, Column(name, kind, partial(_main, name=name))) for name, kind in bought.items()]
    found.append((_ORDERS, Column("last_email_click_at", Kind.INSTANT, _at("aggregates", "last_email_click_at"))))
    for name in ("recency", "frequency", "monetary"):
        found.append((_SCORES, Column(f"rfm_{name}", whole, _at("scores", "rfm", name, "value"))))
    found.append((_SCORES, Column("data_quality", whole, _at("scores", "data_quality", "value"))))
    found.append((_IDENTITY, Column("household_id", text, _at("household", "household_id"))))
    found.append((_IDENTITY, Column("records", whole, partial(_count, name="records"))))
    return found


_SCOPED: Final = _scoped()
_ID: Final = Column("customer_id", Kind.TEXT, _at("customer_id"))


def customer_columns(scopes: frozenset[str]) -> list[Column]:
    """The columns a key with these scopes sees; rows are profiles cut to the same scopes."""
    return [_ID, *(column for needed, column in _SCOPED if needed <= scopes)]
