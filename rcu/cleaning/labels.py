"""Print postal labels: at most six lines of 38 characters, as the postal norm NF Z10-011 has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from rcu.cleaning.nameweights import is_given
from rcu.cleaning.saints import postal_saints
from rcu.cleaning.streetwords import ARTICLES, SHORT_FORMS, SHORT_KINDS, SHORT_TITLES
from rcu.cleaning.text import clean, fold, load_pairs

LINES: Final = 6
WIDTH: Final = 38
STREET_WIDTH: Final = 32
"""Line 4 is abbreviated only when it is longer than this."""

_DOMESTIC: Final = frozenset({"FR", "MC"})
_UNKNOWN: Final = "ZZ"
_WORD: Final = re.compile(r"[^\W_]+")
_Step = Callable[[list[str]], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whom and where a label is for: the standard columns of a record, all text or None."""

    civility: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address_complement: str | None = None
    building: str | None = None
    street: str | None = None
    street_number: str | None = None
    street_suffix: str | None = None
    street_type: str | None = None
    street_name: str | None = None
    place: str | None = None
    postcode: str | None = None
    city: str | None = None
    cedex: str | None = None
    country: str | None = None


def postal_label(recipient: Recipient) -> tuple[str, ...]:
    """Give the lines of a label, empty ones left out: at most 6 of at most 38 characters.

    1 the company or the person, a person in a company below it; 2 flat, floor, c/o; 3 building; 4 number and street;
    5 hamlet or post box; 6 postcode and town or CEDEX; a foreign country stands below. All is upper case without
    accents, and from the street on without punctuation. What is too long is abbreviated first and cut, at a word, only
    then. Where there would be more than six lines, the company of a person goes, the building joins the complement's
    line, and last the place goes.
    """
    company = _cut(_text(recipient.company))
    name = _person(recipient)
    flat, building = _guide(recipient.address_complement), _guide(recipient.building)
    ending = [_street(recipient), _place(recipient.place), _town(recipient), _country(recipient.country)]
    lines = [company, name, flat, building, *ending]
    if _count(lines) > LINES and name:
        lines[0] = ""
    if _count(lines) > LINES and flat and building:
        lines[2:4] = [_guide(f"{recipient.address_complement} {recipient.building}"), ""]
    if _count(lines) > LINES:
        lines[5] = ""
    return tuple(line for line in lines if line)


def _count(lines: Sequence[str]) -> int:
    return sum(1 for line in lines if line)


def _text(value: str | None) -> str:
    """Write text in capitals without accents; its punctuation stays."""
    return " ".join(_WORD.sub(lambda found: fold(found[0]), clean(value) or "").split())


def _joined(parts: Iterable[str | None]) -> str:
    return " ".join(part for part in parts if part)


def _cut(text: str) -> str:
    """Cut text at a word to fit a line, inside a word only when there is but one."""
    if len(text) <= WIDTH:
        return text
    head, space, _ = text[: WIDTH + 1].rpartition(" ")
    return head.rstrip() if space and head else text[:WIDTH]


def _person(recipient: Recipient) -> str:
    """Write civility, first and last name; the first name shrinks to initials before anything is cut."""
    civility, first, last = _text(recipient.civility), _text(recipient.first_name), _text(recipient.last_name)
    if not first and not last:
        return ""
    initials = " ".join(word[0] for word in re.split(r"[ -]+", first) if word)
    for parts in ((civility, first, last), (civility, initials, last), (initials, last)):
        line = _joined(parts)
        if len(line) <= WIDTH:
            return line
    return _cut(last or first)


def _guide(value: str | None) -> str:
    """Write line 2 or 3, its words abbreviated when it is too long (`APPARTEMENT` as `APPT`)."""
    text = _text(value)
    if len(text) > WIDTH:
        text = " ".join(SHORT_FORMS.get(word, word) for word in fold(text).split())
    return _cut(text)


def _street(recipient: Recipient) -> str:
    """Write line 4, abbreviated step by step only when the street is longer than the norm allows."""
    number = fold(_joined((recipient.street_number, recipient.street_suffix)))
    kind, name = fold(recipient.street_type or ""), fold(recipient.street_name or "")
    if not (kind or name):
        number, name = "", fold(recipient.street or number)
    words = name.split()
    if _fits(number, kind, words):
        return _joined((number, kind, *words))
    kind = SHORT_KINDS.get(kind, kind)
    for step in _STEPS:
        if _fits(number, kind, words):
            break
        words = step(words)
    return _cut(_joined((number, kind, *words)))


def _fits(number: str, kind: str, words: Sequence[str]) -> bool:
    return len(_joined((number, kind, *words))) <= STREET_WIDTH


def _short_titles(words: list[str]) -> list[str]:
    """Abbreviate titles before another word, one after the other as the norm has them: GENERAL as GAL."""
    text = " ".join(words).replace("NOTRE DAME ", "ND ")
    words = text.split(" ")
    return [SHORT_TITLES.get(word, word) for word in words[:-1]] + words[-1:]


def _initials(words: list[str]) -> list[str]:
    """Reduce given names before the surname to their initial; a saint keeps his name."""
    return [
        word[0] if is_given(word) and place + 1 < len(words) and not _is_saint(words, place) else word
        for place, word in enumerate(words)
    ]


def _is_saint(words: list[str], place: int) -> bool:
    return place > 0 and words[place - 1] in {"ST", "STE", "SAINT", "SAINTE"}


def _without_articles(words: list[str]) -> list[str]:
    return [word for word in words if word not in ARTICLES or word == "A"] or words


_STEPS: Final[tuple[_Step, ...]] = (_short_titles, _initials, _without_articles)


def _place(value: str | None) -> str:
    words = fold(value or "").split()
    if len(" ".join(words)) > WIDTH:
        words = [SHORT_FORMS.get(word, word) for word in words]
    return _cut(postal_saints(" ".join(words)))


def _town(recipient: Recipient) -> str:
    """Write line 6; the town is cut before CEDEX is."""
    postcode = fold(recipient.postcode or "")
    cedex = fold(recipient.cedex or "")
    town = postal_saints(fold(recipient.city or "")).split()
    while len(town) > 1 and len(_joined((postcode, *town, cedex))) > WIDTH:
        town.pop()
    return _cut(_joined((postcode, *town, cedex)))


def _country(code: str | None) -> str:
    """Name a foreign country in upper case; nothing for France, Monaco and a country nobody could read."""
    key = fold(code or "")
    if not key or key in _DOMESTIC or key == _UNKNOWN:
        return ""
    return _cut(_country_names().get(key, key))


@cache
def _country_names() -> dict[str, str]:
    """Give the first name in full that is listed for each country."""
    names: dict[str, str] = {}
    for name, code in load_pairs("countries.csv").items():
        if len(name) > 3:
            names.setdefault(code, name)
    return names
