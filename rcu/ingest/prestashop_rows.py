"""Read one element of a PrestaShop export: which rows it makes, or why it makes none."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, cast

from rcu.domain.intake import LINE, Entity
from rcu.ingest.values import MILLI, MINOR, scaled

Row = Mapping[str, object]
Rows = Iterable[tuple[Entity, Row]]
_CIVILITIES: Final = {"1": "M", "2": "MME"}
_CANCELLED_STATE: Final = "6"
_FRANCE: Final = "8"
_NO_DATE: Final = "0000-00-00"


class BadElementError(Exception):
    """An element that cannot be taken: the field at fault, a stable code, what was expected."""

    def __init__(self, field: str | None, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Reading:
    """One element and what is needed to read it."""

    place: int
    element: Mapping[str, object]
    time_zone: str
    currencies: Mapping[str, str]

    def text(self, name: str) -> str | None:
        """Give a value as text; None when it is absent or empty."""
        value = self.element.get(name)
        if isinstance(value, str):
            return value or None
        if value is None or isinstance(value, (dict, list)):
            return None
        return ("1" if value else "0") if isinstance(value, bool) else (str(value) or None)

    def key(self, name: str) -> str:
        """Give an id; PrestaShop writes 0 for none."""
        value = (self.text(name) or "").strip()
        if value in {"", "0"}:
            raise BadElementError(name, "missing_key", "an id")
        return value

    def is_set(self, name: str) -> bool:
        """Read a flag."""
        return self.text(name) == "1"

    def moment(self, name: str, *, required: bool = False) -> dt.datetime | None:
        """Read a local time as an instant; `0000-00-00 00:00:00` is none."""
        text = (self.text(name) or "").strip()
        if not text or text.startswith(_NO_DATE):
            if required:
                raise BadElementError(name, "bad_date", "a date like 2025-12-31 10:00:00")
            return None
        return self._instant(name, text)

    def minor(self, name: str, *, required: bool = False) -> int | None:
        """Read an amount in minor units."""
        return self.scaled(name, MINOR, required=required)

    def scaled(self, name: str, places: int, *, required: bool = False) -> int | None:
        """Read an amount as a whole number of its `places`-th decimal."""
        text = self.text(name)
        if text is None and not required:
            return None
        found = scaled(text or "", places)
        if found is None:
            raise BadElementError(name, "bad_amount", "an amount like 12.500000")
        return found

    def items(self, name: str) -> list[Reading]:
        """Give the elements of one of the associations; an order without lines cannot be taken."""
        associations = self.element.get("associations")
        found = cast("Mapping[str, object]", associations).get(name) if isinstance(associations, dict) else None
        if not isinstance(found, list) or not found:
            msg = f"associations.{name}"
            raise BadElementError(msg, "missing_lines", "at least one line")
        for item in cast("list[object]", found):
            if not isinstance(item, dict):
                msg = f"associations.{name}"
                raise BadElementError(msg, "not_an_object", "a JSON object")
        lines = cast("list[dict[str, object]]", found)
        return [Reading(self.place, line, self.time_zone, self.currencies) for line in lines]

    def _instant(self, name: str, text: str) -> dt.datetime:
        try:
            local = dt.datetime.fromisoformat(text)
            zoned = local if local.tzinfo else _first_instant(local, self.time_zone)
            return zoned.astimezone(dt.UTC)
        except (ValueError, OverflowError) as error:
            raise BadElementError(name, "bad_date", "a date like 2025-12-31 10:00:00") from error


def read_customer(reading: Reading) -> Iterator[tuple[Entity, Row]]:
    """Read a customer: the record, and the consents it tells of.

    A newsletter flag that is off says something only where it once was on (`newsletter_date_add`): then it was
    withdrawn. Otherwise nobody was asked. The `optin` flag is about partners' offers.
    """
    email, last, first = reading.text("email"), reading.text("lastname"), reading.text("firstname")
    if not (email or last or first):
        msg = "email"
        raise BadElementError(msg, "missing_key", "an email or a name")
    created, updated = reading.moment("date_add"), reading.moment("date_upd")
    birthday = reading.text("birthday")
    yield (
        Entity.RECORD,
        {
            LINE: reading.place,
            "native_id": reading.key("id"),
            "is_guest": reading.is_set("is_guest"),
            "deleted": reading.is_set("deleted"),
            "created_at": created,
            "updated_at": updated,
            "civility": _CIVILITIES.get(reading.text("id_gender") or ""),
            "first_name": first,
            "last_name": last,
            "birth_date": None if birthday and birthday.startswith(_NO_DATE) else birthday,
            "company": reading.text("company"),
            "email": email,
        },
    )
    if email:
        yield from _consents(reading, email, created=created, updated=updated)


def _consents(
    reading: Reading, email: str, *, created: dt.datetime | None, updated: dt.datetime | None
) -> Iterator[tuple[Entity, Row]]:
    subscribed = reading.moment("newsletter_date_add")
    address = reading.text("ip_registration_newsletter")
    evidence = f"ip {address}" if address else None
    if reading.is_set("newsletter"):
        yield Entity.CONSENT, _consent(reading, email, "marketing", state="granted", at=subscribed, evidence=evidence)
    elif subscribed is not None:
        yield Entity.CONSENT, _consent(reading, email, "marketing", state="denied", at=updated, evidence=evidence)
    if reading.is_set("optin"):
        yield Entity.CONSENT, _consent(reading, email, "partners", state="granted", at=created, evidence=None)


def _consent(
    reading: Reading, email: str, purpose: str, *, state: str, at: dt.datetime | None, evidence: str | None
) -> Row:
    return {
        LINE: reading.place,
        "record_native_id": reading.key("id"),
        "contact_kind": "email",
        "contact_raw": email,
        "channel": "email",
        "purpose": purpose,
        "state": state,
        "occurred_at": at,
        "basis": "consent",
        "evidence": evidence,
    }


def read_address(reading: Reading) -> Iterator[tuple[Entity, Row]]:
    """Read an address of a customer. Countries are ids of the shop: only that of France (8) is known."""
    country = reading.text("id_country")
    yield (
        Entity.ADDRESS,
        {
            LINE: reading.place,
            "native_id": reading.key("id"),
            "record_native_id": reading.key("id_customer"),
            "deleted": reading.is_set("deleted"),
            "updated_at": reading.moment("date_upd"),
            "phone": reading.text("phone"),
            "mobile": reading.text("phone_mobile"),
            "address_line": reading.text("address1"),
            "address_complement": reading.text("address2"),
            "postcode": reading.text("postcode"),
            "city": reading.text("city"),
            "country": "FR" if country == _FRANCE else country,
        },
    )


def read_order(reading: Reading) -> Iterator[tuple[Entity, Row]]:
    """Read an order and its lines; it is cancelled when not valid or in the state PrestaShop gives to cancellations."""
    order_id = reading.key("id")
    currency = reading.currencies.get(reading.text("id_currency") or "")
    if currency is None:
        msg = "id_currency"
        raise BadElementError(msg, "bad_value", f"one of {', '.join(reading.currencies)}")
    yield (
        Entity.ORDER,
        {
            LINE: reading.place,
            "native_id": order_id,
            "record_native_id": reading.key("id_customer"),
            "kind": "order",
            "channel": "online",
            "occurred_at": reading.moment("date_add", required=True),
            "currency": currency,
            "amount_minor": reading.minor("total_paid_tax_incl", required=True),
            "discount_minor": reading.minor("total_discounts_tax_incl"),
            "shipping_minor": reading.minor("total_shipping_tax_incl"),
            "cancelled": reading.text("valid") == "0" or reading.text("current_state") == _CANCELLED_STATE,
        },
    )
    for number, line in enumerate(reading.items("order_rows"), 1):
        yield Entity.ORDER_LINE, _order_line(line, order_id, number)


def _order_line(line: Reading, order_id: str, number: int) -> Row:
    quantity = line.scaled("product_quantity", MILLI, required=True) or 0
    price = line.scaled("unit_price_tax_incl", MINOR + _PRICE_PLACES, required=True) or 0
    return {
        LINE: line.place,
        "order_native_id": order_id,
        "line_number": number,
        "product_id": line.text("product_reference") or line.text("product_id"),
        "label": line.text("product_name"),
        "quantity_milli": quantity,
        "unit_price_minor": line.minor("unit_price_tax_incl"),
        "amount_minor": scaled(str(quantity * price), -(MILLI + _PRICE_PLACES)),
    }


_PRICE_PLACES: Final = 4


def read_slip(reading: Reading) -> Iterator[tuple[Entity, Row]]:
    """Read a credit slip: a return of some lines of an order, with negative amounts."""
    slip_id = f"slip-{reading.key('id')}"
    amount = reading.minor("amount", required=True) or 0
    shipping = reading.minor("total_shipping_tax_incl")
    yield (
        Entity.ORDER,
        {
            LINE: reading.place,
            "native_id": slip_id,
            "record_native_id": reading.key("id_customer"),
            "kind": "return",
            "channel": "online",
            "occurred_at": reading.moment("date_add", required=True),
            "currency": next(iter(reading.currencies.values())),
            "amount_minor": -amount,
            "shipping_minor": -shipping if shipping else shipping,
            "related_native_id": reading.key("id_order"),
        },
    )
    for number, line in enumerate(reading.items("order_slip_details"), 1):
        yield (
            Entity.ORDER_LINE,
            {
                LINE: line.place,
                "order_native_id": slip_id,
                "line_number": number,
                "product_id": line.text("product_reference"),
                "quantity_milli": -(line.scaled("product_quantity", MILLI, required=True) or 0),
                "amount_minor": -(line.minor("amount_tax_incl", required=True) or 0),
            },
        )


def _first_instant(local: dt.datetime, time_zone: str) -> dt.datetime:
    """Place a local time: the first of two that the clocks repeat, the first after a gap that they skip."""
    zone = _zone(time_zone)
    zoned = local.replace(tzinfo=zone, fold=0)
    if zoned.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) == local:
        return zoned
    before = zoned.utcoffset() or dt.timedelta()
    after = local.replace(tzinfo=zone, fold=1).utcoffset() or dt.timedelta()
    start = local.replace(minute=0, second=0, microsecond=0)
    return (start + abs(before - after)).replace(tzinfo=zone)


@cache
def _zone(name: str) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(name)
