"""Postal addresses: the parts of NF Z10-011, the commune and the country, written and keyed the French way."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from rcu.cleaning.delivery import Delivery, read_delivery
from rcu.cleaning.localities import DOMESTIC, UNKNOWN_COUNTRY, Place, read_country, read_place
from rcu.cleaning.notes import Note, joined, worst
from rcu.cleaning.text import clean, fold
from rcu.domain.records import Quality

INPUTS: Final = ("address_line", "address_complement", "postcode", "city", "country")
_WITH_PLACE: Final = re.compile(r"(.*[^\s,;-])[\s,;-]+(?:F-?)?(\d{5})[\s,]+([^\W\d][^\d,;]*?)[\s,;]*", re.DOTALL)
_NOWHERE: Final = Delivery(*[None] * len(Delivery._fields))


class Address(NamedTuple):
    """A standard address, in the order of the address columns, its quality and why."""

    address_complement: str | None
    building: str | None
    street: str | None
    street_number: str | None
    street_suffix: str | None
    street_type: str | None
    street_name: str | None
    street_key: str | None
    place: str | None
    postcode: str | None
    city: str | None
    city_key: str | None
    cedex: str | None
    commune_insee: str | None
    country: str | None
    address_quality: Quality
    address_notes: str | None


def read_address(parts: tuple[str | None, ...], *, default_country: str) -> Address:
    """Standardise the tuple of the columns `INPUTS` of one record; foreign addresses are left whole.

    A postcode and a town at the end of the line are taken from it when their own columns are empty.
    """
    line, complement, postcode, city, country = parts
    code = read_country(country, default_country)
    if code not in DOMESTIC:
        return _foreign(parts, code)
    moved: tuple[Note, ...] = ()
    if line and clean(postcode) is None and clean(city) is None and (found := _WITH_PLACE.fullmatch(line)):
        line, postcode, city = found.groups()
        moved = (Note.PLACE_MOVED,)
    delivery, place = read_delivery(line, complement), read_place(postcode, city)
    written = any(clean(part) for part in parts[:4])
    quality, notes = judge(place, delivery != _NOWHERE, has_street=delivery.street is not None, written=written)
    empty = delivery == _NOWHERE and is_nowhere(place)
    return Address(
        *delivery,
        *place[:5],
        code if not empty or clean(country) is not None else None,
        worst((quality, Quality.REPAIRED)) if moved and quality is not Quality.JUNK else quality,
        joined((*moved, *(notes or "").split())),
    )


def is_nowhere(place: Place) -> bool:
    """Tell whether nothing was read of postcode and town."""
    return place.postcode is None and place.city is None


def judge(place: Place, delivered: bool, *, has_street: bool, written: bool) -> tuple[Quality, str | None]:
    """Judge a domestic address by what was found of it: its place, any delivery line (`delivered`), a street."""
    if not delivered and is_nowhere(place):
        if not written:
            return Quality.MISSING, None
        if place.quality is Quality.SUSPECT:
            return Quality.SUSPECT, joined(place.notes)
        return Quality.JUNK, Note.PLACEHOLDER
    notes, quality = list(place.notes), worst((Quality.VALID, place.quality))
    if has_street and not (place.postcode and place.city) and Note.POSTCODE_UNREADABLE not in notes:
        notes.append(Note.INCOMPLETE)
        quality = worst((quality, Quality.SUSPECT))
    return quality, joined(notes)


def _foreign(parts: tuple[str | None, ...], country: str) -> Address:
    line, complement, postcode, city, written_country = (clean(part) for part in parts)
    code = postcode.upper() if postcode else None
    if line is None and complement is not None:
        line, complement = complement, None
    empty = (line or code or city) is None
    unknown = country == UNKNOWN_COUNTRY
    quality = Quality.SUSPECT if unknown else Quality.VALID
    return Address(
        address_complement=complement,
        building=None,
        street=line,
        street_number=None,
        street_suffix=None,
        street_type=None,
        street_name=None,
        street_key=(fold(line) or None) if line else None,
        place=None,
        postcode=code,
        city=city,
        city_key=(fold(city) or None) if city else None,
        cedex=None,
        commune_insee=None,
        country=None if empty and written_country is None else country,
        address_quality=Quality.MISSING if empty else quality,
        address_notes=Note.UNKNOWN_COUNTRY if unknown and not empty else None,
    )
