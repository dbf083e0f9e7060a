"""A database as it is at one instant, while others go on writing: what `Store.snapshot` reads.

As `dialect`, this is about what differs between SQLite and PostgreSQL, and nothing else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import adbc_driver_manager.dbapi as adbc_manager
import pyarrow as pa
from sqlalchemy import Connection, Engine

from rcu.store.dialect import Dialect
from rcu.store.postgresql import Postgresql
from rcu.store.sqlite import Sqlite
from rcu.store.staging import STAGING, analyse


@contextmanager
def frozen(dialect: Dialect) -> Generator[Dialect]:
    """The same database, which nobody's writing changes; what is staged in it is gone afterwards."""
    if isinstance(dialect, Sqlite):
        with TemporaryDirectory(prefix="snapshot-", dir=dialect.exchange) as folder:
            copy = Path(folder) / "copy.db"
            _copy(dialect.path, copy)
            with closing(Sqlite(copy)) as found:
                yield found
    elif isinstance(dialect, Postgresql):
        with _shared(dialect) as found:
            yield found
    else:
        raise TypeError(dialect)


def _copy(source: Path, target: Path) -> None:
    """Copy a database in one step: those who read do not keep a writer waiting in WAL mode."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        other.execute("PRAGMA synchronous=OFF")
        one.backup(other)


@contextmanager
def _shared(dialect: Postgresql) -> Generator[Dialect]:
    """Two connections that see what was committed at one instant: SQLAlchemy's, and one for Arrow.

    Nothing is committed in either, so that vacuum is held back for as long as this takes, and not longer.
    """
    with (
        dialect.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        closing(dialect.connect_arrow()) as arrow,
        arrow.cursor() as cursor,
    ):
        name = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        cursor.execute(f"SET TRANSACTION SNAPSHOT '{name}'")
        try:
            yield _Shared(dialect.engine, connection, arrow)
        finally:
            with suppress(adbc_manager.Error):
                cursor.execute("ROLLBACK")
            connection.rollback()


class _Shared(Postgresql):
    """A dialect that reads through connections which share a snapshot, and stages in the transaction of one of them."""

    def __init__(self, engine: Engine, connection: Connection, arrow: Any) -> None:  # noqa: ANN401  # generic in stubs
        super().__init__(engine)
        self._connection, self._shared = connection, arrow

    @contextmanager
    def connected(self, *, writes: bool) -> Generator[Connection]:
        if writes:
            raise TypeError("a snapshot is read, not written")
        yield self._connection

    @contextmanager
    def arrow(self) -> Generator[Any]:
        with self._shared.cursor() as cursor:
            yield cursor

    def stage(self, name: str, content: pa.Table) -> None:
        with self.arrow() as cursor:
            cursor.adbc_ingest(name, content, mode="create", db_schema_name=STAGING)
            cursor.execute(analyse(name, content))

    def drop_staged(self, name: str) -> None:
        with self.arrow() as cursor, suppress(adbc_manager.Error):
            cursor.execute(f"DROP TABLE IF EXISTS {STAGING}.{name}")
