"""What runs the reference: the runs there were, and the sources that are connected."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query

from rcu.api.bodies import BoundedRoute
from rcu.api.deps import Admin, StoreDep
from rcu.api.errors import responses
from rcu.api.schemas.operations import RunEntry, RunPage, RunStatusName, RunSummary, SourceEntry, SourceList
from rcu.services import runs, sources
from rcu.services.runreport import read_report
from rcu.store.runs import Run

router = APIRouter(prefix="/v1", tags=["operations"], route_class=BoundedRoute)


def _entry(run: Run) -> RunEntry:
    report = read_report(run.run_id, run.summary)
    summary = None if report is None else {name: getattr(report, name) for name in RunSummary.model_fields}
    if report is not None and summary is not None:
        summary["left_out"] = [asdict(one) for one in report.left_out]
    return RunEntry.model_validate(asdict(run) | {"summary": summary})


@router.get("/runs", operation_id="listRuns", responses=responses(), summary="The runs there were")
def list_runs(
    store: StoreDep,
    _key: Admin,
    status: RunStatusName | None = None,
    cursor: Annotated[str | None, Query(max_length=200, description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> RunPage:
    """List runs, the newest first, with what they did."""
    found, further = runs.runs(store, status=status, cursor=cursor, limit=limit)
    return RunPage(runs=[_entry(one) for one in found], next_cursor=further)


@router.get("/runs/{run_id}", operation_id="getRun", responses=responses(404), summary="One run")
def get_run(
    run_id: Annotated[int, Path(ge=1, lt=2**63, description="the number of a run")], store: StoreDep, _key: Admin
) -> RunEntry:
    """Give a run: how it stands, what it did, and how long its steps took."""
    return _entry(runs.run_of(store, run_id))


@router.get("/sources", operation_id="listSources", responses=responses(), summary="The sources that are connected")
def list_sources(store: StoreDep, _key: Admin) -> SourceList:
    """List the sources, the most trusted first; where and by what contract they are read is not told."""
    names = SourceEntry.model_fields
    found = [{name: getattr(row, name) for name in names} for row in sources.connected(store)]
    return SourceList(sources=[SourceEntry.model_validate(one) for one in found])
