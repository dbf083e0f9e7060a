"""Postal addresses: street, complement, postcode, city and country, written and keyed the French way."""

from __future__ import annotations

from typing import Final, NamedTuple

from rcu.cleaning.localities import (
    DOMESTIC,
    UNKNOWN_COUNTRY,
    City,
    Postcode,
    read_city,
    read_country,
    read_postcode,
)
from rcu.cleaning.settings import CleaningSettings
from rcu.cleaning.streetlines import Line, expand_complement, is_junk_line, read_line
from rcu.cleaning.text import clean, fold
from rcu.domain.records import Quality

INPUTS: Final = ("address_line", "address_complement", "postcode", "city", "country")
_ROUNDS: Final = 5
_NO_LINE: Final = Line(None, None, None, None, is_street=False, settled=True)


class Address(NamedTuple):
    """A standard address, in the order of the address columns, and its quality."""

    address_complement: str | None
    street: str | None
    street_number: str | None
    street_key: str | None
    postcode: str | None
    city: str | None
    city_key: str | None
    country: str | None
    address_quality: str


def read_address(parts: tuple[str | None, ...], *, settings: CleaningSettings) -> Address:
    """Standardise the tuple of the columns `INPUTS` of one record; foreign addresses are left whole."""
    line, complement, postcode, city, country = parts
    code = read_country(country, settings.default_country)
    if code not in DOMESTIC:
        return _foreign(parts, code)
    zip_code, place = read_place(postcode, city)
    street = _settled(_usable(line), _usable(complement))
    empty = (street.name or street.complement or zip_code.value or place.display) is None
    return Address(
        street.complement,
        street.display,
        street.number,
        street.key,
        zip_code.value,
        place.display,
        place.key,
        code if not empty or clean(country) is not None else None,
        read_quality(
            parts,
            has_street=street.name is not None,
            has_line=(street.name or street.complement) is not None,
            zip_code=zip_code,
            city=place,
        ),
    )


def read_complement(raw: str | None) -> str | None:
    """Read a complement that stands beside a street."""
    text = _usable(raw)
    return expand_complement(text) if text is not None else None


def read_place(postcode: str | None, city: str | None) -> tuple[Postcode, City]:
    """Read a postcode and a city; a missing postcode may stand before the city."""
    place = read_city(city)
    written = read_postcode(postcode)
    if written.value is None and place.postcode is not None:
        found = read_postcode(place.postcode)
        written = Postcode(found.value, Quality.REPAIRED if found.value else Quality.SUSPECT)
    return written, place


def read_quality(
    parts: tuple[str | None, ...], *, has_street: bool, has_line: bool, zip_code: Postcode, city: City
) -> Quality:
    """Judge a domestic address by what was found of it."""
    if not (has_line or zip_code.value or city.display):
        return Quality.JUNK if any(clean(part) for part in parts[:4]) else Quality.MISSING
    if zip_code.quality is Quality.SUSPECT or (has_street and not (zip_code.value and city.display)):
        return Quality.SUSPECT
    return Quality.REPAIRED if zip_code.quality is Quality.REPAIRED else Quality.VALID


def _usable(raw: str | None) -> str | None:
    if raw is None:
        return None
    text = _multiline(raw)
    if text is None:
        return None
    return None if is_junk_line(fold(text)) else text


def _multiline(raw: str) -> str | None:
    return clean(raw if raw.isprintable() else ",".join(raw.splitlines()))


def _settled(line: str | None, complement: str | None) -> Line:
    """Read a line and its complement; an unusual one is read again until nothing moves any more."""
    reading = _read(line, complement)
    if reading.settled:
        return reading
    for _ in range(_ROUNDS):
        again = _read(reading.display, reading.complement)
        if again == reading:
            break
        reading = again
    return reading


def _read(line: str | None, complement: str | None) -> Line:
    reading = read_line(line) if line else _NO_LINE
    if complement is None:
        return reading
    if not reading.is_street and (other := _complement_street(complement)) is not None:
        parts = [part for part in (reading.display, reading.complement, other.complement) if part]
        return other._replace(complement=_joined(parts), settled=False)
    extra = expand_complement(complement)
    if extra is None or extra in (reading.display, reading.complement):
        return reading
    parts = [part for part in (reading.complement, extra) if part]
    return reading._replace(complement=_joined(parts), settled=reading.settled and reading.is_street)


def _complement_street(complement: str) -> Line | None:
    reading = read_line(complement)
    return reading if reading.is_street else None


def _joined(parts: list[str]) -> str | None:
    return expand_complement(" ".join(parts)) if parts else None


def _foreign(parts: tuple[str | None, ...], country: str) -> Address:
    line, complement, postcode, city, written_country = (clean(part) for part in parts)
    code = postcode.upper() if postcode else None
    if line is None and complement is not None:
        line, complement = complement, None
    empty = (line or code or city) is None
    quality = Quality.SUSPECT if country == UNKNOWN_COUNTRY else Quality.VALID
    return Address(
        complement,
        line,
        None,
        (fold(line) or None) if line else None,
        code,
        city,
        (fold(city) or None) if city else None,
        None if empty and written_country is None else country,
        Quality.MISSING if empty else quality,
    )
