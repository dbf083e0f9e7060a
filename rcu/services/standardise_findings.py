"""What cleaning found in a file: which notes were given how often, with a few rows to show for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from rcu.cleaning.notes import MEANINGS, Note
from rcu.services.standardise_columns import FIELDS
from rcu.services.standardising import Standardised

EXAMPLES: Final = 5
_LOOKED_AT: Final = 500
_WRITES: Final = {
    "name": ("civility", "first_name", "last_name", "birth_name", "company"),
    "birth_date": ("birth_date",),
    "email": ("email",),
    "mobile": ("mobile",),
    "landline": ("landline",),
    "address": ("address_complement", "building", "street", "place", "postcode", "city", "cedex", "country"),
}
"""The standard columns that show what became of a field."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row: its number in the file written, what the file says, what became of it, and how good that is."""

    row: int
    written: str
    standard: str
    quality: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A note on a field: what it means, on how many rows it stands, and a few of them."""

    field: str
    note: Note
    meaning: str
    count: int
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A misspelt domain of addresses, the one probably meant, and how many rows have it."""

    written: str
    meant: str
    count: int


def findings(result: Standardised, *, examples: bool = False) -> list[Finding]:
    """Count the notes of every field, the commonest first; with `examples`, a few different values of each."""
    found: list[Finding] = []
    for field in FIELDS:
        codes, texts = pd.factorize(result.standard[f"{field}_notes"])
        counts = np.bincount(codes[codes >= 0], minlength=len(texts))
        notes: Counter[str] = Counter()
        for text, count in zip(texts, counts.tolist(), strict=True):
            notes.update(dict.fromkeys(str(text).split(), count))
        for code, count in notes.items():
            has = np.array([*(code in str(text).split() for text in texts), False])
            shown = _examples(result, field, has[codes]) if examples else ()
            found.append(Finding(field, Note(code), MEANINGS[Note(code)], count, shown))
    return sorted(found, key=lambda one: (-one.count, one.field, one.note))


def suggestions(result: Standardised) -> list[Suggestion]:
    """Count the domains that look misspelt, each with the one probably meant, the commonest first."""
    pairs = result.standard[["email", "email_suggestion"]].dropna()
    domains = pairs.apply(lambda column: column.str.rpartition("@")[2])
    counted = domains.value_counts()
    rows = [
        Suggestion(str(written), str(meant), int(count))
        for (written, meant), count in zip(counted.index, counted.tolist(), strict=True)
    ]
    return sorted(rows, key=lambda one: (-one.count, one.written))


def _examples(result: Standardised, field: str, rows: npt.NDArray[np.bool_]) -> tuple[Example, ...]:
    """The first rows that differ in what was written."""
    places = np.flatnonzero(rows)[:_LOOKED_AT]
    written = _lines(result.file.frame.iloc[places], result.columns_of(field), " · ")
    standard = _lines(result.standard.iloc[places], _WRITES[field], " ")
    qualities = result.standard[f"{field}_quality"].iloc[places].tolist()
    if field == "email":
        standard = _with_suggestions(result, places, standard)
    shown: dict[str, Example] = {}
    for at, text, made, quality in zip(places.tolist(), written, standard, qualities, strict=True):
        if len(shown) < EXAMPLES and text not in shown:
            shown[text] = Example(at + 1, text, made, str(quality))
    return tuple(shown.values())


def _lines(frame: pd.DataFrame, columns: Sequence[str], between: str) -> list[str]:
    """Write the filled cells of each row behind one another; for few rows."""
    cells = frame[list(columns)].astype(object)
    texts = cells.where(cells.notna(), "").to_numpy()
    return [between.join(str(cell) for cell in row if cell) for row in texts]


def _with_suggestions(result: Standardised, places: npt.NDArray[np.int64], standard: Sequence[str]) -> list[str]:
    meant = result.standard["email_suggestion"].iloc[places]
    return [
        f"{made} (suggested: {other})" if isinstance(other, str) else made
        for made, other in zip(standard, meant, strict=True)
    ]
