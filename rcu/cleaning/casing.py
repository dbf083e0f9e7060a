"""Proper case for names: particles, apostrophes, hyphens and Mc."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\s'-]+")
# written small inside French names; LE and LA keep their capital (de La Tour, Le Goff)
_SMALL = frozenset({"de", "du", "des", "d", "van", "von", "der", "den", "ter", "et", "dos", "da", "di"})
_APOSTROPHE_SMALL = re.compile(r"(?<![^\s-])D'(?=\w)")
_MC = re.compile(r"^Mc(\w)")


def proper_case(text: str, *, given: bool = False) -> str:
    """Write a cleaned name in proper case: `D'ESTAING` gives `d'Estaing`, `jean-pierre` gives `Jean-Pierre`.

    In a given name (`given`) no word is a particle, except `et`.
    """
    cased = _WORD.sub(_capitalise_given if given else _capitalise, text)
    return cased if given else _APOSTROPHE_SMALL.sub("d'", cased)


def _capitalise(match: re.Match[str]) -> str:
    word = match.group()
    lower = word.lower()
    alone = match.start() == 0 and match.end() == len(match.string)
    if lower in _SMALL and not alone and lower != "d":
        return lower
    return _mc(_upper_first(lower))


def _capitalise_given(match: re.Match[str]) -> str:
    lower = match.group().lower()
    return lower if lower == "et" and match.start() else _upper_first(lower)


def _upper_first(lower: str) -> str:
    return lower[:1].upper() + lower[1:]


def _mc(word: str) -> str:
    return _MC.sub(lambda found: "Mc" + found.group(1).upper(), word) if len(word) > 3 else word
