"""Everything that differs between SQLite and PostgreSQL; no other module asks which database it is.

Arrow goes in and out through ADBC. On SQLite that takes a detour: the ADBC driver brings an SQLite library of its own,
and two copies of SQLite in one process must never have the same file open, since each would undo the other's file locks
(https://www.sqlite.org/howtocorrupt.html, 2.2.1). So rows are handed over in an exchange file, which only one of the
two has open at any time, and which Python's connection attaches under the name of the staging schema.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Final, Protocol, cast

import adbc_driver_manager.dbapi as adbc_manager
import adbc_driver_postgresql.dbapi as adbc_postgresql
import adbc_driver_sqlite.dbapi as adbc_sqlite
import psycopg
import pyarrow as pa
from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, Engine, Select, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from rcu.errors import ConfigurationError, Conflict
from rcu.store.asking import CONNECT, settling
from rcu.store.conflicts import busy, delivers, kept_waiting
from rcu.store.exchange import attached_file, for_sqlite, read_exchange
from rcu.store.liveness import watched
from rcu.store.sql import driven
from rcu.store.staging import STAGING, analyse, put

_WRITES: Final = "rcu_writes"
_BUSY_MILLISECONDS: Final = 30_000
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
_FOREVER: Final = -1
_WAITED: Final = frozenset({"55P03", "40P01"})
"""Lock not available in time; deadlock detected."""
_IN_POOL: Final = 7
"""Connections that stay open: for five at a time, and two that are kept for the reads of an application."""
_POLL_SECONDS: Final = 0.002
_DAY: Final = 86_400
_ADDRESSES: Final = "RCU_DATABASE_URL is like sqlite:///rcu.db or postgresql://user:password@host/name"


class Dialect(Protocol):
    """What the store asks of a database."""

    engine: Engine
    can_be_awaited: bool
    """Whether an event loop can wait for what a connection says."""

    def connected(self, *, writes: bool) -> AbstractContextManager[Connection]:
        """A connection on which staged tables can be seen."""
        ...

    def plan_for_few(self, connection: Connection) -> None:
        """Have what a connection reads until it is given back go through indexes."""
        ...

    def kept(self) -> AbstractContextManager[Connection]:
        """A connection to read by for as long as the process lasts, that none of the others waits for."""
        ...

    def stage(self, name: str, content: pa.Table) -> None:
        """Put rows into a new table of the staging schema."""
        ...

    def drop_staged(self, name: str) -> None:
        """Drop a staged table; nothing happens when it is not there."""
        ...

    def drop_leftovers(self, prefix: str) -> None:
        """Drop staged tables that killed processes left."""
        ...

    def read(self, statement: Select[*tuple[Any, ...]]) -> pa.Table:
        """Run a query and give the whole answer, in the types the driver finds."""
        ...

    def writer_lock(self) -> AbstractContextManager[None]:
        """The lock that lets one import, run or replay work at a time.

        Raises:
            Conflict: when another process holds it.
        """
        ...

    def deliverer_lock(self) -> AbstractContextManager[Callable[[], None]]:
        """The lock that lets one process deliver at a time; what it gives raises an error once it is lost.

        Raises:
            Conflict: when another process holds it.
        """
        ...

    def standstill(self) -> AbstractContextManager[None]:
        """The lock that keeps out every transaction about a few records."""
        ...

    def beside_others(self) -> AbstractContextManager[None]:
        """What such a transaction needs before it begins.

        Raises:
            Conflict: when everything stands still for too long.
        """
        ...

    def join_others(self, connection: Connection, *, alone: bool) -> None:
        """What it needs once it has begun; `alone`, it waits until the others have ended, and they for it.

        Raises:
            Conflict: when everything stands still for too long.
        """
        ...

    def waited_in_vain(self, error: DBAPIError) -> bool:
        """Whether an error says that another transaction held something for too long."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


def open_dialect(address: str) -> Dialect:
    """Open `sqlite:///file.db` or `postgresql://...`.

    Raises:
        ConfigurationError: when the address is of another database, in memory, or not an address.
    """
    try:
        parsed = make_url(address)
    except ArgumentError:
        raise ConfigurationError("the database address cannot be read", hint=_ADDRESSES) from None
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return Sqlite(Path(parsed.database).absolute())
        case "postgresql":
            url = parsed.set(drivername="postgresql+psycopg")
            return Postgresql(settling(watched(_engine(url))))
        case _:
            msg = "the database is neither SQLite in a file nor PostgreSQL"
            raise ConfigurationError(msg, hint=_ADDRESSES)


def _engine(url: URL) -> Engine:
    return create_engine(url, hide_parameters=True, connect_args=CONNECT, pool_size=_IN_POOL)


class Sqlite:
    """SQLite in a file."""

    can_be_awaited = False

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.exchange = Path(tempfile.mkdtemp(prefix=f".{path.name}-exchange-", dir=path.parent))
        self.engine = create_engine(f"sqlite:///{path}", hide_parameters=True)
        event.listen(self.engine, "connect", _configure_sqlite)
        event.listen(self.engine, "begin", _begin_sqlite)

    def _file(self, purpose: str) -> Path:
        """Exchange files are one thread's own."""
        return self.exchange / f"{purpose}-{threading.get_ident()}.db"

    @contextmanager
    def connected(self, *, writes: bool) -> Generator[Connection]:
        with self.engine.connect() as connection:
            attached = connection.execution_options(**{_WRITES: writes})
            with attached_file(attached, STAGING, self._file(STAGING)):
                yield attached

    def plan_for_few(self, connection: Connection) -> None:
        pass  # it reads a whole table only where nothing else is left

    @contextmanager
    def kept(self) -> Generator[Connection]:
        with self.engine.connect() as connection:
            yield connection

    def stage(self, name: str, content: pa.Table) -> None:
        ready = pa.table([for_sqlite(column) for column in content.columns], names=content.column_names)
        with (
            adbc_sqlite.connect(str(self._file(STAGING)), autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("PRAGMA synchronous=OFF")
            cursor.adbc_ingest(name, ready, mode="create")

    def drop_staged(self, name: str) -> None:
        if self._file(STAGING).exists():
            with self.connected(writes=False) as connection, connection.begin():
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {STAGING}.{name}")
                left = connection.exec_driver_sql(f"SELECT count(*) FROM {STAGING}.sqlite_master").scalar()
            if not left:
                self._file(STAGING).unlink(missing_ok=True)

    def drop_leftovers(self, prefix: str) -> None:  # noqa: ARG002  # exchange files go as a whole
        for folder in self.path.parent.glob(f".{self.path.name}-exchange-*"):
            if folder != self.exchange and time.time() - folder.stat().st_mtime > _DAY:
                shutil.rmtree(folder, ignore_errors=True)

    def read(self, statement: Select[*tuple[Any, ...]]) -> pa.Table:
        answer = self._file("answer")
        answer.unlink(missing_ok=True)
        try:
            with self.connected(writes=False) as connection, attached_file(connection, "answer", answer, create=True):
                compiled = statement.compile(dialect=self.engine.dialect, compile_kwargs={"literal_binds": True})
                with connection.begin():
                    connection.exec_driver_sql(f"CREATE TABLE answer.rows AS {compiled}")
            return read_exchange(answer)
        finally:
            answer.unlink(missing_ok=True)

    def writer_lock(self) -> AbstractContextManager[None]:
        return self._only("lock", busy)

    @contextmanager
    def deliverer_lock(self) -> Generator[Callable[[], None]]:
        with self._only("deliver", delivers):
            yield lambda: None  # the file stays locked as long as the process lives

    @contextmanager
    def _only(self, purpose: str, taken: Callable[[], Conflict]) -> Generator[None]:
        lock = FileLock(f"{self.path}.{purpose}", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise taken() from None
        try:
            yield
        finally:
            lock.release()

    def standstill(self) -> AbstractContextManager[None]:
        return self._still(_FOREVER)

    def beside_others(self) -> AbstractContextManager[None]:
        return self._still(_PATIENCE_SECONDS)

    @contextmanager
    def _still(self, patience: float) -> Generator[None]:
        """One transaction writes at a time anyway: those about a few records and those about all take the same lock."""
        lock = FileLock(f"{self.path}.changing", timeout=patience, poll_interval=_POLL_SECONDS)
        try:
            lock.acquire()
        except Timeout:
            raise kept_waiting() from None
        try:
            yield
        finally:
            lock.release()

    def join_others(self, connection: Connection, *, alone: bool) -> None:
        pass

    def waited_in_vain(self, error: DBAPIError) -> bool:
        return "database is locked" in str(error.orig)

    def close(self) -> None:
        self.engine.dispose()
        shutil.rmtree(self.exchange, ignore_errors=True)


def _configure_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401
    connection.isolation_level = None  # the transactions are SQLAlchemy's, see _begin_sqlite
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={_BUSY_MILLISECONDS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """A transaction that writes takes its lock at the start, so it never fails half-way."""
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class Postgresql:
    """PostgreSQL."""

    can_be_awaited = sys.platform != "win32"  # the usual event loop there watches no sockets of others

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
    def kept(self) -> Generator[Connection]:
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            driver = cast("psycopg.Connection[Any]", connection.connection.dbapi_connection)
            for name, value in _FOR_FEW_ROWS.items():
                driver.execute(f"SET {name} = '{value}'".encode())
            try:
                yield connection
            finally:
                connection.invalidate()  # what was set is for these questions alone

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
        driven(connection, f"SELECT {told}, pg_advisory_xact_lock{way}({_STANDSTILL})", ())

    def waited_in_vain(self, error: DBAPIError) -> bool:
        return getattr(error.orig, "sqlstate", None) in _WAITED

    def close(self) -> None:
        for connection in self._arrows:
            connection.close()
        self._arrows.clear()
        self._own = threading.local()
        self.engine.dispose()


def prepare_staging(connection: Connection) -> None:
    """Make the schema of staged tables, where it is one."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {STAGING}")
