"""PostgreSQL asked through libpq itself: a statement is prepared once on a connection, and its parameters go as text.

A transaction about one record has some thirty small statements, and what a cursor does around each takes longer than
the server needs to answer it. https://www.psycopg.org/psycopg3/docs/api/pq.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias, cast

import psycopg
from psycopg import errors, pq
from psycopg.adapt import Transformer
from sqlalchemy import CompoundSelect, Double, Select, UpdateBase
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError

from rcu.store.types import Instant

Value: TypeAlias = str | int | float | datetime | Iterable[int] | Iterable[str] | None
Rows: TypeAlias = Sequence[Sequence[Any]]
Statement: TypeAlias = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]] | UpdateBase
CONNECT: Final = {"prepare_threshold": None}
"""How the driver is to connect: where it prepares statements itself, it drops all there are at a rollback, those of
others, too."""
ANY: Final = 0
"""The kind of a parameter that the server tells from its place."""
DOUBLE: Final = 701
_PLAIN: Final = (str, int, float, datetime, type(None))


@dataclass(frozen=True, slots=True)
class Ready:
    """A statement as PostgreSQL takes it: its text, its parameters, the names and instants among its columns."""

    text: str
    places: tuple[str, ...]
    kinds: tuple[int, ...]
    constants: Mapping[str, Any]
    names: tuple[str, ...]
    instants: tuple[int, ...]

    def filled(self, values: Mapping[str, Any]) -> list[Any]:
        """All its parameters."""
        return [values[name] if name in values else self.constants[name] for name in self.places]


_NUMBERED: Final = PGDialect_psycopg(paramstyle="numeric_dollar")
_READY: Final[dict[int, tuple[Statement, Ready]]] = {}


def ready(statement: Statement) -> Ready:
    """A statement that is made once and asked many times, written out the first time."""
    known = _READY.get(id(statement))
    if known is None:
        compiled = statement.compile(dialect=_NUMBERED)
        chosen = list(statement.exported_columns)
        made = Ready(
            text=str(compiled),
            places=tuple(compiled.positiontup or ()),
            kinds=tuple(
                DOUBLE if isinstance(compiled.binds[name].type, Double) else ANY for name in compiled.positiontup or ()
            ),
            constants=dict(compiled.params),
            names=tuple(one.name for one in chosen),
            instants=tuple(place for place, one in enumerate(chosen) if isinstance(one.type, Instant)),
        )
        known = _READY[id(statement)] = statement, made  # it is kept, so that no other gets its place in memory
    return known[1]


class Asking:
    """Asks one connection, in the transaction it is in, if any."""

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self._driver = driver
        self._server = driver.pgconn
        self._reader = Transformer(driver)
        self._names: dict[str, bytes] = {}

    def ask(self, asked: str, values: Sequence[Value], kinds: Sequence[int] = ()) -> Rows:
        """The rows a statement gives, if any.

        Args:
            asked: the statement; its parameters are $1, $2 ...
            values: the parameters; a collection of whole numbers or of texts is an array.
            kinds: their types by number, as far as the statement leaves them open.

        Raises:
            DBAPIError: what the server or the connection has against it.
        """
        try:
            given = [_written(value) for value in values]
            if self._server.transaction_status == pq.TransactionStatus.IDLE and not self._driver.autocommit:
                return self._begun(asked, given)
            parameters = cast("list[bytes]", given)  # None is taken, whatever its stubs say
            return self._read(self._server.exec_prepared(self._prepared(asked, kinds), parameters))
        except psycopg.Error as error:
            if isinstance(error, errors.InvalidSqlStatementName):  # somebody dropped them: from here on they are anew
                self._names.clear()
            raise DBAPIError.instance(asked, None, error, psycopg.Error, hide_parameters=True) from None

    def _begun(self, asked: str, given: Sequence[bytes | None]) -> Rows:
        """The first statement of a transaction goes the driver's usual way, which begins it."""
        cursor = psycopg.RawCursor(self._driver)
        cursor.execute(asked.encode(), [None if value is None else value.decode() for value in given])
        return cursor.fetchall() if cursor.description else ()

    def _prepared(self, asked: str, kinds: Sequence[int]) -> bytes:
        name = self._names.get(asked)
        if name is None:
            name = b"rcu_%d" % len(self._names)
            self._read(self._server.prepare(name, asked.encode(), kinds or None))
            self._names[asked] = name
        return name

    def _read(self, answer: pq.abc.PGresult) -> Rows:
        if answer.status == pq.ExecStatus.TUPLES_OK:
            self._reader.set_pgresult(answer)
            return self._reader.load_rows(0, answer.ntuples, tuple)
        if answer.status == pq.ExecStatus.COMMAND_OK:
            return ()
        if self._server.status == pq.ConnStatus.BAD:
            raise psycopg.OperationalError("the connection is lost")
        raise errors.error_from_result(answer)


def _written(value: Value) -> bytes | None:
    """A parameter as PostgreSQL reads it."""
    if value is None:
        return None
    if isinstance(value, _PLAIN):
        text = str(value) if not isinstance(value, float) else repr(value)
    else:
        text = f"{{{','.join(map(_item, value))}}}"
    if "\0" in text:
        raise psycopg.DataError("text has a NUL character, which PostgreSQL does not store")
    return text.encode()


def _item(value: int | str) -> str:
    """A part of an array: a text in quotes, in which quotes and backslashes are told apart from those around it."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)
