"""What routes depend on: the store, the cleaning settings, the caller's key and its scopes.

What waits for nothing is `async`: anything else is sent to another thread, which costs more than it does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from rcu.api.errors import ApiError
from rcu.cleaning import CleaningSettings
from rcu.services.asking import FourEyes
from rcu.services.following import FeedWatch
from rcu.services.gathering import Gathering
from rcu.services.keys import KnownKeys
from rcu.services.upserting import RealTime
from rcu.services.webhooks import Webhooks
from rcu.store.engine import Store
from rcu.store.sources import ApiKey

_bearer = HTTPBearer(auto_error=False, description="An API key, made with `rcu key create`")
READING = frozenset({"identity", "contact", "consent", "orders", "scores"})
"""Scopes that open a part of the profile."""
RECORDS = frozenset({"records"})
"""The scope that hands in records."""


async def get_store(request: Request) -> Store:
    """The store the application was started with."""
    return request.app.state.store


async def get_cleaning(request: Request) -> CleaningSettings:
    """How identifiers in requests are standardised: as records are."""
    return request.app.state.cleaning


async def get_four_eyes(request: Request) -> FourEyes:
    """From what size a merge needs a second person."""
    return request.app.state.four_eyes


async def get_real_time(request: Request) -> RealTime:
    """How records are taken."""
    return request.app.state.real_time


async def get_gathering(request: Request) -> Gathering:
    """How records that come one by one are taken together."""
    return request.app.state.gathering


async def get_known_keys(request: Request) -> KnownKeys:
    """How keys are found."""
    return request.app.state.keys


async def get_feed_watch(request: Request) -> FeedWatch:
    """How callers wait for a change."""
    return request.app.state.feed_watch


async def get_webhooks(request: Request) -> Webhooks:
    """The webhooks."""
    return request.app.state.webhooks


FeedWatchDep = Annotated[FeedWatch, Depends(get_feed_watch)]
WebhooksDep = Annotated[Webhooks, Depends(get_webhooks)]
GatheringDep = Annotated[Gathering, Depends(get_gathering)]
KnownKeysDep = Annotated[KnownKeys, Depends(get_known_keys)]
RealTimeDep = Annotated[RealTime, Depends(get_real_time)]
FourEyesDep = Annotated[FourEyes, Depends(get_four_eyes)]
StoreDep = Annotated[Store, Depends(get_store)]
CleaningDep = Annotated[CleaningSettings, Depends(get_cleaning)]


async def get_key(
    known: KnownKeysDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)] = None
) -> ApiKey:
    """The key the caller showed.

    Raises:
        ApiError: 401 without a key that is in force.
    """
    key = None
    if credentials is not None:
        shown = credentials.credentials
        key = known.remembered(shown) or await run_in_threadpool(known.find, shown)
    if key is None:
        detail = "send the header Authorization: Bearer followed by an API key"
        raise ApiError(401, detail, headers={"WWW-Authenticate": "Bearer"})
    return key


def needs(scopes: frozenset[str]) -> Callable[[ApiKey], Awaitable[ApiKey]]:
    """A dependency that lets through keys with at least one of the scopes."""

    async def check(key: Annotated[ApiKey, Depends(get_key)]) -> ApiKey:
        if not key.scopes & scopes:
            raise ApiError(403, f"one of these scopes is needed: {', '.join(sorted(scopes))}")
        return key

    return check


Reader = Annotated[ApiKey, Depends(needs(READING))]
RecordWriter = Annotated[ApiKey, Depends(needs(RECORDS))]
IdentityReader = Annotated[ApiKey, Depends(needs(frozenset({"identity"})))]
Steward = Annotated[ApiKey, Depends(needs(frozenset({"steward"})))]
FeedReader = Annotated[ApiKey, Depends(needs(frozenset({"changes"})))]
Admin = Annotated[ApiKey, Depends(needs(frozenset({"admin"})))]
