"""What another model would change, over the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rcu.api.schemas.base import Wire


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
