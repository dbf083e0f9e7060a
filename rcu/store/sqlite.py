"""SQLite in a file, as the store asks it; see `dialect`."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final, cast

import adbc_driver_sqlite.dbapi as adbc_sqlite
import pyarrow as pa
from filelock import FileLock, Timeout
from sqlalchemy import Connection, Select, create_engine, event
from sqlalchemy.exc import DBAPIError

from rcu.errors import Conflict
from rcu.store.conflicts import busy, delivers, kept_waiting
from rcu.store.exchange import attached_file, for_sqlite, read_exchange
from rcu.store.prepared_sqlite import BEGINS
from rcu.store.staging import STAGING

_WRITES: Final = "rcu_writes"
_BUSY_MILLISECONDS: Final = 30_000
_PATIENCE_SECONDS: Final = 10
_FOREVER: Final = -1
_POLL_SECONDS: Final = 0.002
_DAY: Final = 86_400


class Sqlite:
    """SQLite in a file."""

    can_be_awaited = answers_at_once = True

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
    def kept(self, *, patient: bool) -> Generator[Connection]:
        """Each statement sees what is committed when it begins, as in PostgreSQL."""
        with self.engine.connect() as connection:
            driver = cast("sqlite3.Connection", connection.connection.dbapi_connection)
            if not patient:
                driver.execute("PRAGMA busy_timeout=0")
                driver.execute("PRAGMA wal_autocheckpoint=0")  # it waits for the disk, see `checkpoint`
            try:
                yield connection.execution_options(**{BEGINS: False})
            finally:
                connection.invalidate()  # what was set is for these questions alone

    def checkpoint(self) -> None:
        with self.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").close()

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
    """A transaction that writes takes its lock at the start, so it never fails half-way; a kept connection has none."""
    options = connection.get_execution_options()
    if options.get(BEGINS, True):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(_WRITES, False) else "BEGIN")
