"""The change feed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from rcu.api.bodies import BoundedRoute
from rcu.api.deps import FeedReader, FeedWatchDep, StoreDep
from rcu.api.errors import responses
from rcu.api.exports import export_responses, exported
from rcu.api.schemas import ChangeEntry, ChangePage
from rcu.api.schemas.listing import ExportFormat
from rcu.domain.changes import ChangeKind
from rcu.services.exporting import Format
from rcu.services.following import Feed, before_oldest, feed
from rcu.store.engine import Store

router = APIRouter(prefix="/v1", tags=["changes"], route_class=BoundedRoute)

_AT_ONCE: Final = 1_000
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
    return ChangePage(changes=_entries(found), next_after=found.next_after, oldest=found.oldest, newest=found.newest)


def _entries(found: Feed) -> list[ChangeEntry]:
    return [
        ChangeEntry.model_validate(asdict(one) | {"changed_at": one.changed_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")})
        for one in found.changes
    ]


@router.get(
    "/changes:export",
    operation_id="exportChanges",
    response_class=Response,
    responses=export_responses(410),
    summary="What changed, as a file",
)
def export_changes(
    store: StoreDep,
    _key: FeedReader,
    after: Annotated[int | None, Query(ge=0, lt=2**63, description="by default all that are kept")] = None,
    kinds: _Kinds = None,
    how: Annotated[ExportFormat, Query(alias="format")] = "ndjson",
) -> Response:
    """Send the changes after a sequence number as NDJSON, CSV or Parquet, in commit order."""
    read = partial(_read, store, _AT_ONCE, frozenset(kinds.split(",")) if kinds else frozenset[str]())
    first = read(before_oldest(store) if after is None else after)
    return exported("changes", _pages(read, first), ChangeEntry, Format(how))


def _pages(read: Callable[[int], Feed], first: Feed) -> Iterator[list[ChangeEntry]]:
    """The changes up to the newest there is now, page by page."""
    found = first
    while found.changes:
        yield _entries(found)
        if found.next_after >= first.newest:
            return
        found = read(found.next_after)
