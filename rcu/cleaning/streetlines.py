"""One line of a French address: the house number, the street and what only guides the postman."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from rcu.cleaning.streets import ARTICLES, COMPLEMENTS, REPETITIONS, STREET_TYPES, WORDS
from rcu.cleaning.text import fold, repeated

_COMMAS = re.compile(r"[,;|\n]+|\s-\s")
_RANGE = re.compile(r"^(\s*\d{1,5})\s*(?:[/-]|\bet\b|\bà\b)\s*\d{1,5}\b", re.IGNORECASE)
_NUMBER_SIGN = re.compile(r"^\s*(?:n\s*[°ºo.]|num(?:e|é)ro)\s*(?=\d)", re.IGNORECASE)
_NUMBER = re.compile(r"(\d{1,5})(BIS|TER|QUATER|QUATRO|[A-Z])?")
_ORDINAL = re.compile(r"\d{1,2}(?:ER|E|EME|ND|NDE)")
_MONTHS = frozenset({"JANVIER", "FEVRIER", "MARS", "AVRIL", "MAI", "JUIN", "JUILLET", "AOUT", "SEPTEMBRE", "OCTOBRE",
                     "NOVEMBRE", "DECEMBRE", "AN"})  # fmt: skip
# words a final number belongs to: a road's own number, a box, a year
_OWN_NUMBER = _MONTHS | {
    "N",
    "RN",
    "RD",
    "D",
    "CD",
    "KM",
    "NATIONALE",
    "DEPARTEMENTALE",
    "BP",
    "CS",
    "LOT",
    "ZONE",
    "NO",
}
_JUNK_LINES = frozenset({"INCONNU", "INCONNUE", "ADRESSE", "ADRESSE INCONNUE", "SANS ADRESSE", "PAS D ADRESSE", "NC",
                         "ND",
                         "NEANT", "NON COMMUNIQUE", "NON COMMUNIQUEE", "NON RENSEIGNE", "NON RENSEIGNEE", "X", "XX",
                         "TEST", "AUCUNE", "RIEN", "NPAI", "SDF"})  # fmt: skip
_TWO_WORD_TYPES = frozenset(form for form in STREET_TYPES if " " in form)
# words that open a complement only before a number or a letter (PORTE 12, TOUR B), else they may name a street
_WEAK = frozenset({"PORTE", "TOUR", "HALL", "CHAMBRE", "BOITE", "CAGE", "ENTREE", "ENT", "BLOC", "APP", "BT", "CS"})
# a mountain pass (COL DE LA SCHLUCHT) or a colonel (COL MOLL)
_AMBIGUOUS = frozenset({"COL"})
_TITLES_ANYWHERE = frozenset({"REP", "SAINT", "SAINTE", "SAINTS"})


class Line(NamedTuple):
    """A line read: house number (`12B`), full street name, its key, and the complement found around it."""

    number: str | None
    name: str | None
    key: str | None
    complement: str | None
    is_street: bool
    settled: bool

    @property
    def display(self) -> str | None:
        """The line as the postal norm writes it: `12 B AVENUE DU GENERAL DE GAULLE`."""
        if self.number is None or self.name is None:
            return self.name
        digits = self.number.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        suffix = self.number[len(digits) :]
        return " ".join(part for part in (digits, suffix, self.name) if part)


class Street(NamedTuple):
    """A street name with its type written out, and its key."""

    display: str
    key: str


def read_line(text: str) -> Line:
    """Read a cleaned address line; what is neither number nor street becomes the complement."""
    segments = _segments(text)
    readings = [_read_segment(words) for words in segments]
    chosen = next((place for place, reading in enumerate(readings) if reading.is_street), None)
    if chosen is None:
        return _no_street(segments)
    reading = readings[chosen]
    before = [" ".join(words) for words in segments[:chosen]]
    after = [" ".join(words) for words in segments[chosen + 1 :]]
    parts = [*before, *([reading.complement] if reading.complement else []), *after]
    settled = len(segments) == 1 and not parts and reading.settled
    return reading._replace(complement=expand_complement(" ".join(parts)) if parts else None, settled=settled)


def is_junk_line(key: str) -> bool:
    """Tell whether a folded line says nothing: empty, a placeholder, one letter over and over."""
    return not key or key in _JUNK_LINES or (repeated(key) and not key.isdigit())


@lru_cache(maxsize=65_536)
def expand_complement(text: str) -> str | None:
    """Write out the abbreviations of a complement: `BAT B APPT 3` gives `BATIMENT B APPARTEMENT 3`."""
    return " ".join(COMPLEMENTS.get(word, word) for word in fold(text).split()) or None


@lru_cache(maxsize=262_144)
def read_street(text: str) -> Street:
    """Write out a folded street name; the key leaves articles out (`AVENUE GENERAL GAULLE`)."""
    words = text.split(" ")
    size = type_size(words)
    kind = STREET_TYPES[" ".join(words[:size])] if size else ""
    name = _expand(words[size:])
    telling = [word for word in name if word not in ARTICLES]
    display = " ".join([kind, *name] if kind else name)
    key = " ".join(([kind] if kind else []) + (telling or name))
    return Street(display, key)


def _segments(text: str) -> list[list[str]]:
    text = _RANGE.sub(r"\1 ", _NUMBER_SIGN.sub("", text))
    folded = [fold(part).split() for part in _COMMAS.split(text)] if _COMMAS.search(text) else [fold(text).split()]
    segments = [words for words in folded if not is_junk_line(" ".join(words))]
    if len(segments) > 1 and _is_number(segments[0]):
        segments[:2] = [segments[0] + segments[1]]
    if (
        len(segments) > 1
        and _street_start(segments[0]) == 0
        and _is_number(segments[1])
        and not _is_number(segments[0][:1])
    ):
        segments[:2] = [segments[0] + segments[1]]
    return segments


def _is_number(words: list[str]) -> bool:
    return 0 < len(words) == _house_number(words)[1]


def _read_segment(words: list[str]) -> Line:
    start = _street_start(words)
    if start is None:
        return Line(None, None, None, None, is_street=False, settled=False)
    lead, words = words[:start], words[start:]
    number, size = _house_number(words)
    words = words[size:]
    if number is None and (found := _final_number(words)) is not None:
        number, words = found
    end = _complement_start(words)
    street = read_street(" ".join(words[:end]))
    complement = " ".join(lead + words[end:]) or None
    settled = complement is None and size > 0
    return Line(number, street.display, street.key, complement, is_street=True, settled=settled)


def _street_start(words: list[str]) -> int | None:
    """Find where number and street begin; None when the words hold no street."""
    if _opens_street(words, 0) and (words[0] not in COMPLEMENTS or not _later_street(words)):
        return 0
    if words[0] in COMPLEMENTS:
        return _later_street(words)
    return None


def _later_street(words: list[str]) -> int | None:
    return next((place for place in range(2, len(words) - 1) if _opens_typed_street(words, place)), None)


def _opens_street(words: list[str], place: int) -> bool:
    number, size = _house_number(words[place:])
    rest = words[place + size :]
    if number is not None and size:
        return (bool(rest) and rest[0] not in COMPLEMENTS) or type_size(rest) > 0
    return len(rest) > 1 and type_size(rest) > 0


def _opens_typed_street(words: list[str], place: int) -> bool:
    number, size = _house_number(words[place:])
    rest = words[place + size :]
    if len(rest) < 2 or type_size(rest) == 0 or rest[0] in COMPLEMENTS:
        return False
    return (number is not None and size > 0) or (len(rest[0]) > 2 and words[place - 1] not in ARTICLES)


def type_size(words: list[str]) -> int:
    """Count the words of the street type that opens a street name; 0 when there is none."""
    if len(words) > 1 and f"{words[0]} {words[1]}" in _TWO_WORD_TYPES:
        return 2
    if len(words) > 2 and " ".join(words[:3]) in STREET_TYPES:
        return 3
    return 1 if words and words[0] in STREET_TYPES and len(words) > 1 else 0


def _house_number(words: list[str]) -> tuple[str | None, int]:
    """Read a house number at the front: the number (`12B`) and how many words it took."""
    if not words or not (found := _NUMBER.fullmatch(words[0])):
        return None, 0
    digits, suffix, size = found[1].lstrip("0"), found[2] or "", 1
    if (
        not suffix and len(words) > 2 and (words[1] in REPETITIONS or (len(words[1]) == 1 and type_size(words[2:])))
    ) or (not suffix and len(words) == 2 and words[1] in REPETITIONS):
        suffix, size = words[1], 2
    return (digits + REPETITIONS.get(suffix, suffix) if digits else None), size


def _final_number(words: list[str]) -> tuple[str, list[str]] | None:
    for size in (1, 2):
        tail, rest = words[-size:], words[:-size]
        number, taken = _house_number(tail)
        if number is not None and taken == size and len(rest) > 1 and type_size(rest) and rest[-1] not in _OWN_NUMBER:
            return (number, rest) if not rest[-1].isdigit() and rest[-1] not in COMPLEMENTS else None
    return None


def _complement_start(words: list[str]) -> int:
    """Find where a complement begins behind a street name; the number of words when there is none."""
    for place in range(max(type_size(words), 1) + 1, len(words)):
        word = words[place]
        if word not in COMPLEMENTS or words[place - 1] in ARTICLES:
            continue
        following = words[place + 1] if place + 1 < len(words) else ""
        if word in _WEAK and not (following.isdigit() or len(following) == 1):
            continue
        ordinal = place - 1 > type_size(words) and _ORDINAL.fullmatch(words[place - 1])
        return place - 1 if ordinal else place
    return len(words)


def _no_street(segments: list[list[str]]) -> Line:
    """Without number or type a line is a place name, unless every part of it is a complement."""
    named = next(
        (place for place, words in enumerate(segments) if words[0] not in COMPLEMENTS or words[0] == "CHEZ"), None
    )
    rest = [" ".join(words) for place, words in enumerate(segments) if place != named]
    complement = expand_complement(" ".join(rest)) if rest else None
    if named is None:
        return Line(None, None, None, complement, is_street=False, settled=False)
    street = read_street(" ".join(segments[named]))
    return Line(None, street.display, street.key, complement, is_street=False, settled=False)


def _expand(words: list[str]) -> list[str]:
    last = len(words) - 1
    written: list[str] = []
    for place, word in enumerate(words):
        full = WORDS.get(word, word)
        titled = word in _TITLES_ANYWHERE or (
            place < last and not (word in _AMBIGUOUS and words[place + 1] in ARTICLES)
        )
        written.append(full if titled else word)
    return written
