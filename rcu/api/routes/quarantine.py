"""Refused rows: listed, counted, shown to who may see personal data, taken again, given up."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Query, Response

from rcu.api.deps import Admin, CleaningDep, StoreDep
from rcu.api.errors import responses
from rcu.api.repeats import RepeatableRoute
from rcu.api.schemas.quarantine import (
    QuarantineCount,
    QuarantineCounts,
    QuarantineDetail,
    QuarantineDrop,
    QuarantineDropped,
    QuarantineEntry,
    QuarantinePage,
    QuarantineQuery,
    QuarantineReplay,
    QuarantineReplayed,
    ReplayedFile,
)
from rcu.errors import InputError
from rcu.services import quarantine
from rcu.services.importing import FileReport
from rcu.services.quarantine import Filter, Replayer
from rcu.store.keys import ApiKey
from rcu.store.quarantine import RefusedRow, RefusedWish

router = APIRouter(prefix="/v1", tags=["quarantine"], route_class=RepeatableRoute)

_SHOW_ROWS: Final = frozenset({"contact", "identity"})
"""What a key needs beside to be shown what a refused row holds."""


def _now() -> datetime:
    return datetime.now(UTC)


def _told(row: RefusedRow) -> dict[str, Any]:
    told = asdict(row) | {"file": row.file_name}
    return {name: told[name] for name in QuarantineEntry.model_fields}


@router.get("/quarantine", operation_id="listQuarantine", responses=responses(), summary="Refused rows")
def list_rows(store: StoreDep, _key: Admin, query: Annotated[QuarantineQuery, Query()]) -> QuarantinePage:
    """List where refused rows stand and what is wrong with them, the newest first; never what they hold."""
    status = None if query.status == "any" else query.status
    wish = RefusedWish(query.source, query.reason, query.file, status)
    found, further = quarantine.page(store, wish, cursor=query.cursor, limit=query.limit)
    return QuarantinePage(rows=[QuarantineEntry.model_validate(_told(one)) for one in found], next_cursor=further)


@router.get(
    "/quarantine/counts", operation_id="countQuarantine", responses=responses(), summary="How many rows are open"
)
def count_rows(store: StoreDep, _key: Admin, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> QuarantineCounts:
    """Count open rows by source, file and reason, where there are most of them first."""
    found = quarantine.counts(store, most=limit + 1)
    names = QuarantineCount.model_fields
    counts = [QuarantineCount.model_validate(dict(zip(names, one, strict=True))) for one in found[:limit]]
    return QuarantineCounts(counts=counts, more=len(found) > limit)


@router.get(
    "/quarantine/{quarantine_id}",
    operation_id="getQuarantinedRow",
    response_model_exclude_unset=True,
    responses=responses(404),
    summary="One refused row",
)
def get_row(
    quarantine_id: Annotated[int, Path(ge=1, lt=2**63, description="the number of a refused row")],
    response: Response,
    store: StoreDep,
    key: Admin,
) -> QuarantineDetail:
    """Give a refused row; what it holds to keys with the scopes contact and identity that see all stores."""
    found = quarantine.refused(store, quarantine_id)
    response.headers["Cache-Control"] = "private, no-store"
    held = {"row": orjson.loads(found.raw)} if _may_see(key) else {}
    return QuarantineDetail.model_validate(_told(found) | held)


def _may_see(key: ApiKey) -> bool:
    """Nobody knows of which store a row is that could not be read."""
    return key.scopes >= _SHOW_ROWS and key.terms.stores is None


@router.post(
    "/quarantine:replay",
    operation_id="replayQuarantine",
    responses=responses(409, 413),
    summary="Take refused rows again",
)
def replay(request: QuarantineReplay, store: StoreDep, cleaning: CleaningDep, _key: Admin) -> QuarantineReplayed:
    """Import open rows again, corrected or as they are; the next run works out what they change."""
    ids = [one.quarantine_id for one in request.rows]
    if len(set(ids)) < len(ids):
        raise InputError("a row is named twice")
    corrected = {one.quarantine_id: one.row for one in request.rows if one.row is not None}
    done = Replayer(store, cleaning, _now).replay(ids, corrected)
    return QuarantineReplayed(replayed=done.rows, files=[_file(one) for one in done.files])


def _file(report: FileReport) -> ReplayedFile:
    return ReplayedFile(
        file=report.name,
        rows_read=report.rows_read,
        rows_accepted=report.rows_accepted,
        rows_refused=report.rows_refused,
        new_records=report.records.new,
        changed_records=report.records.changed,
        new_events=report.events.new,
        changed_events=report.events.changed,
        new_consents=report.consents,
    )


@router.post("/quarantine:drop", operation_id="dropQuarantine", responses=responses(413), summary="Give rows up")
def drop(request: QuarantineDrop, store: StoreDep, _key: Admin) -> QuarantineDropped:
    """Give open rows up for good; they stay on record as dropped."""
    return QuarantineDropped(dropped=quarantine.drop(store, Filter(ids=tuple(request.ids)), _now()))
