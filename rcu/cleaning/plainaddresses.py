"""The short way for ordinary addresses: a house number, a street of a known type, a French city."""

from __future__ import annotations

import re
from typing import Final

from rcu.cleaning.addresses import Address, read_complement, read_place, read_quality
from rcu.cleaning.localities import DOMESTIC, City, Postcode, read_country
from rcu.cleaning.settings import CleaningSettings
from rcu.cleaning.streetlines import Street, read_street, type_size
from rcu.cleaning.streets import COMPLEMENTS, REPETITIONS
from rcu.cleaning.text import fold

_NUMBERED: Final = re.compile(r"([1-9]\d{0,3}) ?(bis|ter|quater)?,? +([A-Za-z].*)", re.IGNORECASE | re.ASCII)
_ORDINARY: Final = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]+\.?(?:(?: |'|(?<=\w)-)[A-Za-zÀ-ÖØ-öø-ÿ]+)+")


class PlainAddresses:
    """Read ordinary addresses, remembering each distinct part for as long as one call of `standardise` lasts."""

    def __init__(self, settings: CleaningSettings) -> None:
        self._default = settings.default_country
        self._countries: dict[str | None, str] = {}
        self._streets: dict[str, Street | None] = {}
        self._complements: dict[str | None, str | None] = {None: None}
        self._places: dict[tuple[str | None, str | None], tuple[Postcode, City]] = {}

    def read(self, parts: tuple[str | None, ...]) -> Address | None:
        """Read the columns `addresses.INPUTS` of one record; None when they are not ordinary.

        What this gives is exactly what `addresses.read_address` gives.
        """
        line, complement, postcode, city, country = parts
        found = _NUMBERED.fullmatch(line) if line else None
        if found is None or self._country(country) not in DOMESTIC:
            return None
        digits, repetition, rest = found.groups()
        street = self._street(rest)
        if street is None:
            return None
        suffix = REPETITIONS[repetition.upper()] if repetition else ""
        display = f"{digits} {suffix} {street.display}" if suffix else f"{digits} {street.display}"
        guide = self._complement(complement)
        zip_code, place = self._place(postcode, city)
        return Address(
            None if guide == display else guide,
            display,
            digits + suffix,
            street.key,
            zip_code.value,
            place.display,
            place.key,
            self._country(country),
            read_quality(parts, has_street=True, has_line=True, zip_code=zip_code, city=place),
        )

    def _street(self, text: str) -> Street | None:
        if text not in self._streets:
            self._streets[text] = _ordinary_street(text)
        return self._streets[text]

    def _complement(self, raw: str | None) -> str | None:
        if raw not in self._complements:
            self._complements[raw] = read_complement(raw)
        return self._complements[raw]

    def _place(self, postcode: str | None, city: str | None) -> tuple[Postcode, City]:
        key = (postcode, city)
        if key not in self._places:
            self._places[key] = read_place(postcode, city)
        return self._places[key]

    def _country(self, raw: str | None) -> str:
        if raw not in self._countries:
            self._countries[raw] = read_country(raw, self._default)
        return self._countries[raw]


def _ordinary_street(text: str) -> Street | None:
    if not _ORDINARY.fullmatch(text):
        return None
    words = fold(text).split(" ")
    if len(words[0]) < 2 or not type_size(words) or not COMPLEMENTS.keys().isdisjoint(words):
        return None
    return read_street(" ".join(words))
