"""Customers page by page, and as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response

from rcu.api.bodies import BoundedRoute
from rcu.api.deps import Reader, Reads, ReadsDep, StoreDep
from rcu.api.errors import ApiError, responses
from rcu.api.exports import export_responses, sent
from rcu.api.schemas import CustomerExport, CustomerPage, CustomerQuery
from rcu.api.schemas.listing import CustomerFilter
from rcu.services.customer_table import customer_columns
from rcu.services.exporting import Format, lines, table
from rcu.services.listing import customers_page, every_customer
from rcu.services.reading import visible
from rcu.store.engine import Store
from rcu.store.keys import ApiKey

router = APIRouter(prefix="/v1", tags=["customers"], route_class=BoundedRoute)


@router.get(
    "/customers",
    operation_id="listCustomers",
    response_model=CustomerPage,
    responses=responses(),
    summary="Customers, page by page",
)
def list_customers(store: StoreDep, key: Reader, reads: ReadsDep, query: Annotated[CustomerQuery, Query()]) -> Response:
    """List customers, all or those that are wanted, oldest first. Pages stay true while customers are written."""
    _may_ask(key, query)
    page = customers_page(store, query.wish(), cursor=query.cursor, limit=query.limit, stores=key.terms.stores)
    reads.showed([one.customer_id for one in page.profiles])
    shown = b",".join(visible(profile.profile, key.scopes) for profile in page.profiles)
    content = b'{"customers":[' + shown + b'],"next_cursor":' + orjson.dumps(page.next_cursor) + b"}"
    return Response(content, media_type="application/json", headers={"Cache-Control": "private, no-store"})


@router.get(
    "/customers:export",
    operation_id="exportCustomers",
    response_class=Response,
    responses=export_responses(),
    summary="Customers as a file",
)
def export_customers(
    store: StoreDep, key: Reader, reads: ReadsDep, query: Annotated[CustomerExport, Query()]
) -> Response:
    """Send customers as NDJSON, CSV or Parquet, all or those that are wanted, oldest first, while they are read."""
    _may_ask(key, query)
    how = Format(query.format)
    pages = _shown(store, query, key, reads)
    if how is Format.NDJSON:
        return sent("customers", lines(pages), how)
    told = ([orjson.loads(one) for one in page] for page in pages)
    return sent("customers", table(told, customer_columns(key.scopes), how), how)


def _shown(store: Store, query: CustomerFilter, key: ApiKey, reads: Reads) -> Iterator[Sequence[bytes]]:
    """Profiles as far as the key may see them; that they are shown is written down before they go out."""
    for page in every_customer(store, query.wish(), stores=key.terms.stores):
        reads.showed([one.customer_id for one in page])
        yield [visible(one.profile, key.scopes) for one in page]


def _may_ask(key: ApiKey, query: CustomerFilter) -> None:
    """Let nobody find out by asking what the key does not open.

    Raises:
        ApiError: 403.
    """
    if query.score and "scores" not in key.scopes:
        raise ApiError(403, "to choose by score needs the scope scores")
    if query.store and not key.scopes & {"identity", "orders"}:
        raise ApiError(403, "to choose by store needs the scope identity or orders")
