"""Webhooks and what became of each delivery."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field

from rcu.api.schemas.base import Body, Wire

Kind: TypeAlias = Literal["created", "updated", "merged", "split", "consent_changed"]
Url: TypeAlias = Annotated[str, Field(min_length=1, max_length=2000, examples=["https://shop.example/rcu"])]
Words: TypeAlias = Annotated[str, Field(max_length=500)]
Sequence: TypeAlias = Annotated[int, Field(ge=0, lt=2**63)]


class WebhookRequest(Body):
    """A webhook to be made. Without `kinds` it is told of all; without `after` of what comes from now on."""

    url: Url
    kinds: list[Kind] = Field(default_factory=list[Kind], max_length=20)
    description: Words | None = None
    after: Sequence | None = Field(default=None, description="it is told of what comes after this change")

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "https://shop.example/rcu", "kinds": ["created", "merged"]}]}
    )


class WebhookUpdate(Body):
    """What is to change; what is left out stays. An empty list of kinds is all of them."""

    url: Url | None = None
    kinds: Annotated[list[Kind], Field(max_length=20)] | None = None
    description: Words | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "https://shop.example/rcu/2", "kinds": ["merged", "split"]}]}
    )


class WebhookEnabling(Body):
    """Where to go on; left out: where it was, with what was given up."""

    after: Sequence | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"after": 4101}]})


class WebhookDisabling(Body):
    """Why it is taken out of use."""

    reason: Annotated[str, Field(min_length=1, max_length=500)] = "by hand"

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the shop is moved"}]})


class WebhookReplay(Body):
    """What is to be told again: all from a change on, or one delivery."""

    sequence: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    delivery_id: Annotated[int, Field(ge=1, lt=2**63)] | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"sequence": 4101}]})


class WebhookEntry(Wire):
    """A webhook. Its secret is only shown when it is made."""

    webhook_id: int
    url: str
    description: str | None
    kinds: list[Kind] = Field(description="empty: all")
    state: Literal["enabled", "disabled"]
    last_sequence: int = Field(description="the last change that was taken up for it")
    waiting: int = Field(description="deliveries that wait")
    created_at: datetime
    disabled_at: datetime | None
    disabled_why: str | None
    former_until: datetime | None = Field(description="until then the former secret signs as well")


class WebhookSecret(WebhookEntry):
    """A webhook with its secret, which is shown only now."""

    secret: str = Field(description="whsec_...: what deliveries are verified with")


class WebhookList(Wire):
    """All webhooks, the oldest first."""

    webhooks: list[WebhookEntry]


class DeliveryEntry(Wire):
    """One change told to one webhook."""

    delivery_id: int
    webhook_id: int
    sequence: int | None = Field(description="of the change; null: a test")
    customer_id: str | None
    kind: Literal["created", "updated", "merged", "split", "consent_changed", "test"]
    version: int | None
    now_customer_id: str | None
    changed_at: datetime
    state: Literal["waiting", "delivered", "dead"]
    attempts: int
    next_at: datetime = Field(description="not tried before then, while it waits")
    tried_at: datetime | None
    last_status: int | None = Field(description="what the receiver answered")
    last_error: str | None = Field(description="the kind of error of the last attempt")
    milliseconds: int | None = Field(description="what the last attempt took")


class DeliveryPage(Wire):
    """Deliveries, the newest first; `next_cursor` gives older ones, and is null at the end."""

    deliveries: list[DeliveryEntry]
    next_cursor: str | None


class WebhookReplayed(Wire):
    """What is told again: a webhook's changes, or one delivery."""

    webhook: WebhookEntry
    delivery: DeliveryEntry | None
