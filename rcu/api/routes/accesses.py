"""The access log: who was shown whom."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from rcu.api.bodies import BoundedRoute
from rcu.api.deps import Admin, StoreDep
from rcu.api.errors import responses
from rcu.api.exports import all_pages, export_responses, exported
from rcu.api.schemas.keys import AccessEntry, AccessExport, AccessFilter, AccessLogPage, AccessQuery
from rcu.services import accesses
from rcu.services.accesses import AccessPage
from rcu.services.exporting import Format
from rcu.store.accesses import AccessWish

router = APIRouter(prefix="/v1", tags=["keys"], route_class=BoundedRoute)


_AT_ONCE: Final = 1_000


@router.get("/access-log", operation_id="listAccesses", responses=responses(), summary="Who was shown whom")
def list_accesses(store: StoreDep, _admin: Admin, query: Annotated[AccessQuery, Query()]) -> AccessLogPage:
    """List who was shown whom, the newest first. What was shown in the last second or two may not be there yet."""
    page = accesses.accesses(store, _wish(query), cursor=query.cursor, limit=query.limit)
    return AccessLogPage(accesses=_entries(page), next_cursor=page.next_cursor)


@router.get(
    "/access-log:export",
    operation_id="exportAccesses",
    response_class=Response,
    responses=export_responses(),
    summary="Who was shown whom, as a file",
)
def export_accesses(store: StoreDep, _admin: Admin, query: Annotated[AccessExport, Query()]) -> Response:
    """Send the access log as NDJSON, CSV or Parquet, the newest entry first."""

    def page(cursor: str | None) -> tuple[list[AccessEntry], str | None]:
        found = accesses.accesses(store, _wish(query), cursor=cursor, limit=_AT_ONCE)
        return _entries(found), found.next_cursor

    return exported("access-log", all_pages(page), AccessEntry, Format(query.format))


def _wish(query: AccessFilter) -> AccessWish:
    customer = None if query.customer_id is None else query.customer_id.lower()
    return AccessWish(customer, query.key, query.after)


def _entries(page: AccessPage) -> list[AccessEntry]:
    told = (asdict(one) | {"field_groups": list(one.field_groups)} for one in page.accesses)
    return [AccessEntry.model_validate(one) for one in told]
