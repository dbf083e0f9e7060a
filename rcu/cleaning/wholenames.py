"""Whole names in one column, and names in each other's column: which words are the last name."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

from rcu.cleaning.nameweights import log_given, log_surname, swap_odds
from rcu.cleaning.text import fold

_SWAP_ODDS: Final = math.log(10_000)
_SURE_ODDS: Final = math.log(20)
_IMPOSSIBLE: Final = math.log(1e-16)
# people write the first name first, tills and files in capitals the last name
_FIRST_NAME_FIRST: Final = math.log(0.7)
_LAST_NAME_FIRST: Final = math.log(0.3)
_SMALL: Final = frozenset({"de", "du", "des", "la", "le", "les", "van", "von", "d'", "der", "den"})


class Split(NamedTuple):
    """A whole name cut into first and last name; `sure` when something says which is which."""

    first: str
    last: str
    sure: bool


def split_name(words: list[str], text: str) -> Split | None:
    """Cut a whole name of two words or more. A comma or capitals mark the last name; else frequencies decide.

    `words` are those of `text` that are left when civility and birth name are taken out. None when no word of them can
    be a first name: `LE GOFF`.
    """
    return _by_comma(words, text) or split_by_capitals(words) or _by_frequency(words)


def swapped(first: str, last: str) -> bool:
    """Tell whether first and last name (keys) certainly stand in each other's column: odds of 10,000 to one."""
    return swap_odds(first, last) > _SWAP_ODDS


SWAP_ODDS: Final = _SWAP_ODDS
"""From these log odds of `nameweights.swap_odds` on, names change places."""


def _by_comma(words: list[str], text: str) -> Split | None:
    if text.count(",") != 1:
        return None
    surname, _, given = text.partition(",")
    surname, given = surname.strip(), given.strip()
    known = fold(surname).split()
    if not (known and fold(given)) or [fold(word) for word in words][: len(known)] != known:
        return None
    return Split(given, surname, sure=True)


def split_by_capitals(words: list[str]) -> Split | None:
    """Cut a name by its capitals: the words written in them are the last name; None when all are, or none."""
    capitals = [word.isupper() and len(fold(word)) > 1 for word in words]
    if not any(capitals) or all(capitals):
        return None
    last = [word for word, capital in zip(words, capitals, strict=True) if capital or word in _SMALL]
    first = [word for word in words if word not in last]
    return Split(" ".join(first), " ".join(last), sure=True) if first and last else None


def _by_frequency(words: list[str]) -> Split | None:
    shouted = all(word.isupper() for word in words)
    ranked = sorted(_candidates(words, shouted=shouted), reverse=True)
    weight, first, last = ranked[0]
    if weight < _IMPOSSIBLE:
        return None
    rival = next((other for other, given, _ in ranked if given != first), -math.inf)
    return Split(first, last, sure=weight - rival > _SURE_ODDS)


def _candidates(words: list[str], *, shouted: bool) -> Iterator[tuple[float, str, str]]:
    ahead, behind = (_LAST_NAME_FIRST, _FIRST_NAME_FIRST) if shouted else (_FIRST_NAME_FIRST, _LAST_NAME_FIRST)
    for cut in range(1, len(words)):
        left, right = words[:cut], words[cut:]
        yield ahead + _weight(left, right), " ".join(left), " ".join(right)
        yield behind + _weight(right, left), " ".join(right), " ".join(left)


def _weight(first: list[str], last: list[str]) -> float:
    return log_given(fold(" ".join(first))) + log_surname(fold(" ".join(last)))
