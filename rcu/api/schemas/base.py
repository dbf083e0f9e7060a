"""What every schema is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, Strict

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


class Problem(BaseModel):
    """An error (RFC 9457). Never holds personal data."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"additionalProperties": True})

    type: str
    title: str
    status: int
    detail: str | None = None
    request_id: str | None = Field(default=None, description="as in the header X-Request-Id: tell it who runs this")
    errors: list[dict[str, Any]] | None = Field(
        default=None, description="what is wrong with which part of the request"
    )
