"""A connection that is kept, for questions that come all the time: to fetch one for each takes as long as the answer.

The event loop itself asks, and waits where the database is reached over a socket; a file answers at once, and where
others hold it a thread waits. A thread that asked everything would take turns with the loop for the interpreter, and
each turn takes longer than the question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, TypeVar, cast

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.util.concurrency import greenlet_spawn

from rcu.store.asking import ready
from rcu.store.conflicts import unreachable
from rcu.store.dialect import Dialect
from rcu.store.pipeline import Pipeline, Then
from rcu.store.sql import Query

T = TypeVar("T")


class Kept:
    """Reads by one connection, opened when it is first needed, and anew when it was lost; see `Store.keep`.

    One question is asked at a time; close it when none is.
    """

    def __init__(self, dialect: Dialect, thread: Executor, *, here: bool) -> None:
        """`thread` is one thread, that opens the connection; `here`: the event loop asks where it can, see above."""
        self._dialect, self._thread = dialect, thread
        self._here = here and dialect.can_be_awaited
        self._open: tuple[Connection, ExitStack] | None = None
        self._pipeline: Pipeline | None = None

    def ask(self, query: Callable[[Connection], Query], values: Mapping[str, Any], then: Then) -> bool:
        """Ask a query that is made once, and do not wait; whether its rows come, or that they do not: see `Then`.

        They do where a connection is open and the database takes its time; it asks nothing else then. One that was lost
        has to be opened.
        """
        if not self._here or self._open is None or self._dialect.answers_at_once:
            return False
        connection, _ = self._open
        if self._pipeline is None:
            driver = cast("psycopg.Connection[Any]", connection.connection.dbapi_connection)
            self._pipeline = Pipeline(driver, self.close)
        try:
            self._pipeline.ask(ready(query(connection)), values, then)
        except psycopg.DataError:  # it is not sent
            return False
        return True

    def read_now(self, ask: Callable[[Connection], T]) -> T | None:
        """What is found by a connection that is open and does not wait; None where there is none: `read` sees to it.

        That is where the database takes its time, others hold it, or it has something against what it is asked.
        """
        if not (self._here and self._open is not None and self._dialect.answers_at_once):
            return None
        try:
            return self._ask(ask)
        except DBAPIError:
            return None

    def say_now(self, say: Callable[[Connection], object]) -> bool:
        """Have one statement done by a connection that is open and does not wait; whether it was, see `read_now`."""
        if not (self._here and self._open is not None and self._dialect.answers_at_once):
            return False
        connection, _ = self._open
        try:
            say(connection)
        except DBAPIError as error:
            if not self._dialect.waited_in_vain(error):
                self.close()
            return False
        return True

    def open(self) -> None:
        """Open a connection that does not wait, where there is none; by another thread than asks.

        Raises:
            StoreError: the database cannot be reached.
        """
        self._connect(patient=False)

    async def read(self, ask: Callable[[Connection], T]) -> T:
        """What is found by a connection; asked once more, by the thread, where it was lost or others held the database.

        Raises:
            StoreError: the database cannot be reached.
            DBAPIError: it has something against what it is asked.
        """
        by_thread = partial(asyncio.get_running_loop().run_in_executor, self._thread)
        if not self._here:
            return await by_thread(self._asked_by_thread, ask, 2)
        if self._open is None:
            await by_thread(partial(self._connect, patient=False))
        try:
            return await greenlet_spawn(partial(self._ask, ask))
        except DBAPIError:
            found = await by_thread(self._asked_by_thread, ask, 1)
            self.close()  # it is one that waits
            return found

    def close(self) -> None:
        """Let the connection go."""
        if self._pipeline is not None:
            pipeline, self._pipeline = self._pipeline, None
            pipeline.close()
        if self._open is not None:
            (_, stack), self._open = self._open, None
            stack.close()

    def _asked_by_thread(self, ask: Callable[[Connection], T], times: int) -> T:
        while True:
            times -= 1
            self._connect(patient=True)
            try:
                return self._ask(ask)
            except DBAPIError:
                if not times:
                    raise

    def _connect(self, *, patient: bool) -> None:
        if self._open is not None:  # another event loop was faster
            return
        stack = ExitStack()
        try:
            self._open = stack.enter_context(self._dialect.kept(patient=patient)), stack
        except OperationalError:
            raise unreachable() from None

    def _ask(self, ask: Callable[[Connection], T]) -> T:
        assert self._open is not None  # noqa: S101  # as was seen to
        connection, _ = self._open
        try:
            found = ask(connection)
            connection.rollback()  # what is read next is what is there then
        except BaseException:  # whatever it was: nobody knows what the connection waits for
            with suppress(SQLAlchemyError):
                connection.invalidate()
                connection.rollback()
            self.close()
            raise
        return found
