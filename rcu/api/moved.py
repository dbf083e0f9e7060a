"""Ids of customers in addresses, and where one leads that was merged into another."""

from __future__ import annotations

from typing import Annotated, TypeAlias
from urllib.parse import urlencode

import orjson
from fastapi import Path, Response

CustomerId: TypeAlias = Annotated[
    str,
    Path(
        pattern="^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$", description="A customer id, as ever given out"
    ),
]


def elsewhere(customer_id: str, part: str = "", **asked: str | int | None) -> Response:
    """The id was merged into another: where to go on, for the same `part` of it, asked for in the same way."""
    content = orjson.dumps({"status": "merged", "customer_id": customer_id})
    told = {name: value for name, value in asked.items() if value is not None}
    then = f"?{urlencode(told)}" if told else ""
    location = {"Location": f"/v1/customers/{customer_id}{part}{then}", "Cache-Control": "no-store"}
    return Response(content, 307, media_type="application/json", headers=location)
