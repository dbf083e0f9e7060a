"""Everything that differs between SQLite and PostgreSQL; no other module asks which database it is.

Arrow goes in and out through ADBC. On SQLite that takes a detour: the ADBC driver brings an SQLite library of its own,
and two copies of SQLite in one process must never have the same file open, since each would undo the other's file locks
(https://www.sqlite.org/howtocorrupt.html, 2.2.1). So rows are handed over in an exchange file, which only one of the
two has open at any time, and which Python's connection attaches under the name of the staging schema.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
from sqlalchemy import Connection, Engine, Select, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from rcu.errors import ConfigurationError
from rcu.store.postgresql import Postgresql, connected_to
from rcu.store.sqlite import Sqlite
from rcu.store.staging import STAGING

_ADDRESSES: Final = "RCU_DATABASE_URL is like sqlite:///rcu.db or postgresql://user:password@host/name"


class Dialect(Protocol):
    """What the store asks of a database."""

    engine: Engine
    can_be_awaited: bool
    """Whether an event loop can ask: a connection lets it wait for what it says, or says it at once."""
    answers_at_once: bool
    """Whether what it says is there in microseconds, but while others hold it."""

    def connected(self, *, writes: bool) -> AbstractContextManager[Connection]:
        """A connection on which staged tables can be seen."""
        ...

    def plan_for_few(self, connection: Connection) -> None:
        """Have what a connection reads until it is given back go through indexes."""
        ...

    def kept(self, *, patient: bool) -> AbstractContextManager[Connection]:
        """A connection to read by for as long as the process lasts, that none of the others waits for.

        `patient`: where others hold the database it waits for them; else that is an error at once, and who writes by it
        has `checkpoint` asked for now and then.
        """
        ...

    def checkpoint(self) -> None:
        """Have what was written put where it stays, without waiting for who reads it where it is."""
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
            return Postgresql(connected_to(parsed.set(drivername="postgresql+psycopg")))
        case _:
            msg = "the database is neither SQLite in a file nor PostgreSQL"
            raise ConfigurationError(msg, hint=_ADDRESSES)


def prepare_staging(connection: Connection) -> None:
    """Make the schema of staged tables, where it is one."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {STAGING}")
