"""Matching models, and what another one would change, over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from rcu.api.schemas.base import Body, Wire
from rcu.matching.model import Learnt


class ModelName(Wire):
    """A matching model."""

    id: str = Field(description="fingerprint: models with the same decide alike")
    name: str
    version: str


class CustomerCounts(Wire):
    """Customers before and after, over the same records; `unchanged` to `rearranged` count those of before."""

    records: int
    customers: tuple[int, int]
    largest: tuple[int, int] = Field(description="records of the largest customer")
    unchanged: int
    merged: int
    split: int
    rearranged: int
    pairs_gained: int = Field(description="pairs of records that are one customer after and not before")
    pairs_lost: int


class CustomerBecoming(Wire):
    """What would become of one customer."""

    customer_id: str
    change: Literal["merged", "split", "rearranged"]
    keeps_id: bool = Field(description="one of those it becomes has its id")
    becomes: list[str] = Field(description="ids of the customers its records would belong to, the oldest first")
    records: list[str] = Field(description="source:native_id, the oldest first")


class ModelComparison(Wire):
    """What a rebuild with a model would change."""

    model: ModelName
    waiting: int = Field(description="records no run has taken on yet; they are not counted")
    counts: CustomerCounts
    customers: list[CustomerBecoming] = Field(description="those that would change, the oldest first")
    more: bool = Field(description="there are more than were asked for")


class ModelEntry(ModelName):
    """A model that can be adopted."""

    learnt: Learnt | None = Field(description="what it was learnt from; null: it was not")
    created_at: datetime | None = Field(description="since when the registry has it; null: it has not, yet")
    in_use: bool = Field(description="the next run uses it")


class ModelAdoptionEntry(Wire):
    """That a model was adopted."""

    model_id: str | None = Field(description="null: again the one the settings name")
    adopted_at: datetime
    adopted_by: str


class ModelList(Wire):
    """The models shipped and of the settings, then those of the registry; who adopted what, the newest first."""

    models: list[ModelEntry]
    adoptions: list[ModelAdoptionEntry] = Field(description="the last 100")


class ModelLevel(Wire):
    """One way in which two values can relate, and what it says: bits (log2 odds), above zero for one person."""

    says: str
    against_strangers: float
    against_household: float
    rarer_more: bool = Field(description="the rarer the value, the more it says against strangers")


class ModelComparisonShown(Wire):
    """What is looked at together; the first level that holds counts."""

    name: str
    levels: list[ModelLevel]


class ModelDetail(ModelName):
    """A model: how it compares and weighs."""

    learnt: Learnt | None
    in_use: bool
    prior_against_strangers: float = Field(description="bits before any evidence")
    prior_against_household: float
    match_probability: float = Field(description="joined from here up")
    review_probability: float = Field(description="shown to a steward from here up")
    blocking: list[str] = Field(description="where records are alike that are compared")
    contradictions: list[str] = Field(description="what is never in one customer")
    comparisons: list[ModelComparisonShown]


class ModelAdoption(Body):
    """For whom a model is adopted."""

    on_behalf_of: str | None = Field(default=None, max_length=200, description="the person the caller speaks for")

    model_config = ConfigDict(json_schema_extra={"examples": [{"on_behalf_of": "anne"}]})


class ModelAdopted(ModelName):
    """A model that is in use from the next run on."""

    adopted_by: str
    last_run_used: bool = Field(description="the last run used it already: nothing changes")
