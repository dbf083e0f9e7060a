"""Scores, each with its reason in words: RFM quintiles and data quality.

RFM: recency, frequency and monetary value of buyers, each from 1 to 5 by the quintiles of all buyers. Equal values
get equal scores: a score is 1 plus the number of quintile boundaries (20, 40, 60, 80 %, linear interpolation) below
the value, so no order of the customers can show in it.

Data quality, 0 to 100: 50 % completeness (weights below), 30 % validity (share of the values present that cleaning
found valid or could repair), 20 % freshness (1 up to 6 months since the customer was last heard of, then 0.75 up to
12, 0.5 up to 24, 0.25 up to 36, 0).

What needs all customers is worked out once, as a `ScoreBasis`; against it each customer is scored by itself.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from rcu.insight.aggregates import Total

RFM: Final = ("rfm_frequency", "rfm_monetary", "rfm_recency")
"""Names of the RFM scores, in the order in which they are told."""

_FIFTHS: Final = ("bottom", "fourth", "third", "second", "top")
_BOUNDARIES: Final = (0.2, 0.4, 0.6, 0.8)

COMPLETENESS_WEIGHTS: Final[Mapping[str, float]] = {
    "name": 0.25,
    "email": 0.25,
    "mobile": 0.2,
    "address": 0.2,
    "birth_date": 0.1,
}
_FRESH_DAYS: Final = (183, 365, 730, 1095)
_FRESH: Final = (1.0, 0.75, 0.5, 0.25, 0.0)
_GOOD: Final = frozenset({"valid", "repaired"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ScoreBasis:
    """What scores are measured against until the next run; the empty one knows no buyers.

    Attributes:
        as_of: freshness is counted from here; None: from 1970, so that whoever was heard of is fresh.
        currency: the currency most buyers buy in, RFM is of these buyers; None: nobody is scored.
        recency: the four quintile boundaries of the last order, in microseconds since 1970.
        frequency: ... of the orders.
        monetary: ... of the net revenue, in minor units.
    """

    as_of: datetime | None = None
    currency: str | None = None
    recency: tuple[float, ...] = ()
    frequency: tuple[float, ...] = ()
    monetary: tuple[float, ...] = ()

    def to_json(self) -> str:
        """As it is stored; `from_json` gives back the very same."""
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def from_json(cls, text: str) -> ScoreBasis:
        """Read what `to_json` wrote."""
        told = orjson.loads(text)
        return cls(
            as_of=None if told["as_of"] is None else datetime.fromisoformat(told["as_of"]),
            currency=told["currency"],
            recency=tuple(told["recency"]),
            frequency=tuple(told["frequency"]),
            monetary=tuple(told["monetary"]),
        )


@dataclass(frozen=True, slots=True)
class Buyers:
    """The sums of many customers in one currency each, in columns: rows of the table `aggregates`.

    `last_order` is in microseconds since 1970, and says nothing where there are no orders.
    """

    currency: NDArray[np.object_]
    orders: NDArray[np.int64]
    net_revenue_minor: NDArray[np.int64]
    last_order: NDArray[np.int64]


def score_basis(sums: Buyers, as_of: datetime | None) -> ScoreBasis:
    """Work out what scores are measured against from the sums of all customers."""
    names, counts = np.unique(sums.currency.astype(str), return_counts=True)
    if not len(names):
        return ScoreBasis(as_of)
    main = str(names[counts.argmax()])  # of as many customers the first in the alphabet
    buying = (sums.currency == main) & (sums.orders > 0)
    return ScoreBasis(
        as_of=as_of,
        currency=main,
        recency=boundaries(sums.last_order[buying]),
        frequency=boundaries(sums.orders[buying]),
        monetary=boundaries(sums.net_revenue_minor[buying]),
    )


def boundaries(values: NDArray[np.int64]) -> tuple[float, ...]:
    """The four quintile boundaries of some values; none of no values."""
    return tuple(np.quantile(values.astype(np.float64), _BOUNDARIES).tolist()) if len(values) else ()


def quintile(value: float, limits: tuple[float, ...]) -> int:
    """1 to 5: 1 plus the number of boundaries below the value."""
    return 1 + bisect_left(limits, float(value))


def rescored(sums: Buyers, before: ScoreBasis, after: ScoreBasis) -> NDArray[np.bool_]:
    """Which rows have another RFM score, or another reason for it, on one basis than on the other."""
    of_currency = [np.asarray(sums.currency == basis.currency, dtype=bool) for basis in (before, after)]
    if before.currency != after.currency:
        return (of_currency[0] | of_currency[1]) & (sums.orders > 0)
    differs = np.zeros(len(sums.orders), dtype=bool)
    for values, one, other in (
        (sums.last_order, before.recency, after.recency),
        (sums.orders, before.frequency, after.frequency),
        (sums.net_revenue_minor, before.monetary, after.monetary),
    ):
        exact = values.astype(np.float64)
        differs |= np.searchsorted(one, exact, side="left") != np.searchsorted(other, exact, side="left")
    return differs & of_currency[1] & (sums.orders > 0)


def rfm(total: Total, basis: ScoreBasis) -> list[tuple[str, int, str]]:
    """Score a buyer: name (one of RFM, in that order), value (1 to 5) and reason.

    Args:
        total: what the customer bought in the currency of the basis; `last_order_at` is known when there are orders.
        basis: what it is measured against.
    """
    if total.orders == 0 or total.last_order_at is None:
        return []
    said = (
        (total.orders, basis.frequency, f"{total.orders} order{'' if total.orders == 1 else 's'}"),
        (total.net_revenue_minor, basis.monetary, f"net revenue {total.net_revenue_minor / 100:.2f}"),
        (microseconds(total.last_order_at), basis.recency, f"last order on {total.last_order_at.isoformat()[:10]}"),
    )
    found: list[tuple[str, int, str]] = []
    for name, (value, limits, words) in zip(RFM, said, strict=True):
        score = quintile(value, limits)
        found.append((name, score, f"{words}: {_FIFTHS[score - 1]} fifth of buyers"))
    return found


def microseconds(instant: datetime) -> int:
    """Since 1970."""
    return (instant - _EPOCH) // _MICROSECOND


def freshness(last_seen: datetime | None, as_of: datetime | None) -> float:
    """From 1 to 0 by the age of the last sign of life; 0 where there never was a dated one."""
    if last_seen is None:
        return 0.0
    return _FRESH[bisect_left(_FRESH_DAYS, ((as_of or _EPOCH) - last_seen).days)]


def aging(before: datetime | None, after: datetime | None) -> list[tuple[datetime, datetime]]:
    """Whose freshness differs between two instants: who was last seen after the beginning of a span, until its end."""
    if before == after:
        return []
    earlier, later = sorted((before or _EPOCH, after or _EPOCH))
    older = (timedelta(days=days + 1) for days in _FRESH_DAYS)
    return [(earlier - age, later - age) for age in older]


def aged(last_seen: NDArray[np.datetime64], before: datetime | None, after: datetime | None) -> NDArray[np.bool_]:
    """The same for instants in UTC; NaT where there never was a sign of life."""
    instants = last_seen.astype("datetime64[us]")
    found = np.zeros(len(instants), dtype=bool)
    for first, last in aging(before, after):
        start, end = (np.datetime64(microseconds(at), "us") for at in (first, last))
        found |= (instants > start) & (instants <= end)
    return found


@dataclass(frozen=True, slots=True)
class Details:
    """What is known of a customer, and what of it cleaning found valid or repaired, by COMPLETENESS_WEIGHTS."""

    present: tuple[bool, ...]
    valid: tuple[bool, ...]


def details(golden: Mapping[str, Any]) -> Details:
    """What the golden record has to show, with its columns of quality."""
    whole_name = golden["first_name"] is not None and golden["last_name"] is not None
    return _details(
        (
            whole_name or golden["company"] is not None,
            golden["email"] is not None,
            golden["mobile"] is not None,
            golden["street"] is not None and golden["postcode"] is not None,
            golden["birth_date"] is not None,
        ),
        tuple(golden[f"{name}_quality"] in _GOOD for name in COMPLETENESS_WEIGHTS),
    )


_details = lru_cache(maxsize=None)(Details)
"""There are a thousand at most: all customers share them."""


@lru_cache(maxsize=8192)
def data_quality(shown: Details, fresh: float) -> Mapping[str, Any]:
    """Score the golden record of a customer.

    Args:
        shown: see `details`.
        fresh: see `freshness`.

    Returns:
        value (0 to 100, whole), completeness, validity, freshness (0 to 1, two decimals) and reason.
    """
    present = shown.present
    weights = COMPLETENESS_WEIGHTS.values()
    complete = round(sum(weight for weight, here in zip(weights, present, strict=True) if here), 2)
    both = sum(here and good for here, good in zip(present, shown.valid, strict=True))
    valid = round(both / max(sum(present), 1), 2)
    return {
        "value": round(100 * (0.5 * complete + 0.3 * valid + 0.2 * fresh)),
        "completeness": float(complete),
        "validity": valid,
        "freshness": fresh,
        "reason": _why(present, valid, fresh),
    }


def _why(present: tuple[bool, ...], valid: float, fresh: float) -> str:
    missing = [name.replace("_", " ") for name, here in zip(COMPLETENESS_WEIGHTS, present, strict=True) if not here]
    parts = [f"no {', '.join(missing)}" if missing else "all contact details known"]
    if valid < 1:
        parts.append(f"{valid:.0%} of the values are valid")
    parts.append("heard of within 6 months" if fresh == 1 else "not heard of for over 6 months")
    return "; ".join(parts)
