"""Webhooks: who is told of changes without asking."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from rcu.api.bodies import BoundedRoute
from rcu.api.deps import Admin, WebhooksDep
from rcu.api.errors import responses
from rcu.api.schemas.webhooks import (
    DeliveryEntry,
    DeliveryPage,
    WebhookDisabling,
    WebhookEnabling,
    WebhookEntry,
    WebhookList,
    WebhookReplay,
    WebhookReplayed,
    WebhookRequest,
    WebhookSecret,
    WebhookUpdate,
)
from rcu.domain.webhooks import DeliveryState
from rcu.errors import InputError
from rcu.services.webhooks import WebhookChange, WebhookShown
from rcu.store.deliveries import Delivery

router = APIRouter(prefix="/v1", tags=["webhooks"], route_class=BoundedRoute)

_Number = Annotated[int, Path(ge=1, lt=2**63, description="the number of a webhook")]
_SHOWN = (
    "webhook_id", "url", "description", "state", "last_sequence", "created_at", "disabled_at", "disabled_why",
    "former_until",
)  # fmt: skip


def _told(shown: WebhookShown) -> dict[str, Any]:
    one = shown.webhook
    return {
        **{name: getattr(one, name) for name in _SHOWN},
        "kinds": sorted(one.kinds),
        "waiting": shown.waiting,
    }


def _entry(shown: WebhookShown) -> WebhookEntry:
    return WebhookEntry.model_validate(_told(shown))


def _delivery(one: Delivery) -> DeliveryEntry:
    return DeliveryEntry.model_validate(asdict(one))


@router.post(
    "/webhooks",
    operation_id="createWebhook",
    status_code=201,
    responses=responses(409, 410),
    summary="Have changes told to an address",
)
def create(request: WebhookRequest, webhooks: WebhooksDep, _key: Admin) -> WebhookSecret:
    """Make a webhook. The answer holds its secret, for the only time."""
    shown, secret = webhooks.create(
        request.url, kinds=request.kinds, description=request.description, after=request.after
    )
    return WebhookSecret.model_validate(_told(shown) | {"secret": secret})


@router.get("/webhooks", operation_id="listWebhooks", responses=responses(), summary="All webhooks")
def list_webhooks(webhooks: WebhooksDep, _key: Admin) -> WebhookList:
    """List all webhooks, the oldest first."""
    return WebhookList(webhooks=[_entry(one) for one in webhooks.every()])


@router.get("/webhooks/{webhook_id}", operation_id="getWebhook", responses=responses(404), summary="One webhook")
def get(webhook_id: _Number, webhooks: WebhooksDep, _key: Admin) -> WebhookEntry:
    """Give a webhook, and why it is disabled where it is."""
    return _entry(webhooks.get(webhook_id))


@router.patch("/webhooks/{webhook_id}", operation_id="updateWebhook", responses=responses(404), summary="Change one")
def update(webhook_id: _Number, request: WebhookUpdate, webhooks: WebhooksDep, _key: Admin) -> WebhookEntry:
    """Change where a webhook is, or what it is told of."""
    kinds = None if request.kinds is None else frozenset[str](request.kinds)
    return _entry(webhooks.update(webhook_id, WebhookChange(request.url, kinds, request.description)))


@router.delete(
    "/webhooks/{webhook_id}",
    operation_id="deleteWebhook",
    status_code=204,
    responses=responses(404),
    summary="Take one away",
)
def delete(webhook_id: _Number, webhooks: WebhooksDep, _key: Admin) -> None:
    """Take a webhook away, with its log."""
    webhooks.delete(webhook_id)


@router.post(
    "/webhooks/{webhook_id}/enable",
    operation_id="enableWebhook",
    responses=responses(404, 410),
    summary="Take one into use again",
)
def enable(webhook_id: _Number, request: WebhookEnabling, webhooks: WebhooksDep, _key: Admin) -> WebhookEntry:
    """Take a webhook into use: it goes on where it was, or after a change."""
    return _entry(webhooks.enable(webhook_id, after=request.after))


@router.post(
    "/webhooks/{webhook_id}/disable",
    operation_id="disableWebhook",
    responses=responses(404),
    summary="Take one out of use",
)
def disable(webhook_id: _Number, request: WebhookDisabling, webhooks: WebhooksDep, _key: Admin) -> WebhookEntry:
    """Take a webhook out of use; what waits for it goes on waiting."""
    return _entry(webhooks.disable(webhook_id, request.reason))


@router.post(
    "/webhooks/{webhook_id}/rotate",
    operation_id="rotateWebhookSecret",
    responses=responses(404),
    summary="Give one a new secret",
)
def rotate(webhook_id: _Number, webhooks: WebhooksDep, _key: Admin) -> WebhookSecret:
    """Give a webhook a new secret, shown only now; for a day the former one signs as well."""
    shown, secret = webhooks.rotate(webhook_id)
    return WebhookSecret.model_validate(_told(shown) | {"secret": secret})


@router.get(
    "/webhooks/{webhook_id}/deliveries",
    operation_id="listDeliveries",
    responses=responses(404),
    summary="What became of each delivery",
)
def deliveries(
    webhook_id: _Number,
    webhooks: WebhooksDep,
    _key: Admin,
    state: DeliveryState | None = None,
    cursor: Annotated[str | None, Query(max_length=200, description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> DeliveryPage:
    """List the deliveries of a webhook, the newest first."""
    found, further = webhooks.deliveries(webhook_id, state=state, cursor=cursor, limit=limit)
    return DeliveryPage(deliveries=[_delivery(one) for one in found], next_cursor=further)


@router.post(
    "/webhooks/{webhook_id}/replay",
    operation_id="replayWebhook",
    status_code=202,
    responses=responses(404, 410),
    summary="Tell it again",
)
def replay(webhook_id: _Number, request: WebhookReplay, webhooks: WebhooksDep, _key: Admin) -> WebhookReplayed:
    """Tell a webhook again of all changes from one on, or make one delivery again."""
    if request.sequence is not None and request.delivery_id is None:
        return WebhookReplayed(webhook=_entry(webhooks.replay(webhook_id, sequence=request.sequence)), delivery=None)
    if request.delivery_id is not None and request.sequence is None:
        made = webhooks.replay_one(webhook_id, request.delivery_id)
        return WebhookReplayed(webhook=_entry(webhooks.get(webhook_id)), delivery=_delivery(made))
    raise InputError("say either sequence or delivery_id")


@router.post(
    "/webhooks/{webhook_id}/test",
    operation_id="testWebhook",
    status_code=202,
    responses=responses(404, 409),
    summary="Send it a test",
)
def test(webhook_id: _Number, webhooks: WebhooksDep, _key: Admin) -> DeliveryEntry:
    """Have a test sent, which tells of no customer; what came of it is in the log."""
    return _delivery(webhooks.test(webhook_id))
