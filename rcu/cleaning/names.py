"""Names: who stands behind a record, how the name is written and what it is compared on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from rcu.cleaning.casing import proper_case
from rcu.cleaning.givennames import given_root, looks_given
from rcu.cleaning.phonetics import sound
from rcu.cleaning.settings import CleaningSettings
from rcu.cleaning.text import clean, fold, settle
from rcu.cleaning.titles import (
    BORN,
    COUPLE,
    GENDERS,
    MARRIED,
    is_company,
    is_junk_name,
    read_civility,
    read_gender,
    take_civility,
)
from rcu.domain.records import Quality, RecordKind

INPUTS: Final = ("civility", "gender", "first_name", "last_name", "birth_name", "full_name", "company")
_NOISE = re.compile(r"[^\w\s'./&,-]|_")
_EDGES = " .,;:/&-"
_JOINED_GIVEN = re.compile(r"\s+(?:et|and)\s+|\s*[&/+]\s*", re.IGNORECASE)
_SAINTS = {"SAINT": "ST", "SAINTE": "STE", "SAINTS": "STS", "SAINTES": "STES"}
_HAS_LETTER = re.compile(r"[^\W\d_]")


class Name(NamedTuple):
    """The standard identity of a record, in the order of the identity columns, and its quality."""

    record_kind: str
    civility: str | None
    gender: str | None
    first_name: str | None
    first_name_key: str | None
    first_name_root: str | None
    last_name: str | None
    last_name_key: str | None
    last_name_sound: str | None
    birth_name: str | None
    birth_name_key: str | None
    company: str | None
    name_quality: str


@dataclass(slots=True)
class Draft:
    """A name while it is being read: parts are cleaned text, not yet in proper case."""

    civility: str | None = None
    first: str | None = None
    last: str | None = None
    birth: str | None = None
    couple: bool = False
    quality: Quality = Quality.VALID


class Written(NamedTuple):
    """One part of a name written out: for display, for comparing, and its root (given) or sound (surname)."""

    display: str | None
    key: str | None
    extra: str | None


_ROUNDS: Final = 5
_SEVERITY: Final = (Quality.MISSING, Quality.VALID, Quality.REPAIRED, Quality.SUSPECT, Quality.JUNK)
_UNWRITTEN: Final = Written(None, None, None)


def last_key(display: str) -> str:
    """Fold a surname; particles stay as words (`DE LA TOUR`, `D ESTAING`), SAINT is written ST."""
    key = fold(display)
    return " ".join(_SAINTS.get(word, word) for word in key.split(" ")) if "SAINT" in key else key


def write_given(text: str | None) -> Written:
    """Write a given name out, with its key and the full form it stands for."""
    display = _display(text, given=True)
    if display is None:
        return _UNWRITTEN
    key = fold(display)
    return Written(display, key, given_root(key))


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


def read_name(parts: tuple[str | None, ...], *, settings: CleaningSettings) -> Name:
    """Standardise the tuple of the columns `INPUTS` of one record.

    What was taken apart is read again until nothing moves, so that cleaning twice is cleaning once.
    """
    name = _read_once(parts, settings)
    for _ in range(_ROUNDS):
        again = _read_once(_as_parts(name), settings)
        if again[:-1] == name[:-1]:
            break
        name = again._replace(name_quality=max(name.name_quality, again.name_quality, key=_SEVERITY.index))
    return name


def _read_once(parts: tuple[str | None, ...], settings: CleaningSettings) -> Name:
    civility, gender, first, last, birth, full, company = parts
    draft = Draft(civility=read_civility(civility) if civility else None)
    draft.first, draft.last, draft.birth = name_text(first), name_text(last), name_text(birth)
    given_company = clean(company)
    if draft.first is None and draft.last is None and full is not None:
        _read_whole(draft, name_text(full), settings)
    if (kind := _not_a_person(draft, given_company, settings)) is not None:
        return kind
    if draft.last is not None and " " in draft.last:
        _read_last(draft, draft.last)
    if draft.first is not None:
        _read_first(draft, draft.first)
    _drop_placeholders(draft, settings)
    return _person(draft, read_gender(gender) if gender else None, given_company)


def _as_parts(name: Name) -> tuple[str | None, ...]:
    return (name.civility, name.gender, name.first_name, name.last_name, name.birth_name, None, name.company)


def _not_a_person(draft: Draft, company: str | None, settings: CleaningSettings) -> Name | None:
    first, last = draft.first, draft.last
    if first is None and last is None:
        return _organisation(company) if company else None
    if _is_organisation(last or first or "", alone=first is None):
        return _organisation(company or f"{last or ''} {first or ''}".strip())
    if first is None and company and last and fold(company) == fold(last):
        return _organisation(company)
    return _nobody(draft) if _is_nobody(first, last, settings) else None


def _is_nobody(first: str | None, last: str | None, settings: CleaningSettings) -> bool:
    if first is None or last is None:
        return _is_placeholder(first or last or "", settings)
    pairs = (f"{last} {first}", f"{first} {last}")
    both = _is_placeholder(first, settings) and _is_placeholder(last, settings)
    return both or any(_is_placeholder(pair, settings) for pair in pairs)


def _is_placeholder(text: str, settings: CleaningSettings) -> bool:
    return is_junk_name(fold(text), settings)


def _is_organisation(text: str, *, alone: bool) -> bool:
    return is_company(fold(text), alone=alone)


def _read_whole(draft: Draft, text: str | None, settings: CleaningSettings) -> None:
    """Split a whole name. Capitals mark the surname; without them a known given name or the order decides."""
    if text is None:
        return
    draft.last = text
    if _is_placeholder(text, settings):
        return
    _read_last(draft, text)
    words = (draft.last or "").split()
    if len(words) < 2 or draft.first or draft.couple or is_company(fold(draft.last or ""), alone=True):
        return
    draft.first, draft.last, draft.quality = _split(words, text)


def _split(words: list[str], text: str) -> tuple[str, str, Quality]:
    surname, comma, given = text.rpartition(",") if text.count(",") == 1 else ("", "", "")
    if (
        comma
        and surname.strip()
        and given.strip()
        and fold(surname).split() == [fold(w) for w in words][: len(fold(surname).split())]
    ):
        return given.strip(), surname.strip(), Quality.REPAIRED
    capitals = [word.isupper() and len(fold(word)) > 1 for word in words]
    if any(capitals) and not all(capitals):
        last = [word for word, capital in zip(words, capitals, strict=True) if capital or _small(word)]
        first = [word for word in words if word not in last]
        if first and last:
            return " ".join(first), " ".join(last), Quality.REPAIRED
    if all(capitals) and not looks_given(words[0]):
        known = looks_given(words[-1])
        return words[-1], " ".join(words[:-1]), Quality.REPAIRED if known else Quality.SUSPECT
    known = looks_given(words[0]) and not looks_given(words[-1])
    return words[0], " ".join(words[1:]), Quality.REPAIRED if known else Quality.SUSPECT


def _small(word: str) -> bool:
    return word in {"de", "du", "des", "la", "le", "van", "von", "d'"}


def _read_last(draft: Draft, text: str) -> None:
    civility, words = take_civility(text.split(), lone_m=True)
    if civility is not None:
        draft.civility = draft.civility or civility
        draft.couple = draft.couple or civility == COUPLE
        draft.quality = Quality.REPAIRED
    words = _take_birth_name(draft, words)
    draft.last = " ".join(words).strip(_EDGES) or None
    if civility is not None and draft.first is None and len(words) > 1 and not draft.couple:
        draft.first, draft.last, draft.quality = _split(words, draft.last or "")


def _take_birth_name(draft: Draft, words: list[str]) -> list[str]:
    for place in range(1, len(words) - 1):
        word = fold(words[place])
        if word not in BORN and word not in MARRIED:
            continue
        before, after = words[:place], words[place + 1 :]
        usage, birth = (before, after) if word in BORN else (after, before)
        draft.birth = draft.birth or " ".join(birth).strip(_EDGES) or None
        draft.quality = Quality.REPAIRED
        return usage
    if len(words) > 1 and fold(words[0]) in {"VEUVE", "VVE"}:
        draft.quality = Quality.REPAIRED
        return words[1:]
    return words


def _read_first(draft: Draft, text: str) -> None:
    if " " in text:
        civility, words = take_civility(text.split(), lone_m=False)
        if civility is not None:
            draft.civility = draft.civility or civility
            draft.couple = draft.couple or civility == COUPLE
            draft.quality = Quality.REPAIRED
            text = " ".join(words)
    people = [part for part in _JOINED_GIVEN.split(text) if part.strip(_EDGES)]
    if len(people) > 1:
        draft.couple, text = True, people[0]
    first = text.split(",")[0].strip(_EDGES) or text.strip(_EDGES)
    if "," in text:
        draft.quality = Quality.REPAIRED
    draft.first = first or None


def _drop_placeholders(draft: Draft, settings: CleaningSettings) -> None:
    if draft.first is not None and _is_placeholder(draft.first, settings):
        draft.first, draft.quality = None, Quality.SUSPECT
    if draft.last is not None and _is_placeholder(draft.last, settings):
        draft.last, draft.quality = None, Quality.SUSPECT
    if draft.birth is not None and _is_placeholder(draft.birth, settings):
        draft.birth = None


def _person(draft: Draft, gender: str | None, company: str | None) -> Name:
    couple = draft.couple or draft.civility == COUPLE
    civility = COUPLE if couple else draft.civility
    first, last, birth = write_given(draft.first), write_surname(draft.last), write_surname(draft.birth)
    return Name(
        RecordKind.COUPLE if couple else RecordKind.PERSON,
        civility,
        None if couple else gender or GENDERS.get(civility or ""),
        *first,
        *last,
        birth.display,
        birth.key,
        company,
        _quality(draft, first.display, last.display),
    )


def _quality(draft: Draft, first: str | None, last: str | None) -> Quality:
    if first is None and last is None:
        return Quality.SUSPECT if draft.quality is Quality.SUSPECT else Quality.MISSING
    return draft.quality if _is_a_name(first) and _is_a_name(last) else Quality.SUSPECT


def _is_a_name(part: str | None) -> bool:
    return part is None or part.isalpha() or (_HAS_LETTER.search(part) is not None and "@" not in part)


def _display(text: str | None, *, given: bool = False) -> str | None:
    if text is None or not fold(text):
        return None
    if text.isascii():
        return proper_case(text.strip(_EDGES), given=given)
    return settle(partial(_cased, given=given), text) or None


def _cased(text: str, *, given: bool) -> str:
    return proper_case((name_text(text) or "").strip(_EDGES), given=given)


def _organisation(company: str) -> Name:
    return Name(RecordKind.COMPANY, None, None, None, None, None, None, None, None, None, None, company, Quality.VALID)


def _nobody(draft: Draft) -> Name:
    first, last = _display(draft.first, given=True), _display(draft.last)
    return Name(RecordKind.JUNK, None, None, first, None, None, last, None, None, None, None, None, Quality.JUNK)


def _without_noise(text: str) -> str:
    return " ".join(_NOISE.sub(" ", text).split()).strip(_EDGES)
