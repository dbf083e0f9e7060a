"""What a source tells: records (one person in one source) and the columns they are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

RAW_FIELDS: Final = (
    "civility",
    "first_name",
    "last_name",
    "birth_name",
    "full_name",
    "birth_date",
    "gender",
    "company",
    "email",
    "phone",
    "mobile",
    "address_line",
    "address_complement",
    "postcode",
    "city",
    "country",
    "loyalty_number",
)
"""The personal fields a reader may fill, as text exactly as the source wrote them (None when absent)."""

IDENTITY_COLUMNS: Final = (
    "record_kind",
    "civility",
    "gender",
    "likely_gender",
    "first_name",
    "first_name_key",
    "first_name_root",
    "last_name",
    "last_name_key",
    "last_name_sound",
    "birth_name",
    "birth_name_key",
    "company",
    "birth_date",
    "loyalty_number",
)
EMAIL_COLUMNS: Final = ("email", "email_key", "email_kind", "email_suggestion")
PHONE_COLUMNS: Final = ("mobile", "landline", "other_phones")
ADDRESS_COLUMNS: Final = (
    "address_complement",
    "building",
    "street",
    "street_number",
    "street_suffix",
    "street_type",
    "street_name",
    "street_key",
    "place",
    "postcode",
    "city",
    "city_key",
    "cedex",
    "commune_insee",
    "country",
)
QUALITY_COLUMNS: Final = (
    "name_quality",
    "birth_date_quality",
    "email_quality",
    "mobile_quality",
    "landline_quality",
    "address_quality",
)
NOTE_COLUMNS: Final = (
    "name_notes",
    "birth_date_notes",
    "email_notes",
    "mobile_notes",
    "landline_notes",
    "address_notes",
)
STANDARD_COLUMNS: Final = (
    IDENTITY_COLUMNS + EMAIL_COLUMNS + PHONE_COLUMNS + ADDRESS_COLUMNS + QUALITY_COLUMNS + NOTE_COLUMNS
)
"""What cleaning makes of the raw fields. All text, None when there is nothing.

`first_name`, `last_name`, `birth_name`, `street`, `city` are for display; `*_key` are for comparing (upper case, no
accents, no punctuation); `likely_gender` is the sex nearly all bearers of the first name have; `first_name_root` is the
full form a diminutive stands for; `last_name_sound` a French phonetic code; `birth_date` is ISO, partial dates as
`--MM-DD`, `YYYY-MM` or `YYYY`; phones are E.164, `other_phones` several with spaces between; `email_kind` is personal,
role or disposable; `email_suggestion` the address meant where its domain is misspelt.

The address has the parts of NF Z10-011: `address_complement` (line 2: flat, floor, "chez"), `building` (line 3),
`street` (line 4: `12 B AVENUE DU GENERAL DE GAULLE`) and its parts, `place` (line 5: lieu-dit, BP), `postcode`,
`city`, `cedex`; `commune_insee` is the commune's INSEE code, an arrondissement's where it is known; `country` is ISO
3166 alpha-2.

`*_notes` say what was repaired and what is held against a value: codes of `rcu.cleaning.notes`, spaces between.
"""


class RecordKind(StrEnum):
    """What stands behind a record."""

    PERSON = "person"
    COUPLE = "couple"
    COMPANY = "company"
    JUNK = "junk"


class Quality(StrEnum):
    """What cleaning thinks of one value."""

    VALID = "valid"
    REPAIRED = "repaired"
    SUSPECT = "suspect"
    JUNK = "junk"
    MISSING = "missing"


CUSTOMER_ID_PATTERN: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
CUSTOMER_ID: Final = re.compile(CUSTOMER_ID_PATTERN)
"""A customer id as it is given out: the birth id of a record, a UUID in lower case."""


@dataclass(frozen=True, slots=True, order=True)
class RecordKey:
    """One person in one source: the source's name and the id that source gave."""

    source: str
    native_id: str

    @classmethod
    def parse(cls, text: str) -> RecordKey:
        """Read `source:native_id`, the form used on command lines and in logs.

        Raises:
            ValueError: when there is no colon or one side is empty.
        """
        source, colon, native_id = text.partition(":")
        if not (source and colon and native_id):
            msg = "a record is named source:native_id, for example till:C00012345"
            raise ValueError(msg)
        return cls(source, native_id)

    def __str__(self) -> str:
        return f"{self.source}:{self.native_id}"
