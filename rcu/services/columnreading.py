"""Make the values of one column comparable: upper case, no accents, ISO dates, digits of phones, parts of names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from rcu.cleaning.text import fold
from rcu.matching.auto import Kind


def standard_column(values: pd.Series[str], kind: Kind) -> pd.Series[str]:
    """Standardise one column of a kind; each distinct value is read once."""
    codes, texts = pd.factorize(values)
    distinct = [str(text) for text in texts]
    read = _date_reader(distinct) if kind is Kind.DATE else _READERS.get(kind, _folded)
    made = np.array([*(read(text) for text in distinct), None], dtype=object)
    return pd.Series(made[codes], index=values.index, dtype=object)


def _folded(text: str) -> str | None:
    plain = fold(text)
    return None if not plain or (len(plain) > 2 and len(set(plain)) == 1) else plain


def _email(text: str) -> str | None:
    plain = "".join(text.lower().removeprefix("mailto:").split())
    return plain if "@" in plain else None


def _phone(text: str) -> str | None:
    """The last nine digits: trunk and country prefixes come and go."""
    digits = "".join(letter for letter in text if letter.isdigit())
    return digits[-9:] if len(digits) >= 5 and len(set(digits[-6:])) > 1 else None


def _compact(text: str) -> str | None:
    return fold(text).replace(" ", "") or None


def _number(text: str) -> str | None:
    digits = text.partition(".")[0].strip()
    return str(int(digits)) if digits.isdecimal() and len(digits) < 18 else _folded(text)


_READERS: Final[Mapping[Kind, Callable[[str], str | None]]] = {
    Kind.EMAIL: _email,
    Kind.PHONE: _phone,
    Kind.POSTCODE: _compact,
    Kind.CODE: _compact,
    Kind.HOUSE_NUMBER: _compact,
    Kind.NUMBER: _number,
}

_MONTHS: Final = {
    "JAN": 1, "FEB": 2, "FEV": 2, "MAR": 3, "APR": 4, "AVR": 4, "MAY": 5, "MAI": 5, "JUN": 6, "JUIN": 6, "JUL": 7,
    "JUIL": 7, "AUG": 8, "AOU": 8, "SEP": 9, "OCT": 10, "NOV": 11, "DEC": 12,
}  # fmt: skip


_PARTIAL: Final = re.compile(r"--\d\d-\d\d|(?:1[5-9]|20)\d\d")
"""A day and month without year, or a year alone, as `SameParts` compares them."""


def _date_reader(values: Sequence[str]) -> Callable[[str], str | None]:
    """A reader of one column's dates: whether day or month comes first shows in the column as a whole.

    Impossible dates are kept (`1916-00-17`): a slip in one digit is still nearly the same date. What has
    not three parts is no date.
    """
    parts = [found for value in values[:20_000] if (found := _three_parts(value))]
    first = sum(one.isdecimal() and int(one) > 12 for one, _, last in parts if len(last) >= 2)
    second = sum(two.isdecimal() and int(two) > 12 for one, two, _ in parts if len(one) <= 2)
    compact = [value for value in values if value.isdecimal() and len(value) == 8]
    year_first = sum("1500" < value[:4] < "2100" for value in compact) * 2 >= len(compact)

    def read(value: str) -> str | None:
        text = value.strip()
        if _PARTIAL.fullmatch(text):
            return text
        if text.isdecimal() and len(text) == 8:
            found = (text[:4], text[4:6], text[6:]) if year_first else (text[:2], text[2:4], text[4:])
        else:
            found = _three_parts(text)
        return _iso(found, month_first=second > first) if found else None

    return read


def _three_parts(value: str) -> tuple[str, str, str] | None:
    words = re.findall(r"\d+|[A-Z]{3,}", fold(re.split(r"[T ]\d\d?:", value)[0]))
    return (words[0], words[1], words[2]) if len(words) == 3 else None


def _iso(parts: tuple[str, str, str], *, month_first: bool) -> str:
    one, two, three = (_month(part) for part in parts)
    if len(one) == 4:
        return f"{one}-{two:0>2}-{three:0>2}"
    if parts[0].isalpha() or (month_first and not parts[1].isalpha()):
        one, two = two, one
    year = three if len(three) == 4 else f"{'19' if int(three or 0) > 30 else '20'}{three:0>2}"
    return f"{year}-{two:0>2}-{one:0>2}"


def _month(part: str) -> str:
    if part.isdecimal():
        return part
    return str(_MONTHS.get(part[:4], _MONTHS.get(part[:3], 0)))


_TITLES: Final = frozenset(
    [
        "MR",
        "MRS",
        "MS",
        "MISS",
        "DR",
        "PROF",
        "SIR",
        "M",
        "MME",
        "MLLE",
        "MONSIEUR",
        "MADAME",
        "MADEMOISELLE",
        "JR",
        "SR",
        "II",
        "III",
        "IV",
        "ESQ",
    ]
)


def name_parts(values: pd.Series[str]) -> tuple[pd.Series[str], pd.Series[str], pd.Series[str]]:
    """Part full names into first, middle and last: `Ann Lee Fox` and `Fox, Ann Lee` are both Ann, Lee, Fox."""
    codes, texts = pd.factorize(values)
    parts = [*(_parted(str(text)) for text in texts), (None, None, None)]
    columns = zip(*parts, strict=True)
    first, middle, last = (
        pd.Series(np.array(column, dtype=object)[codes], index=values.index, dtype=object) for column in columns
    )
    return first, middle, last


def _parted(text: str) -> tuple[str | None, str | None, str | None]:
    before, comma, after = text.partition(",")
    family, given = (_plain_words(before), _plain_words(after)) if comma else ([], [])
    if not (family and given):
        words = _plain_words(text)
        if len(words) < 2:
            return None, None, words[0] if words else None
        family, given = words[-1:], words[:-1]
    return given[0], " ".join(given[1:]) or None, " ".join(family)


def _plain_words(text: str) -> list[str]:
    words = fold(text).split()
    return [word for word in words if word not in _TITLES] or words


def named_mailboxes(emails: pd.Series[str], names: Sequence[pd.Series[str]]) -> pd.Series[str]:
    """The part before the @ where it is made of the names beside it: words of them, beginnings, two digits at most."""
    rows = zip(emails.tolist(), zip(*(column.tolist() for column in names), strict=True), strict=True)
    made = [_named(str(email), row) if pd.notna(email) else None for email, row in rows]
    return pd.Series(made, index=emails.index, dtype=object)


def _named(email: str, names: Sequence[object]) -> str | None:
    local = fold(email.partition("@")[0]).lower()
    rest = "".join(letter for letter in local if letter.isalnum())
    spoken = " ".join(name.lower() for name in names if isinstance(name, str))
    words = sorted(re.findall(r"\w+", spoken), key=len)
    named = 0
    for word in reversed(words):
        if len(word) >= _LEAST_WORD and word in rest:
            rest, named = rest.replace(word, "", 1), named + len(word)
    rest = rest.rstrip("0123456789") if len(re.sub(r"\D", "", rest)) <= _FEW_DIGITS else rest
    initials = {word[0] for word in words}
    return local if named >= _LEAST_NAMED and len(rest) <= _FEW_DIGITS and set(rest) <= initials else None


_LEAST_WORD: Final = 2
_LEAST_NAMED: Final = 3
_FEW_DIGITS: Final = 2
