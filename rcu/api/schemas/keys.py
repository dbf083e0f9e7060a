"""Keys and the access log over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field

from rcu.api.schemas.base import Body, Moment, Wire
from rcu.api.schemas.listing import ExportFormat
from rcu.services.keys import WORD

ScopeName: TypeAlias = Literal[
    "admin", "changes", "consent", "contact", "events", "history", "identity", "orders", "records", "scores", "steward"
]
StoreName = Annotated[str, Field(min_length=1, max_length=200)]


class KeyRate(Body):
    """So many requests a second on average, and so many at once; each server process counts for itself."""

    per_second: int = Field(ge=1, le=10_000)
    burst: int = Field(
        ge=1, le=100_000, description="a multiple of `per_second`: so many in any burst / per_second seconds"
    )


class KeyRequest(Body):
    """A key to make."""

    name: str = Field(min_length=1, max_length=100, description="who will use it; given once")
    scopes: list[ScopeName] = Field(min_length=1, max_length=20)
    expires_at: Moment | None = Field(default=None, description="not in force from here on; null: as long as wanted")
    purpose: str | None = Field(
        default=None, pattern=WORD, description="what it reads for, where a request has no X-Purpose"
    )
    rate: KeyRate | None = Field(default=None, description="null: as many requests as come")
    stores: list[StoreName] | None = Field(
        default=None, min_length=1, max_length=1_000, description="it sees customers of these stores only; null: all"
    )

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "till-M001",
                    "scopes": ["identity", "contact", "records"],
                    "stores": ["M001"],
                    "purpose": "checkout",
                    "rate": {"per_second": 10, "burst": 50},
                    "expires_at": "2027-12-31T23:00:00Z",
                }
            ]
        }
    )


class KeyTold(Wire):
    """A key; its secret is nowhere."""

    key_id: int
    name: str
    scopes: list[ScopeName]
    created_at: datetime
    expires_at: datetime | None = Field(description="not in force from here on")
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="to about a minute")
    purpose: str | None
    rate: KeyRate | None
    stores: list[str] | None


class KeySecretTold(Wire):
    """A secret of a key, without itself."""

    created_at: datetime
    expires_at: datetime | None = Field(description="null: in force as long as its key")


class KeyDetail(KeyTold):
    """A key with the secrets it ever had, the oldest first."""

    secrets: list[KeySecretTold]


class KeyList(Wire):
    """Every key ever made, by name."""

    keys: list[KeyTold]


class KeyMade(KeyDetail):
    """A key with its new secret, which nothing will show again."""

    secret: str


class KeyRotation(Body):
    """Until when the secrets stay in force that a key has."""

    until: Moment | None = Field(
        default=None, description="by default 24 hours from now; what has passed ends them at once"
    )

    model_config = ConfigDict(json_schema_extra={"examples": [{"until": "2027-06-30T22:00:00Z"}, {}]})


class KeyEnd(Body):
    """When a key is to end."""

    at: Moment | None = Field(description="null: never; what has passed ends it at once")

    model_config = ConfigDict(json_schema_extra={"examples": [{"at": "2027-06-30T22:00:00Z"}]})


class AccessEntry(Wire):
    """A customer that was shown to somebody."""

    at: datetime
    key_name: str
    actor: str | None = Field(description="for whom, as X-On-Behalf-Of said")
    operation: str = Field(description="operation id")
    purpose: str | None = Field(description="what for: X-Purpose, else what the key says")
    customer_id: str
    field_groups: list[str] = Field(description="what was shown; empty: the id alone")
    request_id: str


class AccessLogPage(Wire):
    """Entries of the access log, the newest first."""

    accesses: list[AccessEntry]
    next_cursor: str | None = Field(description="give it back for older ones; null at the end")


class AccessFilter(Wire):
    """Which entries of the access log; all, where nothing is said."""

    customer_id: str | None = Field(default=None, max_length=36, description="only of this customer, by this very id")
    key: str | None = Field(default=None, max_length=100, description="only by the key of this name")
    after: Moment | None = Field(default=None, description="only what was shown after this instant")


class AccessQuery(AccessFilter):
    """Which entries, page by page."""

    cursor: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=100, ge=1, le=1000)


class AccessExport(AccessFilter):
    """Which entries, and how they are written."""

    format: ExportFormat = "ndjson"
