"""A reader of the change feed never steps over a change, whatever writers do at the same time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from rcu.store import feed, profiles
from rcu.store.engine import Store
from tests.conftest import NOW

WRITERS, ROUNDS, EACH = 8, 6, 3


def announce(store: Store, who: str, *, count: int = EACH) -> None:
    rows = pa.table(
        {
            "position": pa.array(range(1, count + 1), pa.int64()),
            "customer_id": [f"{who}-{place}" for place in range(count)],
            "kind": ["updated"] * count,
            "version": pa.array([1] * count, pa.int64()),
            "now_customer_id": pa.nulls(count, pa.string()),
        }
    )
    with store.staged(rows) as staged, store.begin() as connection:
        profiles.announce(connection, staged, count, NOW)


def test_a_reader_sees_every_change_once_and_in_order_while_writers_write(store: Store) -> None:
    done = threading.Event()
    seen: list[int] = []

    def read() -> None:
        while True:
            last_round = done.is_set()
            with store.read() as connection:
                found = feed.page(connection, seen[-1] if seen else 0, limit=5).changes
            seen.extend(change.sequence for change in found)
            if last_round and not found:
                return

    reader = threading.Thread(target=read)
    reader.start()
    with ThreadPoolExecutor(WRITERS) as pool:
        jobs = [
            pool.submit(announce, store, f"{writer}-{round_}") for round_ in range(ROUNDS) for writer in range(WRITERS)
        ]
        for job in jobs:
            job.result()
    done.set()
    reader.join()
    assert seen == list(range(1, WRITERS * ROUNDS * EACH + 1))


def test_a_transaction_that_fails_gives_its_numbers_back(store: Store) -> None:
    def fail() -> None:
        rows = pa.table(
            {"position": [1], "customer_id": ["x"], "kind": ["updated"], "version": [1], "now_customer_id": pa.nulls(1)}
        )
        with store.staged(rows) as staged, store.begin() as connection:
            profiles.announce(connection, staged, 1, NOW)
            raise ZeroDivisionError

    announce(store, "a", count=1)
    with pytest.raises(ZeroDivisionError):
        fail()
    announce(store, "b", count=1)
    with store.read() as connection:
        assert [change.sequence for change in feed.page(connection, 0, limit=10).changes] == [1, 2]
