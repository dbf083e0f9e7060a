"""Health: is the process up, can it serve."""

from __future__ import annotations

from fastapi import APIRouter

from rcu.api.deps import StoreDep
from rcu.api.errors import responses
from rcu.api.schemas import Health
from rcu.store.schema import require_current

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", operation_id="live", summary="The process is up")
def live() -> Health:
    """Answer as long as the process does."""
    return Health(status="ok")


@router.get("/ready", operation_id="ready", responses={503: responses(503)[503]}, summary="It can serve")
def ready(store: StoreDep) -> Health:
    """Answer when the database can be reached and has the schema this version needs."""
    require_current(store)
    return Health(status="ok")
