"""What stewards decide about records and customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Response

from rcu.api.deps import FourEyesDep, Reads, ReadsDep, RealTimeDep, Steward, StewardOfAll, StoreDep
from rcu.api.errors import responses
from rcu.api.exports import export_responses, exported
from rcu.api.repeats import RepeatableRoute
from rcu.api.schemas import DecisionEntry, DecisionList, DecisionMade, DecisionPreview, DecisionRequest, DecisionWords
from rcu.api.schemas.decisions import NAME_PATTERN
from rcu.api.schemas.listing import ExportFormat
from rcu.domain.decisions import DecisionKind
from rcu.services import decided, deciding, previewing, reading
from rcu.services.asking import Ask, AskAbout, Setting
from rcu.services.exporting import Format
from rcu.services.upserting import RealTime
from rcu.store.engine import Store
from rcu.store.keys import ApiKey

router = APIRouter(prefix="/v1", tags=["decisions"], route_class=RepeatableRoute)

_Number = Annotated[int, Path(ge=1, lt=2**63, description="the number of a decision")]


def _now() -> datetime:
    return datetime.now(UTC)


def actor_of(key: ApiKey, on_behalf_of: str | None) -> str:
    """The key alone is what was checked; a person it speaks for is its own word."""
    return f"{on_behalf_of} (by key {key.name})" if on_behalf_of else f"key {key.name}"


def made(done: deciding.Decided) -> DecisionMade:
    """A decision as it is answered."""
    return DecisionMade(
        decision_id=done.decision.decision_id,
        kind=done.decision.kind.value,
        state=done.state.value,
        superseded=list(done.superseded),
    )


def _ask(request: DecisionRequest, key: ApiKey, how: RealTime) -> Ask:
    return Ask(
        kind=DecisionKind(request.kind),
        about=tuple(request.about),
        actor=actor_of(key, request.on_behalf_of),
        reason=request.reason,
        groups=tuple(map(tuple, request.groups)),
        expected=request.expected,
        supersede=request.supersede,
        setting=Setting(request.fields, how.cleaning) if request.fields else None,
    )


def _previewed(store: Store, found: previewing.Preview, key: ApiKey, reads: Reads) -> Response:
    """The customers as far as the key's scopes open them, and of its stores where it is held to some."""
    ids = [one.customer_id for one in (*found.before, *found.after)]
    seen = reading.shown_to(store, ids, key.terms.stores)
    reads.showed(seen)

    def shown(customers: Sequence[previewing.CustomerShown]) -> bytes:
        documents = [orjson.dumps(one.profile).decode() for one in customers if one.customer_id in seen]
        return b",".join(reading.visible(one, key.scopes) for one in documents)

    content = b'{"before":[' + shown(found.before) + b'],"after":[' + shown(found.after) + b"]}"
    return Response(content, media_type="application/json", headers={"Cache-Control": "private, no-store"})


@router.post(
    "/decisions",
    operation_id="decide",
    status_code=201,
    responses=responses(404, 409, 410),
    summary="Merge, keep apart, split, confirm, override or comment",
)
def decide(
    request: DecisionRequest, store: StoreDep, how: RealTimeDep, key: Steward, four_eyes: FourEyesDep
) -> DecisionMade:
    """Take a decision and work it out. One that contradicts others is refused with their numbers."""
    ask = _ask(request, key, how)
    return made(deciding.decide(store, ask, clock=_now, model=how.model, rules=how.rules, four_eyes=four_eyes))


@router.post(
    "/decisions/preview",
    operation_id="previewDecision",
    response_model=DecisionPreview,
    responses=responses(404, 409, 410),
    summary="What a decision would do",
)
def preview_decision(
    request: DecisionRequest, store: StoreDep, how: RealTimeDep, key: Steward, reads: ReadsDep
) -> Response:
    """Show the customers that would change, before and after. Nothing is decided."""
    found = previewing.preview(store, how.model, _ask(request, key, how), clock=_now)
    return _previewed(store, found, key, reads)


@router.post(
    "/decisions/{decision_id}/undo",
    operation_id="undoDecision",
    status_code=201,
    responses=responses(404, 409),
    summary="Take a decision back",
)
def undo(decision_id: _Number, request: DecisionWords, store: StoreDep, how: RealTimeDep, key: Steward) -> DecisionMade:
    """Take a decision back, whatever happened since; the undo is a decision itself and can be undone."""
    actor = actor_of(key, request.on_behalf_of)
    return made(
        deciding.undo(
            store, decision_id, actor=actor, reason=request.reason, clock=_now, model=how.model, rules=how.rules
        )
    )


@router.post(
    "/decisions/{decision_id}/undo/preview",
    operation_id="previewUndo",
    response_model=DecisionPreview,
    responses=responses(404, 409),
    summary="What taking a decision back would do",
)
def preview_undo(
    decision_id: _Number, request: DecisionWords, store: StoreDep, how: RealTimeDep, key: Steward, reads: ReadsDep
) -> Response:
    """Show the customers that would change, before and after. Nothing is decided."""
    ask = AskAbout(DecisionKind.UNDO, decision_id, actor_of(key, request.on_behalf_of), request.reason)
    return _previewed(store, previewing.preview(store, how.model, ask, clock=_now), key, reads)


@router.post(
    "/decisions/{decision_id}/approve",
    operation_id="approveDecision",
    status_code=201,
    responses=responses(404, 409),
    summary="Agree to a decision that waits for a second person",
)
def approve(
    decision_id: _Number, request: DecisionWords, store: StoreDep, how: RealTimeDep, key: Steward
) -> DecisionMade:
    """Give a merge effect that somebody else decided."""
    actor = actor_of(key, request.on_behalf_of)
    return made(
        deciding.approve(
            store, decision_id, actor=actor, reason=request.reason, clock=_now, model=how.model, rules=how.rules
        )
    )


@router.post(
    "/decisions/{decision_id}/approve/preview",
    operation_id="previewApproval",
    response_model=DecisionPreview,
    responses=responses(404, 409),
    summary="What agreeing to a decision would do",
)
def preview_approval(
    decision_id: _Number, request: DecisionWords, store: StoreDep, how: RealTimeDep, key: Steward, reads: ReadsDep
) -> Response:
    """Show the customers that would change, before and after. Nothing is decided."""
    ask = AskAbout(DecisionKind.APPROVE, decision_id, actor_of(key, request.on_behalf_of), request.reason)
    return _previewed(store, previewing.preview(store, how.model, ask, clock=_now), key, reads)


_About = Annotated[
    str | None, Query(max_length=300, pattern=NAME_PATTERN, description="source:native_id, or a customer id")
]


@router.get("/decisions", operation_id="listDecisions", responses=responses(404), summary="Decisions, the newest first")
def list_decisions(
    store: StoreDep,
    _key: StewardOfAll,
    about: _About = None,
    before: Annotated[int, Query(ge=1, lt=2**63, description="only older ones than this number")] = 2**63 - 1,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> DecisionList:
    """List decisions: whether they count, and which of their records changed since."""
    found, older = decided.decisions_page(store, about, before=before, limit=limit)
    return DecisionList(decisions=[DecisionEntry.model_validate(asdict(one)) for one in found], next_before=older)


@router.get(
    "/decisions:export",
    operation_id="exportDecisions",
    response_class=Response,
    responses=export_responses(404),
    summary="Decisions as a file",
)
def export_decisions(
    store: StoreDep,
    _key: StewardOfAll,
    about: _About = None,
    how: Annotated[ExportFormat, Query(alias="format")] = "ndjson",
) -> Response:
    """Send decisions as NDJSON, CSV or Parquet, the newest first."""
    pages = decided.decision_pages(store, about)
    entries = ([DecisionEntry.model_validate(asdict(one)) for one in some] for some in pages)
    return exported("decisions", entries, DecisionEntry, Format(how))
