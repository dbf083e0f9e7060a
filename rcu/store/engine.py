"""The store: transactions for the services, Arrow in and out for anything that is many rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any, Final, TypeAlias

import pyarrow as pa
import uuid_utils
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Engine,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
)
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.types import TypeEngine

from rcu.store.conflicts import kept_waiting, unreachable
from rcu.store.dialect import Dialect, open_dialect
from rcu.store.kept import Kept
from rcu.store.snapshots import frozen
from rcu.store.staging import STAGING
from rcu.store.types import Instant

Transaction: TypeAlias = Connection
"""What `begin` and `read` give, for services to hand on to the functions of this room."""

STAGED_PREFIX: Final = "stage_"
"""Staged tables are called so; what is left of a killed run is dropped at the next one, and Alembic looks past them."""

_ARROW_OF: Final[tuple[tuple[type[TypeEngine[Any]], pa.DataType], ...]] = (
    (Instant, pa.timestamp("us", tz="UTC")),
    (Boolean, pa.bool_()),
    (Double, pa.float64()),
    (BigInteger, pa.int64()),
    (Text, pa.string()),
    (LargeBinary, pa.binary()),
)


class Store:
    """One database. Reads see what is committed; writes happen inside `begin()`, which the services open and close."""

    def __init__(self, at: str | Dialect) -> None:
        """`at` is the address of a database."""
        self._dialect = open_dialect(at) if isinstance(at, str) else at
        self._numbers = itertools.count()
        self._kept: list[Kept] = []

    @property
    def engine(self) -> Engine:
        """The engine, for migrations and tests."""
        return self._dialect.engine

    def close(self) -> None:
        """Give back all connections and files."""
        for one in self._kept:
            one.close()
        self._dialect.close()

    @contextmanager
    def begin(self) -> Generator[Connection]:
        """A write transaction: committed at the end of the block, rolled back on any error.

        Raises:
            StoreError: when the database cannot be reached.
        """
        with self._connected(writes=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def changing(self, *, keep: bool = True, alone: bool = False) -> Generator[Connection]:
        """A write transaction about a few records, beside others like it; or once those have ended, `alone`.

        What is done is not kept unless `keep`.

        Raises:
            Conflict: another transaction, or a run over everything, is at work and does not end in time.
            StoreError: when the database cannot be reached.
        """
        try:
            with self._dialect.beside_others(), self.begin() as connection:
                self._dialect.join_others(connection, alone=alone)
                yield connection
                if not keep:
                    connection.rollback()
        except DBAPIError as error:
            if self._dialect.waited_in_vain(error):
                raise kept_waiting() from None
            raise

    def standstill(self) -> AbstractContextManager[None]:
        """Keep others from `changing` anything, once those under way have ended."""
        return self._dialect.standstill()

    @contextmanager
    def read(self, *, of_few: bool = False) -> Generator[Connection]:
        """What is committed, to be read: on SQLite as it was at the first statement, on PostgreSQL each as it comes.

        `of_few`: statements that are planned each time read no whole table, and are planned for few rows.
        """
        with self._connected(writes=False) as connection:
            if of_few:
                self._dialect.plan_for_few(connection)
            yield connection

    def keep(self, thread: Executor, *, here: bool = False) -> Kept:
        """A connection that is kept for questions that come all the time, until the store is closed.

        Args:
            thread: one thread that opens it, and asks.
            here: the event loop asks itself, where the database is reached over a socket; one loop alone then.
        """
        self._kept.append(Kept(self._dialect, thread, here=here))
        return self._kept[-1]

    @property
    def answers_at_once(self) -> bool:
        """Whether what the database says is there in microseconds, but while others hold it."""
        return self._dialect.answers_at_once

    def checkpoint(self) -> None:
        """Have what was written by a kept connection put where it stays; it waits for the disk."""
        self._dialect.checkpoint()

    @contextmanager
    def snapshot(self) -> Generator[Store]:
        """The store as it is at this instant, for as long as the block takes; others go on writing. Only to be read."""
        with frozen(self._dialect) as dialect:
            yield Store(dialect)

    @contextmanager
    def _connected(self, *, writes: bool) -> Generator[Connection]:
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(self._dialect.connected(writes=writes))
            except OperationalError as error:
                if self._dialect.waited_in_vain(error):
                    raise
                raise unreachable() from None
            yield connection

    def writer_lock(self) -> AbstractContextManager[None]:
        """The lock that lets one import, run or replay work at a time."""
        return self._dialect.writer_lock()

    def deliverer_lock(self) -> AbstractContextManager[Callable[[], None]]:
        """The lock that lets one process deliver at a time; what it gives raises an error once it is lost."""
        return self._dialect.deliverer_lock()

    def read_arrow(self, statement: Select[*tuple[Any, ...]]) -> pa.Table:
        """Run a query outside any transaction and give the whole answer as Arrow, typed as the query's columns are."""
        found = self._dialect.read(statement)
        columns = [_typed(found.column(place), column.type) for place, column in enumerate(statement.selected_columns)]
        return pa.table(columns, names=[column.name for column in statement.selected_columns])

    @contextmanager
    def staged(self, content: pa.Table) -> Generator[Table]:
        """Put rows into a table of their own for the time of the block, for set-based statements to read.

        They are committed at once, on a connection of their own: open this before the transaction that uses them.
        """
        content = _plain_text(content)
        name = f"{STAGED_PREFIX}{uuid_utils.uuid4().hex[:12]}_{next(self._numbers)}"
        columns = (Column(field.name, _sql_type(field.type)) for field in content.schema)
        self._dialect.stage(name, content)
        try:
            yield Table(name, MetaData(), *columns, schema=STAGING)
        finally:
            with suppress(SQLAlchemyError):  # a failed block has its own error to tell; leftovers go at the next run
                self._dialect.drop_staged(name)

    def drop_leftovers(self) -> None:
        """Drop staged tables that a killed process left; call it while holding the writer lock."""
        self._dialect.drop_leftovers(STAGED_PREFIX)


def _plain_text(content: pa.Table) -> pa.Table:
    """Give pandas' large strings, and columns without any value, the type the rest of the store knows."""
    unusual = {
        place: field
        for place, field in enumerate(content.schema)
        if pa.types.is_large_string(field.type) or pa.types.is_null(field.type)
    }
    for place, field in unusual.items():
        content = content.set_column(place, field.name, content.column(place).cast(pa.string()))
    return content


def _typed(column: Any, wanted: TypeEngine[Any]) -> Any:  # noqa: ANN401  # ChunkedArray, generic only in its stubs
    target = arrow_type(wanted)
    if column.type == target:
        return column
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.cast(column.type.storage_type)
    if pa.types.is_timestamp(target) and not pa.types.is_timestamp(column.type):
        return column.cast(pa.string()).cast(pa.timestamp("us")).cast(target)
    return column.cast(target)


def arrow_type(wanted: TypeEngine[Any]) -> pa.DataType:
    """The Arrow type in which a column of the schema is read and staged."""
    for sql, arrow in _ARROW_OF:
        if isinstance(wanted, sql):
            return arrow
    return pa.int64()


def _sql_type(wanted: pa.DataType) -> TypeEngine[Any]:
    if pa.types.is_timestamp(wanted):
        return Instant()
    for sql, arrow in _ARROW_OF:
        if wanted == arrow:
            return sql()
    return BigInteger()
