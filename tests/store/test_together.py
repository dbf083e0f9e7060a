"""Rows that are asked for at the same time: few queries, each with its own, whatever becomes of connection and file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import Connection, func, literal_column, select, table, text
from sqlalchemy.exc import DBAPIError

from rcu.services.together import MOST_TOGETHER, Together
from rcu.store.engine import Store
from rcu.store.sql import KEYS, Query, each, prepared

only_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)


class Queries(dict[str, Callable[[Connection], Query]]):
    """What is asked in these tests; `threads` has the name of the thread for each query asked."""

    def __init__(self) -> None:
        super().__init__(lengths=self._lengths, wrong=self._wrong, backend=self._backend, slow=self._slow)
        self.threads: list[str] = []

    def _made(self, connection: Connection, make: Callable[[Connection], Query]) -> Query:
        self.threads.append(threading.current_thread().name)
        return prepared(connection, make)

    def _lengths(self, connection: Connection) -> Query:
        return self._made(connection, lengths)

    def _wrong(self, connection: Connection) -> Query:
        return self._made(connection, wrong)

    def _backend(self, connection: Connection) -> Query:
        return self._made(connection, backend)

    def _slow(self, connection: Connection) -> Query:
        return self._made(connection, slow)


def lengths(connection: Connection) -> Query:
    given = each(connection, KEYS)
    return select(given.c.value, func.length(given.c.value)).where(given.c.value != "nobody")


def wrong(connection: Connection) -> Query:
    given = each(connection, KEYS)
    return select(given.c.value, literal_column("1")).select_from(given, table("nowhere"))


def backend(connection: Connection) -> Query:
    return select(each(connection, KEYS).c.value, func.pg_backend_pid())


def slow(connection: Connection) -> Query:
    given = each(connection, KEYS)
    return select(given.c.value, literal_column("1")).select_from(given, func.pg_sleep(0.3).alias())


def asked(store: Store, do: Callable[[Together, Queries], Awaitable[Any]], *, settled: bool = True) -> Any:
    """What is done with questions that are asked together."""
    queries = Queries()

    async def all_of_it() -> Any:
        together = Together("test", store, queries)
        if settled:
            together.settle()
        try:
            return await asyncio.wait_for(do(together, queries), 60)
        finally:
            together.close()

    return asyncio.run(all_of_it())


@pytest.mark.parametrize("settled", [False, True], ids=["by a thread", "by the event loop"])
def test_what_is_asked_at_the_same_time_takes_few_queries_and_each_is_told_its_own(
    store: Store, *, settled: bool
) -> None:
    async def ask(together: Together, queries: Queries) -> list[Any]:
        asking = [together.ask("lengths", "x" * number) for number in range(200)]
        asking += [together.ask("lengths", "nobody"), together.ask("lengths", "xx")]
        asking[7].cancel()
        told = await asyncio.gather(*asking, return_exceptions=True)
        assert len(queries.threads) <= 2 + 200 // MOST_TOGETHER
        here = threading.current_thread().name
        assert {one == here for one in queries.threads} == {settled}
        return [[tuple(row) for row in one] for one in told if not isinstance(one, BaseException)]

    rows = [[("x" * number, number)] for number in range(200) if number != 7]
    assert asked(store, ask, settled=settled) == [*rows, [], [("xx", 2)]]


def test_who_waits_is_told_what_is_wrong_and_the_next_is_answered(store: Store) -> None:
    async def ask(together: Together, _: Queries) -> list[Any]:
        several = [together.ask("wrong", "a"), together.ask("lengths", "a"), together.ask("wrong", "b")]
        found = await asyncio.gather(*several, return_exceptions=True)
        assert [isinstance(one, DBAPIError) for one in found] == [True, False, True]
        return [tuple(row) for row in await together.ask("lengths", "abc")]

    assert asked(store, ask) == [("abc", 3)]


@only_sqlite
def test_a_file_answers_at_once_and_waits_where_others_hold_it(store: Store) -> None:
    async def ask(together: Together, queries: Queries) -> None:
        first = together.ask("lengths", "abc")
        assert first.done()
        second = together.ask("lengths", "ab")
        assert not second.done()  # it goes with others of its turn
        assert [list(row) for row in await second] == [["ab", 2]]
        assert {*queries.threads} == {threading.current_thread().name}
        queries["lengths"] = taken = Taken(queries["lengths"])
        waiting = [together.ask("lengths", one) for one in ("abc", "x")]
        assert [[list(row) for row in await one] for one in waiting] == [[["abc", 3]], [["x", 1]]]
        assert taken.asked[-1] != threading.current_thread().name
        queries["lengths"] = taken.query
        assert together.ask("lengths", "y").done()

    asked(store, ask)


class Taken:
    """A query of a file that others hold, as far as the event loop can see."""

    def __init__(self, query: Callable[[Connection], Query]) -> None:
        self.query, self.asked = query, list[str]()

    def __call__(self, connection: Connection) -> Query:
        self.asked.append(threading.current_thread().name)
        if self.asked[-1] == threading.main_thread().name:
            connection.exec_driver_sql("SELECT * FROM nowhere")
        return self.query(connection)


@only_postgresql
def test_the_server_works_on_one_query_while_the_next_is_on_its_way(store: Store) -> None:
    async def ask(together: Together, queries: Queries) -> None:
        await together.ask("lengths", "a")
        first = together.ask("slow", "a")
        await asyncio.sleep(0.05)
        second = together.ask("lengths", "b")
        await asyncio.sleep(0.05)
        assert len(queries.threads) == 3  # it was sent
        assert not second.done()
        await second
        assert first.done()

    asked(store, ask)


@only_postgresql
def test_a_connection_that_was_lost_keeps_nobody_waiting_and_is_made_anew(store: Store) -> None:
    def end(number: int) -> None:
        with store.begin() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:number, 5000)"), {"number": number})

    async def ask(together: Together, queries: Queries) -> list[int]:
        first = (await together.ask("backend", "a"))[0][1]
        waiting = together.ask("slow", "a")
        await asyncio.sleep(0.05)
        await asyncio.to_thread(end, first)
        assert [list(row) for row in await waiting] == [["a", 1]]
        for _ in range(500):
            second = (await together.ask("backend", "a"))[0][1]
            if queries.threads[-1] == threading.current_thread().name:
                break
        await asyncio.to_thread(end, second)  # while nobody waits
        await asyncio.sleep(0.05)
        return [first, second, (await together.ask("backend", "a"))[0][1]]

    assert len(set(asked(store, ask))) == 3
