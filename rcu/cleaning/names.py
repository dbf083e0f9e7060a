"""Names: who stands behind a record, how the name is written and what it is compared on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Final, NamedTuple

from rcu.cleaning.casing import proper_case
from rcu.cleaning.givennames import given_root
from rcu.cleaning.junk import JunkLists
from rcu.cleaning.nameweights import likely_gender
from rcu.cleaning.notes import Note, joined, worst
from rcu.cleaning.phonetics import sound
from rcu.cleaning.saints import short_saints
from rcu.cleaning.text import clean, fold, settle
from rcu.cleaning.titles import (
    BORN,
    COUPLE,
    GENDERS,
    MARRIED,
    is_company,
    is_company_title,
    is_junk_name,
    read_civility,
    read_gender,
    take_civility,
)
from rcu.cleaning.wholenames import split_by_capitals, split_name, swapped
from rcu.domain.records import Quality, RecordKind

INPUTS: Final = ("civility", "gender", "first_name", "last_name", "birth_name", "full_name", "company")
_NOISE = re.compile(r"[^\w\s'./&,-]|_")
_EDGES = " .,;:/&-"
_JOINED_GIVEN = re.compile(r"\s+(?:[eèéêë]t|[aàâä]nd)\s+|\s*[&/+]\s*", re.IGNORECASE)
_HAS_LETTER = re.compile(r"[^\W\d_]")


class Name(NamedTuple):
    """The standard identity of a record, in the order of the identity columns, and its quality."""

    record_kind: str
    civility: str | None
    gender: str | None
    likely_gender: str | None
    first_name: str | None
    first_name_key: str | None
    first_name_root: str | None
    last_name: str | None
    last_name_key: str | None
    last_name_sound: str | None
    birth_name: str | None
    birth_name_key: str | None
    company: str | None
    name_quality: Quality
    name_notes: str | None


@dataclass(slots=True)
class Draft:
    """A name while it is being read: parts are cleaned text, not yet in proper case."""

    civility: str | None = None
    first: str | None = None
    last: str | None = None
    birth: str | None = None
    couple: bool = False
    quality: Quality = Quality.VALID
    notes: set[Note] = field(default_factory=set[Note])

    def remark(self, note: Note, quality: Quality = Quality.REPAIRED) -> None:
        """Keep in mind what was done to the name, or what is held against it."""
        self.notes.add(note)
        self.quality = worst((self.quality, quality))


class Written(NamedTuple):
    """One part of a name written out: for display, for comparing, and its root (given) or sound (surname)."""

    display: str | None
    key: str | None
    extra: str | None


_ROUNDS: Final = 5
_MEMORY: Final = 32_768
_UNWRITTEN: Final = Written(None, None, None)


def last_key(display: str) -> str:
    """Fold a surname; particles stay as words (`DE LA TOUR`, `D ESTAING`), SAINT is written ST."""
    return short_saints(fold(display))


@lru_cache(maxsize=_MEMORY)
def write_given(text: str | None, sex: str | None) -> Written:
    """Write a given name out, with its key and the full form it stands for; `sex` (`F`, `M`) when it is stated."""
    display = _display(text, given=True)
    if display is None:
        return _UNWRITTEN
    key = fold(display)
    return Written(display, key, given_root(key, sex))


@lru_cache(maxsize=_MEMORY)
def write_surname(text: str | None) -> Written:
    """Write a surname out, with its key and its sound."""
    display = _display(text)
    if display is None:
        return _UNWRITTEN
    key = last_key(display)
    return Written(display, key, sound(key))


def name_text(raw: str | None) -> str | None:
    """Clean the text of a name: no brackets, quotes or marks; None without a single letter or digit."""
    text = clean(raw)
    if text is None or text.isalpha():
        return text
    text = settle(_without_noise, text)
    return text if any(letter.isalnum() for letter in text) else None


def read_name(parts: tuple[str | None, ...], *, junk: JunkLists) -> Name:
    """Standardise the tuple of the columns `INPUTS` of one record.

    What was taken apart is read again until nothing moves, so that cleaning twice is cleaning once.
    """
    name = _read_once(parts, junk)
    if name.record_kind is RecordKind.COMPANY or name.record_kind is RecordKind.JUNK:
        return name
    for _ in range(_ROUNDS):
        again = _read_once(_as_parts(name), junk)
        if again[:-2] == name[:-2]:
            break
        notes = joined(f"{name.name_notes or ''} {again.name_notes or ''}".split())
        name = again._replace(name_quality=worst((name.name_quality, again.name_quality)), name_notes=notes)
    return name


def _read_once(parts: tuple[str | None, ...], junk: JunkLists) -> Name:
    civility, gender, first, last, birth, full, company = parts
    draft = Draft(civility=read_civility(civility) if civility else None)
    draft.first, draft.last, draft.birth = (_name_part(draft, part) for part in (first, last, birth))
    given_company = clean(company)
    if draft.first is None and draft.last is None and full is not None:
        _read_whole(draft, _name_part(draft, full), junk)
    titled = civility is not None and is_company_title(civility)
    if (kind := _not_a_person(draft, given_company, titled=titled, junk=junk)) is not None:
        return kind
    if draft.last is not None and " " in draft.last:
        _read_last(draft, draft.last)
    if draft.first is not None:
        _read_first(draft, draft.first)
    _read_shouted(draft)
    _drop_placeholders(draft, junk)
    _put_right(draft)
    return write_person(draft, read_gender(gender) if gender else None, given_company)


def _name_part(draft: Draft, raw: str | None) -> str | None:
    """Clean one part of a name; what cannot be a name (an address, digits) is left out."""
    text = name_text(raw)
    if text is not None and ("@" in (raw or "") or _HAS_LETTER.search(text) is None):
        draft.remark(Note.NOT_A_NAME, Quality.SUSPECT)
        return None
    return text


def _as_parts(name: Name) -> tuple[str | None, ...]:
    return (name.civility, name.gender, name.first_name, name.last_name, name.birth_name, None, name.company)


def _not_a_person(draft: Draft, company: str | None, *, titled: bool, junk: JunkLists) -> Name | None:
    first, last = draft.first, draft.last
    if first is None and last is None:
        return _organisation(company) if company else None
    if titled or is_company(last or first or "", alone=first is None):
        return _organisation(company or f"{last or ''} {first or ''}".strip())
    if first is None and company and last and fold(company) == fold(last):
        return _organisation(company)
    return _nobody(draft) if _is_nobody(first, last, junk) else None


def _is_nobody(first: str | None, last: str | None, junk: JunkLists) -> bool:
    if first is None or last is None:
        return _is_placeholder(first or last or "", junk)
    pairs = (f"{last} {first}", f"{first} {last}")
    both = _is_placeholder(first, junk) and _is_placeholder(last, junk)
    return both or any(_is_placeholder(pair, junk) for pair in pairs)


def _is_placeholder(text: str, junk: JunkLists) -> bool:
    return is_junk_name(fold(text), junk)


def _read_whole(draft: Draft, text: str | None, junk: JunkLists) -> None:
    """Split a whole name. Capitals mark the surname; without them frequencies decide."""
    draft.last = text
    if text is None or _is_placeholder(text, junk) or is_company(text, alone=True):
        return
    _read_last(draft, text)
    draft.remark(Note.WHOLE_NAME_SPLIT)
    words = (draft.last or "").split()
    if len(words) > 1 and draft.first is None:
        _apply_split(draft, words, text)
    elif draft.birth and " " in draft.birth and draft.first is None:
        # Marie PETIT épouse DURAND: the first name stands before the birth name
        found = split_name(draft.birth.split(), draft.birth)
        draft.first, draft.birth = (found.first, found.last) if found else (None, draft.birth)


def _read_shouted(draft: Draft) -> None:
    """Split a whole name that fills one of two columns when capitals say what is what: `DUPONT Jean`."""
    text = (draft.last or draft.first or "") if draft.first is None or draft.last is None else ""
    if " " in text and not draft.couple and (split := split_by_capitals(text.split())) is not None:
        draft.first, draft.last, _ = split
        draft.remark(Note.WHOLE_NAME_SPLIT)


def _apply_split(draft: Draft, words: list[str], text: str) -> None:
    found = split_name(words, text)
    if found is None:
        return
    draft.first, draft.last = found.first, found.last
    draft.remark(Note.WHOLE_NAME_SPLIT)
    if not found.sure:
        draft.remark(Note.ORDER_GUESSED, Quality.SUSPECT)


def _put_right(draft: Draft) -> None:
    """Let first and last name change places when they certainly stand in each other's column."""
    if draft.first is None or draft.last is None or draft.couple or draft.birth:
        return
    if swapped(fold(draft.first), fold(draft.last)):
        draft.first, draft.last = draft.last, draft.first
        draft.remark(Note.COLUMNS_SWAPPED)


def _read_last(draft: Draft, text: str) -> None:
    words = _take_civility(draft, text.split(), lone_m=True)
    titled = len(words) < len(text.split())
    words = _take_birth_name(draft, words)
    draft.last = " ".join(words).strip(_EDGES) or None
    if titled and draft.first is None and len(words) > 1 and not draft.couple:
        _apply_split(draft, words, draft.last or "")


def _take_civility(draft: Draft, words: list[str], *, lone_m: bool) -> list[str]:
    civility, rest = take_civility(words, lone_m=lone_m)
    if civility is not None:
        draft.civility = draft.civility or civility
        draft.couple = draft.couple or civility == COUPLE
        draft.remark(Note.CIVILITY_MOVED)
    return rest


def _take_birth_name(draft: Draft, words: list[str]) -> list[str]:
    for place in range(1, len(words) - 1):
        word = fold(words[place])
        if word not in BORN and word not in MARRIED:
            continue
        before, after = words[:place], words[place + 1 :]
        usage, birth = (before, after) if word in BORN else (after, before)
        draft.birth = draft.birth or " ".join(birth).strip(_EDGES) or None
        draft.remark(Note.BIRTH_NAME_MOVED)
        return usage
    if len(words) > 1 and fold(words[0]) in {"VEUVE", "VVE"}:
        draft.remark(Note.CIVILITY_MOVED)
        return words[1:]
    return words


def _read_first(draft: Draft, text: str) -> None:
    if " " in text:
        text = " ".join(_take_civility(draft, text.split(), lone_m=False))
    people = [part for part in _JOINED_GIVEN.split(text) if part.strip(_EDGES)]
    if len(people) > 1:
        draft.couple, text = True, people[0]
        draft.remark(Note.SECOND_PERSON_DROPPED)
    first = text.split(",")[0].strip(_EDGES) or text.strip(_EDGES)
    if "," in text.strip(_EDGES):
        draft.remark(Note.EXTRA_GIVEN_DROPPED)
    draft.first = first or None


def _drop_placeholders(draft: Draft, junk: JunkLists) -> None:
    if draft.first is not None and _is_placeholder(draft.first, junk):
        draft.first = None
        draft.remark(Note.PLACEHOLDER, Quality.SUSPECT)
    if draft.last is not None and _is_placeholder(draft.last, junk):
        draft.last = None
        draft.remark(Note.PLACEHOLDER, Quality.SUSPECT)
    if draft.birth is not None and _is_placeholder(draft.birth, junk):
        draft.birth = None


def write_person(draft: Draft, gender: str | None, company: str | None) -> Name:
    """Write out the person, or the couple, a draft was read as; `gender` is what its own column says (`M`, `F`)."""
    couple = draft.couple or draft.civility == COUPLE
    civility = COUPLE if couple else draft.civility
    sex = None if couple else gender or GENDERS.get(civility or "")
    first, last, birth = write_given(draft.first, sex), write_surname(draft.last), write_surname(draft.birth)
    quality = _quality(draft, first.display, last.display)
    return Name(
        RecordKind.COUPLE if couple else RecordKind.PERSON,
        civility,
        sex,
        None if couple or first.key is None else likely_gender(first.key),
        *first,
        *last,
        birth.display,
        birth.key,
        company,
        quality,
        joined(draft.notes),
    )


def _quality(draft: Draft, first: str | None, last: str | None) -> Quality:
    if first is None and last is None:
        return Quality.SUSPECT if draft.quality is Quality.SUSPECT else Quality.MISSING
    return draft.quality


def _display(text: str | None, *, given: bool = False) -> str | None:
    if text is None or not fold(text):
        return None
    if text.isascii():
        return proper_case(text.strip(_EDGES), given=given)
    return settle(partial(_cased, given=given), text) or None


def _cased(text: str, *, given: bool) -> str:
    return proper_case((name_text(text) or "").strip(_EDGES), given=given)


_NO_NAME: Final = Name(RecordKind.PERSON, *(None,) * 12, name_quality=Quality.MISSING, name_notes=None)


def _organisation(company: str) -> Name:
    return _NO_NAME._replace(record_kind=RecordKind.COMPANY, company=company, name_quality=Quality.VALID)


def _nobody(draft: Draft) -> Name:
    return _NO_NAME._replace(
        record_kind=RecordKind.JUNK,
        first_name=_display(draft.first, given=True),
        last_name=_display(draft.last),
        name_quality=Quality.JUNK,
        name_notes=Note.PLACEHOLDER,
    )


def _without_noise(text: str) -> str:
    return " ".join(_NOISE.sub(" ", text).split()).strip(_EDGES)
