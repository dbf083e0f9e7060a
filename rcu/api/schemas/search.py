"""Search over the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from rcu.api.schemas.base import Body, Wire
from rcu.services.searching import FEWEST_CHARACTERS, MOST_CHARACTERS, MOST_RESULTS


class SearchRequest(Body):
    """What was typed so far, and how many customers to give."""

    text: Annotated[str, Field(min_length=FEWEST_CHARACTERS, max_length=MOST_CHARACTERS)]
    limit: Annotated[int, Field(ge=1, le=MOST_RESULTS)] = 10

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "durand mar", "limit": 5}]})


class SearchResult(Wire):
    """A customer that was found, by no more than tells it from others. What is not known or not shown is absent."""

    customer_id: str
    name: str | None = None
    birth_year: int | None = None
    town: str | None = Field(default=None, description="needs the scope `contact`, as all that follow but the last two")
    postcode: str | None = None
    email: str | None = Field(default=None, description="masked: `p***@mail.example.fr`")
    mobile: str | None = Field(default=None, description="masked: `06 •• •• •• 01`")
    loyalty_number: str | None = Field(default=None, description="masked: its last three characters")
    matched: list[
        Literal["last_name", "first_name", "birth_name", "town", "email", "loyalty_number", "phone", "postcode"]
    ] = Field(description="what of it was typed")


class SearchResponse(Wire):
    """Customers, the likeliest first."""

    results: list[SearchResult]
    more: bool = Field(description="others answer, too: type more")
