"""Runs and sources over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import Field

from rcu.api.schemas.base import Wire

RunStatusName: TypeAlias = Literal["running", "done", "killed"]


class BlocksLeftOut(Wire):
    """Blocks of one rule that are too large to be compared."""

    rule: str
    blocks: int
    records: int


class RunSummary(Wire):
    """What a run did; customers `created` to `split` are those it announced."""

    records: int = Field(description="that there were")
    touched: int = Field(description="of them those that were matched anew")
    links: int
    refused_links: int = Field(description="that would have put into one customer what must not be in one")
    customers: int = Field(description="that there were at its end")
    created: int
    updated: int
    merged: int
    split: int
    left_out: list[BlocksLeftOut]
    seconds: dict[str, float] = Field(description="by step")


class RunEntry(Wire):
    """A run."""

    run_id: int
    kind: str
    status: RunStatusName = Field(description="killed: its process ended before it did; the next run found that out")
    model: str | None = Field(description="fingerprint of the matching model")
    as_of: datetime | None = Field(description="the instant its data spoke of: their latest event or change")
    started_at: datetime
    finished_at: datetime | None
    summary: RunSummary | None = Field(description="null as long as it has not ended, or where it was killed")


class RunPage(Wire):
    """Runs, the newest first."""

    runs: list[RunEntry]
    next_cursor: str | None = Field(description="give it back for older ones; null at the end")


class SourceEntry(Wire):
    """A connected source."""

    name: str
    kind: str = Field(description="how it is read")
    rank: int = Field(description="trust: the lower, the more trusted")
    events_of_deleted: Literal["keep", "drop"] = Field(
        description="whether what a record did counts once the source deleted it"
    )
    created_at: datetime


class SourceList(Wire):
    """Every source, the most trusted first."""

    sources: list[SourceEntry]
