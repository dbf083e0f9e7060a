"""Names of French streets: the type and the name written out, and the key that compares them."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from rcu.cleaning.streetwords import ARTICLES, KINDS, MAY_OPEN, MONTHS, TITLES, Words, kind_at
from rcu.cleaning.text import fold

_PLAIN_TEXT: Final = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿŒœ]+(?:(?:\.? +|\.|['’-])[A-Za-zÀ-ÖØ-öø-ÿŒœ]+)*\.?")
_PHRASES: Final = {form: rules["phrase"] for form, rules in TITLES.items() if "phrase" in rules}
# three words each: J J ROUSSEAU
_INITIALS: Final = {form: rules["key"] for form, rules in TITLES.items() if "key" in rules}
_PHRASE_STARTS: Final = frozenset(form.split(" ")[0] for form in _PHRASES)
_YEARS: Final = {"18": "1918", "40": "1940", "44": "1944", "45": "1945", "62": "1962"}
_ABBREVIATED: Final = TITLES.keys() | _PHRASE_STARTS | MONTHS.keys()
# kinds that stand for one another in keys
_SAME_KIND: Final = {"ALLEES": "ALLEE", "QUAIS": "QUAI", "CITES": "CITE", "JARDINS": "JARDIN", "PARCS": "PARC",
                     "SENTES": "SENTE", "SENTIERS": "SENTIER", "TERRASSES": "TERRASSE", "VILLAS": "VILLA",
                     "ZONE D ACTIVITES": "ZONE ARTISANALE", "ZONE D ACTIVITES ECONOMIQUES": "ZONE ARTISANALE",
                     "REMPARTS": "REMPART"}  # fmt: skip
_NUMBERS: Final = {"PREMIER": "1ER", "QUATRE": "4", "HUIT": "8", "ONZE": "11", "QUATORZE": "14"}


class Street(NamedTuple):
    """A street: its type in full (`AVENUE`), its name with the article (`DU GENERAL DE GAULLE`), its key."""

    type: str | None
    name: str | None
    key: str | None

    @property
    def display(self) -> str:
        """Type and name in one."""
        return " ".join(part for part in (self.type, self.name) if part)


def read_street(text: str) -> Street:
    """Read the text behind a house number as one street: type, name and key, abbreviations written out.

    The whole text is taken as the street's: use `plain_street` where it may hold anything else.
    The key leaves articles out (`AVENUE GENERAL GAULLE`), and case, accents and punctuation do not matter to it.
    """
    return street_of(fold(text))


@lru_cache(maxsize=32_768)
def plain_street(text: str) -> Street | None:
    """Read the text behind a house number when it is plain; None when it needs `read_delivery`.

    Plain is: Latin letters, in words that one apostrophe, hyphen or dot or blanks stand between, of which, folded, the
    first (or the first two to four) is a way or a close (`RUE`, `AV`, `GRANDE RUE`, `CLOS`) of two letters or more with
    at least one word behind it, and none of the others may open another part: no word that `delivery_words` begins with
    (`BATIMENT`, `PORTE`, `TOUR`), none that a clear estate or hamlet begins with (`RESIDENCE`, `ZI`, `HAMEAU`) and no
    single letter but D and L. What this gives is what `read_delivery` gives.
    """
    if not _PLAIN_TEXT.fullmatch(text):
        return None
    folded = fold(text)
    return street_of(folded) if is_plain(folded.split(" ")) else None


def is_plain(words: Words) -> bool:
    """Tell whether the folded words behind a house number are one street and nothing else, see `plain_street`."""
    if len(words) < 2 or len(words[0]) < 2:
        return False
    found = kind_at(words, 0)
    if found is None or found[0].group not in {"way", "close"}:
        return False
    return MAY_OPEN.isdisjoint(words[1:])


@lru_cache(maxsize=32_768)
def street_of(text: str) -> Street:
    """Read folded text as one street."""
    words = text.split()
    if not words:
        return Street(None, None, None)
    found = kind_at(words, 0)
    kind, size = (found[0].full, found[1]) if found else (None, 0)
    alone = KINDS.get(words[0]) if len(words) == 1 else None
    if alone is not None and alone.group == "way":
        return Street(alone.full, None, _key(alone.full, []))
    name = write_out(words[size:])
    return Street(kind, " ".join(name) or None, _key(kind, name))


def write_out(words: Words) -> list[str]:
    """Write out the abbreviated titles and months of a name: DR CALMETTE, 11 NOV 18."""
    if _ABBREVIATED.isdisjoint(words):
        return list(words)
    written: list[str] = []
    place, size = 0, len(words)
    while place < size:
        full, taken = _phrase(words, place)
        if not taken:
            full, taken = _word(words, place), 1
        written += full.split(" ")
        place += taken
    return written


def _phrase(words: Words, place: int) -> tuple[str, int]:
    if words[place] in _PHRASE_STARTS:
        for size in (3, 2):
            form = " ".join(words[place : place + size])
            if form in _PHRASES and place + size <= len(words):
                return _PHRASES[form], size
    return "", 0


def _word(words: Words, place: int) -> str:
    word = words[place]
    behind = words[place + 1] if place + 1 < len(words) else None
    before = words[place - 1] if place else ""
    rules = TITLES.get(word)
    if rules is not None:
        return rules["plural"] if before == "DES" and "plural" in rules else _titled(word, rules, behind)
    if word in MONTHS and before[:2].strip("ER").isdigit():
        return MONTHS[word]
    if word in _YEARS and before in MONTHS and place > 1 and words[place - 2][0].isdigit():
        return _YEARS[word]
    return word


def _titled(word: str, rules: dict[str, str], behind: str | None) -> str:
    if "anywhere" in rules:
        return rules["anywhere"]
    if behind is None:
        return word
    position = "linked" if behind in ARTICLES else "bare"
    return rules.get(position) or rules.get("title") or word


def _key(kind: str | None, name: list[str]) -> str | None:
    if not _NUMBERS.keys().isdisjoint(name):
        name = [_NUMBERS.get(word, word) if behind in MONTHS else word for word, behind in pairwise([*name, ""])]
    spelt = _INITIALS.get(" ".join(name[-3:]))
    if spelt is not None:
        name = [*name[:-3], *spelt.split(" ")]
    telling = [word for word in name if word not in ARTICLES] or name
    return " ".join([_SAME_KIND.get(kind, kind), *telling] if kind else telling) or None
