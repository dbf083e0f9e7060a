"""Customers worked out in processes of their own are the same, in the same order, also when a process dies."""

from __future__ import annotations

import itertools
import os
import signal
from typing import Any

import pandas as pd
import pytest

from rcu.insight.scores import ScoreBasis
from rcu.services import projecting, side_by_side
from rcu.services.side_by_side import workers
from rcu.store import identity as identity_rows
from rcu.store.engine import Store
from tests.conftest import NOW, Road

BASIS = ScoreBasis(as_of=NOW, currency="EUR")


def memberships(store: Store) -> pd.DataFrame:
    return identity_rows.stored_memberships(store).to_pandas()


def worked_out(work: projecting.Projecting, members: pd.DataFrame) -> tuple[pd.DataFrame, list[Any], list[Any]]:
    """What is told of everybody, and the rows that are written; in two halves, as where some are disturbed."""
    half = members["cluster_id"] % 2 == 0
    first, sums = work.project(members.loc[half])
    second, more = work.project(members.loc[~half])
    shared = projecting.households(pd.concat([first, second]))
    written = [row for documents, scores in work.write(BASIS, shared) for row in (documents, scores)]
    return pd.concat([first, second]), [sums, more], [row for table in written for row in table.to_pylist()]


def same(found: Any, expected: Any) -> bool:
    return found[0].equals(expected[0]) and found[1] == expected[1] and found[2] == expected[2]


def test_processes_project_what_one_does(travelled: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    members = memberships(travelled.store)
    monkeypatch.setattr(projecting, "_PIECE", 20)
    alone = worked_out(projecting.Projecting(travelled.store), members)
    monkeypatch.setattr(projecting, "_WORTH_PROCESSES", 1)
    monkeypatch.setattr(projecting, "_processes", lambda: 2)
    with projecting.projecting(travelled.store, len(members)) as work:
        assert same(worked_out(work, members), alone)
    assert len(alone[2]) > 2 * len(alone[0])


@pytest.mark.parametrize("after", [0, 3, 15])
def test_a_process_that_dies_costs_no_customer(travelled: Road, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """While it works customers out, or while they are written and it holds some."""
    members = memberships(travelled.store)
    monkeypatch.setattr(projecting, "_PIECE", 20)
    alone = worked_out(projecting.Projecting(travelled.store), members)
    count = itertools.count()
    ask: Any = side_by_side._Worker.ask

    def killing(worker: Any, *what: Any) -> Any:
        if next(count) == after:
            os.kill(worker._process.pid, signal.SIGKILL)
        return ask(worker, *what)

    monkeypatch.setattr(side_by_side._Worker, "ask", killing)
    with workers(2) as beside:
        assert same(worked_out(projecting.Projecting(travelled.store, beside), members), alone)
    assert next(count) > after


def test_what_cannot_be_projected_is_answered_by_nothing() -> None:
    with workers(1) as beside:
        assert list(beside.project(iter([(0, None)]))) == [None]  # type: ignore[list-item]
