"""The change feed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from rcu.api.deps import FeedReader, StoreDep
from rcu.api.errors import responses
from rcu.api.schemas import ChangeEntry, ChangePage
from rcu.services import reading

router = APIRouter(prefix="/v1", tags=["changes"])


@router.get("/changes", operation_id="listChanges", responses=responses(), summary="What changed, in commit order")
def list_changes(
    store: StoreDep,
    _key: FeedReader,
    after: Annotated[int, Query(ge=0, lt=2**63, description="the last sequence already seen")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> ChangePage:
    """Give the changes after a sequence number. Numbers appear in order and without gaps: none is ever missed."""
    found = reading.changes(store, after=after, limit=limit)
    return ChangePage(
        changes=[ChangeEntry(**asdict(change)) for change in found],  # type: ignore[arg-type]
        next_after=found[-1].sequence if found else after,
    )
