"""Scores, each with its reason in words: RFM quintiles and data quality.

RFM: recency, frequency and monetary value of buyers, each from 1 to 5 by the quintiles of all buyers. Equal values
get equal scores: a score is 1 plus the number of quintile boundaries (20, 40, 60, 80 %, linear interpolation) below
the value, so no order of the customers can show in it.

Data quality, 0 to 100: 50 % completeness (weights below), 30 % validity (share of the values present that cleaning
found valid or could repair), 20 % freshness (1 up to 6 months since the customer was last heard of, then 0.75 up to
12, 0.5 up to 24, 0.25 up to 36, 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

RFM: Final = ("rfm_recency", "rfm_frequency", "rfm_monetary")
_FIFTHS: Final = ("bottom", "fourth", "third", "second", "top")

COMPLETENESS_WEIGHTS: Final[Mapping[str, float]] = {
    "name": 0.25,
    "email": 0.25,
    "mobile": 0.2,
    "address": 0.2,
    "birth_date": 0.1,
}
_FRESH: Final = ((183, 1.0), (365, 0.75), (730, 0.5), (1095, 0.25))


def rfm(table: pd.DataFrame) -> pd.DataFrame:
    """Score all buyers.

    Args:
        table: the aggregates of all customers in one currency: cluster_id, orders, net_revenue_minor, last_order_at.

    Returns:
        cluster_id, name (one of RFM), value (1 to 5), reason; three rows a buyer, sorted by cluster and name.
    """
    buyers = table.loc[table["orders"] > 0]
    days = buyers["last_order_at"].dt.strftime("%Y-%m-%d")
    orders = buyers["orders"].astype(str) + np.where(buyers["orders"] == 1, " order", " orders")
    money = (buyers["net_revenue_minor"] / 100).map("{:.2f}".format).astype(object)  # text also where nobody bought
    parts = [
        _part(
            buyers,
            RFM[0],
            buyers["last_order_at"].to_numpy(dtype="datetime64[us]").astype(np.int64),
            "last order on " + days,
        ),
        _part(buyers, RFM[1], buyers["orders"].to_numpy(), orders),
        _part(buyers, RFM[2], buyers["net_revenue_minor"].to_numpy(), "net revenue " + money),
    ]
    return pd.concat(parts).sort_values(["cluster_id", "name"], ignore_index=True)


def _part(buyers: pd.DataFrame, name: str, values: NDArray[np.int64], said: pd.Series) -> pd.DataFrame:
    score = quintiles(values)
    words = np.array(_FIFTHS, dtype=object)[score - 1]
    reason = said.to_numpy(dtype=object) + ": " + words + " fifth of buyers" if len(buyers) else said
    return pd.DataFrame(
        {"cluster_id": buyers["cluster_id"], "name": name, "value": score.astype(float), "reason": reason}
    )


def quintiles(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """1 to 5 for each value; equal values alike."""
    if not len(values):
        return np.empty(0, dtype=np.int64)
    boundaries = np.quantile(values.astype(np.float64), [0.2, 0.4, 0.6, 0.8])
    return 1 + np.searchsorted(boundaries, values.astype(np.float64), side="left").astype(np.int64)


def freshness(last_seen: pd.Series, as_of: pd.Timestamp) -> NDArray[np.float64]:
    """From 1 to 0 by the age of the last sign of life; 0 where there never was a dated one."""
    days = (as_of - last_seen).dt.days.to_numpy(dtype=np.float64, na_value=np.inf)
    return np.select([days <= limit for limit, _ in _FRESH], [value for _, value in _FRESH], default=0.0)


def data_quality(present: pd.DataFrame, valid: pd.DataFrame, fresh: NDArray[np.float64]) -> pd.DataFrame:
    """Score the golden record of each customer.

    Args:
        present: booleans, a column for each of COMPLETENESS_WEIGHTS.
        valid: booleans of the same shape: cleaning found the value valid or repaired it.
        fresh: see `freshness`.

    Returns:
        value (0 to 100, whole), completeness, validity, freshness (0 to 1, two decimals) and reason; same index.
    """
    weights = pd.Series(COMPLETENESS_WEIGHTS)
    complete = (present[weights.index] * weights).sum(axis=1).round(2)
    count = present.sum(axis=1)
    good = ((present & valid).sum(axis=1) / count.where(count > 0, 1)).round(2)
    value = (100 * (0.5 * complete + 0.3 * good + 0.2 * fresh)).round().astype(np.int64)
    return pd.DataFrame(
        {
            "value": value,
            "completeness": complete,
            "validity": good,
            "freshness": fresh,
            "reason": [_why(*row) for row in zip(_missing(present), good, fresh, strict=True)],
        },
        index=present.index,
    )


def _missing(present: pd.DataFrame) -> list[str]:
    names = list(COMPLETENESS_WEIGHTS)
    return [
        ", ".join(name.replace("_", " ") for name, here in zip(names, row, strict=True) if not here)
        for row in present[names].itertuples(index=False)
    ]


def _why(missing: str, good: float, fresh: float) -> str:
    parts = [f"no {missing}" if missing else "all contact details known"]
    if good < 1:
        parts.append(f"{good:.0%} of the values are valid")
    parts.append("heard of within 6 months" if fresh == 1 else "not heard of for over 6 months")
    return "; ".join(parts)
