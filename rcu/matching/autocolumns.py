"""The kinds of columns a file of people can have, and the columns made of them for comparing and blocking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd

from rcu.matching.autoblocking import Atom

_START: Final = 3


class Kind(StrEnum):
    """What kind of thing a column holds, as far as comparing goes."""

    FIRST_NAME = "first name"
    MIDDLE_NAME = "middle name"
    LAST_NAME = "last name"
    FULL_NAME = "full name"
    DATE = "date"
    EMAIL = "email"
    PHONE = "phone"
    ADDRESS = "address"
    HOUSE_NUMBER = "house number"
    POSTCODE = "postcode"
    PLACE = "place"
    TEXT = "text"
    CODE = "code"
    CATEGORY = "category"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Trait:
    """One column to compare.

    `partner` is a column whose values may stand in its place; `given` are columns that, where two records agree on
    one, already say that they agree on this one. `repeats` is a column of the frame with the part of the value that
    only says another column again: a mailbox named after its owner.
    """

    column: str
    kind: Kind
    partner: str | None = None
    given: tuple[str, ...] = ()
    repeats: str | None = None


OWN: Final = frozenset({Kind.FIRST_NAME, Kind.MIDDLE_NAME, Kind.DATE})
"""Kinds of what each person has for himself."""
OF_FAMILY: Final = frozenset({Kind.LAST_NAME, Kind.ADDRESS, Kind.HOUSE_NUMBER, Kind.PHONE, Kind.POSTCODE, Kind.PLACE})
"""Kinds of what people of one family or one house share; the others may be either."""

SORTED_WORDS: Final = "~words"
BEGINNING: Final = "~start"
_END: Final = "~end"
_BONES: Final = "~consonants"
LOCAL_PART: Final = "~local"
LETTERS_OF_LOCAL: Final = "~letters"
_YEAR: Final = "~year"
_DAY: Final = "~day"
_RARE: Final = "~word"

_DERIVED: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.FIRST_NAME: (BEGINNING, _BONES),
    Kind.LAST_NAME: (BEGINNING, _BONES, _END),
    Kind.FULL_NAME: (SORTED_WORDS, BEGINNING, _RARE, _BONES),
    Kind.DATE: (_YEAR, _DAY),
    Kind.EMAIL: (LOCAL_PART, LETTERS_OF_LOCAL, BEGINNING),
    Kind.PHONE: (_END,),
    Kind.ADDRESS: (SORTED_WORDS, BEGINNING, _RARE),
    Kind.POSTCODE: (BEGINNING,),
    Kind.PLACE: (BEGINNING,),
    Kind.TEXT: (BEGINNING,),
}


def derived_columns(frame: pd.DataFrame, trait: Trait) -> pd.DataFrame:
    """Columns made of one column: beginnings, sorted words, consonants; each distinct value is worked on once."""
    codes, values = pd.factorize(frame[trait.column])
    made: dict[str, pd.Series[str]] = {}
    for suffix in _DERIVED.get(trait.kind, ()):
        texts = np.array([*(_MAKERS[suffix](str(value)) for value in values), None], dtype=object)
        made[f"{trait.column}{suffix}"] = pd.Series(texts[codes], index=frame.index, dtype=object)
    return pd.DataFrame(made, index=frame.index)


def _consonants(text: str) -> str | None:
    """The first letter and the next three different consonants: what survives most slips, in any language."""
    letters = [letter for letter in text if letter.isalnum()]
    kept = letters[:1]
    for letter in letters[1:]:
        if letter not in "AEIOUYHW" and letter != kept[-1]:
            kept.append(letter)
    return "".join(kept[:4]) or None


def _longest_word(text: str) -> str | None:
    words = [word for word in text.split() if len(word) >= _START]
    return max(words, key=lambda word: (len(word), word), default=None)


def _letters_of_local(text: str) -> str | None:
    """What namesakes' mailboxes have in common, whatever their numbers; none where numbers are nearly all there is."""
    letters = "".join(letter for letter in text.partition("@")[0] if letter.isalpha())
    return letters if len(letters) >= _START else None


_MAKERS: Final[dict[str, Callable[[str], str | None]]] = {
    SORTED_WORDS: lambda text: " ".join(sorted(text.split())) or None,
    BEGINNING: lambda text: text[:_START] if len(text) >= _START - 1 else None,
    _END: lambda text: text[-4:] if len(text) >= 4 else None,
    _BONES: _consonants,
    LETTERS_OF_LOCAL: _letters_of_local,
    LOCAL_PART: lambda text: text.partition("@")[0] or None,
    _YEAR: lambda text: text[:4] if len(text) >= 8 and text[0] != "-" else None,
    _DAY: lambda text: text[-5:] if len(text) >= 5 else None,
    _RARE: _longest_word,
}


_ATOMS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.FIRST_NAME: ("", BEGINNING, _BONES),
    Kind.MIDDLE_NAME: ("",),
    Kind.LAST_NAME: ("", BEGINNING, _BONES, _END),
    Kind.FULL_NAME: ("", BEGINNING, _RARE, _BONES),
    Kind.DATE: ("", _YEAR, _DAY),
    Kind.EMAIL: ("", LOCAL_PART, BEGINNING),
    Kind.PHONE: ("", _END),
    Kind.ADDRESS: ("", SORTED_WORDS, _RARE, BEGINNING),
    Kind.HOUSE_NUMBER: ("",),
    Kind.POSTCODE: ("", BEGINNING),
    Kind.PLACE: ("", BEGINNING),
    Kind.TEXT: ("", BEGINNING),
    Kind.CODE: ("",),
    Kind.CATEGORY: ("",),
    Kind.NUMBER: ("",),
}


def atoms_of(trait: Trait) -> list[Atom]:
    """The values of one trait that blocking may ask two records to share."""
    return [Atom(f"{trait.column}{suffix}", trait.column) for suffix in _ATOMS[trait.kind]]
