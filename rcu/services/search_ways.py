"""Which ways to look for what was typed: by names as they are typed, by names near them, by numbers and mailboxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from rcu.services.search_terms import (
    SHORTEST_NUMBER,
    Level,
    Reading,
    Terms,
    forms_of,
    mailbox_beginnings,
    of_first,
    of_last,
    one_slip_away,
    phone_beginnings,
    readings,
    slips_between,
    walked_from,
    with_particles,
)
from rcu.store.engine import Transaction
from rcu.store.search import How, Wanted, Way, names_from

_MOST_WAYS: Final = 40
_NEAR: Final = 8
"""So many names near a word are looked for."""
_WALK: Final = 300
_BORN: Final = 3
"""Birth names are looked for where there are so many words at most."""
_SHORTENED: Final = 3
"""A word that is not the last is taken for the beginning of a name from so many letters on."""
_LAST: Final = "last_name_key"
_FIRST: Final = "first_name_key"


def _begins(text: str) -> Wanted:
    return Wanted(How.BEGINS, text)


def by_identifiers(terms: Terms, *, contacts: bool) -> list[Way]:
    """The ways of the longest number or code that may be one of a phone, a card or a mailbox."""
    long = [*terms.codes, *(number for number in terms.numbers if len(number) >= SHORTEST_NUMBER)]
    if not long:
        return []
    one = max(long, key=len)
    ways: list[Way] = [(("loyalty_number", _begins(card)),) for card in sorted({one, one.upper()})]
    if not contacts:
        return ways
    if one in terms.codes:
        return ways + [(("email_key", _begins(begun)),) for begun in mailbox_beginnings(one)]
    for name in ("mobile", "landline"):
        ways += [((name, _begins(begun)),) for begun in phone_beginnings(one)]
        ways += [((name, Wanted(How.ENDS, one)),)] if one.isdecimal() else []
    return ways


def by_names(terms: Terms, *, contacts: bool) -> list[Way]:
    """The ways of words as they are typed: all of them whole but the last."""
    if not _are_names(terms, contacts=contacts):
        return []
    ways = (way for reading in _read(terms, contacts=contacts) for way in _typed(reading, terms))
    return list(islice(ways, _MOST_WAYS))


def _are_names(terms: Terms, *, contacts: bool) -> bool:
    if not terms.words or terms.codes or len(max(terms.words, key=len)) < 2:
        return False
    return not terms.numbers or (contacts and terms.postcode is not None)


def _read(terms: Terms, *, contacts: bool) -> list[Reading]:
    """A town is contact, and not looked for beside a postcode."""
    return list(readings(terms.words, towns=contacts and terms.postcode is None))


def _typed(reading: Reading, terms: Terms) -> list[Way]:
    last, first = (_wanted(text, terms) for text in (reading.last, reading.first))
    where = _where(reading, terms)
    ways = _way({_LAST: last, _FIRST: first}, where)
    if last and not reading.town and len(terms.words) <= _BORN:
        # of a birth name there are few: first names beside it would be looked for in an index where there are many
        birth: Way = (("birth_name_key", last),)
        ways.append((*birth, (_FIRST, first)) if last.how is How.IS and first else birth)
    return ways


def _wanted(text: str, terms: Terms) -> Wanted | None:
    if not text:
        return None
    open_ended = text.rpartition(" ")[2] == terms.words[-1] and " ".join(terms.words).endswith(text)
    return _begins(text) if open_ended else Wanted(How.IS, text)


def _where(reading: Reading, terms: Terms) -> Mapping[str, Wanted | None]:
    return {
        "postcode": _begins(terms.postcode) if terms.postcode else None,
        "city_key": _begins(reading.town) if reading.town else None,
    }


def _way(names: Mapping[str, Wanted | None], where: Mapping[str, Wanted | None]) -> list[Way]:
    """A way, if it is one: with a place all that begins so is read, which a few letters are too little for."""
    said = [(name, wanted) for name, wanted in names.items() if wanted is not None]
    said.sort(key=lambda one: one[1].how is How.BEGINS)
    places = [(name, wanted) for name, wanted in where.items() if wanted is not None]
    first = said[0][1]
    if (places or len(said) > 1) and first.how is How.BEGINS and len(first.value) < _SHORTENED:
        return []
    return [(*said, *places)]


@dataclass(frozen=True, slots=True)
class NearNames:
    """Names there are that are near words: of last names and of first names, by word."""

    last: Mapping[str, tuple[str, ...]]
    first: Mapping[str, tuple[str, ...]]


def names_near(connection: Transaction, terms: Terms) -> NearNames:
    """Look for names near the words that were typed."""
    words = tuple(dict.fromkeys(terms.words))
    last = _near(connection, _LAST, words, more=with_particles, level=of_last)
    return NearNames(last, _near(connection, _FIRST, words, more=forms_of, level=of_first))


def _near(
    connection: Transaction,
    column: str,
    words: Sequence[str],
    *,
    more: Callable[[str], list[str]],
    level: Callable[[str, str], Level],
) -> dict[str, tuple[str, ...]]:
    """Names that begin as a word does that was mended, and, of long words, those that share its beginning."""
    mended = dict.fromkeys(one for word in words for one in (*one_slip_away(word), *more(word)))
    walked = dict.fromkeys(one for word in words if (one := walked_from(word)))
    there = {*names_from(connection, column, mended, most=1), *names_from(connection, column, walked, most=_WALK)}
    return {word: _nearest(word, there, level) for word in words}


def _nearest(word: str, there: set[str], level: Callable[[str, str], Level]) -> tuple[str, ...]:
    ranked = sorted(
        (how, slips_between(word, name) or 0, abs(len(name) - len(word)), name)
        for name in there
        if (how := level(word, name)) is not Level.NOT and name != word
    )
    return tuple(name for *_, name in ranked[:_NEAR])


def by_near_names(terms: Terms, near: NearNames, *, contacts: bool) -> list[Way]:
    """The ways of names near what was typed, and of shortened ones."""
    if not _are_names(terms, contacts=contacts):
        return []
    ways = (way for reading in _read(terms, contacts=contacts) for way in _mended(reading, terms, near))
    return list(islice(dict.fromkeys(ways), _MOST_WAYS))


def _mended(reading: Reading, terms: Terms, near: NearNames) -> list[Way]:
    where = _where(reading, terms)
    lasts = _alternatives(reading.last, terms, near.last)
    firsts = _alternatives(reading.first, terms, near.first)
    typed = (_wanted(reading.last, terms), _wanted(reading.first, terms))
    pairs = ((last, first) for last in lasts for first in firsts if (last, first) != typed)
    return [way for last, first in pairs for way in _way({_LAST: last, _FIRST: first}, where)]


def _alternatives(text: str, terms: Terms, near: Mapping[str, tuple[str, ...]]) -> list[Wanted | None]:
    """What one part of a name may be: as it is typed, or shortened, or one of those near it."""
    if not text:
        return [None]
    typed = _wanted(text, terms)
    if len(text) >= _SHORTENED:
        typed = _begins(text)
    names = near.get(text, ())
    return [typed, Wanted(How.AMONG, names)] if names else [typed]
