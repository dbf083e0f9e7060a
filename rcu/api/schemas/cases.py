"""The review queue over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from rcu.api.schemas.base import Body, Moment, Wire
from rcu.api.schemas.decisions import DecisionWords, RecordName
from rcu.api.schemas.listing import ExportFormat

CaseKindName = Literal[
    "possible_match",
    "rivals",
    "contradiction",
    "weakest_link",
    "decision_changed",
    "identifier_generic",
    "large_cluster",
]
CaseStateName = Literal["open", "deferred", "closed"]
CustomerId = Annotated[str, Field(min_length=1, max_length=100, description="a customer id")]


class CaseFilter(Wire):
    """Which cases somebody wants to see; what is left out does not matter."""

    state: Literal["open", "deferred", "closed", "any"] = Field(default="open", description="open: what waits now")
    kind: CaseKindName | None = None
    assigned_to: str | None = Field(default=None, max_length=200, description="empty: nobody")
    due_before: Moment | None = None
    customer: str | None = Field(default=None, max_length=100, description="any id a customer ever had")
    least_priority: float | None = Field(default=None, ge=0)
    text: str | None = Field(default=None, max_length=200, description="in keys of records and ids")


class CaseExport(CaseFilter):
    """Which cases, and how they are written."""

    format: ExportFormat = "ndjson"


class CaseQuery(CaseFilter):
    """Which cases, page by page."""

    cursor: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=50, ge=1, le=500)


class CaseEntry(Wire):
    """A case of the queue."""

    case_id: int
    kind: CaseKindName
    state: CaseStateName = Field(description="a deferred case whose date has come is open")
    version: int = Field(description="give it back as `expected`")
    explanation: str = Field(description="why it is there, in words")
    customers: dict[str, int] = Field(description="the customers it is about, with their version")
    evidence: dict[str, Any] = Field(description="keys of records, ids, probabilities and words; no personal data")
    priority: float = Field(description="uncertainty times what is at stake")
    revenue_minor: int = Field(description="net revenue of its customers, in minor units")
    opened_at: datetime
    updated_at: datetime
    assigned_to: str | None
    due_at: datetime | None
    deferred_until: datetime | None
    closed_at: datetime | None
    closed_why: str | None
    allowed: list[str] = Field(description="what it can be decided by")


class CaseList(Wire):
    """Cases, the highest priority and then the oldest first."""

    cases: list[CaseEntry]
    next_cursor: str | None = Field(description="give it back as `cursor` for the next; null at the end")


class CaseHappening(Wire):
    """What happened to a case."""

    kind: str
    actor: str = Field(description="machine, where nobody did it")
    detail: str | None
    at: datetime


class CaseDetail(Wire):
    """A case, and what happened to it, the oldest first."""

    case: CaseEntry
    events: list[CaseHappening]


class CaseAction(Body):
    """What every action may say."""

    expected: int | None = Field(default=None, description="only if the case is still at this version")
    on_behalf_of: str | None = Field(default=None, max_length=200, description="the person the caller speaks for")


class CaseAssignment(CaseAction):
    """Who has a case from now on."""

    assigned_to: str | None = Field(min_length=1, max_length=200, description="null: nobody")

    model_config = ConfigDict(json_schema_extra={"examples": [{"assigned_to": "anne", "expected": 1}]})


class CaseDate(CaseAction):
    """An instant; null takes it away."""

    at: Moment | None

    model_config = ConfigDict(json_schema_extra={"examples": [{"at": "2026-03-31T17:00:00+02:00"}]})


class CaseDeferral(CaseAction):
    """Until when a case is put off."""

    at: Moment
    reason: str | None = Field(default=None, min_length=1, max_length=2_000)

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"at": "2026-04-15T08:00:00+02:00", "reason": "she answers after her holiday"}]}
    )


class CaseResumption(CaseAction):
    """Why a case is taken back before its date, where that is said."""

    reason: str | None = Field(default=None, min_length=1, max_length=2_000)

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "she is at the till"}]})


class CaseComment(CaseAction):
    """What somebody says about a case."""

    text: str = Field(min_length=1, max_length=2_000)

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "asked her for her date of birth", "on_behalf_of": "anne"}]}
    )


class CaseClosing(CaseAction):
    """Why a case is closed."""

    reason: str = Field(min_length=1, max_length=2_000)

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "two cousins of one name", "expected": 3}]})


class CaseDecisionRequest(DecisionWords):
    """How a case is decided."""

    kind: Literal["merge", "not_same", "confirm", "split", "undo"]
    about: list[CustomerId] = Field(
        default_factory=list[str], max_length=50, description="some of its customers; by default all"
    )
    groups: list[Annotated[list[RecordName], Field(min_length=1, max_length=500)]] = Field(
        default_factory=list[list[str]], max_length=50, description="of a split: the records that leave together"
    )
    supersede: bool = Field(default=False, description="take back the decisions that stand in the way")
    expected: int | None = Field(default=None, description="only if the case is still at this version")

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "merge", "reason": "she showed both cards", "expected": 3}]}
    )
