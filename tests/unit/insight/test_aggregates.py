"""Aggregates equal a recount of the events one by one, to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.insight.aggregates import NOTHING, Total, aggregate, minor_to_decimal

START = datetime(2025, 1, 1, tzinfo=UTC)


class Event(NamedTuple):
    """One event of a customer, as a source tells it; amounts in cents, negative for a return."""

    kind: str = "order"
    channel: str = "store"
    store: str | None = "M1"
    currency: str | None = "EUR"
    amount: int = 1000
    at: datetime = START


def cells(events: Sequence[Event]) -> list[dict[str, Any]]:
    """The events summed as the store sums them."""
    found: dict[tuple[Any, ...], list[Event]] = {}
    for event in events:
        found.setdefault(event[:4], []).append(event)
    return [
        dict(zip(Event._fields, key, strict=False))
        | {"count": len(group), "amount_minor": sum(one.amount for one in group)}
        | {"first_at": min(one.at for one in group), "last_at": max(one.at for one in group)}
        for key, group in found.items()
    ]


def told(*events: Event) -> dict[str, Any]:
    """The customer's aggregates in the only currency."""
    (orders,) = aggregate(cells(events)).document["orders"]
    return orders


EVENTS = st.lists(
    st.builds(
        Event,
        kind=st.sampled_from(["order", "order", "return", "email_click", "email_open"]),
        channel=st.sampled_from(["store", "online"]),
        store=st.sampled_from([None, "M1", "M2"]),
        currency=st.sampled_from(["EUR", "CHF"]),
        amount=st.integers(-10**9, 10**9),
        at=st.integers(0, 10**6).map(lambda seconds: START + timedelta(seconds=seconds)),
    ),
    max_size=25,
)  # fmt: skip


def average(cents: Sequence[int]) -> str | None:
    exact = sum(map(Decimal, cents)) / 100 / len(cents) if cents else None
    return None if exact is None else str(exact.quantize(Decimal("0.01"), ROUND_HALF_EVEN))


@settings(max_examples=150, deadline=None)
@given(events=EVENTS, data=st.data())
def test_aggregates_are_a_recount_of_the_events(events: list[Event], data: st.DataObject) -> None:
    document = aggregate(cells(data.draw(st.permutations(events)))).document
    clicks = [event.at for event in events if event.kind == "email_click"]
    assert document["last_email_click_at"] == max(clicks, default=None)
    money = [event for event in events if event.kind in {"order", "return"}]
    assert [one["currency"] for one in document["orders"]] == sorted({event.currency for event in money})
    for one in document["orders"]:
        here = [event for event in money if event.currency == one["currency"]]
        orders = [event for event in here if event.kind == "order"]
        assert (one["orders"], one["returns"]) == (len(orders), len(here) - len(orders))
        assert Decimal(one["net_revenue"]) * 100 == sum(event.amount for event in here)
        assert one["average_basket"] == average([event.amount for event in orders])
        assert one["first_order_at"] == min((event.at for event in orders), default=None)
        assert one["last_order_at"] == max((event.at for event in orders), default=None)
        for part, name in (("by_channel", "channel"), ("by_store", "store")):
            assert list(one[part]) == sorted({getattr(event, name) for event in here} - {None})
            for value, sums in one[part].items():
                there = [event for event in here if getattr(event, name) == value]
                assert sums["orders"] == sum(event.kind == "order" for event in there)
                assert Decimal(sums["net_revenue"]) * 100 == sum(event.amount for event in there)


@settings(max_examples=80, deadline=None)
@given(events=EVENTS)
def test_the_totals_say_what_the_document_says(events: list[Event]) -> None:
    found = aggregate(cells(events))
    assert [
        (one.currency, one.orders, one.returns, str(minor_to_decimal(one.net_revenue_minor)),
         one.first_order_at, one.last_order_at)
        for one in found.totals
    ] == [
        tuple(one[name] for name in
              ("currency", "orders", "returns", "net_revenue", "first_order_at", "last_order_at"))
        for one in found.document["orders"]
    ]  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(events=EVENTS, data=st.data())
def test_however_the_events_are_cut_into_cells_they_add_up_to_the_same(
    events: list[Event], data: st.DataObject
) -> None:
    """The store sums by record for one customer, and by customer for many."""
    cut = data.draw(st.integers(0, len(events)))
    assert aggregate([*cells(events[:cut]), *cells(events[cut:])]) == aggregate(cells(events))


@pytest.mark.parametrize(
    ("minor", "amount"),
    [
        (0, "0.00"),
        (5, "0.05"),
        (-5, "-0.05"),
        (123456, "1234.56"),
        (-100, "-1.00"),
        (10**17 + 1, "1000000000000000.01"),
    ],
)
def test_money_is_decimal_with_two_places(minor: int, amount: str) -> None:
    assert str(minor_to_decimal(minor)) == amount


@pytest.mark.parametrize(
    ("amounts", "rounded"),
    [
        pytest.param([1000, 2000], "15.00", id="exact"),
        pytest.param([100, 100, 101], "1.00", id="a third of a cent is cut"),
        pytest.param([1, 2], "0.02", id="half a cent goes to the even cent, here up"),
        pytest.param([2, 3], "0.02", id="half a cent goes to the even cent, here down"),
        pytest.param([10**15, 10**15 + 1], "10000000000000.00", id="half a cent of very much"),
    ],
)
def test_the_average_basket_is_rounded_to_the_even_cent(amounts: list[int], rounded: str) -> None:
    assert told(*(Event(amount=amount) for amount in amounts))["average_basket"] == rounded


def test_returns_are_taken_off_the_revenue_and_not_off_the_average_basket() -> None:
    one = told(Event(amount=5000), Event(amount=3000), Event(kind="return", amount=-3000))
    assert (one["orders"], one["returns"], one["net_revenue"], one["average_basket"]) == (2, 1, "50.00", "40.00")


def test_who_only_returned_has_no_basket_and_no_order() -> None:
    one = told(Event(kind="return", amount=-3000))
    assert (one["orders"], one["net_revenue"], one["average_basket"]) == (0, "-30.00", None)
    assert (one["first_order_at"], one["last_order_at"]) == (None, None)


def test_currencies_are_never_added_up() -> None:
    document = aggregate(cells([Event(amount=100), Event(currency="CHF", amount=900)])).document
    assert [(one["currency"], one["net_revenue"]) for one in document["orders"]] == [("CHF", "9.00"), ("EUR", "1.00")]


@pytest.mark.parametrize(
    ("events", "preferred"),
    [
        pytest.param(
            [Event(store="M2"), Event(store="M2"), Event(store="M1", amount=9999)],
            "M2",
            id="most orders, not most money",
        ),
        pytest.param(
            [Event(store="M2", amount=2000), Event(store="M1")], "M2", id="of as many orders, most net revenue"
        ),
        pytest.param(
            [Event(store="M2", amount=2000), Event(store="M1"), Event(kind="return", store="M2", amount=-1500)],
            "M1",
            id="net revenue is after returns",
        ),
        pytest.param([Event(store="M2"), Event(store="M1")], "M1", id="of as much money, the first in the alphabet"),
        pytest.param([Event(store=None)] * 3 + [Event(store="M1")], "M1", id="an order without a store prefers none"),
        pytest.param([Event(store=None, channel="online")], None, id="no store at all"),
    ],
)
def test_the_preferred_store(events: list[Event], preferred: str | None) -> None:
    assert told(*events)["preferred_store"] == preferred
    assert told(*reversed(events))["preferred_store"] == preferred


def test_the_preferred_channel_is_chosen_alike() -> None:
    assert told(Event(channel="store"), Event(channel="online", store=None))["preferred_channel"] == "online"
    assert (
        told(Event(channel="store", amount=1001), Event(channel="online", store=None))["preferred_channel"] == "store"
    )


def test_money_without_a_currency_is_left_out() -> None:
    assert aggregate(cells([Event(), Event(currency=None)])) == aggregate(cells([Event()]))


def test_without_events_there_is_nothing_to_tell() -> None:
    assert aggregate([]) == NOTHING


def test_clicks_alone_are_no_orders() -> None:
    click = Event(kind="email_click", channel="email", store=None, currency=None, amount=0, at=START)
    opened = click._replace(kind="email_open", at=START + timedelta(days=1))
    found = aggregate(cells([click, opened]))
    assert (found.totals, found.document) == ((), {"orders": [], "last_email_click_at": START})


def test_a_return_counts_for_the_total_of_its_currency() -> None:
    day = START + timedelta(days=1)
    found = aggregate(cells([Event(amount=5000), Event(kind="return", amount=-3000, at=day)]))
    assert found.totals == (Total("EUR", 1, 1, 2000, START, START),)
