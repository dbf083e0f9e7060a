"""Countries, postcodes and cities of postal addresses."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from rcu.cleaning.text import clean, fold, load_pairs
from rcu.domain.records import Quality

DOMESTIC: Final = frozenset({"FR", "MC"})
UNKNOWN_COUNTRY: Final = "ZZ"
"""ISO 3166 leaves ZZ to users: a country was written, but none we know."""

_COUNTRIES = load_pairs("countries.csv")
_CODES = frozenset(_COUNTRIES.values())
_POSTCODE_NOISE = re.compile(r"^(?:FR?)?[\s-]*|[\s.-]+|[.,]0$", re.IGNORECASE)
_FRENCH = re.compile(r"(?:0[1-9]|[1-8]\d|9[0-5]|97[1-8]|98\d)\d+")
_POSTCODE_WORD = re.compile(r"(?:FR?)?(\d{5})", re.ASCII)
_SUR = re.compile(r"\bs(?:s?/|/s)\s*", re.IGNORECASE)
_ARTICLE_BEHIND = re.compile(r"^(.+?)\s*\((LE|LA|LES|L')\)$", re.IGNORECASE)
_CEDEX = re.compile(r" ?\b(?:CEDEX|CDX)\b.*")
_ARRONDISSEMENT = re.compile(r"^(PARIS|LYON|MARSEILLE) (?:\d{1,2}(?:ER|E|EME)?|\d{5})(?: ARR(?:ONDISSEMENT|DT)?)?$")
_CITY_WORDS = {"SAINT": "ST", "SAINTE": "STE", "SAINTS": "STS", "SAINTES": "STES", "CDX": "CEDEX"}
_JUNK_CITIES = frozenset(
    {"INCONNU", "INCONNUE", "NC", "ND", "XX", "XXX", "XXXX", "X", "VILLE", "TEST", "NON COMMUNIQUE"}
)


class Postcode(NamedTuple):
    """A postcode (None when it cannot be one) and its quality."""

    value: str | None
    quality: Quality


class City(NamedTuple):
    """A city for display, its key, and the postcode that was written in front of it."""

    display: str | None
    key: str | None
    postcode: str | None


_NO_CITY: Final = City(None, None, None)


def read_country(raw: str | None, default: str) -> str:
    """Give the ISO 3166 alpha-2 code of a country written in French, English or as a code."""
    text = clean(raw)
    if text is None:
        return default
    key = fold(text)
    if key in _COUNTRIES:
        return _COUNTRIES[key]
    return key if key in _CODES else (UNKNOWN_COUNTRY if key else default)


@lru_cache(maxsize=65_536)
def read_postcode(raw: str | None) -> Postcode:
    """Read a French postcode; the zero a spreadsheet ate is put back (`1000` is 01000)."""
    text = clean(raw)
    if text is None:
        return Postcode(None, Quality.MISSING)
    if len(text) == 5 and text.isascii() and text.isdigit() and _FRENCH.fullmatch(text):
        return Postcode(text, Quality.VALID)
    digits = _POSTCODE_NOISE.sub("", text)
    if not (digits.isascii() and digits.isdigit()):
        return Postcode(None, Quality.SUSPECT)
    padded = digits.zfill(5) if len(digits) == 4 else digits
    if len(padded) == 5 and _FRENCH.fullmatch(padded):
        return Postcode(padded, Quality.REPAIRED)
    return Postcode(None, Quality.SUSPECT)


@lru_cache(maxsize=65_536)
def read_city(raw: str | None) -> City:
    """Read a French city: upper case as the postal norm has it; the key drops CEDEX and the arrondissement."""
    text = clean(raw)
    if text is None:
        return _NO_CITY
    moved = _ARTICLE_BEHIND.sub(r"\2 \1", text)
    words = fold(_SUR.sub("SUR ", moved)).split()
    postcode = None
    while words and (found := _POSTCODE_WORD.fullmatch(words[0])):
        postcode = postcode or found[1]
        words = words[1:]
    display = " ".join(_CITY_WORDS.get(word, word) for word in words)
    if not display or display in _JUNK_CITIES:
        return City(None, None, postcode)
    key = _ARRONDISSEMENT.sub(r"\1", _CEDEX.sub("", display)) or display
    return City(display, key, postcode)
