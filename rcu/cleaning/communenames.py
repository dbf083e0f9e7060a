"""The written forms of town names: the postal norm for display, one run of letters for comparing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final

from rcu.cleaning.saints import SHORT_SAINTS, postal_saints
from rcu.cleaning.text import fold

_SAINTS: Final = frozenset(SHORT_SAINTS.values())
_ARTICLES: Final = frozenset({"LE", "LA", "LES", "L"})
_SMALL: Final = frozenset(
    {"DE", "DU", "DES", "D", "L", "LA", "LE", "LES", "LEZ", "EN", "AU", "AUX", "A", "ET", "SUR", "SOUS", "S", "SS"}
)
_SHORT: Final[dict[str, tuple[str, ...]]] = {
    "S": ("SUR", "ST", "SOUS", "STE"),
    "SS": ("SOUS", "SUR"),
    "ND": ("NOTRE DAME",),
    "MT": ("MONT",),
    "GD": ("GRAND",),
    "GDE": ("GRANDE",),
    "CHAT": ("CHATEAU",),
}
_MOST_SHORT = 3


def official(name: str) -> str:
    """Write a commune's name as line 6 of an address has it (NF Z10-011): upper case, no accents, ST for SAINT."""
    return postal_saints(fold(name))


def as_written(folded: str) -> str:
    """Write an unknown town by the same norm: `S/` is SUR, `S/S` is SOUS."""
    words = postal_saints(_rejoined(folded)).split(" ")
    for place in range(1, len(words) - 1):
        words[place] = {"S": "SUR", "SS": "SOUS"}.get(words[place], words[place])
    return " ".join(words)


def squash(folded: str) -> str:
    """Reduce a folded name to the letters that tell it apart: no spaces, SAINT as ST, LEZ as LES."""
    letters = folded.replace(" ", "")
    if "SAINT" in letters:
        letters = letters.replace("SAINT", "ST")
    return letters.replace("LEZ", "LES") if "LEZ" in letters else letters


def spelt_out(folded: str) -> str:
    """Give the squashed form with SAINT whole, so that a slip within that word stays a slip of one letter."""
    return saints_whole(folded).replace(" ", "").replace("LEZ", "LES")


def saints_whole(folded: str) -> str:
    """Write SAINT, SAINTE and their plurals whole."""
    return " ".join("SAINT" + word[2:] if word in _SAINTS else word for word in folded.split(" "))


def without_article(folded: str) -> str:
    """Drop the article in front: people look for Le Havre under H."""
    first, _, rest = folded.partition(" ")
    return rest if rest and first in _ARTICLES else folded


def skeleton(folded: str) -> str:
    """Reduce a name to its words that carry meaning (`CHALONS CHAMPAGNE` for Chalons-en-Champagne)."""
    return squash("".join(significant(folded)))


def significant(folded: str) -> list[str]:
    """Give the words of a name that carry meaning."""
    return [word for word in folded.split(" ") if word not in _SMALL]


def readings(folded: str) -> Iterator[str]:
    """Give the squashed names a written town may stand for, likeliest first: abbreviations read, articles moved."""
    for spelling in _expansions(_rejoined(folded).split(" ")):
        yield squash(" ".join(spelling))
        if len(spelling) > 1 and spelling[-1] in _ARTICLES:
            yield squash(" ".join([spelling[-1], *spelling[:-1]]))


def bare_readings(folded: str) -> Iterator[str]:
    """Give the names a town may stand for if its article is too much (`LE SEVRES`)."""
    bare = without_article(folded)
    if bare != folded:
        yield from readings(bare)


def _rejoined(folded: str) -> str:
    """Join what punctuation parted: `S/S` folds to two letters, as do `N.D.` and a lost apostrophe."""
    spaced = f" {folded} ".replace(" S S ", " SS ").replace(" N D ", " ND ")
    return spaced.strip() or folded


def _expansions(words: list[str]) -> Iterator[list[str]]:
    choices = [_SHORT.get(word, (word,)) for word in words]
    if words and words[0] == "S":
        choices[0] = ("ST", "STE", "SUR")
    if sum(len(choice) > 1 for choice in choices) > _MOST_SHORT:
        yield words
        return
    for spelling in product(*choices):
        yield list(spelling)
