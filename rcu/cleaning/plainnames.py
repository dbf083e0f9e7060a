"""The short way for ordinary names: read column by column, and put together without looking at the rows one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from rcu.cleaning.columns import Codes, Encoded, Mask, Readings, columns_of, encode, patch, text_array
from rcu.cleaning.givennames import given_root
from rcu.cleaning.junk import JunkLists
from rcu.cleaning.names import INPUTS, Draft, Name, read_name, write_given, write_person, write_surname
from rcu.cleaning.nameweights import likely_gender, log_given, log_surname
from rcu.cleaning.notes import Note
from rcu.cleaning.text import clean, fold, repeated
from rcu.cleaning.titles import (
    COUPLE,
    GENDERS,
    is_company_title,
    junk_words,
    marked_words,
    read_civility,
    read_gender,
)
from rcu.cleaning.wholenames import SWAP_ODDS, swapped
from rcu.domain.records import Quality, RecordKind

_ORDINARY: Final = re.compile(r"[A-Za-z]\.|[A-Za-zÀ-ÖØ-öø-ÿ]+(?:[ '-][A-Za-zÀ-ÖØ-öø-ÿ]+)*")
_GIVEN: Final = ("first_name", "first_name_key", "first_name_root", "likely_gender", "root_of_man", "root_of_woman")
_SURNAME: Final = ("last_name", "last_name_key", "last_name_sound")
_BIRTH: Final = ("birth_name", "birth_name_key")
_SEXES: Final = (None, "M", "F")
_ROOTS: Final = ("first_name_root", "root_of_man", "root_of_woman")
"""What a first name stands for, by the `_SEXES`."""

_COMPANY: Final = "company"
_TITLES: Final = (None, *GENDERS, COUPLE, _COMPANY)
_PEOPLE: Final = 1 + len(GENDERS)
"""How many of the titles are those of one person, or of nobody."""

Part = tuple[str | None, ...]


def read_names(raw: pd.DataFrame, junk: JunkLists) -> dict[str, pd.Series[str]]:
    """Read the columns `names.INPUTS` of a frame into the fields of `names.Name`.

    Ordinary rows have first and last names of letters (or none), none of them a word some rule looks for, no company
    and no sign of changed places. What they read as is exactly what `names.read_name` gives.
    """
    columns = {name: encode(raw, name) for name in INPUTS}
    first = _read(columns["first_name"], _GIVEN, _given, junk=junk)
    last = _read(columns["last_name"], _SURNAME, write_surname, junk=junk)
    birth = _read(columns["birth_name"], _BIRTH, _birth, junk=junk)
    title = _coded(columns["civility"], _read_title, _TITLES)
    sex = _coded(columns["gender"], read_gender, _SEXES)
    sex = np.where(sex == 0, np.array([_SEXES.index(GENDERS.get(one or "")) for one in _TITLES])[title], sex)
    empty = (columns["first_name"].codes < 0) & (columns["last_name"].codes < 0)
    straight = first.plain[first.rows] & last.plain[last.rows] & birth.plain[birth.rows] & (title < _PEOPLE)
    straight &= _blank(columns["company"]) & ~_in_places_of_each_other(first, last)
    straight &= ~empty | _blank(columns["full_name"])
    short = _Swapped(_ordinary_texts(columns["first_name"], first), _ordinary_texts(columns["last_name"], last), junk)
    whole = patch(straight, list(columns.values()), read=short.read, fields=Name._fields)
    parts = {name: (part.rows, values) for part in (first, last, birth) for name, values in part.columns.items()}
    zero = np.zeros(len(raw), dtype=np.int32)
    parts |= {
        "first_name_root": (
            first.rows + sex * len(first.plain),
            pa.concat_arrays([first.columns[name] for name in _ROOTS]),
        ),
        "record_kind": (zero, text_array([RecordKind.PERSON])),
        "civility": (title, text_array([*_TITLES[:_PEOPLE], None, None])),
        "gender": (sex, text_array(_SEXES)),
        "company": (zero, text_array([None])),
        "name_quality": (empty.astype(np.int32), text_array([Quality.VALID, Quality.MISSING])),
        "name_notes": (zero, text_array([None])),
    }
    return {name: whole.column(name, *parts[name]) for name in Name._fields}


class _Swapped:
    """The way of rows that are not straight; ordinary names in each other's column need not be taken apart."""

    def __init__(self, first: frozenset[str], last: frozenset[str], junk: JunkLists) -> None:
        self._first = first
        self._last = last
        self._junk = junk

    def read(self, parts: Part) -> Name:
        """Read the columns `names.INPUTS` of one record; gives what `names.read_name` gives."""
        civility, gender, first, last, birth, _, company = parts
        title = _read_title(civility) if civility else None
        ordinary = first in self._first and last in self._last and not (birth or company) and title in _TITLES[:_PEOPLE]
        if not (ordinary and first and last and swapped(fold(first), fold(last))):
            return read_name(parts, junk=self._junk)
        draft = Draft(civility=title, first=last, last=first)
        draft.remark(Note.COLUMNS_SWAPPED)
        return write_person(draft, read_gender(gender) if gender else None, None)


def _ordinary_texts(encoded: Encoded, readings: Readings) -> frozenset[str]:
    return frozenset(text for text, plain in zip(encoded.texts(), readings.plain.tolist(), strict=False) if plain)


def _read(encoded: Encoded, fields: Sequence[str], write: Callable[[str], Part], *, junk: JunkLists) -> Readings:
    """Read each distinct part of a name; what is not ordinary reads as nothing and is not plain."""
    marked = marked_words() | junk_words(junk)
    texts = encoded.texts()
    plain = np.array([*(_is_ordinary(text, marked) for text in texts), True], dtype=bool)
    nothing = (None,) * len(fields)
    rows = [write(text) if ordinary else nothing for text, ordinary in zip(texts, plain.tolist(), strict=False)]
    codes = np.where(encoded.codes < 0, len(texts), encoded.codes)
    return Readings(codes, columns_of([*rows, nothing], fields), plain)


def _is_ordinary(text: str, marked: frozenset[str]) -> bool:
    if not _ORDINARY.fullmatch(text):
        return False
    words = fold(text).split(" ")
    if not marked.isdisjoint(words) or repeated("".join(words)):
        return False
    # capitals in some words only mark the last name; those of a lone letter say nothing
    shouted = {word.isupper() and len(word) > 1 for word in text.split()}
    return len(words) == 1 or len(shouted) == 1


def _given(text: str) -> Part:
    written = write_given(text, None)
    if written.key is None:
        return (None,) * len(_GIVEN)
    roots = (given_root(written.key, sex) for sex in _SEXES[1:])
    return (*written, likely_gender(written.key), *roots)


def _birth(text: str) -> Part:
    written = write_surname(text)
    return (written.display, written.key)


def _in_places_of_each_other(first: Readings, last: Readings) -> Mask:
    """Tell which rows have names that stand in each other's column; what is near the limit is left to the long way."""
    given, of_given = _odds(first.columns["first_name"].to_pylist())
    surname, of_surname = _odds(last.columns["last_name"].to_pylist())
    both = given[first.rows] & surname[last.rows]
    return both & (of_given[first.rows] - of_surname[last.rows] > SWAP_ODDS - 1e-6)


def _odds(names: list[str | None]) -> tuple[Mask, npt.NDArray[np.float64]]:
    """Tell which names are there, and the log odds that each is a last name rather than a first name."""
    keys = [None if name is None else fold(name) for name in names]
    odds = [0.0 if key is None else log_surname(key) - log_given(key) for key in keys]
    return np.array([key is not None for key in keys], dtype=bool), np.array(odds)


def _read_title(text: str) -> str | None:
    return _COMPANY if is_company_title(text) else read_civility(text)


def _coded(encoded: Encoded, read: Callable[[str], str | None], known: Sequence[str | None]) -> Codes:
    codes = np.array([*(known.index(read(text)) for text in encoded.texts()), 0], dtype=np.int32)
    return codes[encoded.codes]


def _blank(encoded: Encoded) -> Mask:
    blank = np.array([*(clean(text) is None for text in encoded.texts()), True], dtype=bool)
    return blank[encoded.codes]
