"""The short way for ordinary names: no rule of `names` looks for anything in them, so parts are written out once."""

from __future__ import annotations

import re
from typing import Final

from rcu.cleaning.names import Name, Written, write_given, write_surname
from rcu.cleaning.settings import CleaningSettings
from rcu.cleaning.text import fold, repeated
from rcu.cleaning.titles import COUPLE, GENDERS, MISTER, junk_words, marked_words, read_civility, read_gender
from rcu.domain.records import Quality, RecordKind

_ORDINARY: Final = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]{2,}(?:[ '-][A-Za-zÀ-ÖØ-öø-ÿ]+)*")


class PlainNames:
    """Read ordinary names, remembering each distinct part for as long as one call of `standardise` lasts."""

    def __init__(self, settings: CleaningSettings) -> None:
        self._marked = marked_words() | junk_words(settings)
        self._given: dict[str, Written | None] = {}
        self._surnames: dict[str | None, Written | None] = {None: Written(None, None, None)}
        self._civilities: dict[str | None, str | None] = {None: None}
        self._genders: dict[str | None, str | None] = {None: None}

    def read(self, parts: tuple[str | None, ...]) -> Name | None:
        """Read the columns `names.INPUTS` of one record; None when they are not ordinary.

        An ordinary record has a first and a last name of letters, none of them a word that some rule looks for, and
        no company. What this gives is exactly what `names.read_name` gives.
        """
        civility, gender, first, last, birth, _, company = parts
        if company or first is None or last is None:
            return None
        given, surname, maiden = self._as_given(first), self._as_surname(last), self._as_surname(birth or None)
        title = self._civility(civility)
        if given is None or surname is None or maiden is None or title == COUPLE:
            return None
        sex = self._gender(gender) or GENDERS.get(title or "")
        return Name(
            RecordKind.PERSON, title, sex, *given, *surname, maiden.display, maiden.key, None, Quality.VALID
        )  # fmt: skip

    def _as_given(self, text: str) -> Written | None:
        try:
            return self._given[text]
        except KeyError:
            written = write_given(text) if self._is_ordinary(text) else None
            return self._given.setdefault(text, written)

    def _as_surname(self, text: str | None) -> Written | None:
        try:
            return self._surnames[text]
        except KeyError:
            written = write_surname(text) if text and self._is_ordinary(text) else None
            return self._surnames.setdefault(text, written)

    def _is_ordinary(self, text: str) -> bool:
        if not _ORDINARY.fullmatch(text):
            return False
        words = fold(text).split(" ")
        return MISTER not in words and not self._marked.intersection(words) and not repeated(words[0])

    def _civility(self, raw: str | None) -> str | None:
        if raw not in self._civilities:
            self._civilities[raw] = read_civility(raw) if raw else None
        return self._civilities[raw]

    def _gender(self, raw: str | None) -> str | None:
        if raw not in self._genders:
            self._genders[raw] = read_gender(raw) if raw else None
        return self._genders[raw]
