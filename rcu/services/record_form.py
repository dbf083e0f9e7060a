"""The form in which one record is handed in, over HTTP or on the command line, and the form of the answer."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)

from rcu.domain.records import RAW_FIELDS, RecordKey
from rcu.errors import InputError
from rcu.services.arrivals import Given, Reason, Upserted

MOST_CHARACTERS: Final = 500
"""A name ten times as long takes a hundred times as long to read; files may have such, callers who wait may not."""
MOST_KEY_CHARACTERS: Final = 200
_RFC_3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)  # what pydantic would take beside it are numbers, days without a time, and times without an offset


def _said(text: str) -> str | None:
    """What an empty text says is nothing, as in a file."""
    if "\0" in text:
        msg = "no NUL character, which is no text"
        raise ValueError(msg)
    return text or None


def _key(text: str) -> str:
    if not text.isprintable() or text != text.strip() or "\ufffd" in text:  # what stands for bytes that are no UTF-8
        msg = "printable characters in UTF-8, without blanks around them"
        raise ValueError(msg)
    return text


def dated(value: object) -> object:
    """A time as text with its offset, and nothing else that could be read as one."""
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        msg = "a time with its offset, like 2026-03-01T10:15:00+01:00"
        raise ValueError(msg)
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        msg = "a time of the years 1 to 9999"
        raise ValueError(msg) from None


KeyPart = Annotated[str, Field(min_length=1, max_length=MOST_KEY_CHARACTERS), AfterValidator(_key)]
"""A source's name, or the id a source gave."""
_KEY_PART: Final[TypeAdapter[str]] = TypeAdapter(KeyPart)
_Text = Annotated[str, Field(max_length=MOST_CHARACTERS), AfterValidator(_said)]
_Number = Annotated[str, Field(max_length=MOST_KEY_CHARACTERS), AfterValidator(_said)]
_Time = Annotated[
    datetime,
    AfterValidator(_in_utc),
    BeforeValidator(dated),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
_Flag = Annotated[bool, Field(strict=True)]


class RecordForm(BaseModel):
    """What a source says of one person, as it writes it. What is left out is not spoken of; null says there is nothing.

    E-mail, phones and address are spoken of each by itself; the other personal fields are spoken of together, always.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "civility": "Mme",
                    "first_name": "Marie",
                    "last_name": "DURAND",
                    "email": "marie.durand@mail.example.fr",
                    "phone": "06 39 98 12 34",
                    "store": "LYON",
                    "updated_at": "2026-03-01T10:15:00+01:00",
                }
            ]
        },
    )

    civility: _Text | None = None
    first_name: _Text | None = None
    last_name: _Text | None = None
    birth_name: _Text | None = None
    full_name: _Text | None = Field(default=None, description="where first and last name are not told apart")
    birth_date: _Text | None = Field(default=None, description="as written; 12/03/1980 and 1980-03-12 are read")
    gender: _Text | None = None
    company: _Text | None = None
    email: _Text | None = None
    phone: _Text | None = Field(default=None, description="any number; several may be in it")
    mobile: _Text | None = None
    address_line: _Text | None = None
    address_complement: _Text | None = None
    postcode: _Text | None = None
    city: _Text | None = None
    country: _Text | None = Field(default=None, description="name or ISO 3166 code")
    loyalty_number: _Number | None = None
    store: _Number | None = Field(default=None, description="the shop it belongs to")
    is_guest: _Flag = Field(default=False, description="bought without an account")
    deleted: _Flag = Field(default=False, description="gone at the source")
    created_at: _Time | None = Field(default=None, description="when the source made it")
    updated_at: _Time | None = Field(
        default=None, description="when the source last changed it; what is older than what is stored is not taken"
    )

    def given(self, key: RecordKey) -> Given:
        """This form as the record with a key."""
        said, values = self.model_fields_set, self.__dict__
        return Given(
            key,
            {name: values[name] for name in RAW_FIELDS if name in said},
            store=self.store,
            is_guest=self.is_guest,
            deleted=self.deleted,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )


def read_form(content: dict[str, Any]) -> RecordForm:
    """Read a form.

    Raises:
        InputError: it cannot be understood; the message says where and why and repeats no value.
    """
    try:
        return RecordForm.model_validate(content)
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise InputError(found, hint=f"fields are {', '.join(RecordForm.model_fields)}") from None


def read_key(text: str) -> RecordKey:
    """Read `source:native_id`.

    Raises:
        InputError: it is not written so.
    """
    try:
        key = RecordKey.parse(text)
        return record_key(key.source, key.native_id)
    except ValidationError as error:
        raise InputError(f"the key of a record: {error.errors()[0]['msg']}") from None
    except ValueError as error:
        raise InputError(str(error)) from None


def record_key(source: str, native_id: str) -> RecordKey:
    """The key with these parts; pydantic's `ValidationError` when one is not what a `KeyPart` is."""
    return RecordKey(_KEY_PART.validate_python(source), _KEY_PART.validate_python(native_id))


def answer(done: Upserted) -> dict[str, Any]:
    """What became of a record, without its profile, as members of a JSON object."""
    return {
        "record": str(done.key),
        "content": done.content.value,
        "happened": done.happened.value,
        "customer_id": done.customer_id,
        "version": done.version,
        "merged": list(done.merged),
        "split": list(done.split),
        "why": [_reason(one) for one in done.why],
        "possible": [_reason(one) for one in done.possible],
        "cases": [{"case_id": one.case_id, "kind": one.kind.value} for one in done.cases],
    }


def _reason(one: Reason) -> dict[str, Any]:
    return {
        "record": str(one.record),
        "customer_id": one.customer_id,
        "probability": one.probability,
        "says": list(one.says),
    }
