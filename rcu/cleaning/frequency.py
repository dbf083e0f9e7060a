"""Junk found by frequency in the columns of one file, by the rules of `rcu.domain.frequency`."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rcu.domain.frequency import carried_by_many, common_days


def generic(values: pd.Series[Any], names: pd.Series[Any], *, most_names: int) -> pd.Series[bool]:
    """Tell which rows hold a value that more than `most_names` different names carry; missing values never do."""
    known = values.notna() & names.notna()
    carried = names[known].groupby(values[known]).nunique()
    return values.isin(carried_by_many(_counts(carried), most_names=most_names))


def over_frequent_days(dates: pd.Series[Any]) -> pd.Series[bool]:
    """Tell which rows hold a birth date (ISO) far too common to be one."""
    return dates.isin(common_days(_counts(dates.value_counts())))


def _counts(counts: pd.Series[Any]) -> dict[str, int]:
    return {str(value): int(count) for value, count in counts.items()}
