"""Refused rows over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field, JsonValue

from rcu.api.schemas.base import Body, Wire

RefusedStatusName: TypeAlias = Literal["open", "replayed", "dropped"]
RowNumber: TypeAlias = Annotated[int, Field(ge=1, lt=2**63, description="the number of a refused row")]
_TEXT: Final = r"^[^\x00]+$"
RowContent: TypeAlias = dict[str, JsonValue] | str


class QuarantineQuery(Wire):
    """Which refused rows somebody wants to see; what is left out does not matter."""

    source: str | None = Field(default=None, max_length=200, pattern=_TEXT)
    reason: str | None = Field(default=None, max_length=100, pattern=_TEXT)
    file: str | None = Field(default=None, max_length=500, pattern=_TEXT, description="the name of their file")
    status: Literal["open", "replayed", "dropped", "any"] = "open"
    cursor: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=50, ge=1, le=500)


class QuarantineEntry(Wire):
    """Where a refused row stands and what is wrong with it; not the row."""

    quarantine_id: int
    source: str
    file: str = Field(description="the name of its file")
    line: int
    field: str | None
    reason: str
    detail: str = Field(description="what was expected")
    status: RefusedStatusName
    refused_at: datetime
    resolved_at: datetime | None = Field(description="when it was replayed or dropped")


class QuarantinePage(Wire):
    """Refused rows, the newest first."""

    rows: list[QuarantineEntry]
    next_cursor: str | None = Field(description="give it back for older ones; null at the end")


class QuarantineDetail(QuarantineEntry):
    """One refused row."""

    row: JsonValue = Field(
        default=None,
        description="as it was read: by column, or its text; absent for keys without the scopes contact and identity",
    )


class QuarantineCount(Wire):
    """Open rows of one file with one reason."""

    source: str
    file: str
    reason: str
    rows: int


class QuarantineCounts(Wire):
    """How many rows are open, where there are most of them first."""

    counts: list[QuarantineCount]
    more: bool = Field(description="there are others, with no more rows than the last of these")


class RowToReplay(Body):
    """A row to take again; without `row` as it is."""

    quarantine_id: RowNumber
    row: RowContent | None = Field(default=None, description="corrected, in the form in which it is shown")


class QuarantineReplay(Body):
    """Rows to take again, each once."""

    rows: list[RowToReplay] = Field(min_length=1, max_length=500)

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"rows": [{"quarantine_id": 4711, "row": {"CODE_CLIENT": "C1"}}, {"quarantine_id": 4712}]}]
        }
    )


class ReplayedFile(Wire):
    """What became of the rows of one file."""

    file: str
    rows_read: int
    rows_accepted: int
    rows_refused: int = Field(description="in quarantine again, under new numbers and with their present reason")
    new_records: int
    changed_records: int
    new_events: int
    changed_events: int
    new_consents: int


class QuarantineReplayed(Wire):
    """What became of a replay."""

    replayed: int = Field(description="rows that were open, and were taken again")
    files: list[ReplayedFile]


class QuarantineDrop(Body):
    """Rows to give up."""

    ids: list[RowNumber] = Field(min_length=1, max_length=500)

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": [4711, 4712]}]})


class QuarantineDropped(Wire):
    """How many rows were given up."""

    dropped: int = Field(description="rows that were open")
