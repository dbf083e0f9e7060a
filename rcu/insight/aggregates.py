"""Aggregates of a customer's orders, returns and email clicks.

They are worked out from cells (sums by kind, channel, store and currency) in whole minor units, so they equal a
recount from the raw events to the cent. Definitions, each per currency:

    orders               orders not cancelled
    net revenue          amounts of orders plus amounts of returns (which are negative), shipping included where paid
    average basket       amounts of orders / orders, returns not taken off, to the cent, half to even
    preferred channel    the one with most orders; then most net revenue; then the first in the alphabet; store likewise
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

ORDER: Final = "order"
RETURN: Final = "return"
CLICK: Final = "email_click"
_CENT: Final = Decimal("0.01")


def minor_to_decimal(minor: int) -> Decimal:
    """Minor units (cents) to a decimal amount with two places."""
    return Decimal(minor).scaleb(-2)


@dataclass(frozen=True, slots=True)
class Total:
    """What a customer bought and returned in one currency: a row of the table `aggregates` without its customer."""

    currency: str
    orders: int
    returns: int
    net_revenue_minor: int
    first_order_at: datetime | None
    last_order_at: datetime | None


@dataclass(frozen=True, slots=True)
class Aggregates:
    """A customer's aggregates: totals by currency, and the part of the profile (JSON types and instants)."""

    totals: tuple[Total, ...]
    document: Mapping[str, Any]


NOTHING: Final = Aggregates((), {"orders": [], "last_email_click_at": None})
"""The aggregates of a customer without events."""


@dataclass(slots=True)
class _Sum:
    orders: int = 0
    returns: int = 0
    ordered: int = 0
    net: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, cell: Mapping[str, Any]) -> None:
        amount: int = cell["amount_minor"]
        self.net += amount
        if cell["kind"] == RETURN:
            self.returns += cell["count"]
            return
        self.orders += cell["count"]
        self.ordered += amount
        first, last = cell["first_at"], cell["last_at"]
        self.first = first if self.first is None or first < self.first else self.first
        self.last = last if self.last is None or last > self.last else self.last

    def short(self) -> dict[str, Any]:
        """The part shown for a channel or a store."""
        return {"orders": self.orders, "net_revenue": str(minor_to_decimal(self.net))}


@dataclass(slots=True)
class _Sums:
    """Of one currency: in all, by channel and by store."""

    total: _Sum = field(default_factory=_Sum)
    channels: dict[str, _Sum] = field(default_factory=dict[str, _Sum])
    stores: dict[str, _Sum] = field(default_factory=dict[str, _Sum])

    def add(self, cell: Mapping[str, Any]) -> None:
        self.total.add(cell)
        _of(self.channels, cell["channel"]).add(cell)
        if cell["store"] is not None:
            _of(self.stores, cell["store"]).add(cell)


def _of(sums: dict[str, _Sum], name: str) -> _Sum:
    found = sums.get(name)
    if found is None:
        found = sums[name] = _Sum()
    return found


def aggregate(cells: Iterable[Mapping[str, Any]]) -> Aggregates:
    """Add up the cells of one customer.

    Args:
        cells: in any order and cut as they may be: kind, channel, store, currency, count, amount_minor, first_at,
            last_at. Orders and returns have a currency; those without are nobody's money and are left out.
    """
    sums: dict[str, _Sums] = {}
    clicks: list[datetime] = []
    for cell in cells:
        kind, currency = cell["kind"], cell["currency"]
        if kind == CLICK:
            clicks.append(cell["last_at"])
        elif kind in (ORDER, RETURN) and currency is not None:
            sums.setdefault(currency, _Sums()).add(cell)
    if not sums and not clicks:
        return NOTHING
    ordered = sorted(sums.items())
    return Aggregates(
        totals=tuple(_total(currency, found.total) for currency, found in ordered),
        document={
            "orders": [_shown(currency, found) for currency, found in ordered],
            "last_email_click_at": max(clicks, default=None),
        },
    )


def _total(currency: str, total: _Sum) -> Total:
    return Total(currency, total.orders, total.returns, total.net, total.first, total.last)


def _shown(currency: str, sums: _Sums) -> dict[str, Any]:
    total, channels, stores = sums.total, sums.channels, sums.stores
    return {
        "currency": currency,
        "orders": total.orders,
        "returns": total.returns,
        "net_revenue": str(minor_to_decimal(total.net)),
        "average_basket": _average(total),
        "first_order_at": total.first,
        "last_order_at": total.last,
        "preferred_channel": _preferred(channels),
        "preferred_store": _preferred(stores),
        "by_channel": {name: channels[name].short() for name in sorted(channels)},
        "by_store": {name: stores[name].short() for name in sorted(stores)},
    }


def _average(total: _Sum) -> str | None:
    if not total.orders:
        return None
    return str((minor_to_decimal(total.ordered) / total.orders).quantize(_CENT, ROUND_HALF_EVEN))


def _preferred(sums: Mapping[str, _Sum]) -> str | None:
    return min(sums, key=lambda name: (-sums[name].orders, -sums[name].net, name), default=None)
