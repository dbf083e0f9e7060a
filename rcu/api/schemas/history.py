"""What customers were, over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from rcu.api.schemas.base import Wire


class CauseTold(Wire):
    """What changed a customer."""

    kind: Literal["run", "record", "decision", "undo", "approve"]
    number: int | None = Field(description="of the run or the decision")
    actor: str | None = Field(description="who sent the record or decided, where that is known")


class Changed(Wire):
    """A field that changed; null where there was, or is, nothing."""

    group: str = Field(
        description="a group of golden fields, contact_points, consents, orders, scores, household, records"
    )
    field: str = Field(description="`given_by` is the record a group of golden fields comes from")
    of: str | None = Field(description="which contact point, currency or record, where there are several")
    before: Any = Field(description="its value before")
    after: Any = Field(description="its value from then on")


class Merged(Wire):
    """The customer became part of another."""

    at: datetime
    customer_id: str
    cause: CauseTold | None


class ReviewedCase(Wire):
    """What somebody did with a case about the customer."""

    case_id: int
    kind: str = Field(description="why the case is there")
    event: Literal["deferred", "resumed", "comment", "decided", "closed"]
    actor: str
    detail: str | None = Field(description="until when, why")
    at: datetime


class Version(Wire):
    """A version of a customer, and the span of time in which it was true."""

    version: int
    kind: Literal["created", "changed", "returned"] = Field(
        description="returned: the customer was part of another before"
    )
    from_at: datetime
    until_at: datetime | None = Field(description="null: true now")
    cause: CauseTold | None = Field(description="null: not known")
    joined: list[str] = Field(description="records that came with it; of the first version, all of them")
    left: list[str] = Field(description="records that left with it")
    changes: list[Changed] | None = Field(description="null: the version before is not known")
    merged: Merged | None = Field(description="what ended it, where it was not replaced by a next version")
    reviewed: list[ReviewedCase] = Field(
        description="what people did with cases about the customer meanwhile, with the scope `steward`"
    )


class CustomerHistory(Wire):
    """What a customer was, the newest version first."""

    customer_id: str
    state: Literal["current", "merged", "split"]
    customers: list[str] = Field(description="the customers the id leads to at present")
    versions: list[Version]
    next_cursor: str | None = Field(description="give it back for older versions; null at the end")
