"""SQLite asked through its driver itself: a statement is put together once, and asked with its parameters alone.

For a handful of rows what SQLAlchemy does around a question takes longer than SQLite needs to answer it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from sqlalchemy import CompoundSelect, Connection, Dialect, Select, UpdateBase
from sqlalchemy.exc import DBAPIError

Statement: TypeAlias = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]] | UpdateBase
Rows: TypeAlias = Sequence[Sequence[Any]]
_Turned: TypeAlias = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Known:
    """A statement as SQLite takes it: its text, its parameters and how each is written, how columns are read."""

    text: str
    places: tuple[tuple[str, _Turned], ...]
    constants: Mapping[str, Any]
    columns: tuple[tuple[int, Callable[[Any], Any]], ...]

    def filled(self, values: Mapping[str, Any]) -> list[Any]:
        found: list[Any] = []
        for name, turned in self.places:
            value = values[name] if name in values else self.constants[name]
            found.append(value if turned is None else turned(value))
        return found

    def read(self, rows: list[tuple[Any, ...]]) -> Rows:
        if not self.columns:
            return rows
        found = [list(row) for row in rows]
        for place, turned in self.columns:
            for row in found:
                row[place] = turned(row[place])
        return found


BEGINS: Final = "rcu_begins"
"""An option of a connection: False where each statement is alone, and sees what is committed when it begins."""
_KNOWN: Final[dict[int, tuple[Statement, _Known]]] = {}


def answered(connection: Connection, statement: Statement, values: Mapping[str, Any]) -> Rows:
    """The rows of a statement that is made once and asked many times; it begins a transaction, see BEGINS.

    Raises:
        DBAPIError: what SQLite has against it.
    """
    known = _known(connection.dialect, statement)
    if not connection.in_transaction() and connection.get_execution_options().get(BEGINS, True):
        connection.begin()
    return known.read(rows_of(connection, known.text, known.filled(values)))


def rows_of(connection: Connection, asked: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows a connection's driver gives for a statement and its parameters.

    Raises:
        DBAPIError: what SQLite has against it.
    """
    driver = cast("sqlite3.Connection", connection.connection.dbapi_connection)
    try:
        return driver.execute(asked, values).fetchall()
    except sqlite3.Error as error:
        told = DBAPIError.instance(asked, None, error, sqlite3.Error, hide_parameters=True)
        raise cast("DBAPIError", told) from None


def _known(dialect: Dialect, statement: Statement) -> _Known:
    known = _KNOWN.get(id(statement))
    if known is None:
        compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        names = compiled.positiontup or ()
        places = [(name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names]
        readers = [one.type.dialect_impl(dialect).result_processor(dialect, None) for one in statement.exported_columns]
        columns = tuple((place, reader) for place, reader in enumerate(readers) if reader is not None)
        made = _Known(str(compiled), tuple(places), dict(compiled.params), columns)
        known = _KNOWN[id(statement)] = statement, made  # it is kept, so that no other gets its place in memory
    return known[1]
