"""The change feed."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query

from rcu.api.deps import FeedReader, FeedWatchDep, StoreDep
from rcu.api.errors import responses
from rcu.api.schemas import ChangeEntry, ChangePage
from rcu.domain.changes import ChangeKind
from rcu.services.following import Feed, feed
from rcu.store.engine import Store

router = APIRouter(prefix="/v1", tags=["changes"])

_ONE_KIND: Final = f"({'|'.join(ChangeKind)})"
_Kinds = Annotated[
    str | None,
    Query(
        pattern=f"^{_ONE_KIND}(,{_ONE_KIND})*$",
        max_length=200,
        description="only these kinds, with commas between",
        examples=["created,merged"],
    ),
]


@router.get("/changes", operation_id="listChanges", responses=responses(410), summary="What changed, in commit order")
async def list_changes(
    store: StoreDep,
    watch: FeedWatchDep,
    _key: FeedReader,
    after: Annotated[int, Query(ge=0, lt=2**63, description="the last sequence already seen")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    kinds: _Kinds = None,
    wait: Annotated[int, Query(ge=0, le=30, description="seconds to wait for a change where there is none")] = 0,
) -> ChangePage:
    """Give the changes after a sequence number. Numbers appear in order and without gaps: none is ever missed."""
    read = partial(_read, store, limit, frozenset(kinds.split(",")) if kinds else frozenset[str]())
    return _page(await watch.follow(read, after, seconds=wait))


def _read(store: Store, limit: int, kinds: frozenset[str], after: int) -> Feed:
    return feed(store, after=after, limit=limit, kinds=kinds)


def _page(found: Feed) -> ChangePage:
    entries = [
        ChangeEntry.model_validate(asdict(one) | {"changed_at": one.changed_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")})
        for one in found.changes
    ]
    return ChangePage(changes=entries, next_after=found.next_after, oldest=found.oldest, newest=found.newest)
