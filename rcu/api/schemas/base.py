"""What every schema is."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


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
    errors: list[dict[str, Any]] | None = Field(
        default=None, description="what is wrong with which part of the request"
    )
