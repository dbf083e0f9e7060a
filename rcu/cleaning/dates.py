"""Birth dates: whatever a source wrote becomes ISO, a partial date, or nothing with a reason."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final, NamedTuple

from rcu.cleaning.settings import CleaningSettings
from rcu.cleaning.text import clean, fold
from rcu.domain.records import Quality

EXCEL_EPOCH: Final = dt.date(1899, 12, 30)
OLDEST: Final = 120
PLACEHOLDERS: Final = frozenset({"1900-01-01", "1899-12-30", "1899-12-31", "1970-01-01", "1901-01-01", "1753-01-01"})
_LEAP_YEAR = 2000

_MONTHS = {"JANVIER": 1, "JANV": 1, "JAN": 1, "FEVRIER": 2, "FEVR": 2, "FEV": 2, "MARS": 3, "MAR": 3, "AVRIL": 4,
           "AVR": 4, "MAI": 5, "JUIN": 6, "JUILLET": 7, "JUIL": 7, "AOUT": 8, "AOU": 8, "SEPTEMBRE": 9, "SEPT": 9,
           "SEP": 9, "OCTOBRE": 10, "OCT": 10, "NOVEMBRE": 11, "NOV": 11, "DECEMBRE": 12, "DEC": 12}  # fmt: skip

_TIME = r"(?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}", re.ASCII)
_LOCAL = re.compile(rf"(\d{{1,2}})[-/. ](\d{{1,2}})[-/. ](\d{{4}}|\d{{2}}){_TIME}", re.ASCII)
_YEARLESS = re.compile(r"--(\d{2})-(\d{2})", re.ASCII)
_DAY_MONTH = re.compile(r"(\d{1,2})[/.-](\d{1,2})", re.ASCII)
_COMPACT = re.compile(r"\d{8}", re.ASCII)
_YEAR = re.compile(r"(?:18|19|20)\d{2}", re.ASCII)
_SERIAL = re.compile(r"(\d{4,5})(?:[.,]\d+)?", re.ASCII)
_WORDS = re.compile(r"(\d{1,2})(?:ER)? ([A-Z]+) (\d{4}|\d{2})", re.ASCII)


class BirthDate(NamedTuple):
    """A standard birth date (`YYYY-MM-DD`, `--MM-DD`, `YYYY` or None) and its quality."""

    value: str | None
    quality: str


MISSING: Final = BirthDate(None, Quality.MISSING)
_SUSPECT = BirthDate(None, Quality.SUSPECT)
_JUNK = BirthDate(None, Quality.JUNK)


def standardise_date(raw: str | None, settings: CleaningSettings) -> BirthDate:
    """Read a birth date in any of the forms of the field; what cannot be a birth date is None and says why."""
    text = clean(raw)
    if text is None:
        return MISSING
    if found := _ISO.fullmatch(text):
        return _full(int(found[1]), int(found[2]), int(found[3]), settings=settings)
    if found := _LOCAL.fullmatch(text):
        return _local(found[1], found[2], found[3], settings=settings)
    if found := _YEARLESS.fullmatch(text):
        return _yearless(int(found[1]), int(found[2]))
    if _YEAR.fullmatch(text):
        return _year(int(text), settings)
    return _rare_forms(text, settings)


def _rare_forms(text: str, settings: CleaningSettings) -> BirthDate:
    if _COMPACT.fullmatch(text):
        return _compact(text, settings)
    if found := _SERIAL.fullmatch(text):
        return _serial(int(found[1]), settings)
    if found := _DAY_MONTH.fullmatch(text):
        day, month = _ordered(found[1], found[2], settings)
        return _yearless(month, day)
    if (found := _WORDS.fullmatch(fold(text))) and found[2] in _MONTHS:
        return _full(_century(found[3], settings), _MONTHS[found[2]], int(found[1]), settings=settings)
    return _JUNK if not text.strip("0/-. xX?") else _SUSPECT


def _local(first: str, second: str, year: str, *, settings: CleaningSettings) -> BirthDate:
    day, month = _ordered(first, second, settings)
    result = _full(_century(year, settings), month, day, settings=settings)
    return _repaired(result) if len(year) == 2 else result


def _ordered(first: str, second: str, settings: CleaningSettings) -> tuple[int, int]:
    return (int(first), int(second)) if settings.day_first else (int(second), int(first))


def _century(year: str, settings: CleaningSettings) -> int:
    if len(year) == 4:
        return int(year)
    return int(year) + (2000 if int(year) <= settings.pivot_year else 1900)


def _full(year: int, month: int, day: int, *, settings: CleaningSettings) -> BirthDate:
    if not (year or month or day):
        return _JUNK
    if not (month or day):
        return _year(year, settings)
    if not year:
        return _yearless(month, day)
    try:
        date = dt.date(year, month, day)
    except ValueError:
        return _SUSPECT
    iso = date.isoformat()
    if iso in PLACEHOLDERS:
        return _JUNK
    plausible = date <= settings.as_of and date.year >= settings.as_of.year - OLDEST
    return BirthDate(iso, Quality.VALID) if plausible else _SUSPECT


def _yearless(month: int, day: int) -> BirthDate:
    if not (month or day):
        return _JUNK
    try:
        date = dt.date(_LEAP_YEAR, month, day)
    except ValueError:
        return _SUSPECT
    return BirthDate(f"--{date:%m-%d}", Quality.VALID)


def _year(year: int, settings: CleaningSettings) -> BirthDate:
    if year == 1900:
        return _JUNK
    if settings.as_of.year - OLDEST <= year <= settings.as_of.year:
        return BirthDate(f"{year:04d}", Quality.VALID)
    return _SUSPECT


def _compact(text: str, settings: CleaningSettings) -> BirthDate:
    year_first = _full(int(text[:4]), int(text[4:6]), int(text[6:]), settings=settings)
    if year_first.value is not None or year_first is _JUNK:
        return year_first
    return _local(text[:2], text[2:4], text[4:], settings=settings)


def _serial(days: int, settings: CleaningSettings) -> BirthDate:
    date = EXCEL_EPOCH + dt.timedelta(days=days)
    return _repaired(_full(date.year, date.month, date.day, settings=settings))


def _repaired(date: BirthDate) -> BirthDate:
    return BirthDate(date.value, Quality.REPAIRED) if date.value is not None else date
