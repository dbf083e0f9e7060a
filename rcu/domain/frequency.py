"""Junk found by frequency: what far too many people share is nobody's, whatever any list says.

Functions from counts to verdicts, for the columns of one file (`rcu.cleaning`) and for all records (`rcu.matching`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

USUAL_TIMES: Final = 5
FEWEST: Final = 20
_DAYS_A_YEAR: Final = 365.25
_FULL_DATE: Final = 10


def carried_by_many(names: Mapping[str, int], *, most_names: int) -> frozenset[str]:
    """Give the values that more different names carry than one person or family has: phones, mailboxes of nobody.

    `names` is the number of different names by value.
    """
    return frozenset(value for value, count in names.items() if count > most_names)


def common_days(counts: Mapping[str, int]) -> frozenset[str]:
    """Give the birth dates (`YYYY-MM-DD`) far too common to be any: typed in place of a date, as `1980-01-01` is.

    A day counts as one when at least 20 records have it and five times as many as an average day of its year. `counts`
    is the number of records by date; partial dates are never judged.
    """
    full = {date: count for date, count in counts.items() if len(date) == _FULL_DATE and not date.startswith("-")}
    years: Counter[str] = Counter()
    for date, count in full.items():
        years[date[:4]] += count
    return frozenset(
        date
        for date, count in full.items()
        if count >= FEWEST and count > USUAL_TIMES * max(1.0, years[date[:4]] / _DAYS_A_YEAR)
    )
