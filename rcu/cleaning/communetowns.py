"""What stands in a town field beside the town: CEDEX, a postcode, an arrondissement, a department's number."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from rcu.cleaning.communenames import as_written, squash
from rcu.cleaning.text import clean, fold, load_list

CAPITALS: Final = {"PARIS": ("751", 20), "LYON": ("6938", 9), "MARSEILLE": ("132", 16)}
"""The three towns with arrondissements: how the codes of these begin, and how many there are."""

_CEDEX = re.compile(r"(?<!\w)CE?DE?X ?(?:0*([0-9]{1,2})(?![0-9]))?(?= |$|(?<=[0-9]))(.*)$")
_POSTCODE_BEFORE = re.compile(r"(?:(?:F|FR|FRANCE) ?)?([0-9]{5})(?![0-9])(.*)")
_POSTCODE_BEHIND = re.compile(r"(.*\w) ([0-9]{5})")
_FOUR_DIGITS_BEFORE = re.compile(r"([0-9]{4}) ([^\W0-9].*)")
_NUMBER_BEHIND = re.compile(r"(.*?[^\W0-9]) ?0?([1-9][0-9]?)(?: ?(?:E|ER|ERE|EM|EME|IEME|ND|NDE))?(?: AR[A-Z]*)?")
_JUNK: Final = frozenset(load_list("placeholder_towns.txt"))
_ROMAN: Final = (
    *("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"),
    *("XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII", "XVIII", "XIX", "XX"),
)
_ORDINALS: Final = (
    *("PREMIER", "DEUXIEME", "TROISIEME", "QUATRIEME", "CINQUIEME", "SIXIEME", "SEPTIEME", "HUITIEME", "NEUVIEME"),
    *("DIXIEME", "ONZIEME", "DOUZIEME", "TREIZIEME", "QUATORZIEME", "QUINZIEME", "SEIZIEME", "DIXSEPTIEME"),
    *("DIXHUITIEME", "DIXNEUVIEME", "VINGTIEME"),
)
_ARRONDISSEMENT: Final = "ARRONDISSEMENT"
_WORDS: Final = ("", *(_ARRONDISSEMENT[:size] for size in range(2, 15)), "ARRT", "ARDT", "ARRDT")


class Town(NamedTuple):
    """A town field taken apart.

    `name` is folded; `number` is the arrondissement behind one of the `CAPITALS`, or any number of one or two digits
    behind another name; `cedex` is `CEDEX` or `CEDEX 8`; `postcode` stood in front of the town or behind it.
    """

    name: str | None
    number: int | None = None
    cedex: str | None = None
    postcode: str | None = None

    @property
    def written(self) -> str | None:
        """The town by the postal norm, with its number, as it is shown when no commune is found."""
        if self.name is None:
            return None
        return as_written(self.name) if self.number is None else f"{as_written(self.name)} {self.number}"


NOWHERE: Final = Town(None)


@lru_cache(maxsize=16_384)
def read_town(raw: str | None) -> Town:
    """Take a town field apart; names that stand for nothing (`INCONNU`, `XXX`) leave none."""
    text = clean(raw)
    folded = fold(text) if text else ""
    if not folded:
        return NOWHERE
    folded, cedex = _without_cedex(folded)
    postcode = None
    if not folded.replace(" ", "").isalpha():
        folded, postcode = _without_postcode(folded)
    if not folded or folded in _JUNK:
        return Town(None, None, cedex, postcode)
    name, number = _without_number(folded)
    return Town(name, number, cedex, postcode)


def _without_cedex(folded: str) -> tuple[str, str | None]:
    """Part the town from CEDEX and its number; what follows these is dropped unless nothing stands before."""
    if "X" not in folded:
        return folded, None
    found = _CEDEX.search(folded)
    if found is None:
        return folded, None
    number, behind = found.groups()
    before = folded[: found.start()].strip()
    return before or behind.strip(), f"CEDEX {number}" if number else "CEDEX"


def _without_postcode(folded: str) -> tuple[str, str | None]:
    postcode = None
    while found := _POSTCODE_BEFORE.fullmatch(folded):
        postcode, folded = postcode or found[1], found[2].strip()
    while found := _POSTCODE_BEHIND.fullmatch(folded):
        postcode, folded = postcode or found[2], found[1]
    if postcode is None and (found := _FOUR_DIGITS_BEFORE.fullmatch(folded)):
        return found[2], f"0{found[1]}"
    return folded, postcode


def _without_number(folded: str) -> tuple[str, int | None]:
    letters = squash(folded)
    for capital in CAPITALS:
        if letters != capital and (number := _arrondissement(letters, capital)):
            return capital, number
    found = _NUMBER_BEHIND.fullmatch(folded) if not letters.isalpha() else None
    return (found[1], int(found[2])) if found else (folded, None)


def _arrondissement(letters: str, capital: str) -> int | None:
    if letters.startswith(capital):
        number = _NUMBERS.get(letters[len(capital) :])
    elif letters.endswith(capital):
        number = _NUMBERS.get(letters[: -len(capital)].removesuffix("DE"))
    else:
        return None
    return number if number and number <= CAPITALS[capital][1] else None


def _all_numbers() -> dict[str, int]:
    forms: dict[str, int] = {}
    for number in range(1, 21):
        digits = [f"{number}", f"{number:02}"]
        endings = ["", "E", "EM", "EME", "IEME", "ME", *{1: ("ER", "ERE"), 2: ("ND", "NDE", "D")}.get(number, ())]
        stems = [stem + ending for stem in (*digits, _ROMAN[number - 1]) for ending in endings]
        forms |= {stem + word: number for stem in (*stems, _ORDINALS[number - 1]) for word in _WORDS}
    return forms


_NUMBERS: Final = _all_numbers()
