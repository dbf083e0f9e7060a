"""Read times, amounts, quantities and flags from text, exactly; what cannot be read is told, never guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Final, cast

import numpy as np
import pandas as pd

from rcu.ingest.table import Mask, Text, distinct, present

MINOR: Final = 2
MILLI: Final = 3
_AMOUNT: Final = re.compile(r"[+-]?\d{1,13}(?:\.\d{0,12})?|[+-]?\.\d{1,12}", re.ASCII)
_WHOLE: Final = re.compile(r"[+-]?\d{1,15}", re.ASCII)
_THOUSANDS: Final = str.maketrans("", "", " \u00a0\u202f")
_TRUE: Final = frozenset({"1", "o", "oui", "y", "yes", "true", "vrai", "x"})
_FALSE: Final = frozenset({"0", "n", "non", "no", "false", "faux"})


@lru_cache(65_536)
def scaled(text: str, places: int, *, decimal: str = ".") -> int | None:
    """Read an amount as a whole number of its smallest unit, rounding half to even; None when it is no amount.

    Spaces may part thousands; only `decimal` parts the fraction, so `12.50` is no amount where commas are used.
    """
    plain = text.translate(_THOUSANDS)
    if decimal != ".":
        plain = "" if "." in plain else plain.replace(decimal, ".")
    if not _AMOUNT.fullmatch(plain):
        return None
    return int(Decimal(plain).scaleb(places).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def whole(text: str) -> int | None:
    """Read a whole number."""
    return int(text) if _WHOLE.fullmatch(text) else None


def flag(text: str) -> int | None:
    """Read a yes or no in French, English or as 1 and 0."""
    word = text.casefold()
    return 1 if word in _TRUE else 0 if word in _FALSE else None


def numbers(values: Text, read: Callable[[str], int | None]) -> tuple[pd.Series[int], Mask]:
    """Read a column of whole numbers (`Int64`), distinct values once; also tell what could not be read."""
    codes, texts = distinct(values)
    found = [read(text) for text in texts]
    units = np.array([0 if one is None else one for one in found] + [0], dtype=np.int64)
    missing = np.array([one is None for one in found] + [True])
    array = pd.arrays.IntegerArray(units[codes], missing[codes])
    return cast("pd.Series[int]", pd.Series(array)), present(values) & missing[codes]


def moments(values: Text, formats: Sequence[str], time_zone: str) -> tuple[pd.Series[pd.Timestamp], Mask]:
    """Read a column of local times as UTC instants; also tell what could not be read.

    An hour that the clocks repeat in autumn is taken the first time it passes (summer time); one that they skip in
    spring is the first instant after the gap.
    """
    codes, texts = distinct(values)
    utc = to_utc(parse_local([*texts, None], formats), time_zone)
    taken = utc.iloc[codes].reset_index(drop=True)
    return taken, present(values) & taken.isna().to_numpy()


def parse_local(texts: Sequence[str | None], formats: Sequence[str]) -> pd.Series[pd.Timestamp]:
    """Read local times in the first format that fits; NaT where none does."""
    source = pd.Series(list(texts), dtype="str")
    found = pd.Series(pd.NaT, index=source.index, dtype="datetime64[us]")
    for form in formats:
        left = found.isna()
        if not left.any():
            break
        found[left] = pd.to_datetime(source[left], format=form, errors="coerce").astype("datetime64[us]")
    return found


def to_utc(local: pd.Series[pd.Timestamp], time_zone: str) -> pd.Series[pd.Timestamp]:
    """Turn local times into UTC instants (see `moments` for the two odd hours of a year)."""
    first = np.ones(len(local), dtype=np.bool_)
    zoned = local.dt.tz_localize(time_zone, ambiguous=first, nonexistent="shift_forward")
    return zoned.dt.tz_convert("UTC").astype("datetime64[us, UTC]")
