"""What people do, as somebody sends it: orders, returns, visits, what becomes of e-mails; and of whom it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from rcu.domain.records import RecordKey

MOST_RECORDS_OF_VISITOR: Final = 10
"""A visitor that more records named is a screen in a shop: what it does unnamed is nobody's."""


class EventKind(StrEnum):
    """What happened."""

    ORDER = "order"
    RETURN = "return"
    VISIT = "visit"
    EMAIL_SENT = "email_sent"
    EMAIL_OPEN = "email_open"
    EMAIL_CLICK = "email_click"
    EMAIL_BOUNCE = "email_bounce"
    EMAIL_UNSUBSCRIBE = "email_unsubscribe"

    @property
    def is_bought(self) -> bool:
        """Whether money is in it."""
        return self in (EventKind.ORDER, EventKind.RETURN)


@dataclass(frozen=True, slots=True)
class GivenLine:
    """A line of an order or return.

    Amounts are minor units (cents), quantities thousandths, as everywhere.
    """

    number: int
    quantity_milli: int
    amount_minor: int
    product_id: str | None = None
    label: str | None = None
    category: str | None = None
    unit_price_minor: int | None = None
    discount_minor: int | None = None


@dataclass(frozen=True, slots=True)
class GivenEvent:
    """An event as somebody sends it.

    Attributes:
        source: the source that tells it.
        native_id: the id that source gave it.
        kind: what happened.
        occurred_at: when.
        record: native id of the record of the same source that did it; None: nobody is named.
        visitor: the source's id of a browser or device; who is not named is told by who was, on the same one.
        channel: store, online or email.
        store: the shop it happened in.
        label: the campaign of an e-mail, the page of a visit.
        currency: of its amounts, ISO 4217.
        amount_minor: cents, negative for a return; None: the sum of its lines.
        discount_minor: cents taken off.
        shipping_minor: cents of the amount that are shipping.
        cancelled: it counts no more.
        related: native id of the order a return takes back.
        lines: all its lines; None: nothing is said of them, and those there are stay.
    """

    source: str
    native_id: str
    kind: EventKind
    occurred_at: datetime
    record: str | None = None
    visitor: str | None = None
    channel: str = "online"
    store: str | None = None
    label: str | None = None
    currency: str | None = None
    amount_minor: int | None = None
    discount_minor: int | None = None
    shipping_minor: int | None = None
    cancelled: bool = False
    related: str | None = None
    lines: Sequence[GivenLine] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Its source and native id."""
        return self.source, self.native_id

    @property
    def owner(self) -> RecordKey | None:
        """The record it names."""
        return None if self.record is None else RecordKey(self.source, self.record)


class Taken(StrEnum):
    """What an event says, beside what was stored; REFUSED: it was not taken."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class Refused(StrEnum):
    """Why an event was not taken: send it again once that has come, or is right."""

    UNKNOWN_RECORD = "unknown_record"
    UNKNOWN_ORDER = "unknown_order"
    IN_THE_FUTURE = "in_the_future"
