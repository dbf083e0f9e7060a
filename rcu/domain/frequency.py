"""Junk found by frequency: what far too many people share is nobody's, whatever any list says.

Functions from counts to verdicts, for the columns of one file (`rcu.cleaning`) and for all records (`rcu.matching`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

USUAL_TIMES: Final = 5
FEWEST: Final = 20
DAYS_A_YEAR: Final = 365.25
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
    full = {date: count for date, count in counts.items() if is_whole(date)}
    years = Counter[str]()
    for date, count in full.items():
        years[date[:4]] += count
    return frozenset(date for date, count in full.items() if _is_common(count, years[date[:4]]))


def common_days_of(year: int, counts: Mapping[str, int]) -> frozenset[str]:
    """Give the common days of a year with so many records, of those whose counts are given."""
    return frozenset(date for date, count in counts.items() if _is_common(count, year))


def _is_common(count: int, year: int) -> bool:
    return count >= FEWEST and count > USUAL_TIMES * max(1.0, year / DAYS_A_YEAR)


def is_whole(date: str) -> bool:
    """Whether a birth date says day, month and year."""
    return len(date) == _FULL_DATE and not date.startswith("-")


def near_the_line(year: int, counts: Mapping[str, int], most: int) -> bool:
    """Whether so many records more or less could turn the verdict on a day, of those whose counts are given.

    `year` is the number of records of the whole year.
    """
    line = max(FEWEST, USUAL_TIMES * max(1.0, year / DAYS_A_YEAR))
    return any(abs(count - line) <= most for count in counts.values())
