"""The access log: who was shown whom."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from rcu.api.deps import Admin, StoreDep
from rcu.api.errors import responses
from rcu.api.schemas.base import Moment
from rcu.api.schemas.keys import AccessEntry, AccessLogPage
from rcu.services import accesses
from rcu.store.accesses import AccessWish

router = APIRouter(prefix="/v1", tags=["keys"])


@router.get("/access-log", operation_id="listAccesses", responses=responses(), summary="Who was shown whom")
def list_accesses(
    store: StoreDep,
    _admin: Admin,
    customer_id: Annotated[
        str | None, Query(max_length=36, description="only of this customer, by this very id")
    ] = None,
    key: Annotated[str | None, Query(max_length=100, description="only by the key of this name")] = None,
    after: Annotated[Moment | None, Query(description="only what was shown after this instant")] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> AccessLogPage:
    """List who was shown whom, the newest first. What was shown in the last second or two may not be there yet."""
    wish = AccessWish(None if customer_id is None else customer_id.lower(), key, after)
    page = accesses.accesses(store, wish, cursor=cursor, limit=limit)
    entries = [
        AccessEntry.model_validate(asdict(one) | {"field_groups": list(one.field_groups)}) for one in page.accesses
    ]
    return AccessLogPage(accesses=entries, next_cursor=page.next_cursor)
