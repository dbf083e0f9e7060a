"""Events as they are sent, and what became of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from rcu.api.schemas.base import Body, Moment, Wire
from rcu.domain.events import EventKind, GivenEvent, GivenLine
from rcu.services.record_form import KeyPart

MOST_EVENTS = 500
MOST_LINES = 200
_Money = Annotated[
    str, Field(pattern=r"^-?\d{1,10}(\.\d{1,2})?$", description="decimal text with a point", examples=["12.50"])
]
_Quantity = Annotated[str, Field(pattern=r"^-?\d{1,9}(\.\d{1,3})?$", description="decimal text", examples=["1"])]
_Label = Annotated[str, Field(min_length=1, max_length=200)]
EventKindName = Literal[
    "order", "return", "visit", "email_sent", "email_open", "email_click", "email_bounce", "email_unsubscribe"
]


class EventLine(Body):
    """A line of an order or return."""

    number: int = Field(ge=0, le=1_000_000, description="its number in the order")
    quantity: _Quantity
    amount: _Money
    product_id: KeyPart | None = None
    label: _Label | None = None
    category: _Label | None = None
    unit_price: _Money | None = None
    discount: _Money | None = None

    def given(self) -> GivenLine:
        """This line as the services take it."""
        return GivenLine(
            self.number,
            _scaled(self.quantity, 3),
            _scaled(self.amount, 2),
            product_id=self.product_id,
            label=self.label,
            category=self.category,
            unit_price_minor=_minor(self.unit_price),
            discount_minor=_minor(self.discount),
        )


class EventForm(Body):
    """What happened once. Sent again under the same source and native id, it takes the former one's place."""

    source: KeyPart = Field(description="the source's name")
    native_id: KeyPart = Field(description="the id the source gave the event")
    kind: EventKindName
    occurred_at: Moment
    record: KeyPart | None = Field(default=None, description="native id of the record of this source that did it")
    visitor: KeyPart | None = Field(
        default=None,
        description="the source's id of a browser or device; an event that names no record is of the one that is"
        " named on the same visitor next, else of the one named last before",
    )
    channel: Literal["store", "online"] | None = Field(
        default=None, description="by default store where a store is named, else online; of e-mails always email"
    )
    store: KeyPart | None = Field(default=None, description="the shop it happened in")
    label: _Label | None = Field(default=None, description="the campaign of an e-mail, the page of a visit")
    currency: str | None = Field(default=None, pattern="^[A-Z]{3}$", description="ISO 4217; needed with money")
    amount: _Money | None = Field(
        default=None, description="of an order what was paid, shipping included; of a return negative"
    )
    discount: _Money | None = None
    shipping: _Money | None = Field(default=None, description="part of the amount")
    cancelled: bool = Field(default=False, description="it counts no more")
    related: KeyPart | None = Field(default=None, description="of a return: native id of the order")
    lines: list[EventLine] | None = Field(
        default=None,
        max_length=MOST_LINES,
        description="all lines of an order or return; without an amount, it is their sum",
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> EventForm:
        bought = EventKind(self.kind).is_bought
        money = [name for name in ("currency", "amount", "discount", "shipping", "lines", "related") if self._has(name)]
        if not bought and money:
            raise ValueError(f"only orders and returns have {', '.join(money)}")
        if bought and self.currency is None:
            raise ValueError("an order or return has a currency")
        if bought and self.amount is None and not self.lines:
            raise ValueError("an order or return has an amount, or lines to sum")
        if self.kind == "return" and self.amount is not None and Decimal(self.amount) > 0:
            raise ValueError("the amount of a return is not above zero")
        if self.lines and len({line.number for line in self.lines}) < len(self.lines):
            raise ValueError("two lines have one number")
        return self

    def _has(self, name: str) -> bool:
        return getattr(self, name) is not None

    def given(self) -> GivenEvent:
        """This event as the services take it."""
        usual = "email" if self.kind.startswith("email_") else "store" if self.store else "online"
        return GivenEvent(
            self.source,
            self.native_id,
            EventKind(self.kind),
            self.occurred_at,
            record=self.record,
            visitor=self.visitor,
            channel=self.channel or usual,
            store=self.store,
            label=self.label,
            currency=self.currency,
            amount_minor=_minor(self.amount),
            discount_minor=_minor(self.discount),
            shipping_minor=_minor(self.shipping),
            cancelled=self.cancelled,
            related=self.related,
            lines=None if self.lines is None else [line.given() for line in self.lines],
        )


def _scaled(text: str, places: int) -> int:
    return int(Decimal(text).scaleb(places))


def _minor(text: str | None) -> int | None:
    return None if text is None else _scaled(text, 2)


class EventsRequest(Body):
    """Up to 500 events, each once."""

    events: list[EventForm] = Field(min_length=1, max_length=MOST_EVENTS)

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "events": [
                        {
                            "source": "shop",
                            "native_id": "visit-8812",
                            "kind": "visit",
                            "occurred_at": "2026-03-01T10:02:11+01:00",
                            "visitor": "v-51f0",
                            "label": "/chaussures",
                        },
                        {
                            "source": "shop",
                            "native_id": "order-100234",
                            "kind": "order",
                            "occurred_at": "2026-03-01T10:15:00+01:00",
                            "record": "1042",
                            "visitor": "v-51f0",
                            "currency": "EUR",
                            "amount": "59.90",
                            "lines": [{"number": 1, "product_id": "SKU-1", "quantity": "1", "amount": "59.90"}],
                        },
                    ]
                }
            ]
        }
    )


class EventResult(Wire):
    """What became of one event."""

    event: str = Field(description="source:native_id")
    content: Literal["new", "changed", "unchanged", "refused"]
    reason: Literal["unknown_record", "unknown_order", "in_the_future"] | None = Field(
        default=None, description="why it was refused; absent otherwise"
    )
    record: str | None = Field(default=None, description="source:native_id of the record it is of; absent: nobody's")
    by_visitor: bool | None = Field(default=None, description="whether that follows from its visitor; with `record`")
    customer_id: str | None = Field(
        default=None, description="the customer of that record; absent while it waits for a run"
    )


class EventsTaken(Wire):
    """What became of each event, in the order of the request."""

    results: list[EventResult]
