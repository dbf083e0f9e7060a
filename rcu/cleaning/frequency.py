"""Junk found by frequency: what far too many people share is nobody's, whatever the lists say.

The same rule at two places: here on the columns of one file, in matching on all records (`rcu.matching.frequency`).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

_USUAL: Final = 5.0
_FEWEST: Final = 20
_FULL: Final = r"(?P<year>\d{4})-(?P<day>\d\d-\d\d)"
_DAYS_A_YEAR: Final = 365.25


def generic(values: pd.Series[Any], names: pd.Series[Any], *, most_names: int) -> pd.Series[bool]:
    """Tell which rows hold a value that more than `most_names` different names carry; missing values never do."""
    known = values.notna() & names.notna()
    carried = names[known].groupby(values[known]).nunique()
    return judge_counts(values.map(carried).fillna(0), most_names=most_names)


def judge_counts(names: pd.Series[Any], *, most_names: int) -> pd.Series[bool]:
    """Give the verdict on values from how many different names carry each: True is nobody's."""
    return names > most_names


def over_frequent_days(dates: pd.Series[Any]) -> pd.Series[bool]:
    """Tell which rows hold a birth date that is no birth date: one day of a year far commoner than days are.

    A day is held to be typed in place of a date when at least 20 rows have it and it is five times as common as a day
    of its year: twins and seasons do not make such a day, `01/01/1980` does.
    """
    parts = dates.astype("str").str.extract(_FULL, expand=True)
    counts = parts.groupby(["year", "day"], sort=False).size()
    usual = counts.groupby("year").transform("sum") / _DAYS_A_YEAR
    odd = counts[(counts >= _FEWEST) & (counts > _USUAL * np.maximum(usual, 1.0))]
    keys = odd.index.map("-".join) if len(odd) else pd.Index([], dtype=object)
    return dates.isin(set(keys))
