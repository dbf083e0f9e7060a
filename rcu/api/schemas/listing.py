"""Lists of customers over the wire."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from rcu.api.schemas.base import Moment, Wire
from rcu.api.schemas.profile import Profile
from rcu.store.listing import CustomerWish, ScoreRange

ScoreName = Literal["rfm_recency", "rfm_frequency", "rfm_monetary", "data_quality"]
_RANGE: Final = r"^(rfm_recency|rfm_frequency|rfm_monetary|data_quality):\d{1,3}\.\.\d{1,3}$"
ExportFormat = Literal["ndjson", "csv", "parquet"]


def _rising(text: str) -> str:
    least, most = _limits(text)
    if least > most:
        raise ValueError("a range from the lower to the higher value")
    return text


def _limits(text: str) -> tuple[int, int]:
    least, most = re.findall(r"\d+", text.partition(":")[2])
    return int(least), int(most)


class CustomerFilter(Wire):
    """Which customers are wanted: those that meet all that is said."""

    store: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default=[],
        max_length=50,
        description="one of whose records is of one of these stores, or who ordered or returned something there;"
        " needs the scope identity or orders",
    )
    updated_since: Moment | None = Field(
        default=None, description="whose profile was written then or later; to follow changes, use the change feed"
    )
    seen_since: Moment | None = Field(
        default=None, description="whose record changed, or who ordered, returned or clicked, then or later"
    )
    seen_before: Moment | None = Field(default=None, description="who did so last before")
    score: list[Annotated[str, Field(pattern=_RANGE, max_length=40), AfterValidator(_rising)]] = Field(
        default=[],
        max_length=10,
        description="a score and its range, both ends included; needs the scope scores",
        examples=[["rfm_monetary:4..5"]],
    )

    def wish(self) -> CustomerWish:
        """These customers as the services are asked for them."""
        ranges = [ScoreRange(one.partition(":")[0], *_limits(one)) for one in self.score]
        return CustomerWish(
            frozenset(self.store) or None, self.updated_since, self.seen_since, self.seen_before, ranges
        )


class CustomerQuery(CustomerFilter):
    """Which customers are wanted, page by page."""

    cursor: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=50, ge=1, le=500)


class CustomerExport(CustomerFilter):
    """Which customers are wanted, and how they are written."""

    format: ExportFormat = Field(
        default="ndjson", description="ndjson: profiles, one a line; csv, parquet: a flat table"
    )


class CustomerPage(Wire):
    """Customers, oldest first; fewer than `limit` where few of those looked at are wanted, also none."""

    customers: list[Profile]
    next_cursor: str | None = Field(description="give it back for the next page; null at the end")
