"""Birth dates: whatever a source wrote becomes ISO, a partial date, or nothing with a reason."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final, NamedTuple

from rcu.cleaning.notes import Note
from rcu.cleaning.settings import CleaningSettings
from rcu.cleaning.text import clean, fold
from rcu.domain.records import Quality

EXCEL_EPOCH: Final = dt.date(1899, 12, 30)
OLDEST: Final = 120
PLACEHOLDERS: Final = frozenset({"1900-01-01", "1899-12-30", "1899-12-31", "1970-01-01", "1901-01-01", "1753-01-01"})
"""Days that programs write for nothing: the zeros of Excel, Unix and SQL Server, and the first days people type."""
_LEAP_YEAR: Final = 2000

_MONTHS = {"JANVIER": 1, "JANV": 1, "JAN": 1, "FEVRIER": 2, "FEVR": 2, "FEV": 2, "MARS": 3, "MAR": 3, "AVRIL": 4,
           "AVR": 4, "MAI": 5, "JUIN": 6, "JUILLET": 7, "JUIL": 7, "AOUT": 8, "AOU": 8, "SEPTEMBRE": 9, "SEPT": 9,
           "SEP": 9, "OCTOBRE": 10, "OCT": 10, "NOVEMBRE": 11, "NOV": 11, "DECEMBRE": 12, "DEC": 12}  # fmt: skip

_TIME = r"(?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}", re.ASCII)
_LOCAL = re.compile(rf"(\d{{1,2}})[-/. ](\d{{1,2}})[-/. ](\d{{4}}|\d{{2}}){_TIME}", re.ASCII)
_AROUND = re.compile(r" *([-/.]) *")
_YEARLESS = re.compile(r"--(\d{2})-(\d{2})", re.ASCII)
_DAY_MONTH = re.compile(r"(\d{1,2})[/.-](\d{1,2})", re.ASCII)
_MONTH_YEAR = re.compile(r"(\d{1,2})[/. -](\d{4})", re.ASCII)
_YEAR_MONTH = re.compile(r"(\d{4})[/.-](\d{1,2})", re.ASCII)
_COMPACT = re.compile(r"\d{8}", re.ASCII)
_YEAR = re.compile(r"(?:18|19|20)\d{2}", re.ASCII)
_SERIAL = re.compile(r"(\d{4,5})(?:[.,]\d+)?", re.ASCII)
_WORDS = re.compile(r"(?:[A-Z]+DI |DIMANCHE )?(?:(\d{1,2})(?:ER)? )?([A-Z]+)(?: (\d{4}|\d{2}))?", re.ASCII)


class BirthDate(NamedTuple):
    """A standard birth date (`YYYY-MM-DD`, `--MM-DD`, `YYYY-MM`, `YYYY` or None), its quality and why."""

    value: str | None
    quality: Quality
    notes: str | None = None


MISSING: Final = BirthDate(None, Quality.MISSING)
_UNREADABLE: Final = BirthDate(None, Quality.SUSPECT, Note.UNREADABLE)
_IMPOSSIBLE: Final = BirthDate(None, Quality.SUSPECT, Note.IMPOSSIBLE)
_PLACEHOLDER: Final = BirthDate(None, Quality.JUNK, Note.PLACEHOLDER)


def standardise_date(raw: str | None, settings: CleaningSettings) -> BirthDate:
    """Read a birth date in any of the forms of the field; what cannot be a birth date is None and says why."""
    text = clean(raw)
    if text is None:
        return MISSING
    if " " in text:
        text = _AROUND.sub(r"\1", text)
    if found := _ISO.fullmatch(text):
        return _full(int(found[1]), int(found[2]), int(found[3]), settings=settings)
    if found := _LOCAL.fullmatch(text):
        return _local(found[1], found[2], found[3], settings=settings)
    return _partial(text, settings) or _rare_forms(text, settings)


def _partial(text: str, settings: CleaningSettings) -> BirthDate | None:
    """Read a date of which a part is not known; None when it is another form."""
    if found := _YEARLESS.fullmatch(text):
        return _yearless(int(found[1]), int(found[2]))
    if _YEAR.fullmatch(text):
        return _year(int(text), settings)
    if found := _MONTH_YEAR.fullmatch(text):
        return _full(int(found[2]), int(found[1]), 0, settings=settings)
    if found := _YEAR_MONTH.fullmatch(text):
        return _full(int(found[1]), int(found[2]), 0, settings=settings)
    if found := _DAY_MONTH.fullmatch(text):
        day, month = _ordered(found[1], found[2], settings)
        return _yearless(month, day)
    return None


def _rare_forms(text: str, settings: CleaningSettings) -> BirthDate:
    if _COMPACT.fullmatch(text):
        return _compact(text, settings)
    if found := _SERIAL.fullmatch(text):
        return _serial(int(found[1]), settings)
    if (found := _WORDS.fullmatch(fold(text))) and found[2] in _MONTHS and (found[1] or found[3]):
        return _in_words(int(found[1] or 0), _MONTHS[found[2]], found[3], settings=settings)
    return _PLACEHOLDER if not text.strip("0/-._ xX?") else _UNREADABLE


def _in_words(day: int, month: int, year: str | None, *, settings: CleaningSettings) -> BirthDate:
    if year is None:
        return _yearless(month, day)
    result = _full(_century(year, settings), month, day, settings=settings)
    return _repaired(result, Note.TWO_DIGIT_YEAR) if len(year) == 2 else result


def _local(first: str, second: str, year: str, *, settings: CleaningSettings) -> BirthDate:
    day, month = _ordered(first, second, settings)
    result = _full(_century(year, settings), month, day, settings=settings)
    return _repaired(result, Note.TWO_DIGIT_YEAR) if len(year) == 2 else result


def _ordered(first: str, second: str, settings: CleaningSettings) -> tuple[int, int]:
    return (int(first), int(second)) if settings.day_first else (int(second), int(first))


def _century(year: str, settings: CleaningSettings) -> int:
    if len(year) == 4:
        return int(year)
    return int(year) + (2000 if int(year) <= settings.pivot_year else 1900)


def _full(year: int, month: int, day: int, *, settings: CleaningSettings) -> BirthDate:
    if not (year or month or day):
        return _PLACEHOLDER
    if not year:
        return _yearless(month, day)
    if not month:
        # a day without its month says nothing
        return _IMPOSSIBLE if day else _year(year, settings)
    return _known(year, month, day, settings=settings)


def _known(year: int, month: int, day: int, *, settings: CleaningSettings) -> BirthDate:
    """Judge a date of which year and month are known; day 0 is not."""
    try:
        date = dt.date(year, month, day or 1)
    except ValueError:
        return _IMPOSSIBLE
    if day and date.isoformat() in PLACEHOLDERS:
        return _PLACEHOLDER
    doubt = _doubt(date, settings)
    return doubt or BirthDate(date.isoformat() if day else f"{date:%Y-%m}", Quality.VALID)


def _doubt(date: dt.date, settings: CleaningSettings) -> BirthDate | None:
    if date > settings.as_of:
        return BirthDate(None, Quality.SUSPECT, Note.FUTURE)
    if date.year < settings.as_of.year - OLDEST:
        return BirthDate(None, Quality.SUSPECT, Note.TOO_OLD)
    return None


def _yearless(month: int, day: int) -> BirthDate:
    if not (month or day):
        return _PLACEHOLDER
    try:
        date = dt.date(_LEAP_YEAR, month, day)
    except ValueError:
        return _IMPOSSIBLE
    return BirthDate(f"--{date:%m-%d}", Quality.VALID)


def _year(year: int, settings: CleaningSettings) -> BirthDate:
    if year == EXCEL_EPOCH.year + 1:
        return _PLACEHOLDER
    return _doubt(dt.date(max(year, 1), 1, 1), settings) or BirthDate(f"{year:04d}", Quality.VALID)


def _compact(text: str, settings: CleaningSettings) -> BirthDate:
    year_first = _full(int(text[:4]), int(text[4:6]), int(text[6:]), settings=settings)
    if year_first.value is not None or year_first is _PLACEHOLDER:
        return year_first
    return _local(text[:2], text[2:4], text[4:], settings=settings)


def _serial(days: int, settings: CleaningSettings) -> BirthDate:
    date = EXCEL_EPOCH + dt.timedelta(days=days)
    return _repaired(_full(date.year, date.month, date.day, settings=settings), Note.EXCEL_SERIAL)


def _repaired(date: BirthDate, note: Note) -> BirthDate:
    return BirthDate(date.value, Quality.REPAIRED, note) if date.value is not None else date
