"""Countries, postcodes and towns of postal addresses."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from rcu.cleaning.communes import Resolution, exact, resolve
from rcu.cleaning.communetowns import CAPITALS, Town, read_town
from rcu.cleaning.notes import Note, worst
from rcu.cleaning.text import clean, fold, load_pairs
from rcu.domain.records import Quality

DOMESTIC: Final = frozenset({"FR", "MC"})
UNKNOWN_COUNTRY: Final = "ZZ"
"""ISO 3166 leaves ZZ to users: a country was written, but none we know."""

_COUNTRIES = load_pairs("countries.csv")
_CODES = frozenset(_COUNTRIES.values())
_POSTCODE_NOISE = re.compile(r"^(?:FR?)?[\s-]*|(?<=[0-9]{4})[.,]0+$|[\s.-]+", re.IGNORECASE)
_FRENCH = re.compile(r"(?:0[1-9]|[1-8]\d|9[0-5]|97[1-8]|98\d)\d+")
_LOOKALIKES = str.maketrans("OIL", "011")


class Place(NamedTuple):
    """A postcode and a town as the postal norm writes them, and the commune they stand for.

    `city` is the official name of today's commune; `city_key` is for comparing; `commune_insee`
    is the INSEE code of today's commune, of the arrondissement in Paris, Lyon and Marseille when it is known; None
    rather than a guess. `notes` are codes of `rcu.cleaning.notes`, sorted.
    """

    postcode: str | None
    city: str | None
    city_key: str | None
    cedex: str | None
    commune_insee: str | None
    quality: Quality
    notes: tuple[str, ...]


class _Digits(NamedTuple):
    """A postcode read, the digits that were written, and what was done to them."""

    value: str | None
    written: str | None
    notes: tuple[Note, ...] = ()


_QUALITIES: Final = dict.fromkeys(Note, Quality.REPAIRED) | dict.fromkeys(
    (Note.POSTCODE_UNREADABLE, Note.DISAGREE, Note.CITY_UNKNOWN), Quality.SUSPECT
)
_ROUNDS: Final = 4


def read_country(raw: str | None, default: str) -> str:
    """Give the ISO 3166 alpha-2 code of a country written in French, English or as a code."""
    text = clean(raw)
    if text is None:
        return default
    key = fold(text)
    if key in _COUNTRIES:
        return _COUNTRIES[key]
    return key if key in _CODES else (UNKNOWN_COUNTRY if key else default)


def read_place(postcode: str | None, city: str | None) -> Place:
    """Read the postcode and the town of a domestic address (France, overseas, Monaco) and find their commune.

    What is found is settled: written back into the two fields, the CEDEX behind the town, it is found again.
    """
    return place_of(postcode, read_town(city))


@lru_cache(maxsize=32_768)
def place_of(postcode: str | None, town: Town) -> Place:
    """Find the commune of a postcode as it is written and a town that was read (`read_town`)."""
    digits = _read_digits(postcode)
    if found := exact(digits.value, town):
        return _place(digits, town, found)
    if town.name is None and (beside := _town_beside(postcode)) is not None:
        digits, town = _read_digits(beside.postcode), beside._replace(postcode=None)
        digits = digits._replace(notes=(*digits.notes, Note.POSTCODE_CLEANED))
    elif digits.value is None and town.postcode is not None:
        digits = _Digits(town.postcode, town.postcode, (*digits.notes, Note.POSTCODE_FROM_CITY))
    if digits.value is None and town.name is None:
        return _place(digits, town, Resolution(None, None, None, None))
    found = resolve(digits.value, town, written=digits.written)
    return _place(digits, town, _settled(found, town.cedex))


def _place(digits: _Digits, town: Town, found: Resolution) -> Place:
    if not (digits.notes or found.notes) and found.name:
        return Place(found.postcode, found.name, found.key, _cedex(town, found), found.commune, Quality.VALID, ())
    notes = {*digits.notes, *found.notes}
    if Note.POSTCODE_FROM_CITY in notes and found.postcode:
        notes.discard(Note.POSTCODE_UNREADABLE)
    something = found.name or found.postcode or town.cedex or digits.written
    quality = worst([Quality.VALID if something else Quality.MISSING, *(_QUALITIES[note] for note in notes)])
    return Place(
        found.postcode, found.name, found.key, _cedex(town, found), found.commune, quality, tuple(sorted(notes))
    )


def _cedex(town: Town, found: Resolution) -> str | None:
    """Write the number of CEDEX as La Poste does: `PARIS CEDEX 08`, an arrondissement's, but `NANTES CEDEX 1`."""
    word, _, number = (town.cedex or "").partition(" ")
    if not number:
        return town.cedex
    return f"{word} {number:0>2}" if found.name in CAPITALS else f"{word} {number}"


def _settled(found: Resolution, cedex: str | None) -> Resolution:
    """Read what was found until it is found again; the notes are those of the first reading."""
    for _ in range(_ROUNDS):
        town = read_town(found.name)._replace(cedex=cedex)
        again = resolve(found.postcode, town, written=found.postcode)
        if again[:4] == found[:4]:
            break
        found = again._replace(notes=found.notes or again.notes)
    return found


def _read_digits(raw: str | None) -> _Digits:
    """Read a postcode; the zero a spreadsheet ate is put back, letters taken for digits are turned back."""
    text = clean(raw)
    if text is None:
        return _Digits(None, None)
    if len(text) == 5 and text.isascii() and text.isdigit():
        return _Digits(text, text) if _FRENCH.fullmatch(text) else _Digits(None, text, (Note.POSTCODE_UNREADABLE,))
    digits = _POSTCODE_NOISE.sub("", text.upper()).translate(_LOOKALIKES)
    if not (digits.isascii() and digits.isdigit()):
        return _Digits(None, None, (Note.POSTCODE_UNREADABLE,))
    padded = digits.zfill(5) if len(digits) == 4 else digits
    if len(padded) != 5 or not _FRENCH.fullmatch(padded):
        return _Digits(None, digits if len(digits) in {4, 5, 6} else None, (Note.POSTCODE_UNREADABLE,))
    notes = [Note.POSTCODE_ZERO_RESTORED] if padded != digits else []
    if digits != text:
        notes.append(Note.POSTCODE_CLEANED)
    return _Digits(padded, digits, tuple(notes))


def _town_beside(postcode: str | None) -> Town | None:
    """Read the field of the postcode as a town's, when it holds both."""
    town = read_town(postcode)
    return town if town.name is not None and town.postcode is not None else None
