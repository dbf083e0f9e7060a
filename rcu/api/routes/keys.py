"""API keys: made, listed, given another secret, ended."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from rcu.api.bodies import BoundedRoute
from rcu.api.deps import Admin, StoreDep
from rcu.api.errors import responses
from rcu.api.schemas.keys import KeyDetail, KeyEnd, KeyList, KeyMade, KeyRequest, KeyRotation, KeyTold
from rcu.domain.keys import Rate, Terms
from rcu.services import keys
from rcu.services.keys import KeyShown
from rcu.store.keys import ApiKey

router = APIRouter(prefix="/v1", tags=["keys"], route_class=BoundedRoute)

_Number = Annotated[int, Path(ge=1, lt=2**63, description="the number of a key")]
_NO_STORE = {"Cache-Control": "no-store"}


def _now() -> datetime:
    return datetime.now(UTC)


def _told(key: ApiKey) -> dict[str, Any]:
    """A key as it is told to a program."""
    stores = key.terms.stores
    return {
        "key_id": key.key_id,
        "name": key.name,
        "scopes": sorted(key.scopes & keys.SCOPES),
        "created_at": key.created_at,
        "expires_at": key.terms.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
        "purpose": key.terms.purpose,
        "rate": None if key.terms.rate is None else asdict(key.terms.rate),
        "stores": None if stores is None else sorted(stores),
    }


def _detail(shown: KeyShown) -> dict[str, Any]:
    return _told(shown.key) | {"secrets": [asdict(one) for one in shown.secrets]}


@router.get("/keys", operation_id="listKeys", responses=responses(), summary="Every key ever made")
def list_keys(store: StoreDep, _key: Admin) -> KeyList:
    """List keys by name, with what they may do and are held to; never their secrets."""
    return KeyList(keys=[KeyTold.model_validate(_told(one)) for one in keys.list_keys(store)])


@router.post("/keys", operation_id="createKey", status_code=201, responses=responses(409), summary="Make a key")
def create_key(request: KeyRequest, response: Response, store: StoreDep, _key: Admin) -> KeyMade:
    """Make a key and give its secret, for the only time."""
    rate = None if request.rate is None else Rate(request.rate.per_second, request.rate.burst)
    stores = None if request.stores is None else frozenset(request.stores)
    terms = Terms(request.expires_at, request.purpose, rate, stores)
    secret = keys.create_key(store, request.name, scopes=frozenset(request.scopes), now=_now(), terms=terms)
    response.headers.update(_NO_STORE)
    return KeyMade.model_validate(_detail(keys.show_key(store, request.name)) | {"secret": secret})


@router.get("/keys/{key_id}", operation_id="getKey", responses=responses(404), summary="One key and its secrets' ends")
def get_key(key_id: _Number, store: StoreDep, _key: Admin) -> KeyDetail:
    """Give a key: what it may do, when it was last used, and until when its secrets are in force."""
    return KeyDetail.model_validate(_detail(keys.show_key(store, key_id)))


@router.post(
    "/keys/{key_id}/rotate", operation_id="rotateKey", responses=responses(404, 409), summary="Give it another secret"
)
def rotate_key(key_id: _Number, request: KeyRotation, response: Response, store: StoreDep, _key: Admin) -> KeyMade:
    """Give a key another secret, shown for the only time; those it has stay in force for a while."""
    secret = keys.rotate_key(store, key_id, now=_now(), until=request.until)
    response.headers.update(_NO_STORE)
    return KeyMade.model_validate(_detail(keys.show_key(store, key_id)) | {"secret": secret})


@router.post("/keys/{key_id}/expire", operation_id="expireKey", responses=responses(404, 409), summary="Let it end")
def expire_key(key_id: _Number, request: KeyEnd, store: StoreDep, _key: Admin) -> KeyTold:
    """Let a key end at an instant, or never."""
    return KeyTold.model_validate(_told(keys.expire_key(store, key_id, request.at)))


@router.post("/keys/{key_id}/revoke", operation_id="revokeKey", responses=responses(404), summary="End it for ever")
def revoke_key(key_id: _Number, store: StoreDep, _key: Admin) -> KeyTold:
    """Revoke a key at once, whatever secrets it has; it cannot be taken back."""
    keys.revoke_key(store, key_id, _now())
    return KeyTold.model_validate(_told(keys.show_key(store, key_id).key))
