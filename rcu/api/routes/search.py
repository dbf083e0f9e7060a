"""Search as you type. What is looked for goes in the body: never in an address, which is logged."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Response

from rcu.api.bodies import BoundedRoute
from rcu.api.deps import ReadsDep, Searcher, StoreDep
from rcu.api.errors import responses
from rcu.api.schemas.search import SearchRequest, SearchResponse
from rcu.services import searching

router = APIRouter(prefix="/v1", tags=["customers"], route_class=BoundedRoute)


@router.post(
    "/customers/search",
    operation_id="searchCustomers",
    response_model=SearchResponse,
    responses=responses(),
    summary="Customers by what was typed so far",
)
def search_customers(request: SearchRequest, store: StoreDep, key: Searcher, reads: ReadsDep) -> Response:
    """Find customers by names, town, postcode, mailbox, phone or loyalty number, or how they begin, in any order."""
    found = searching.search(store, request.text, limit=request.limit, scopes=key.scopes, stores=key.terms.stores)
    reads.showed([one.customer_id for one in found.results])
    content = orjson.dumps({"results": [one.told() for one in found.results], "more": found.more})
    return Response(content, media_type="application/json", headers={"Cache-Control": "private, no-store"})
