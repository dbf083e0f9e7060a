"""Events a few at a time: orders, returns, visits, what became of e-mails."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Response

from rcu.api.deps import EventWriter, RealTimeDep
from rcu.api.errors import responses
from rcu.api.repeats import RepeatableRoute
from rcu.api.schemas import EventsRequest, EventsTaken
from rcu.services.taking_events import TakenEvent, take_events

router = APIRouter(prefix="/v1", tags=["events"], route_class=RepeatableRoute)


@router.post(
    "/events:batch",
    operation_id="putEvents",
    response_model=EventsTaken,
    responses=responses(404, 409, 413),
    summary="Take up to 500 events, and say whose each is",
)
def put_events(request: EventsRequest, real_time: RealTimeDep, key: EventWriter) -> Response:
    """Take events; those that cannot be taken are refused by themselves, and the others are taken."""
    given = [one.given() for one in request.events]
    done = take_events(real_time, given, actor=f"key {key.name}")
    content = orjson.dumps({"results": [_told(one) for one in done]})
    return Response(content, media_type="application/json", headers={"Cache-Control": "private, no-store"})


def _told(done: TakenEvent) -> dict[str, Any]:
    given = done.given
    told: dict[str, Any] = {"event": f"{given.source}:{given.native_id}", "content": done.taken.value}
    if done.why is not None:
        told["reason"] = done.why.value
    if done.record is not None:
        told |= {"record": f"{given.source}:{done.record}", "by_visitor": done.by_visitor}
    if done.customer_id is not None:
        told["customer_id"] = done.customer_id
    return told
