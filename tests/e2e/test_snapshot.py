"""Verifying reads one instant of a live database, while others go on writing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count

import pyarrow as pa
import pytest
from sqlalchemy import func, select

from rcu.domain.cases import USUAL_RULES
from rcu.domain.decisions import DecisionKind
from rcu.domain.records import RecordKey
from rcu.services import verification
from rcu.services.arrivals import Given
from rcu.services.asking import Ask, Setting
from rcu.services.deciding import decide, undo
from rcu.services.identity import Identity, resolve
from rcu.services.upserting import RealTime
from rcu.services.verification import verify
from rcu.store.engine import Store
from rcu.store.tables import records
from tests.conftest import Databases, Road, clock


def put(road: Road, number: int, **more: str) -> None:
    said = {"first_name": f"PAULE{number % 7}", "last_name": "MOREAU", "email": f"p{number % 11}@mail.example.fr"}
    given = Given(RecordKey("till", f"S{number}"), said | more)
    RealTime(road.store, road.model, clock=clock).upsert([given])


def counted(store: Store) -> tuple[int, int]:
    """Records, as each of the two ways to read counts them."""
    with store.read() as connection:
        found = connection.execute(select(func.count()).select_from(records)).scalar_one()
    return found, store.read_arrow(select(records.c.record_id)).num_rows


def test_a_snapshot_stays_as_it_was_while_others_write(road: Road) -> None:
    put(road, 1)
    with road.store.snapshot() as still:
        put(road, 2)
        assert counted(road.store) == (2, 2)
        assert counted(still) == (1, 1)
        with still.staged(pa.table({"record_id": [1, 2]})) as staged:
            both = select(records.c.record_id).join(staged, staged.c.record_id == records.c.record_id)
            assert still.read_arrow(both).num_rows == 1
        put(road, 3)
        assert counted(still) == (1, 1)
    assert counted(road.store) == (3, 3)


def test_nothing_is_left_of_a_snapshot(road: Road, databases: Databases) -> None:
    with road.store.snapshot() as still, still.staged(pa.table({"a": [1]})):
        pass
    with pytest.raises(ZeroDivisionError), road.store.snapshot():
        raise ZeroDivisionError
    if databases.backend == "sqlite":
        folder = road.store._dialect.exchange
        assert list(folder.iterdir()) == []
    put(road, 1)
    assert counted(road.store) == (1, 1)


def test_verifying_beside_writers_finds_no_difference(travelled: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody writes after each step of it, all the time between, and decides."""
    wrote: list[int] = []
    more = count()
    beside = _beside(travelled, wrote)
    before = counted(travelled.store)[0]
    monkeypatch.setattr(verification, "resolve", _then(resolve, lambda: put(travelled, 10_000 + next(more))))
    found = verify(travelled.store, travelled.model)
    written = len(wrote)
    beside()
    assert found.differences == 0, found
    assert found.records >= before
    assert written, "somebody wrote meanwhile"
    assert verification._verified(travelled.store, travelled.model, USUAL_RULES).differences, "what a snapshot is for"
    monkeypatch.undo()
    after = verify(travelled.store, travelled.model)
    assert (after.differences, after.records) == (0, counted(travelled.store)[0])


def _then(work: Callable[..., Identity], also: Callable[[], None]) -> Callable[..., Identity]:
    def both(*given: object) -> Identity:
        done = work(*given)
        also()
        return done

    return both


def _beside(road: Road, wrote: list[int]) -> Callable[[], None]:
    """Start somebody who sends records, sets fields and takes that back; gives what ends it."""
    ends = threading.Event()

    def work() -> None:
        for number in count():
            if ends.is_set():
                return
            put(road, number)
            ask = Ask(DecisionKind.OVERRIDE, (f"till:S{number}",), "anne", "so", setting=Setting({"first_name": "Zoé"}))
            done = decide(road.store, ask, clock=clock, model=road.model)
            if number % 2:
                told = {"actor": "anne", "reason": "no", "clock": clock, "model": road.model}
                undo(road.store, done.decision.decision_id, **told)
            wrote.append(number)

    thread = threading.Thread(target=work)
    thread.start()

    def end() -> None:
        ends.set()
        thread.join()

    return end
