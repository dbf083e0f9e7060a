"""Small writes behind answers that the event loop does itself: in pieces, in order, once each, on both databases."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from rcu.errors import StoreError
from rcu.services.accesses import access_log
from rcu.services.behind import Behind
from rcu.store import accesses as rows
from rcu.store.accesses import Access
from rcu.store.engine import Store
from rcu.store.tables import access_log as log

AT = datetime(2025, 6, 1, 10, 30, 15, 250_000, tzinfo=UTC)
only_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def entry(number: int) -> Access:
    actor = None if number % 2 else "agent-7"
    return Access(
        AT, "till", actor, "getCustomer", "checkout", f"customer {number}", ("contact", "scores"), str(number)
    )


def written(store: Store) -> list[int]:
    with store.read() as connection:
        return [int(one) for one in connection.execute(select(log.c.request_id).order_by(log.c.entry_id)).scalars()]


async def until(met: Callable[[], bool]) -> None:
    """Let the event loop go on until something is so, or a while has passed."""
    for _ in range(1_000):
        if met():
            return
        await asyncio.sleep(0.01)


def settled(behind: Behind[Access], do: Callable[[], Awaitable[None]]) -> None:
    """Do something on an event loop that writes itself, and end."""

    async def all_of_it() -> None:
        behind.settle()
        try:
            await do()
        finally:
            await behind.unsettle()
            await asyncio.to_thread(behind.close)

    asyncio.run(all_of_it())


@contextmanager
def held(store: Store) -> Iterator[None]:
    """Nobody else writes to SQLite."""
    with store.begin() as connection:
        connection.execute(text("DELETE FROM access_log WHERE entry_id < 0"))
        yield


def test_the_event_loop_writes_what_makes_a_piece_and_the_thread_the_rest(store: Store) -> None:
    behind = access_log(store, every=3600.0)

    async def offer() -> None:
        for number in range(250):
            assert behind.offer([entry(number)])
            await asyncio.sleep(0)
        await until(lambda: len(written(store)) >= 200)
        assert written(store) == list(range(200))

    settled(behind, offer)
    assert written(store) == list(range(250))


def test_what_the_event_loop_writes_is_what_was_handed_in(store: Store) -> None:
    behind = access_log(store, every=3600.0)

    async def offer() -> None:
        behind.offer([entry(number) for number in range(100)])
        await until(lambda: bool(written(store)))

    settled(behind, offer)
    with store.read() as connection:
        found = rows.page(connection, rows.AccessWish(), before=rows.NEWEST, limit=1_000)
    assert [one for _, one in reversed(found)] == [entry(number) for number in range(100)]


def test_what_is_handed_in_from_elsewhere_is_written_too(store: Store) -> None:
    behind = access_log(store, every=0.05)

    async def offer() -> None:
        await asyncio.to_thread(behind.hand_in, [entry(number) for number in range(300)])
        await until(lambda: len(written(store)) == 300)

    settled(behind, offer)
    assert written(store) == list(range(300))


@only_sqlite
def test_where_others_hold_the_database_nothing_waits_for_it_and_nothing_is_lost(store: Store) -> None:
    behind = access_log(store, every=3600.0)

    async def offer() -> None:
        with held(store):
            began = time.monotonic()
            for number in range(300):
                behind.offer([entry(number)])
                await asyncio.sleep(0)
            assert time.monotonic() - began < 5
        assert written(store) == []

    settled(behind, offer)
    assert written(store) == list(range(300))


def test_what_the_database_refused_is_tried_again(store: Store) -> None:
    refusals = 2

    def write(connection: Any, some: Sequence[Access]) -> None:
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise StoreError("not now")
        rows.add(connection, some)

    behind = Behind[Access](store, write, every=3600.0)

    async def offer() -> None:
        for number in range(150):
            behind.offer([entry(number)])
            await asyncio.sleep(0.001)
        await until(lambda: bool(behind.offer([])) and len(written(store)) >= 100)

    settled(behind, offer)
    assert refusals == 0
    assert written(store) == list(range(150))


def test_ending_waits_for_the_piece_that_is_being_written(store: Store) -> None:
    behind = access_log(store, every=3600.0)

    async def offer() -> None:
        behind.offer([entry(number) for number in range(100)])
        await asyncio.sleep(0)  # it has begun

    settled(behind, offer)
    assert written(store) == list(range(100))


@only_sqlite
def test_the_thread_has_what_the_event_loop_wrote_put_where_it_stays(store: Store) -> None:
    behind = access_log(store, every=0.05)
    checkpoints: list[int] = []
    checkpoint = store.checkpoint
    store.checkpoint = lambda: (checkpoints.append(len(written(store))), checkpoint())[1]

    async def offer() -> None:
        for number in range(3_000):
            behind.offer([entry(number)])
            if number % 100 == 99:
                await asyncio.sleep(0.005)
        await until(lambda: bool(checkpoints))

    settled(behind, offer)
    assert checkpoints
    assert written(store) == list(range(3_000))
