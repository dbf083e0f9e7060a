"""One record at a time: what the columns of a frame are held to, and the way of a few rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rcu.cleaning import addresses, names
from rcu.cleaning.dates import BirthDate, standardise_date
from rcu.cleaning.emails import Email, standardise_email
from rcu.cleaning.localities import UNKNOWN_COUNTRY, read_country
from rcu.cleaning.phones import Phones, distribute, read_phones
from rcu.cleaning.settings import CleaningSettings
from rcu.cleaning.text import clean
from rcu.domain.records import EMAIL_COLUMNS

_EMAIL: Final = (*EMAIL_COLUMNS, "email_quality", "email_notes")
_DATE: Final = ("birth_date", "birth_date_quality", "birth_date_notes")


def standardise_row(raw: Mapping[str, str | None], *, settings: CleaningSettings) -> dict[str, str | None]:
    """Standardise one record: `RAW_FIELDS` in, `STANDARD_COLUMNS` out (in no order), both as text or None."""
    junk = settings.junk
    region = phone_region(raw.get("country"), default=settings.default_country)
    name = names.read_name(tuple(raw.get(field) for field in names.INPUTS), junk=junk)
    place = tuple(raw.get(field) for field in addresses.INPUTS)
    address = addresses.read_address(place, default_country=settings.default_country)
    phones = distribute(*(read_phones(raw.get(field), region, junk=junk) for field in ("phone", "mobile")))
    date: BirthDate = standardise_date(raw.get("birth_date"), settings)
    email: Email = standardise_email(raw.get("email"), junk=junk)
    return {
        **name._asdict(),
        **address._asdict(),
        **phones._asdict(),
        **dict(zip(_DATE, date, strict=True)),
        **dict(zip(_EMAIL, email, strict=True)),
        "loyalty_number": clean(raw.get("loyalty_number")),
    }


def standardise_phone(raw: str, *, settings: CleaningSettings) -> Phones:
    """Standardise the numbers of one field, as `standardise_row` does those of a record's `phone` that has no more."""
    region = phone_region(None, default=settings.default_country)
    return distribute(read_phones(raw, region, junk=settings.junk), read_phones(None, region, junk=settings.junk))


def phone_region(country: str | None, *, default: str) -> str:
    """Give the region (ISO 3166 alpha-2) a number without prefix is dialled in, from what is written as the country."""
    code = read_country(country, default)
    return default if code == UNKNOWN_COUNTRY else code
