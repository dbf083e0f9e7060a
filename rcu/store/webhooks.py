"""Who is told of changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from rcu.domain.webhooks import WebhookState
from rcu.store.tables import deliveries, webhooks


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as it is stored; nothing shows its secrets.

    Attributes:
        webhook_id: its number.
        url: where it is.
        description: what somebody says of it.
        kinds: the kinds of changes it is told of; none is: all.
        state: whether it is told anything.
        last_sequence: the last change deliveries were made of.
        created_at: since when it is there.
        disabled_at: since when it is told nothing.
        disabled_why: why not.
        secret: what is sent is signed with.
        former_secret: the one before, which signs too until `former_until`.
        former_until: its end.
    """

    webhook_id: int
    url: str
    description: str | None
    kinds: frozenset[str]
    state: WebhookState
    last_sequence: int
    created_at: datetime
    disabled_at: datetime | None
    disabled_why: str | None
    secret: bytes = field(repr=False)
    former_secret: bytes | None = field(repr=False)
    former_until: datetime | None


_COLUMNS: Final = tuple(webhooks.c[name] for name in Webhook.__dataclass_fields__)
_ALL: Final = select(*_COLUMNS).order_by(webhooks.c.webhook_id)
_SPACED: Final = "kinds"
_HEXADECIMAL: Final = ("secret", "former_secret")


def _webhook(row: Any) -> Webhook:  # noqa: ANN401  # a row of _COLUMNS
    told: dict[str, Any] = dict(zip(Webhook.__dataclass_fields__, row, strict=True))
    told |= {name: bytes.fromhex(told[name]) for name in _HEXADECIMAL if told[name] is not None}
    told |= {"kinds": frozenset(told["kinds"].split()), "state": WebhookState(told["state"])}
    return Webhook(**told)


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    told = dict(values)
    told |= {name: told[name].hex() for name in _HEXADECIMAL if told.get(name) is not None}
    return told | ({_SPACED: " ".join(sorted(told[_SPACED]))} if _SPACED in told else {})


def add(connection: Connection, values: Mapping[str, Any]) -> int:
    """Add a webhook, told by the attributes of `Webhook`, and give its number."""
    return connection.execute(insert(webhooks).values(**_columns(values)).returning(webhooks.c.webhook_id)).scalar_one()


def change(connection: Connection, webhook_id: int, values: Mapping[str, Any]) -> bool:
    """Change some attributes of a webhook, which nobody else changes until the transaction ends; False: there is none.

    Without attributes it is only held.
    """
    held = _columns(values) or {"url": webhooks.c.url}
    return connection.execute(update(webhooks).where(webhooks.c.webhook_id == webhook_id).values(**held)).rowcount > 0


def find(connection: Connection, webhook_id: int) -> Webhook | None:
    """A webhook by its number."""
    row = connection.execute(_ALL.where(webhooks.c.webhook_id == webhook_id)).one_or_none()
    return None if row is None else _webhook(row)


def every(connection: Connection, state: WebhookState | None = None) -> list[Webhook]:
    """All webhooks, or those in a state."""
    chosen = _ALL if state is None else _ALL.where(webhooks.c.state == state.value)
    return [_webhook(row) for row in connection.execute(chosen)]


def advance(connection: Connection, webhook: Webhook, last_sequence: int) -> bool:
    """Say that deliveries are made up to a change; False where the webhook is not as it was read any more."""
    same = (
        webhooks.c.webhook_id == webhook.webhook_id,
        webhooks.c.state == WebhookState.ENABLED.value,
        webhooks.c.last_sequence == webhook.last_sequence,
        webhooks.c.kinds == " ".join(sorted(webhook.kinds)),
    )
    return connection.execute(update(webhooks).where(*same).values(last_sequence=last_sequence)).rowcount > 0


def remove(connection: Connection, webhook_id: int) -> bool:
    """Take a webhook away with its deliveries; False: there is none."""
    connection.execute(delete(deliveries).where(deliveries.c.webhook_id == webhook_id))
    return connection.execute(delete(webhooks).where(webhooks.c.webhook_id == webhook_id)).rowcount > 0
