"""Questions under way on one connection all at once: each has its own answer, whatever becomes of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from rcu.store.asking import Ready, Rows, Value
from rcu.store.engine import Store
from rcu.store.pipeline import Pipeline

pytestmark = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)


def ready(asked: str, *places: str) -> Ready:
    return Ready(asked, places, (), {}, (), ())


TEN_BY = ready("SELECT 10 / CAST($1 AS integer)", "n")
LENGTH = ready("SELECT length(CAST($1 AS text))", "n")
BACKEND = ready("SELECT pg_backend_pid()")
SLEEP = ready("SELECT 1 FROM pg_sleep(CAST($1 AS float))", "n")


class Talk:
    """A pipeline, and what was told of it."""

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self.losses = 0
        self.pipeline = Pipeline(driver, self._lost)

    def ask(self, known: Ready, value: Value = None) -> asyncio.Future[Rows | None]:
        told: asyncio.Future[Rows | None] = asyncio.get_running_loop().create_future()
        self.pipeline.ask(known, {"n": value}, told.set_result)
        return told

    def _lost(self) -> None:
        self.losses += 1


def talked(store: Store, do: Callable[[Talk], Awaitable[Any]]) -> Any:
    """What is done with a pipeline."""

    async def all_of_it(driver: psycopg.Connection[Any]) -> Any:
        talk = Talk(driver)
        try:
            return await asyncio.wait_for(do(talk), 60)
        finally:
            talk.pipeline.close()
            await asyncio.sleep(0)

    address = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as driver:
        return asyncio.run(all_of_it(driver))


def test_each_is_told_its_own_in_the_order_of_the_questions(store: Store) -> None:
    async def ask(talk: Talk) -> list[Rows | None]:
        told = [talk.ask(TEN_BY if n % 3 else LENGTH, str(n)) for n in range(1, 301)]
        last = talk.ask(BACKEND)
        await last
        assert all(one.done() for one in told)
        return [one.result() for one in told]

    assert talked(store, ask) == [[(10 // n if n % 3 else len(str(n)),)] for n in range(1, 301)]


def test_one_that_is_refused_leaves_the_others_alone(store: Store) -> None:
    nonsense = ready("SELECT nothing FROM nowhere")

    async def ask(talk: Talk) -> list[Rows | None]:
        several = [
            talk.ask(TEN_BY, 5),
            talk.ask(TEN_BY, 0),
            talk.ask(nonsense),
            talk.ask(nonsense),
            talk.ask(TEN_BY, 2),
        ]
        found = [await one for one in several]
        assert not talk.losses
        return [*found, await talk.ask(nonsense), await talk.ask(TEN_BY, 1)]

    assert talked(store, ask) == [[(2,)], None, None, None, [(5,)], None, [(10,)]]


def test_a_statement_that_was_dropped_is_prepared_anew(store: Store) -> None:
    async def ask(talk: Talk) -> list[Rows | None]:
        before = await talk.ask(TEN_BY, 5)
        await talk.ask(ready("DEALLOCATE ALL"))
        return [before, await talk.ask(TEN_BY, 5), await talk.ask(TEN_BY, 5)]

    assert talked(store, ask) == [[(2,)], None, [(2,)]]


def test_a_connection_that_was_lost_is_told_once_and_to_all_who_wait(store: Store) -> None:
    def end(number: int) -> None:
        with store.begin() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:number, 5000)"), {"number": number})

    async def ask(talk: Talk) -> list[Rows | None]:
        (number,) = (await talk.ask(BACKEND) or [()])[0]
        waiting = [talk.ask(SLEEP, 30), talk.ask(TEN_BY, 5)]
        await asyncio.to_thread(end, number)
        found = [await one for one in waiting]
        found.append(await talk.ask(TEN_BY, 5))
        assert talk.losses == 1
        return found

    assert talked(store, ask) == [None, None, None]


def test_what_the_connection_does_not_take_at_once_is_sent_by_and_by(store: Store) -> None:
    async def ask(talk: Talk) -> list[Rows | None]:
        long = "é" * 3_000_000
        waiting = [talk.ask(LENGTH, long) for _ in range(4)]
        assert not any(one.done() for one in waiting)
        return [await one for one in waiting]

    assert talked(store, ask) == [[(3_000_000,)]] * 4


def test_what_cannot_be_stored_is_not_sent(store: Store) -> None:
    async def ask(talk: Talk) -> Rows | None:
        with pytest.raises(psycopg.DataError):
            talk.ask(LENGTH, "a\0b")
        return await talk.ask(LENGTH, "ab")

    assert talked(store, ask) == [(2,)]
