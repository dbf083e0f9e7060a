"""Aggregates of a customer's orders, returns and email clicks.

They are worked out from cells (sums by kind, channel, store and currency) in whole minor units, so they equal a
recount from the raw events to the cent. Definitions, each per currency:

    orders               orders not cancelled
    net revenue          amounts of orders plus amounts of returns (which are negative), shipping included where paid
    average basket       amounts of orders / orders, returns not taken off, to the cent, half to even
    preferred channel    the one with most orders; then most net revenue; then the first in the alphabet; store likewise
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

import numpy as np
import pandas as pd

ORDER: Final = "order"
RETURN: Final = "return"
CLICK: Final = "email_click"
_CENT: Final = Decimal("0.01")


def minor_to_decimal(minor: int) -> Decimal:
    """Minor units (cents) to a decimal amount with two places."""
    return Decimal(int(minor)).scaleb(-2)


def aggregate_table(cells: pd.DataFrame) -> pd.DataFrame:
    """One row for each customer and currency: the columns of the table `aggregates`.

    Args:
        cells: cluster_id, kind, channel, store, currency, count, amount_minor, first_at, last_at.
    """
    money = cells.loc[cells["kind"].isin([ORDER, RETURN])]
    is_order = money["kind"] == ORDER
    rows = pd.DataFrame(
        {
            "cluster_id": money["cluster_id"],
            "currency": money["currency"],
            "orders": money["count"].where(is_order, 0),
            "returns": money["count"].where(~is_order, 0),
            "net_revenue_minor": money["amount_minor"],
            "first_order_at": money["first_at"].where(is_order),
            "last_order_at": money["last_at"].where(is_order),
        }
    )
    grouped = rows.groupby(["cluster_id", "currency"], sort=True, as_index=False)
    return grouped.agg(
        {
            "orders": "sum",
            "returns": "sum",
            "net_revenue_minor": "sum",
            "first_order_at": "min",
            "last_order_at": "max",
        }
    ).astype({"orders": np.int64, "returns": np.int64, "net_revenue_minor": np.int64})


@dataclass(slots=True)
class _Sum:
    orders: int = 0
    returns: int = 0
    ordered: int = 0
    net: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, cell: Any) -> None:  # noqa: ANN401
        """Add one cell."""
        self.net += int(cell.amount_minor)
        if cell.kind == RETURN:
            self.returns += int(cell.count_)
            return
        self.orders += int(cell.count_)
        self.ordered += int(cell.amount_minor)
        self.first = cell.first_at if self.first is None else min(self.first, cell.first_at)
        self.last = cell.last_at if self.last is None else max(self.last, cell.last_at)

    def short(self) -> dict[str, Any]:
        """The part shown for a channel or a store."""
        return {"orders": self.orders, "net_revenue": str(minor_to_decimal(self.net))}


def aggregate_documents(cells: pd.DataFrame) -> Mapping[int, dict[str, Any]]:
    """The aggregates of each customer as the profile shows them, by cluster_id; JSON types only."""
    return {
        cluster: _document(list(group))
        for cluster, group in _by_cluster(
            cells.rename(columns={"count": "count_"}).sort_values("cluster_id", kind="stable")
        )
    }


def _by_cluster(cells: pd.DataFrame) -> Iterator[tuple[int, list[Any]]]:
    group: list[Any] = []
    for cell in cells.itertuples(index=False):
        if group and group[-1].cluster_id != cell.cluster_id:
            yield int(group[-1].cluster_id), group
            group = []
        group.append(cell)
    if group:
        yield int(group[-1].cluster_id), group


def _document(cells: list[Any]) -> dict[str, Any]:
    money = [cell for cell in cells if cell.kind in {ORDER, RETURN}]
    currencies = sorted({cell.currency for cell in money})
    clicks = [cell.last_at for cell in cells if cell.kind == CLICK]
    return {
        "orders": [
            _of_currency(currency, [cell for cell in money if cell.currency == currency]) for currency in currencies
        ],
        "last_email_click_at": instant_text(max(clicks)) if clicks else None,
    }


def _of_currency(currency: str, cells: list[Any]) -> dict[str, Any]:
    total, channels, stores = _Sum(), dict[str, _Sum](), dict[str, _Sum]()
    for cell in cells:
        total.add(cell)
        channels.setdefault(cell.channel, _Sum()).add(cell)
        if isinstance(cell.store, str):
            stores.setdefault(cell.store, _Sum()).add(cell)
    return {
        "currency": currency,
        "orders": total.orders,
        "returns": total.returns,
        "net_revenue": str(minor_to_decimal(total.net)),
        "average_basket": _average(total),
        "first_order_at": instant_text(total.first),
        "last_order_at": instant_text(total.last),
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
    ranked = sorted(sums, key=lambda name: (-sums[name].orders, -sums[name].net, name))
    return ranked[0] if ranked else None


def instant_text(instant: datetime | None) -> str | None:
    """An instant as the profile shows it: ISO 8601, UTC, to the second."""
    return None if instant is None else instant.strftime("%Y-%m-%dT%H:%M:%SZ")
