"""The review queue: where a steward should look, and what comes of it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response

from rcu.api.deps import FourEyesDep, RealTimeDep, StewardOfAll, StoreDep
from rcu.api.errors import responses
from rcu.api.exports import all_pages, export_responses, exported
from rcu.api.repeats import RepeatableRoute
from rcu.api.routes.decisions import actor_of, made
from rcu.api.schemas import DecisionMade
from rcu.api.schemas.cases import (
    CaseAssignment,
    CaseClosing,
    CaseComment,
    CaseDate,
    CaseDecisionRequest,
    CaseDeferral,
    CaseDetail,
    CaseEntry,
    CaseExport,
    CaseFilter,
    CaseHappening,
    CaseList,
    CaseQuery,
    CaseResumption,
)
from rcu.domain.cases import CaseKind, CaseState
from rcu.domain.decisions import DecisionKind
from rcu.services import reviewing
from rcu.services.exporting import Format
from rcu.services.reviewing import CaseDecision, CaseShown, Review
from rcu.store.queue import Wish

router = APIRouter(prefix="/v1", tags=["cases"], route_class=RepeatableRoute)

_AT_ONCE: Final = 500
_Number = Annotated[int, Path(ge=1, lt=2**63, description="the number of a case")]


def _now() -> datetime:
    return datetime.now(UTC)


def _entry(shown: CaseShown) -> CaseEntry:
    told = asdict(shown.case) | {"state": shown.state.value, "kind": shown.case.kind.value}
    told |= {"customers": dict(shown.customers), "evidence": dict(shown.evidence)}
    del told["subject"]
    told |= {"explanation": shown.explanation, "allowed": [one.value for one in shown.allowed]}
    return CaseEntry.model_validate(told)


@router.get("/cases", operation_id="listCases", responses=responses(), summary="The review queue")
def list_cases(store: StoreDep, _key: StewardOfAll, query: Annotated[CaseQuery, Query()]) -> CaseList:
    """List cases, the highest priority and then the oldest first."""
    found, further = reviewing.cases(store, _wish(query), clock=_now, cursor=query.cursor, limit=query.limit)
    return CaseList(cases=[_entry(one) for one in found], next_cursor=further)


@router.get(
    "/cases:export",
    operation_id="exportCases",
    response_class=Response,
    responses=export_responses(),
    summary="The review queue as a file",
)
def export_cases(store: StoreDep, _key: StewardOfAll, query: Annotated[CaseExport, Query()]) -> Response:
    """Send cases as NDJSON, CSV or Parquet, in the order of the queue."""

    def page(cursor: str | None) -> tuple[list[CaseEntry], str | None]:
        found, further = reviewing.cases(store, _wish(query), clock=_now, cursor=cursor, limit=_AT_ONCE)
        return [_entry(one) for one in found], further

    return exported("cases", all_pages(page), CaseEntry, Format(query.format))


def _wish(query: CaseFilter) -> Wish:
    return Wish(
        state=None if query.state == "any" else CaseState(query.state),
        kind=None if query.kind is None else CaseKind(query.kind),
        assigned_to=query.assigned_to,
        due_before=query.due_before,
        customer=None if query.customer is None else query.customer.lower(),
        least_priority=query.least_priority,
        text=query.text,
    )


@router.get("/cases/{case_id}", operation_id="getCase", responses=responses(404), summary="One case and its history")
def get_case(case_id: _Number, store: StoreDep, _key: StewardOfAll) -> CaseDetail:
    """Give a case with what happened to it."""
    shown, events = reviewing.case(store, case_id, clock=_now)
    return CaseDetail(case=_entry(shown), events=[CaseHappening.model_validate(asdict(one)) for one in events])


@router.post(
    "/cases/{case_id}/assign", operation_id="assignCase", responses=responses(404, 409), summary="Give it to somebody"
)
def assign(case_id: _Number, request: CaseAssignment, store: StoreDep, key: StewardOfAll) -> CaseEntry:
    """Give a case to somebody, or take it away."""
    review = Review(store, actor_of(key, request.on_behalf_of), _now)
    return _entry(review.assign(case_id, request.assigned_to, expected=request.expected))


@router.post("/cases/{case_id}/due", operation_id="setCaseDue", responses=responses(404, 409), summary="Say until when")
def due(case_id: _Number, request: CaseDate, store: StoreDep, key: StewardOfAll) -> CaseEntry:
    """Say until when a case is to be looked at."""
    review = Review(store, actor_of(key, request.on_behalf_of), _now)
    return _entry(review.due(case_id, request.at, expected=request.expected))


@router.post("/cases/{case_id}/defer", operation_id="deferCase", responses=responses(404, 409), summary="Put it off")
def defer(case_id: _Number, request: CaseDeferral, store: StoreDep, key: StewardOfAll) -> CaseEntry:
    """Put a case off until some time; it is back in the queue by itself."""
    review = Review(store, actor_of(key, request.on_behalf_of), _now)
    return _entry(review.defer(case_id, request.at, reason=request.reason, expected=request.expected))


@router.post(
    "/cases/{case_id}/resume", operation_id="resumeCase", responses=responses(404, 409), summary="Take it back now"
)
def resume(case_id: _Number, request: CaseResumption, store: StoreDep, key: StewardOfAll) -> CaseEntry:
    """Take a case back into the queue before the date it is put off to."""
    review = Review(store, actor_of(key, request.on_behalf_of), _now)
    return _entry(review.resume(case_id, reason=request.reason, expected=request.expected))


@router.post(
    "/cases/{case_id}/comment", operation_id="commentCase", responses=responses(404), summary="Say something about it"
)
def comment(case_id: _Number, request: CaseComment, store: StoreDep, key: StewardOfAll) -> CaseEntry:
    """Say something about a case."""
    return _entry(Review(store, actor_of(key, request.on_behalf_of), _now).comment(case_id, request.text))


@router.post(
    "/cases/{case_id}/close", operation_id="closeCase", responses=responses(404, 409), summary="Close it by hand"
)
def close(case_id: _Number, request: CaseClosing, store: StoreDep, key: StewardOfAll) -> CaseEntry:
    """Close a case with a reason: it stays closed until its evidence changes."""
    review = Review(store, actor_of(key, request.on_behalf_of), _now)
    return _entry(review.close(case_id, request.reason, expected=request.expected))


@router.post(
    "/cases/{case_id}/decide",
    operation_id="decideCase",
    status_code=201,
    responses=responses(404, 409),
    summary="Decide what it asks",
)
def decide(
    case_id: _Number,
    request: CaseDecisionRequest,
    store: StoreDep,
    how: RealTimeDep,
    key: StewardOfAll,
    four_eyes: FourEyesDep,
) -> DecisionMade:
    """Decide about the customers of a case; it closes by itself when its reason goes with that."""
    ask = CaseDecision(
        DecisionKind(request.kind),
        request.reason,
        about=tuple(request.about),
        groups=tuple(map(tuple, request.groups)),
        supersede=request.supersede,
        expected=request.expected,
        four_eyes=four_eyes,
        rules=how.rules,
    )
    return made(Review(store, actor_of(key, request.on_behalf_of), _now).decide(case_id, ask, how.model))
