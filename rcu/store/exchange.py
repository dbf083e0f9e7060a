"""The file by which Arrow goes in and out of SQLite, see `dialect`."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import adbc_driver_sqlite.dbapi as adbc_sqlite
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from rcu.store.types import SQLITE_INSTANT

_EVERY_ROW: Final = str(2**30)


@contextmanager
def attached_file(connection: Connection, name: str, file: Path, *, create: bool = False) -> Generator[None]:
    """Attach an exchange file, when there is one, for the time of the block; not inside a transaction."""
    if not (create or file.exists()):
        yield
        return
    raw: Any = connection.connection.driver_connection
    raw.execute(f"ATTACH DATABASE ? AS {name}", (str(file),))
    raw.execute(f"PRAGMA {name}.synchronous=OFF")
    try:
        yield
    finally:
        if connection.in_transaction():
            connection.rollback()
        raw.execute(f"DETACH DATABASE {name}")


def for_sqlite(column: Any) -> Any:  # noqa: ANN401  # ChunkedArray, generic only in its stubs
    """Give a column the form in which SQLAlchemy keeps its type in SQLite."""
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column.cast(pa.timestamp("us")), format=SQLITE_INSTANT)
    return column.cast(pa.int64()) if pa.types.is_boolean(column.type) else column


def read_exchange(file: Path) -> pa.Table:
    """Read the only table of an exchange file.

    The driver takes a column's type from its first batch, and a column that is empty there would be taken for a
    number: so the whole answer is one batch.
    """
    with adbc_sqlite.connect(str(file), autocommit=True) as connection, connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": _EVERY_ROW})
        cursor.execute("SELECT * FROM rows")
        return cursor.fetch_arrow_table()
