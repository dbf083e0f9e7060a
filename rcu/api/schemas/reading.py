"""Lists, lookups and the change feed over the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from rcu.api.schemas.base import Body, Wire
from rcu.api.schemas.profile import Profile


class Identifier(Body):
    """One identifier; `record` is written source:native_id, a hash in hexadecimal."""

    type: Literal["email", "phone", "loyalty_number", "record", "email_sha256", "phone_sha256"]
    value: Annotated[str, Field(min_length=1, max_length=320)]


class LookupRequest(Body):
    """Up to 100 identifiers."""

    identifiers: Annotated[list[Identifier], Field(min_length=1, max_length=100)]

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"identifiers": [{"type": "email", "value": "marie.durand@mail.example.fr"}]}]}
    )


class LookupResult(Wire):
    """What one identifier found. `ambiguous` names the customers that share it, at most ten."""

    status: Literal["found", "not_found", "ambiguous", "erased", "invalid"]
    customer: Profile | None = None
    customer_ids: list[str] | None = None


class LookupResponse(Wire):
    """Results in the order of the request."""

    results: list[LookupResult]


class ChangeEntry(Wire):
    """One change of one customer."""

    sequence: int
    customer_id: str
    kind: Literal["created", "updated", "merged", "split", "consent_changed"]
    version: int | None
    now_customer_id: str | None = Field(description="merged: the customer it is part of now")
    changed_at: str


class ChangePage(Wire):
    """Changes in commit order; `next_after` is where to go on, also when there was nothing new."""

    changes: list[ChangeEntry]
    next_after: int
    oldest: int = Field(description="the oldest sequence that is kept")
    newest: int = Field(description="the newest sequence there is")


class Health(Wire):
    """Whether the service is up."""

    status: Literal["ok"]
