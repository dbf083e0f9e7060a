"""Read French address lines into the parts of the postal norm NF Z10-011."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from rcu.cleaning.streetnames import Street, plain_street, read_street
from rcu.cleaning.streetparts import Part, split_parts
from rcu.cleaning.streetwords import KINDS, REPETITIONS, kind_at
from rcu.cleaning.text import clean, fold, load_list, repeated

__all__ = ["Delivery", "Street", "is_junk_line", "plain_street", "read_delivery", "read_street"]

_NUMBERED: Final = re.compile(
    r"([1-9][0-9]{0,3})(?: ?([Bb][Ii][Ss]|[Tt][Ee][Rr]|[Qq][Uu][Aa][Tt][Ee][Rr])|([A-Za-z]))?,? +([A-Za-zÀ-ÖØ-öø-ÿ].+)"
)
"""A line that begins with a house number, its repetition or letter, and what stands behind for `plain_street`."""

_CARE_OF: Final = re.compile(r"(?<![^\W_])[cs]\s*/\s*[oc](?![^\W_])\.?(?:\s+(?:de|chez)\b)?", re.IGNORECASE)
_BREAKS: Final = re.compile(r"[,;|\n()\[\]]+|\s[-–—/]+\s|\s-|-\s")
_NUMBER_SIGN: Final = re.compile(r"(?<![^\W_])n\s*[°º]\s*(?=\d)", re.IGNORECASE)
_RANGE: Final = re.compile(
    r"(\d{1,4})(\s*(?:bis|ter|quater|[a-z]))?\s*(?:[/&+,-]|\bet\b|\bà\b|\ba\b|\bau\b)\s*"
    r"(\d{1,4})(?:\s*(?:bis|ter|quater)|[a-z])?(?![^\W_])",
    re.IGNORECASE,
)
_ROUNDS: Final = 8
_JUNK_LINES: Final = frozenset(load_list("placeholder_lines.txt"))


class Delivery(NamedTuple):
    """The lines 2 to 5 of a postal address; every part in upper case, without accents or punctuation."""

    address_complement: str | None
    building: str | None
    street: str | None
    street_number: str | None
    street_suffix: str | None
    street_type: str | None
    street_name: str | None
    street_key: str | None
    place: str | None


def read_delivery(line: str | None, complement: str | None) -> Delivery:
    """Read an address line and its complement, whatever either holds; nothing raises and no word is lost.

    The best street of both is the street; all else goes to line 2 (flat, floor, stairs, door, c/o), line 3 (building,
    residence, zone) or line 5 (hamlet, post box). Reading the parts again gives the same parts. Placeholders
    (`INCONNU`, `XXX`) are left out, and of `12/14` the first number is taken.
    """
    if line and not complement:
        found = _NUMBERED.fullmatch(line)
        street = plain_street(found[4]) if found else None
        if found and street is not None:
            suffix = REPETITIONS[found[2].upper()] if found[2] else found[3]
            return _plain(found[1], suffix.upper() if suffix else None, street)
    return _read_settled(line, complement)


def is_junk_line(key: str) -> bool:
    """Tell whether a folded line says nothing: empty, a placeholder, one letter over and over."""
    return not key or key in _JUNK_LINES or (repeated(key) and not key.isdigit())


def _plain(number: str, suffix: str | None, street: Street) -> Delivery:
    display = " ".join(part for part in (number, suffix, street.type, street.name) if part)
    return Delivery(None, None, display, number, suffix, street.type, street.name, street.key, None)


@lru_cache(maxsize=16_384)
def _read_settled(line: str | None, complement: str | None) -> Delivery:
    """Read until reading again changes nothing: parts that meet may read otherwise than each by itself."""
    reading = _read(line, complement)
    if line and not complement and not _BREAKS.search(line) and fold(line) == reading.street:
        return reading  # what would be read again is what was read
    for _ in range(_ROUNDS):
        around = ", ".join(filter(None, (reading.address_complement, reading.building, reading.place)))
        again = _read(reading.street, around or None)
        if again == reading:
            break
        reading = again
    return reading


def _read(line: str | None, complement: str | None) -> Delivery:
    parts = [part for text in (line, complement) for words in _segments(text) for part in split_parts(words)]
    chosen = _choose(parts)
    number = _lone_number(parts, chosen)
    slots: dict[str, list[str]] = {"flat": [], "building": [], "place": []}
    house = number or chosen
    street = chosen.street if chosen else Street(None, None, None)
    house_text = (house.number, house.suffix) if house else (None, None)
    display = " ".join(part for part in (*house_text, street.type, street.name) if part) or None
    for part in parts:
        text = _text(part)
        if part is not chosen and part is not number and text and text != display:
            known = slots[part.slot]
            if text not in known:
                known.append(text)
    flat, building, place = (" ".join(texts) or None for texts in slots.values())
    return Delivery(flat, building, display, *house_text, street.type, street.name, street.key, place)


def _choose(parts: list[Part]) -> Part | None:
    ranked = [(part.rank, place) for place, part in enumerate(parts)]
    best = min(((rank, place) for rank, place in ranked if rank is not None), default=None)
    return parts[best[1]] if best else None


def _lone_number(parts: list[Part], chosen: Part | None) -> Part | None:
    """Find the number that stands by itself and belongs to a street without one."""
    if chosen is not None and chosen.number is not None:
        return None
    return next((part for part in parts if part.group == "number" and part.number), None)


def _text(part: Part) -> str:
    if part.group == "number":
        return part.text
    return " ".join(piece for piece in (part.number, part.suffix, part.text) if piece)


def _segments(text: str | None) -> list[list[str]]:
    if text is None:
        return []
    cleaned = clean(text if text.isprintable() else ",".join(text.splitlines()))
    if cleaned is None or is_junk_line(fold(cleaned)):
        return []
    marked = _NUMBER_SIGN.sub(" ", _CARE_OF.sub(" chez ", cleaned))
    folded = [fold(part) for part in _BREAKS.split(_first_of_range(marked))]
    segments: list[list[str]] = []
    for words in (part.split(" ") for part in folded if not is_junk_line(part)):
        before = segments[-1] if segments else []
        if before and (
            (len(before) < 3 and _is_bare_way(before[-1])) or (before[-1].isdigit() and words[0] in REPETITIONS)
        ):
            segments[-1] += words
        else:
            segments.append(words)
    return segments


def _is_bare_way(word: str) -> bool:
    """Tell whether a segment that ends so goes on in the next: 12 RUE, DES LILAS."""
    kind = KINDS.get(word)
    return kind is not None and kind.group == "way" and len(word) > 1


def _first_of_range(text: str) -> str:
    """Keep the first number of `12/14`, `12-14` or `12 et 14`, in front of a street or at its end."""
    start = re.match(r"\s*", text)
    place = start.end() if start else 0
    while (found := _RANGE.match(text, place)) and _ascending(found):
        text = text[: found.end(2) if found[2] else found.end(1)] + " " + text[found.end() :]
    found = re.search(_RANGE.pattern + r"\s*$", text, re.IGNORECASE)
    if found and found.start() > 0 and _ascending(found) and _is_way(fold(text[: found.start()])):
        text = text[: found.end(2) if found[2] else found.end(1)]
    return text


def _ascending(found: re.Match[str]) -> bool:
    return int(found[1]) <= int(found[3])


def _is_way(text: str) -> bool:
    words = text.split(" ")
    if len(words) < 2 or any(word.isdigit() for word in words):
        return False
    found = kind_at(words, 0)
    return found is not None and found[0].group in {"way", "close"}
