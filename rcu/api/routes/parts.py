"""What one customer is made of: its records, its events, its consents, and why its records are one person."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from rcu.api.bodies import BoundedRoute
from rcu.api.deps import ConsentReader, IdentityReader, OrdersReader, ReadsDep, RealTimeDep, StoreDep
from rcu.api.errors import responses
from rcu.api.moved import CustomerId, elsewhere
from rcu.api.schemas.parts import (
    MOST_OF_PAGE,
    CustomerConsents,
    CustomerEvents,
    CustomerExplanation,
    CustomerRecords,
    EventsQuery,
)
from rcu.services import holding, parts
from rcu.services.looking_back import read_instant

router = APIRouter(prefix="/v1/customers/{customer_id}", tags=["customers"], route_class=BoundedRoute)

_Cursor = Annotated[str | None, Query(max_length=200, description="next_cursor of the page before")]
_Limit = Annotated[int, Query(ge=1, le=MOST_OF_PAGE)]


def _answer(content: bytes) -> Response:
    return Response(content, media_type="application/json", headers={"Cache-Control": "private, no-store"})


@router.get(
    "/records",
    operation_id="getCustomerRecords",
    response_model=CustomerRecords,
    responses=responses(307, 404, 409, 410),
    summary="The records of a customer as they were cleaned",
)
def get_customer_records(
    customer_id: CustomerId,
    store: StoreDep,
    key: IdentityReader,
    reads: ReadsDep,
    cursor: _Cursor = None,
    limit: _Limit = 50,
) -> Response:
    """List records, the oldest first, with what cleaning found and did."""
    page = parts.records(store, customer_id, key.scopes, cursor=cursor, limit=limit, stores=key.terms.stores)
    if page.customer_id != customer_id.lower():
        return elsewhere(page.customer_id, "/records", cursor=cursor, limit=limit)
    reads.showed([page.customer_id])
    return _answer(page.answer("records"))


@router.get(
    "/events",
    operation_id="getCustomerEvents",
    response_model=CustomerEvents,
    responses=responses(307, 404, 409, 410),
    summary="What a customer bought, returned and clicked on",
)
def get_customer_events(
    customer_id: CustomerId,
    store: StoreDep,
    key: OrdersReader,
    reads: ReadsDep,
    query: Annotated[EventsQuery, Query()],
) -> Response:
    """List events, the newest first: those that aggregates count, and orders that were cancelled."""
    at = None if query.since is None else read_instant(query.since, called="since")
    kinds = frozenset(query.kind.split(",")) if query.kind else frozenset[str]()
    wanted = parts.EventsWanted(kinds, at, lines=query.expand is not None)
    page = parts.events(store, customer_id, wanted, cursor=query.cursor, limit=query.limit, stores=key.terms.stores)
    if page.customer_id != customer_id.lower():
        return elsewhere(page.customer_id, "/events", **query.model_dump(exclude_unset=True))
    reads.showed([page.customer_id])
    return _answer(page.answer("events"))


@router.get(
    "/consents",
    operation_id="getCustomerConsents",
    response_model=CustomerConsents,
    responses=responses(307, 404, 409, 410),
    summary="What a customer permits, and what that follows from",
)
def get_customer_consents(customer_id: CustomerId, store: StoreDep, key: ConsentReader, reads: ReadsDep) -> Response:
    """Give the ledger: by contact point, channel and purpose the word in force and all that was said."""
    found = parts.ledger(store, customer_id, key.scopes, stores=key.terms.stores)
    if found.customer_id != customer_id.lower():
        return elsewhere(found.customer_id, "/consents")
    reads.showed([found.customer_id])
    return _answer(found.answer())


@router.get(
    "/explanation",
    operation_id="getCustomerExplanation",
    response_model=CustomerExplanation,
    responses=responses(307, 404, 409, 410),
    summary="Why the records of a customer are one person",
)
def get_customer_explanation(
    customer_id: CustomerId, store: StoreDep, how: RealTimeDep, key: IdentityReader, reads: ReadsDep
) -> Response:
    """Give the links inside with what agrees and differs, the decisions that hold, and links that were refused."""
    found = holding.holding(store, how.model, customer_id, key.scopes, stores=key.terms.stores)
    if found.customer_id != customer_id.lower():
        return elsewhere(found.customer_id, "/explanation")
    reads.showed([found.customer_id])
    reads.named(found.others)
    return _answer(found.answer())
