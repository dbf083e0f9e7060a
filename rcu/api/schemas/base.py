"""What every schema is."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Wire(BaseModel):
    """What goes over the wire has the members it says, and no other."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
