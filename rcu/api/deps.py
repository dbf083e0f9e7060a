"""What routes depend on: the store, the cleaning settings, the caller's key, its scopes, and what it reads for.

What waits for nothing is `async`: anything else is sent to another thread, which costs more than it does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import State

from rcu.api.asked import asked
from rcu.api.errors import ApiError
from rcu.api.rates import Allowance
from rcu.cleaning import CleaningSettings
from rcu.services import accesses
from rcu.services.accesses import Reading
from rcu.services.asking import FourEyes
from rcu.services.behind import Behind
from rcu.services.following import FeedWatch
from rcu.services.gathering import Gathering
from rcu.services.keys import WORD, KnownKeys
from rcu.services.upserting import RealTime
from rcu.services.webhooks import Webhooks
from rcu.store.accesses import Access
from rcu.store.engine import Store
from rcu.store.keys import ApiKey

_bearer = HTTPBearer(auto_error=False, description="An API key, made with `rcu key create`")
READING = frozenset({"identity", "contact", "consent", "orders", "scores"})
"""Scopes that open a part of the profile."""
RECORDS = frozenset({"records"})
"""The scope that hands in records."""
EVENTS = frozenset({"events"})
"""The scope that hands in events."""
HISTORY = frozenset({"history"})
"""The scope that opens what was."""


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


async def get_default_model(request: Request) -> str:
    """The model that is in use as long as none was adopted: its name or path, as the settings say."""
    return request.app.state.default_model


DefaultModelDep = Annotated[str, Depends(get_default_model)]
FeedWatchDep = Annotated[FeedWatch, Depends(get_feed_watch)]
WebhooksDep = Annotated[Webhooks, Depends(get_webhooks)]
GatheringDep = Annotated[Gathering, Depends(get_gathering)]
KnownKeysDep = Annotated[KnownKeys, Depends(get_known_keys)]
RealTimeDep = Annotated[RealTime, Depends(get_real_time)]
FourEyesDep = Annotated[FourEyes, Depends(get_four_eyes)]
StoreDep = Annotated[Store, Depends(get_store)]
CleaningDep = Annotated[CleaningSettings, Depends(get_cleaning)]


async def get_key(
    request: Request,
    known: KnownKeysDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)] = None,
) -> ApiKey:
    """The key the caller showed.

    Raises:
        ApiError: 401 without a key that is in force, 429 when it asks more often than it may.
    """
    key = None
    if credentials is not None:
        shown = credentials.credentials
        key = known.remembered(shown) or await run_in_threadpool(known.find, shown)
    if key is None:
        detail = "send the header Authorization: Bearer followed by an API key"
        raise ApiError(401, detail, headers={"WWW-Authenticate": "Bearer"})
    admit(request, key)
    return key


def shown_key(request: Request) -> str | None:
    """The API key a request shows, for routes that look before their dependencies are asked."""
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    return shown if scheme.lower() == "bearer" else None


def admit(request: Request, key: ApiKey) -> None:
    """Count a request of a key that has a rate, once, and tell what is left of it with the answer.

    Raises:
        ApiError: 429 when it asks more often than it may.
    """
    rate, mine = key.terms.rate, asked(request.scope)
    if rate is None or mine.admitted:
        return
    mine.admitted = True
    _hold_to(request, request.app.state.rates.take(key.key_id, rate), "ask")


def _hold_to(request: Request, allowed: Allowance, what: str) -> None:
    asked(request.scope).headers += [(name.encode(), value.encode()) for name, value in allowed.headers()]
    if not allowed.passes:
        detail = f"this key may {what} {allowed.most} times in any {allowed.window} s"
        raise ApiError(429, detail, headers={"Retry-After": str(allowed.seconds)})


Check = Callable[[ApiKey], Awaitable[ApiKey]]
_NEEDED: Final[dict[Check, tuple[frozenset[str], ...]]] = {}


def needs(*groups: frozenset[str], everywhere: bool = False) -> Check:
    """A dependency that lets through keys with at least one of the scopes of each group.

    `everywhere`: and that are held to no stores, for what tells of customers whosever they are.
    """

    async def check(key: Annotated[ApiKey, Depends(get_key)]) -> ApiKey:
        for scopes in groups:
            if not key.scopes & scopes:
                raise ApiError(403, f"one of these scopes is needed: {', '.join(sorted(scopes))}")
        if everywhere and key.terms.stores is not None:
            raise ApiError(403, "this is of all stores, and the key is held to some")
        return key

    _NEEDED[check] = groups
    return check


def needed(check: Callable[..., object] | None) -> tuple[frozenset[str], ...] | None:
    """The groups of scopes a dependency asks for; None when it is not one of `needs`."""
    return next((groups for known, groups in _NEEDED.items() if known is check), None)


Reader = Annotated[ApiKey, Depends(needs(READING))]
WRITES_RECORDS = Depends(needs(RECORDS))
EventWriter = Annotated[ApiKey, Depends(needs(EVENTS))]
IdentityReader = Annotated[ApiKey, Depends(needs(frozenset({"identity"})))]
OrdersReader = Annotated[ApiKey, Depends(needs(frozenset({"orders"})))]
ConsentReader = Annotated[ApiKey, Depends(needs(frozenset({"consent"})))]
Steward = Annotated[ApiKey, Depends(needs(frozenset({"steward"})))]
StewardOfAll = Annotated[ApiKey, Depends(needs(frozenset({"steward"}), everywhere=True))]
"""A steward who is shown customers of any store."""
FeedReader = Annotated[ApiKey, Depends(needs(frozenset({"changes"}), everywhere=True))]


async def _searcher(request: Request, key: IdentityReader) -> ApiKey:
    """A key that may search, and does not too often.

    Raises:
        ApiError: 429 when it searches more often than any key may.
    """
    _hold_to(request, request.app.state.rates.take_search(key.key_id), "search")
    return key


Searcher = Annotated[ApiKey, Depends(_searcher)]
HistoryReader = Annotated[ApiKey, Depends(needs(READING, HISTORY))]
Admin = Annotated[ApiKey, Depends(needs(frozenset({"admin"})))]


def may_look_back(key: ApiKey, as_of: str | None) -> None:
    """Let a key ask for what was.

    Raises:
        ApiError: 403 when it asks so without the scope.
    """
    if as_of is not None and not key.scopes & HISTORY:
        raise ApiError(403, "as_of needs the scope history")


_Purpose = Annotated[
    str | None,
    Header(alias="X-Purpose", pattern=WORD, description="what this is read for; by default what the key says"),
]
_OnBehalfOf = Annotated[
    str | None, Header(alias="X-On-Behalf-Of", pattern=WORD, description="the person the caller reads for: an id")
]


@dataclass(frozen=True, slots=True)
class Reads:
    """One request that reads customers: writes down who was shown, before the answer goes out.

    Attributes:
        key: the key that asks.
        store: where the customers are.
        log: where it is written down.
        reading: who asks, and what for.
    """

    key: ApiKey
    store: Store
    log: Behind[Access]
    reading: Reading

    def showed(self, customer_ids: Iterable[str], *, more: Iterable[str] = ()) -> None:
        """The answer shows these customers, as far as the key's scopes open them; `more`: and groups beside those.

        Raises:
            StoreError: too much waits to be written down already.
        """
        self._write(accesses.given(self.reading, customer_ids, datetime.now(UTC), more=more))

    def named(self, customer_ids: Iterable[str]) -> None:
        """The answer tells these ids, and nothing else of the customers."""
        self._write(accesses.named(self.reading, customer_ids, datetime.now(UTC)))

    def written(self, shown: Iterable[str], named: Iterable[str] = ()) -> bool:
        """Write down both without waiting; False, and nothing is written, when too much waits already."""
        now = datetime.now(UTC)
        entries = accesses.given(self.reading, shown, now) + accesses.named(self.reading, named, now)
        return not entries or self.log.offer(entries)

    def _write(self, entries: Sequence[Access]) -> None:
        if entries:
            self.log.hand_in(entries)


async def get_reads(
    request: Request,
    key: Annotated[ApiKey, Depends(get_key)],
    x_purpose: _Purpose = None,
    x_on_behalf_of: _OnBehalfOf = None,
) -> Reads:
    """Who reads, and what for."""
    return reads_of(request, key, x_purpose, x_on_behalf_of)


def reads_of(request: Request, key: ApiKey, purpose: str | None, on_behalf_of: str | None) -> Reads:
    """The same, of headers that were read and checked elsewhere."""
    operation: str = request.scope["route"].operation_id
    told = asked(request.scope).request_id
    return reads_as(request.app.state, key, (purpose, on_behalf_of), operation=operation, request_id=told)


def reads_as(state: State, key: ApiKey, said: Sequence[str | None], *, operation: str, request_id: str) -> Reads:
    """Who reads, by an operation, as it `said`: what for, and on whose behalf."""
    purpose, on_behalf_of = said
    reading = Reading(key.name, key.scopes, on_behalf_of, operation, purpose or key.terms.purpose, request_id)
    return Reads(key, state.store, state.accesses, reading)


ReadsDep = Annotated[Reads, Depends(get_reads)]
