"""The FastAPI application."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from types import FrameType
from typing import Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from rcu import __version__
from rcu.api import document, errors
from rcu.api.asked import TaggedAnswers
from rcu.api.compressed import CompressedAnswers
from rcu.api.rates import Rates
from rcu.api.routes import (
    accesses,
    cases,
    changes,
    customers,
    decisions,
    events,
    health,
    keys,
    listing,
    models,
    operations,
    parts,
    quarantine,
    records,
    search,
    webhooks,
)
from rcu.api.straight import StraightAnswers
from rcu.cleaning import CleaningSettings
from rcu.config import SEARCH_PER_MINUTE, Settings, settings
from rcu.domain.cases import USUAL_RULES, CaseRules
from rcu.matching.model import DEFAULT_MODEL, MatchModel, load_model
from rcu.services.accesses import KeyUses, access_log
from rcu.services.asking import FourEyes
from rcu.services.behind import EVERY_SECONDS
from rcu.services.following import FeedWatch, newest_change
from rcu.services.frequent import FrequentReads
from rcu.services.gathering import Gathering
from rcu.services.keys import KnownKeys
from rcu.services.models import load_active
from rcu.services.repeating import Repeats
from rcu.services.setup import case_rules, cleaning_settings
from rcu.services.upserting import RealTime
from rcu.services.warming import settle_memory, warm_up
from rcu.services.webhooks import Webhooks
from rcu.store.engine import Store

ROUTERS: Final = (
    records.router,  # what is asked for most is looked at first
    customers.router,
    search.router,
    health.router,
    parts.router,
    listing.router,
    events.router,
    changes.router,
    decisions.router,
    cases.router,
    models.router,
    models.adopting,
    keys.router,
    accesses.router,
    webhooks.router,
    operations.router,
    quarantine.router,
)
_KNOWN_SECONDS: Final = 2.0
"""For so long a key is taken for what it was."""
_WARMING_SECONDS: Final = 2.0
"""The start waits no longer for what the first record would otherwise wait for."""


@dataclass(frozen=True, slots=True)
class Options:
    """What an application may be told beside how records are worked out.

    Attributes:
        behind_seconds: so often what was read is written down.
        private_webhooks: webhooks may be within one's own net.
        search_per_minute: so often a key may search.
        default_model: the model listed as in use as long as none was adopted.
    """

    behind_seconds: float = EVERY_SECONDS
    private_webhooks: bool = False
    search_per_minute: int = SEARCH_PER_MINUTE
    default_model: str = DEFAULT_MODEL


USUAL: Final = Options()


def create_app(
    store: Store,
    *,
    model: MatchModel | None = None,
    cleaning: CleaningSettings | None = None,
    four_eyes: FourEyes | None = None,
    rules: CaseRules = USUAL_RULES,
    options: Options = USUAL,
) -> FastAPI:
    """Make the application on a store; the caller closes the store.

    `model` is what records are matched with before any run (by default the shipped one), then that of the last run;
    `rules` say where cases begin.
    """
    app = _described()
    app.state.store = store
    app.state.default_model = options.default_model
    app.state.cleaning = cleaning or CleaningSettings()
    app.state.four_eyes = four_eyes or FourEyes()
    app.state.real_time = RealTime(store, model or load_model(), app.state.cleaning, _now, rules)
    app.state.gathering = Gathering(app.state.real_time)
    app.state.key_uses = KeyUses(store, every=options.behind_seconds)
    app.state.keys = KnownKeys(store, seconds=_KNOWN_SECONDS, used=app.state.key_uses.used)
    app.state.repeats = Repeats(store, _now)
    app.state.rates = Rates(options.search_per_minute)
    app.state.accesses = access_log(store, every=options.behind_seconds)
    app.state.feed_watch = FeedWatch(partial(newest_change, store))
    app.state.frequent = FrequentReads(store, app.state.cleaning)
    app.state.webhooks = Webhooks(store, clock=_now, private=options.private_webhooks)
    _route(app)
    return app


class Api(FastAPI):
    """The application; what is asked for most is answered before the framework looks at it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request under its id, or do what else a server asks for."""
        scope["app"] = self
        await self._first(scope, receive, send)

    @cached_property
    def _first(self) -> ASGIApp:
        return TaggedAnswers(StraightAnswers(super().__call__))


def _route(app: FastAPI) -> None:
    """Have the application answer, as JSON that is long compressed."""
    routes = [one for router in ROUTERS for one in router.routes if isinstance(one, APIRoute)]
    lists = {one.path for one in routes if "{" not in one.path}
    app.add_middleware(CompressedAnswers, paths=frozenset({*lists, "/openapi.json"}))
    errors.install(app, ROUTERS)
    document.install(app)
    for router in ROUTERS:
        app.include_router(router)


def _described() -> Api:
    return Api(
        title="RCU",
        summary="Référentiel Client Unique: one golden record per customer",
        version=__version__,
        docs_url=None,  # the page would load its scripts from elsewhere
        redoc_url=None,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def from_environment() -> FastAPI:
    """Make the application from RCU_* settings; what `rcu serve` runs."""
    chosen = settings()
    store = Store(chosen.database_url)
    four_eyes = FourEyes(chosen.four_eyes_records, chosen.four_eyes_revenue)
    cleaning = cleaning_settings(chosen, _now().date())
    rules = case_rules(chosen)
    app = create_app(
        store,
        model=load_active(store, chosen),
        cleaning=cleaning,
        four_eyes=four_eyes,
        rules=rules,
        options=Options(
            private_webhooks=chosen.webhook_private,
            search_per_minute=chosen.search_per_minute,
            default_model=chosen.model,
        ),
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        warming = asyncio.create_task(asyncio.to_thread(warm_up, app.state.real_time))
        await asyncio.wait([warming], timeout=_WARMING_SECONDS)
        for one in (app.state.frequent, app.state.accesses):
            one.settle()
        settle_memory()
        warming.add_done_callback(lambda _: settle_memory())  # what it took longer for is there to stay, too
        async with _delivering(store, chosen) if chosen.deliver else nullcontext():
            with _at_the_end(app.state.feed_watch.close):
                yield
        await app.state.accesses.unsettle()
        for name in ("gathering", "frequent", "keys", "accesses", "key_uses"):
            getattr(app.state, name).close()
        await asyncio.wait([warming])
        store.close()

    app.router.lifespan_context = lifespan
    return app


@asynccontextmanager
async def _delivering(store: Store, chosen: Settings) -> AsyncGenerator[None]:
    """Tell webhooks of changes beside the server; of several processes one does."""
    from rcu.services.delivering import deliver  # noqa: PLC0415  # its HTTP client, where it is needed

    stop = asyncio.Event()
    work = asyncio.create_task(deliver(store, stop, clock=_now, private=chosen.webhook_private))
    try:
        yield
    finally:
        stop.set()
        await work


@contextmanager
def _at_the_end(act: Callable[[], None]) -> Generator[None]:
    """Do something as soon as the process is told to stop: the server waits for requests that wait themselves."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    former = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}

    def stopped(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)
        handler = former[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for one in former:
        signal.signal(one, stopped)
    try:
        yield
    finally:
        for one, handler in former.items():
            signal.signal(one, handler)
