"""Small writes behind the answers: in order, in batches, tried again, and never more than may wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from rcu.errors import StoreError
from rcu.services.behind import Behind
from rcu.store.engine import Store, Transaction


class Written:
    """What was written, by batch; the first times may be refused."""

    def __init__(self, refusals: int = 0) -> None:
        self.batches: list[list[int]] = []
        self.refusals = refusals
        self.done = threading.Event()

    def __call__(self, _connection: Transaction, some: Sequence[int]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StoreError("not now")
        self.batches.append(list(some))
        self.done.set()

    @property
    def all(self) -> list[int]:
        return [one for batch in self.batches for one in batch]


@pytest.fixture
def embedded(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'some.db'}")
    yield store
    store.close()


def test_what_comes_within_the_time_is_written_together_and_in_order(embedded: Store) -> None:
    written = Written()
    behind = Behind(embedded, written, every=0.1)
    for number in range(50):
        behind.hand_in([number])
    assert written.done.wait(5)
    behind.close()
    assert written.all == list(range(50))
    assert len(written.batches) < 10


def test_what_the_database_refuses_is_tried_again(embedded: Store) -> None:
    written = Written(refusals=3)
    behind = Behind(embedded, written, every=0.01)
    behind.hand_in([1, 2])
    assert written.done.wait(5)
    behind.close()
    assert written.all == [1, 2]


def test_closing_writes_what_waits_and_takes_no_more(embedded: Store) -> None:
    written = Written()
    behind = Behind(embedded, written, every=3600.0)
    behind.hand_in([1])
    behind.close()
    assert written.all == [1]
    assert not behind.offer([2])
    with pytest.raises(StoreError):
        behind.hand_in([2])


def test_closing_ends_even_where_the_database_refuses(embedded: Store) -> None:
    behind = Behind(embedded, Written(refusals=1_000), every=3600.0)
    behind.hand_in([1])
    behind.close()


def test_whoever_hands_in_more_than_may_wait_waits_until_it_is_written(embedded: Store) -> None:
    written = Written(refusals=2)
    behind = Behind(embedded, written, every=0.05, most=1)
    behind.hand_in([1])
    began = time.monotonic()
    behind.hand_in([2])
    assert time.monotonic() - began > 0.04
    behind.close()
    assert written.all == [1, 2]


def test_whoever_waits_too_long_is_refused_and_nothing_that_was_taken_is_lost(embedded: Store) -> None:
    written = Written(refusals=1_000_000)
    behind = Behind(embedded, written, every=0.01, most=1, patience=0.05)
    behind.hand_in([1])
    assert not behind.offer([2])
    with pytest.raises(StoreError):
        behind.hand_in([2])
    written.refusals = 0
    behind.close()
    assert written.all == [1]


def test_nothing_begins_before_there_is_something_to_write(embedded: Store) -> None:
    before = threading.active_count()
    Behind(embedded, Written()).close()
    assert threading.active_count() == before


def test_many_threads_lose_nothing(embedded: Store) -> None:
    written = Written()
    behind = Behind(embedded, written, every=0.01, most=20)
    threads = [
        threading.Thread(target=lambda start=start: [behind.hand_in([start + n]) for n in range(100)])
        for start in range(0, 800, 100)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    behind.close()
    assert sorted(written.all) == list(range(800))


def test_between_pieces_it_rests_for_as_long_as_one_took(embedded: Store) -> None:
    times: list[tuple[float, float]] = []
    third = threading.Event()

    def write(_connection: Transaction, some: Sequence[int]) -> None:
        began = time.monotonic()
        time.sleep(0.1)
        times.append((began, time.monotonic()))
        if 599 in some:
            third.set()

    behind = Behind(embedded, write, every=0.01)
    behind.hand_in(list(range(600)))
    assert third.wait(10)
    behind.close()
    rests = [after[0] - before[1] for before, after in pairwise(times)]
    assert len(rests) == 2
    assert min(rests) >= 0.1


def test_at_the_end_it_does_not_rest(embedded: Store) -> None:
    written = Written()
    behind = Behind(embedded, written, every=3600.0)
    behind.hand_in(list(range(1_000)))
    waits = spied(behind)
    behind.close()
    assert written.all == list(range(1_000))
    assert waits == []


def spied(behind: Behind[int]) -> list[float]:
    """The rests that last until their end, from now on."""
    waits: list[float] = []
    wait_for = behind._changed.wait_for

    def noted(predicate: Callable[[], bool], timeout: float | None = None) -> bool:
        met = wait_for(predicate, timeout)
        if not met:
            waits.append(timeout or 0.0)
        return met

    behind._changed.wait_for = noted
    return waits
