"""What is typed into a search: words, numbers and mailboxes; and how well what is known of somebody answers it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, lru_cache
from string import ascii_uppercase
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA

from rcu.cleaning.emails import GMAIL, email_key
from rcu.cleaning.givennames import full_forms, given_root, spellings
from rcu.cleaning.phones import OVERSEAS
from rcu.cleaning.phonetics import without_particles
from rcu.cleaning.saints import short_saints
from rcu.cleaning.text import clean, fold

MOST_WORDS: Final = 6
SHORTEST_NUMBER: Final = 4
"""Of fewer digits too many numbers begin or end with any."""
_LONGEST_LAST: Final = 4
_LONGEST_FIRST: Final = 3
_POSTCODE: Final = 5
_MEMORY: Final = 16_384
_SHORTEST_SLIP: Final = 4
_SHORTEST_SLIPS: Final = 7
_LONGEST_SLIP: Final = 20
_NUMBER: Final = re.compile(r"\+?[0-9()./-]*[0-9][0-9()./-]*")
_MARKS: Final = re.compile(r"[^0-9+]")
_FRANCE: Final = "+33"
_BEFORE_NAMES: Final = ("D", "DE", "DE LA", "DU", "DES", "L", "LE", "LA", "VAN", "VON", "BEN", "EL")


@dataclass(frozen=True, slots=True)
class Terms:
    """What was typed, in its parts: all of them are to be answered.

    Attributes:
        words: of names and towns, folded; the last may be unfinished.
        numbers: of phones, cards and postcodes: digits, `+` before those that have a country's.
        codes: what has an @, or letters and digits: mailboxes and cards; in lower case.
    """

    words: tuple[str, ...]
    numbers: tuple[str, ...]
    codes: tuple[str, ...]

    @property
    def postcode(self) -> str | None:
        """The number that may be a postcode, or how one begins, beside words."""
        one = self.numbers[0] if len(self.numbers) == 1 and self.words and not self.codes else "+"
        return one if one.isdecimal() and 2 <= len(one) <= _POSTCODE else None


def read_terms(text: str) -> Terms:
    """Take apart what was typed. Digits that follow each other are one number, but for a postcode."""
    words: list[str] = []
    numbers: list[str] = []
    codes: list[str] = []
    joins = False
    for token in (clean(text) or "").split():
        number = _MARKS.sub("", token) if _NUMBER.fullmatch(token) else ""
        if number:
            if joins and len(number) != _POSTCODE:
                numbers[-1] += number
            else:
                numbers.append(number)
            joins = len(number) != _POSTCODE
        elif "@" in token or any(letter.isdecimal() for letter in token):
            codes.append(token.lower())
        else:
            words += fold(token).split()
        joins = joins and bool(number)
    folded = short_saints(" ".join(words)).split()[:MOST_WORDS]
    kept = (number for number in map(_plain_number, numbers) if len(number) > 1 or not folded)
    return Terms(tuple(folded), tuple(kept), tuple(codes))


def _plain_number(number: str) -> str:
    """A number with its country's, as E.164 has it; any other as it is."""
    abroad = number.startswith("00") and len(number) > _POSTCODE
    number = f"+{number[2:]}" if abroad else number[:1] + number[1:].replace("+", "")
    return _FRANCE + number[4:] if number.startswith(f"{_FRANCE}0") else number


class Reading(NamedTuple):
    """One way to read words: which are the last name, the first, the town; empty where none is."""

    last: str
    first: str
    town: str


def readings(words: Sequence[str], *, towns: bool) -> Iterator[Reading]:
    """The ways to read words: first and last name in either order, and a town behind or before them.

    Last names have four words at most, and first names three.
    """
    count = len(words)
    cuts = [(0, count)]
    if towns:
        cuts += [(0, end) for end in range(count - 1, 0, -1)] + [(start, count) for start in range(1, min(count, 3))]
    for start, end in cuts:
        town = " ".join((*words[:start], *words[end:]))
        for split in range(end - start + 1):
            left, right = words[start : start + split], words[start + split : end]
            for last, first in ((left, right), (right, left)) if left and right else ((left, right),):
                if len(last) <= _LONGEST_LAST and len(first) <= _LONGEST_FIRST:
                    yield Reading(" ".join(last), " ".join(first), town)


class Level(IntEnum):
    """How well a value answers a word, the best first."""

    EXACT = 0
    BEGINNING = 1
    FORM = 2
    """Another form of the same first name."""
    NEAR = 3
    NOT = 9


@lru_cache(maxsize=_MEMORY)
def of_last(word: str, name: str | None) -> Level:
    """How well a last name answers a word, with its particles or without."""
    if name is None:
        return Level.NOT
    bare = without_particles(name)
    if bare != name and bare.startswith(word):
        return Level.BEGINNING
    return _level(word, name)


@lru_cache(maxsize=_MEMORY)
def of_first(word: str, name: str | None) -> Level:
    """How well a first name answers a word: itself, or another form of it."""
    if name is None:
        return Level.NOT
    level = _level(word, name)
    if level > Level.FORM and given_root(word, None) == given_root(name, None):
        return Level.FORM
    return level


@lru_cache(maxsize=_MEMORY)
def of_town(word: str, town: str | None) -> Level:
    """How well a town answers words."""
    return _level(word, town, slips=False) if town else Level.NOT


def _level(word: str, name: str, *, slips: bool = True) -> Level:
    if name == word:
        return Level.EXACT
    if name.startswith(word):
        return Level.BEGINNING
    return Level.NEAR if slips and slips_between(word, name) is not None else Level.NOT


def slips_between(word: str, name: str) -> int | None:
    """How many letters are wrong, missing, too many or changed places with the next; None where it is too many.

    The optimal string alignment distance: one for a word of four letters, two from seven on. Of a longer name its
    beginning counts: the word may be unfinished.
    """
    most = 0 if len(word) < _SHORTEST_SLIP else 1 if len(word) < _SHORTEST_SLIPS else 2
    if not most or len(word) > _LONGEST_SLIP:
        return None
    cuts = {name[: len(word)], name[: len(word) + 1], name}
    best = min(OSA.distance(word, one, score_cutoff=most) for one in cuts)
    return best if best <= most else None


def one_slip_away(word: str) -> list[str]:
    """How names may begin that are one slip away from a word; none for a short one."""
    if not _SHORTEST_SLIP <= len(word) <= _LONGEST_SLIP:
        return []
    found: dict[str, None] = {}
    for place in range(len(word) + 1):
        head, rest = word[:place], word[place:]
        found |= dict.fromkeys(head + letter + rest for letter in (*ascii_uppercase, " "))
        found |= dict.fromkeys(head + letter + rest[1:] for letter in ascii_uppercase if rest)
        found |= dict.fromkeys([head + rest[1:]] if len(rest) > 1 else [])
        found |= dict.fromkeys([head + rest[1] + rest[0] + rest[2:]] if len(rest) > 1 else [])
    return [one for one in found if one != word]


def walked_from(word: str) -> str | None:
    """How names begin that are looked through for two slips; None where one is too much already."""
    return word[:4] if _SHORTEST_SLIPS <= len(word) <= _LONGEST_SLIP else None


def with_particles(word: str) -> list[str]:
    """A last name as it begins with its particles."""
    return [f"{before} {word}" for before in _BEFORE_NAMES] if len(word) > 1 else []


def forms_of(word: str) -> list[str]:
    """Other forms of a first name: CATHERINE of CATHY, and the other way round."""
    return [one for one in _forms().get(given_root(word, None), ()) if one != word]


@cache
def _forms() -> Mapping[str, tuple[str, ...]]:
    """Every root of first names with the names that have it."""
    found: dict[str, set[str]] = {}
    for name in {*full_forms(), *spellings(), *spellings().values()}:
        found.setdefault(given_root(name, None), set()).add(name)
    for root, names in found.items():
        names.add(root)
    return {root: tuple(sorted(names)) for root, names in found.items()}


def phone_beginnings(number: str) -> list[str]:
    """How the numbers begin, in E.164, of which this is the beginning."""
    if number.startswith("+"):
        return [number]
    if not number.startswith("0"):
        return []
    code = OVERSEAS.get(number[:4])
    return [f"{_FRANCE}{number[1:]}", *([f"+{code[0]}{number[1:]}"] if code else [])]


def mailbox_beginnings(code: str) -> list[str]:
    """How the keys of mailboxes begin of which this is the beginning: as it is written, and without dots and tags."""
    local, at, domain = code.partition("@")
    found = {code}
    if at and domain:
        found.add(email_key(code))
    if any(one.startswith(domain) for one in GMAIL):
        bare = local.partition("+")[0].replace(".", "") or local
        found.add(bare + (at and f"@{domain if 'gmail.com'.startswith(domain) else ''}"))
    return sorted(found)


def begins(value: str | None, beginnings: Iterable[str]) -> bool:
    """Whether a value begins in one of some ways."""
    return value is not None and value.startswith(tuple(beginnings))
