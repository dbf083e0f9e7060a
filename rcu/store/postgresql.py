"""PostgreSQL, as the store asks it; see `dialect`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any, Final, cast

import adbc_driver_manager.dbapi as adbc_manager
import adbc_driver_postgresql.dbapi as adbc_postgresql
import psycopg
import pyarrow as pa
from sqlalchemy import URL, Connection, Engine, Select, create_engine, inspect
from sqlalchemy.exc import DBAPIError

from rcu.errors import Conflict
from rcu.store.asking import CONNECT, settling
from rcu.store.conflicts import busy, delivers
from rcu.store.liveness import watched
from rcu.store.sql import asking
from rcu.store.staging import STAGING, analyse, put

_WRITER_LOCK: Final = 0x5243_5500
_STANDSTILL: Final = 0x5243_5501
_DELIVERER_LOCK: Final = 0x5243_5502
_PATIENCE_SECONDS: Final = 10
_FOR_FEW_ROWS: Final = {
    "lock_timeout": f"{_PATIENCE_SECONDS}s",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
}
"""Transactions about a few records have the same statements each time: planning each anew takes longer than many of
them. The plans stay, and a table that was small when they were made may have grown: so none reads a whole table."""
_WAITED: Final = frozenset({"55P03", "40P01"})
"""Lock not available in time; deadlock detected."""
_IN_POOL: Final = 8
"""Connections that stay open: for five at a time, and three that an application keeps for its reads and their log."""


def connected_to(url: URL) -> Engine:
    """The engine of a server; nothing is asked of it yet."""
    return settling(watched(create_engine(url, hide_parameters=True, connect_args=CONNECT, pool_size=_IN_POOL)))


class Postgresql:
    """PostgreSQL."""

    can_be_awaited = sys.platform != "win32"  # the usual event loop there watches no sockets of others
    answers_at_once = False

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._own = threading.local()
        self._arrows: list[Any] = []

    @contextmanager
    def connected(self, *, writes: bool) -> Generator[Connection]:
        with self.engine.connect() as connection:
            # Each statement sees what is committed when it begins anyway; a transaction around one takes as long.
            yield connection if writes else connection.execution_options(isolation_level="AUTOCOMMIT")

    def plan_for_few(self, connection: Connection) -> None:
        connection.execution_options(isolation_level="READ COMMITTED")
        told = ", ".join(f"set_config('{name}', 'off', true)" for name in ("enable_seqscan", "jit"))
        connection.exec_driver_sql(f"SELECT {told}").close()

    @contextmanager
    def kept(self, *, patient: bool) -> Generator[Connection]:  # noqa: ARG002  # nobody is held up who reads
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            driver = cast("psycopg.Connection[Any]", connection.connection.dbapi_connection)
            for name, value in _FOR_FEW_ROWS.items():
                driver.execute(f"SET {name} = '{value}'".encode())
            try:
                yield connection
            finally:
                connection.invalidate()  # what was set is for these questions alone

    def checkpoint(self) -> None:
        pass  # the server does that itself

    @contextmanager
    def arrow(self) -> Generator[Any]:
        """A cursor on the thread's own connection, which is kept: making one takes as long as many a query."""
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self.connect_arrow()
            self._arrows.append(connection)
        try:
            with connection.cursor() as cursor:
                yield cursor
        except adbc_manager.Error:
            self._forget(connection)
            raise

    def connect_arrow(self) -> Any:  # noqa: ANN401  # generic only in its stubs
        """A new connection for Arrow; whoever asked for it closes it."""
        url = self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return adbc_postgresql.connect(url, autocommit=True)

    def _forget(self, connection: Any) -> None:  # noqa: ANN401  # generic only in its stubs
        """Let a connection go that may be broken."""
        self._own.connection = None
        self._arrows.remove(connection)
        with suppress(adbc_manager.Error):
            connection.close()

    def stage(self, name: str, content: pa.Table) -> None:
        with self.arrow() as cursor:
            put(cursor, name, content)
        with self.engine.begin() as connection:
            connection.exec_driver_sql(analyse(name, content))

    def drop_staged(self, name: str) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {STAGING}.{name}")

    def drop_leftovers(self, prefix: str) -> None:
        with self.engine.begin() as connection:
            names = [name for name in inspect(connection).get_table_names(schema=STAGING) if name.startswith(prefix)]
            for name in names:
                connection.exec_driver_sql(f'DROP TABLE {STAGING}."{name}"')

    def read(self, statement: Select[*tuple[Any, ...]]) -> pa.Table:
        compiled = str(statement.compile(dialect=self.engine.dialect, compile_kwargs={"literal_binds": True}))
        compiled = compiled.replace("%%", "%")  # doubled for psycopg, which this does not go through
        with self.arrow() as cursor:
            cursor.execute(compiled)
            return cursor.fetch_arrow_table()

    @contextmanager
    def writer_lock(self) -> Generator[None]:
        with self._only(_WRITER_LOCK, busy):
            yield

    @contextmanager
    def deliverer_lock(self) -> Generator[Callable[[], None]]:
        with self._only(_DELIVERER_LOCK, delivers) as connection:
            yield lambda: connection.exec_driver_sql("SELECT 1").close()  # it ends with its session

    @contextmanager
    def _only(self, lock: int, taken: Callable[[], Conflict]) -> Generator[Connection]:
        # The lock is the session's: in a transaction it would hold back vacuum for as long as the run takes.
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({lock})").scalar():
                raise taken()
            try:
                yield connection
            finally:
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({lock})")

    @contextmanager
    def standstill(self) -> Generator[None]:
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({_STANDSTILL})")
            try:
                yield
            finally:
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_STANDSTILL})")

    def beside_others(self) -> AbstractContextManager[None]:
        return nullcontext()

    def join_others(self, connection: Connection, *, alone: bool) -> None:
        way = "" if alone else "_shared"
        told = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in _FOR_FEW_ROWS.items())
        asking(connection).tell(f"SELECT {told}, pg_advisory_xact_lock{way}({_STANDSTILL})", ())

    def waited_in_vain(self, error: DBAPIError) -> bool:
        return getattr(error.orig, "sqlstate", None) in _WAITED

    def close(self) -> None:
        for connection in self._arrows:
            connection.close()
        self._arrows.clear()
        self._own = threading.local()
        self.engine.dispose()
