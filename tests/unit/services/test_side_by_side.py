"""Customers worked out in processes of their own are the same, in the same order, also when a process dies."""

from __future__ import annotations

import itertools
import os
import signal
from typing import Any

import pytest

from rcu.services import projecting, side_by_side
from rcu.store import identity as identity_rows
from tests.conftest import Road


def test_processes_project_what_one_does(travelled: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    members = identity_rows.stored_memberships(travelled.store).to_pandas()
    alone = list(projecting.project(travelled.store, members))
    monkeypatch.setattr(projecting, "_PIECE", 20)
    monkeypatch.setattr(projecting, "_WORTH_PROCESSES", 1)
    monkeypatch.setattr(projecting, "_processes", lambda: 2)
    assert list(projecting.project(travelled.store, members)) == alone


@pytest.mark.parametrize("after", [0, 3])
def test_a_process_that_dies_costs_no_customer(travelled: Road, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    members = identity_rows.stored_memberships(travelled.store).to_pandas()
    alone = list(projecting.project(travelled.store, members))
    monkeypatch.setattr(projecting, "_PIECE", 20)
    count = itertools.count()
    ask: Any = side_by_side._Worker.project

    def killing(worker: Any, piece: Any) -> Any:
        if next(count) == after:
            os.kill(worker._process.pid, signal.SIGKILL)
        return ask(worker, piece)

    monkeypatch.setattr(side_by_side._Worker, "project", killing)
    pieces = (projecting._read(travelled.store, piece) for piece in projecting._pieces(members))
    assert list(side_by_side.projected_beside(pieces, 2)) == alone


def test_what_cannot_be_projected_fails_here(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AttributeError):
        list(side_by_side.projected_beside(iter([None]), 1))  # type: ignore[list-item]
