"""The FastAPI application."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI

from rcu import __version__
from rcu.api import errors
from rcu.api.routes import changes, customers, decisions, health
from rcu.cleaning import CleaningSettings
from rcu.config import settings
from rcu.services.deciding import FourEyes
from rcu.services.setup import cleaning_settings
from rcu.store.engine import Store


def create_app(store: Store, *, cleaning: CleaningSettings | None = None, four_eyes: FourEyes | None = None) -> FastAPI:
    """Make the application on a store; the caller closes the store."""
    app = FastAPI(
        title="RCU",
        summary="Référentiel Client Unique: one golden record per customer",
        version=__version__,
        docs_url=None,  # the page would load its scripts from elsewhere
        redoc_url=None,
    )
    app.state.store = store
    app.state.cleaning = cleaning or CleaningSettings()
    app.state.four_eyes = four_eyes or FourEyes()
    errors.install(app)
    for router in (health.router, customers.router, changes.router, decisions.router):
        app.include_router(router)
    return app


def from_environment() -> FastAPI:
    """Make the application from RCU_* settings; what `rcu serve` runs."""
    chosen = settings()
    store = Store(chosen.database_url)
    four_eyes = FourEyes(chosen.four_eyes_records, chosen.four_eyes_revenue)
    app = create_app(store, cleaning=cleaning_settings(chosen, datetime.now(UTC).date()), four_eyes=four_eyes)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        yield
        store.close()

    app.router.lifespan_context = lifespan
    return app
