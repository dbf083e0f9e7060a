"""Lists that go out whole, while they are read: NDJSON, CSV, Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from typing import Any, Final, TypeVar

import orjson
from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from rcu.api.errors import responses
from rcu.services.exporting import Column, Format, Kind, Row, lines, table

M = TypeVar("M", bound=BaseModel)
_AT_ONCE: Final = 1_000
MEDIA_TYPES: Final = {
    Format.NDJSON: "application/x-ndjson",
    Format.CSV: "text/csv; charset=utf-8",
    Format.PARQUET: "application/vnd.apache.parquet",
}
_KINDS: Final = {"integer": Kind.WHOLE, "number": Kind.NUMBER, "boolean": Kind.FLAG}


def export_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route that exports can answer with, for OpenAPI."""
    schema: dict[str, Any] = {"schema": {"type": "string"}}
    binary: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
    content = {
        MEDIA_TYPES[Format.NDJSON]: schema,
        "text/csv": schema,
        MEDIA_TYPES[Format.PARQUET]: binary,
    }
    return {200: {"description": "The list, as it is written", "content": content}, **responses(*statuses)}


def sent(name: str, content: Iterator[bytes], how: Format) -> Response:
    """Send a file while it is written; an error on the way ends it before its end."""
    headers = {"Cache-Control": "private, no-store"}
    headers["Content-Disposition"] = f'attachment; filename="{name}.{how.value}"'
    return StreamingResponse(content, media_type=MEDIA_TYPES[how], headers=headers)


def exported(name: str, pages: Iterable[Sequence[M]], model: type[M], how: Format) -> Response:
    """Send entries of a list as they go over the wire; what has members of its own is JSON text in a table."""
    if how is Format.NDJSON:
        return sent(name, lines([_line(one) for one in page] for page in pages), how)
    told = ([one.model_dump(mode="json") for one in page] for page in pages)
    return sent(name, table(told, columns_of(model), how), how)


def all_pages(page: Callable[[str | None], tuple[Sequence[M], str | None]]) -> Iterator[Sequence[M]]:
    """The pages of a list, from the first to the last, each asked for with the cursor the one before gave."""
    cursor: str | None = None
    while True:
        found, cursor = page(cursor)
        if found:
            yield found
        if cursor is None:
            return


def _line(one: BaseModel) -> bytes:
    return orjson.dumps(one.model_dump(mode="json"))


@cache
def columns_of(model: type[BaseModel]) -> tuple[Column, ...]:
    """A column for each member of what goes over the wire."""
    schema = model.model_json_schema(mode="serialization")["properties"]
    return tuple(Column(name, _kind(told), partial(_member, name=name)) for name, told in schema.items())


def _member(row: Row, name: str) -> Any:  # noqa: ANN401  # what stands there
    return row.get(name)


def _kind(told: dict[str, Any]) -> Kind:
    parts = [one for one in told.get("anyOf", [told]) if one.get("type") != "null"]
    if len(parts) != 1:
        return Kind.JSON
    (one,) = parts
    if one.get("type") == "string":
        return Kind.INSTANT if one.get("format") == "date-time" else Kind.TEXT
    return _KINDS.get(one.get("type", ""), Kind.JSON)
