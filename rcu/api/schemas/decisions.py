"""Decisions over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from rcu.api.schemas.base import Body, Wire
from rcu.api.schemas.profile import Profile
from rcu.domain.records import CUSTOMER_ID_PATTERN

Words = Annotated[str, Field(min_length=1, max_length=2_000, description="why, for somebody who reads it in a year")]
RecordName = Annotated[str, Field(max_length=300, pattern=r"^[^:]+:[\s\S]+$", description="source:native_id")]
NAME_PATTERN: Final = f"^({CUSTOMER_ID_PATTERN}|[^:]+:[\\s\\S]+)$"
Name = Annotated[
    str,
    Field(max_length=300, pattern=NAME_PATTERN, description="source:native_id, or a customer id"),
]


class DecisionWords(Body):
    """Why, and for whom."""

    reason: Words
    on_behalf_of: str | None = Field(default=None, max_length=200, description="the person the caller speaks for")

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "the two cards were of two sisters", "on_behalf_of": "anne"}]}
    )


class DecisionRequest(DecisionWords):
    """A decision about records or customers."""

    kind: Literal["merge", "not_same", "split", "confirm", "comment", "override"]
    about: list[Name] = Field(min_length=1, max_length=50)
    groups: list[Annotated[list[RecordName], Field(min_length=1, max_length=500)]] = Field(
        default_factory=list[list[str]], max_length=50, description="of a split: the records that leave together"
    )
    expected: dict[str, int] = Field(
        default_factory=dict[str, int], description="customer id to the version that was looked at"
    )
    supersede: bool = Field(default=False, description="take back the decisions that stand in the way")
    fields: dict[str, Annotated[str, Field(max_length=300)] | None] = Field(
        default_factory=dict[str, str | None],
        max_length=20,
        description="of an override: what fields of the golden record are to be, in any spelling; null empties one",
    )

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "merge",
                    "about": ["shop:2134", "till:C00010458"],
                    "reason": "she moved and showed both cards",
                },
                {
                    "kind": "split",
                    "about": ["till:C00010458"],
                    "groups": [["till:C00010458"]],
                    "reason": "it is her mother's card",
                },
                {
                    "kind": "override",
                    "about": ["shop:2134"],
                    "fields": {"first_name": "Zoé"},
                    "reason": "she wrote to us",
                },
            ]
        }
    )


class DecisionMade(Wire):
    """A decision as it was written."""

    decision_id: int
    kind: str
    state: Literal["in_force", "awaits_approval", "undone"]
    superseded: list[int] = Field(description="decisions that were taken back for it")


class DecisionPreview(Wire):
    """The customers a decision would change, the oldest first; none when it changes nothing."""

    before: list[Profile] = Field(description="as they are; members outside the key's scopes are absent")
    after: list[Profile] = Field(description="as they would be")


class DecisionEntry(Wire):
    """A decision, with its records by key."""

    decision_id: int
    kind: Literal["merge", "not_same", "split", "confirm", "comment", "override", "undo", "approve"]
    state: Literal["in_force", "awaits_approval", "undone"]
    actor: str
    reason: str
    decided_at: datetime
    about: int | None = Field(description="the decision that is undone or approved")
    records: list[str]
    together: list[tuple[str, str]]
    apart: list[tuple[str, str]]
    changed: list[str] = Field(description="records that say something else than when it was decided")
    fields: list[str] = Field(description="of an override: what it sets, by name; the values are in the profile")


class DecisionList(Wire):
    """Decisions, the newest first."""

    decisions: list[DecisionEntry]
    next_before: int | None = Field(description="give it back as `before` for older ones; null at the end")
