"""A connection that is kept to read by: by a thread or by the event loop, and anew once it was lost."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError

from rcu.store.engine import Store
from rcu.store.kept import Kept
from rcu.store.sql import driven
from rcu.store.tables import runs

only_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
ways = pytest.mark.parametrize("here", [False, True], ids=["by a thread", "by the event loop"])


def kept(store: Store, do: Callable[[Kept], Awaitable[Any]], *, here: bool) -> Any:
    """What is done with a connection that is kept."""

    async def all_of_it() -> Any:
        with ThreadPoolExecutor(1) as thread:
            reading = store.keep(thread, here=here)
            return await do(reading)

    return asyncio.run(all_of_it())


def counted(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(runs)).scalar_one())


def backend(connection: Connection) -> int:
    return int(driven(connection, "SELECT pg_backend_pid()", ())[0][0])


@ways
def test_what_is_committed_between_two_reads_is_seen(store: Store, *, here: bool) -> None:
    async def read(reading: Kept) -> list[int]:
        found = [await reading.read(counted)]
        await asyncio.to_thread(add_run, store)
        return [*found, await reading.read(counted)]

    assert kept(store, read, here=here) == [0, 1]


def add_run(store: Store) -> None:
    with store.begin() as connection:
        connection.execute(runs.insert().values(kind="run", status="x", started_at=datetime(2025, 1, 1, tzinfo=UTC)))


@ways
def test_what_goes_wrong_is_told_and_the_next_is_answered(store: Store, *, here: bool) -> None:
    async def read(reading: Kept) -> int:
        with pytest.raises(DBAPIError):
            await reading.read(lambda connection: connection.execute(text("SELECT nothing FROM nowhere")))
        return int(await reading.read(counted))

    assert kept(store, read, here=here) == 0


@ways
@only_postgresql
def test_a_connection_that_was_lost_is_made_anew(store: Store, *, here: bool) -> None:
    def end(number: int) -> None:
        with store.begin() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:number, 5000)"), {"number": number})

    async def read(reading: Kept) -> tuple[int, int]:
        before = await reading.read(backend)
        await asyncio.to_thread(end, before)
        return before, await reading.read(backend)

    before, after = kept(store, read, here=here)
    assert before != after


@only_postgresql
def test_the_event_loop_goes_on_while_the_server_works(store: Store) -> None:
    async def read(reading: Kept) -> tuple[float, float]:
        await reading.read(backend)
        longest, last = 0.0, time.perf_counter()
        asked = asyncio.ensure_future(
            reading.read(lambda connection: driven(connection, "SELECT 1 FROM pg_sleep(0.5)", ()))
        )
        begun = last
        while not asked.done():
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
        await asked
        return longest, last - begun

    longest, taken = kept(store, read, here=True)
    assert taken >= 0.5
    assert longest < 0.4


@only_postgresql
def test_who_goes_while_the_server_works_leaves_nothing_behind(store: Store) -> None:
    async def read(reading: Kept) -> tuple[int, int]:
        before = await reading.read(backend)
        asked = asyncio.ensure_future(
            reading.read(lambda connection: driven(connection, "SELECT 1 FROM pg_sleep(30)", ()))
        )
        await asyncio.sleep(0.1)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        return before, await reading.read(backend)

    before, after = kept(store, read, here=True)
    assert before != after


@only_sqlite
def test_the_event_loop_goes_on_while_others_hold_the_file(store: Store) -> None:
    def asked_of_one_at_a_time(connection: Connection) -> str:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.exec_driver_sql("ROLLBACK")
        return threading.current_thread().name

    async def read(reading: Kept) -> list[str]:
        before = await reading.read(asked_of_one_at_a_time)
        held, let_go = threading.Event(), threading.Event()
        holding = asyncio.ensure_future(asyncio.to_thread(hold, store, held, let_go))
        await asyncio.to_thread(held.wait)
        asked = asyncio.ensure_future(reading.read(asked_of_one_at_a_time))
        await asyncio.sleep(0.2)
        assert not asked.done()
        let_go.set()  # nobody gets here who waits for what is let go only here
        return [before, await asked, await reading.read(asked_of_one_at_a_time), str(await holding)]

    here, waited, after, _ = kept(store, read, here=True)
    assert here == after == threading.current_thread().name
    assert waited != here


def hold(store: Store, held: threading.Event, let_go: threading.Event) -> None:
    with store.begin():
        held.set()
        let_go.wait(60)
