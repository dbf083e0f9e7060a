"""What every schema is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, TypeAlias, cast

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    model_validator,
)

from rcu.services.record_form import dated


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("this is before the first year, or after the last, in UTC") from None


Moment: TypeAlias = Annotated[AwareDatetime, Strict(strict=False), BeforeValidator(dated), AfterValidator(_in_utc)]
"""An instant with its offset, which is one in UTC, too."""


class Wire(BaseModel):
    """What goes over the wire has the members it says, and no other."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Body(Wire):
    """What is sent as a body is of the type it is to be: a number is no truth value, and text no number."""

    model_config = ConfigDict(strict=True)

    @model_validator(mode="before")
    @classmethod
    def _is_text(cls, value: object) -> object:
        """Refuse what is no text to a database."""
        if _has_nul(value):
            raise ValueError("no NUL character, which is no text")
        return value


def _has_nul(value: object) -> bool:
    """Whether a text among the members has one; members of members see for themselves."""
    if isinstance(value, dict):
        return any(map(_has_nul, cast("dict[str, object]", value).values()))
    if isinstance(value, list):
        return any(not isinstance(one, dict) and _has_nul(one) for one in cast("list[object]", value))
    return isinstance(value, str) and "\0" in value


class Wrong(BaseModel):
    """What is wrong with a part of a request."""

    at: str = Field(description="where: body, query, path or header, and the members on the way")
    why: str


class Problem(BaseModel):
    """An error (RFC 9457). Never holds personal data."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"additionalProperties": True})

    type: str = Field(description="what kind of error it is, for programs: it stays as it is")
    title: str = Field(description="the same in words")
    status: int
    detail: str = Field(default="", description="what it is this time; absent where there is no more to say")
    hint: str = Field(default="", description="what to do; absent where that is not known")
    request_id: str = Field(default="", description="as in the header X-Request-Id: tell it who runs this")
    errors: list[Wrong] = Field(
        default=[], description="what is wrong with which part of the request, the first fifty; absent otherwise"
    )
    candidates: list[str] = Field(default=[], description="of several-customers: the customers it became")
    decisions: list[int] = Field(default=[], description="of a decision: those that contradict it")
