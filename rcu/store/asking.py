"""PostgreSQL asked through libpq itself: a statement is prepared once on a connection, and its parameters go as text.

A transaction about one record has some thirty small statements, and what a cursor does around each takes longer than
the server needs to answer it. https://www.psycopg.org/psycopg3/docs/api/pq.html
"""

from __future__ import annotations

import asyncio
import selectors
import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any, Final, TypeAlias, cast

import psycopg
from psycopg import errors, pq
from psycopg.adapt import Transformer
from sqlalchemy import CompoundSelect, Connection, Double, Engine, Select, UpdateBase, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util.concurrency import await_, in_greenlet

from rcu.store.listening import Ear
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
_Selector: Final = getattr(selectors, "PollSelector", selectors.SelectSelector)
"""One that is no file of its own, and none that ends at a number of files where there is such."""
ASKING: Final = "rcu_asking"
"""Under this name a connection's own `Asking` is kept with it."""
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
        compiled = statement.compile(dialect=_NUMBERED, compile_kwargs={"render_postcompile": True})
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


class Answer:
    """The rows of a question that was sent ahead: they come with the answer to the next that is waited for."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self.come: Rows | None = None

    def rows(self) -> Rows:
        """The rows; they are waited for where they have not come yet.

        Raises:
            DBAPIError: what the server or the connection has against the question, or against what came before it.
        """
        if self.come is None:
            self._asking.settle()
        if self.come is None:  # somebody was told why
            error = psycopg.InternalError("what was asked was not done")
            raise cast("DBAPIError", DBAPIError.instance(None, None, error, psycopg.Error))
        return self.come


class Asking:
    """Asks one connection, in the transaction it is in, if any.

    What is only told, and not asked, is sent at once and not waited for: the server works on it meanwhile, and its
    answer comes with that to the next question. https://www.postgresql.org/docs/current/libpq-pipeline-mode.html
    """

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self._driver = driver
        self._server = driver.pgconn
        self._reader = Transformer(driver)
        self._names: dict[str, bytes] = {}
        self._sent: list[tuple[str, Answer | None]] = []
        self._selector = _Selector()
        self._selector.register(self._server.socket, EVENT_READ)
        self._ear: Ear | None = None

    def ask(self, asked: str, values: Sequence[Value], kinds: Sequence[int] = ()) -> Rows:
        """The rows a statement gives, if any.

        Args:
            asked: the statement; its parameters are $1, $2 ...
            values: the parameters; a collection of whole numbers or of texts is an array.
            kinds: their types by number, as far as the statement leaves them open.

        Raises:
            DBAPIError: what the server or the connection has against it, or against what it was told before.
        """
        try:
            given = [written(value) for value in values]
            name = self._prepared(asked, kinds)
            if not (self._sent or in_greenlet() or self._begins()):
                return self._read(self._server.exec_prepared(name, cast("list[bytes]", given)))
            self._send(asked, name, given)
        except psycopg.Error as error:
            raise self._refused(asked, error) from None
        return self._answers()

    def tell(self, asked: str, values: Sequence[Value], kinds: Sequence[int] = ()) -> None:
        """Have a statement done whose rows nobody needs; what there is against it is raised by what is asked next.

        Raises:
            DBAPIError: the connection is lost, or a value cannot be stored.
        """
        if self._driver.autocommit:
            self.ask(asked, values, kinds)
            return
        try:
            given = [written(value) for value in values]
            self._send(asked, self._prepared(asked, kinds), given)
            self._server.flush()
        except psycopg.Error as error:
            raise self._refused(asked, error) from None

    def ahead(self, asked: str, values: Sequence[Value], kinds: Sequence[int] = ()) -> Answer:
        """Send a question whose rows are needed soon, behind what was sent; the server works on it meanwhile.

        Raises:
            DBAPIError: the connection is lost, or a value cannot be stored.
        """
        answer = Answer(self)
        if self._driver.autocommit:
            answer.come = self.ask(asked, values, kinds)
            return answer
        try:
            given = [written(value) for value in values]
            self._send(asked, self._prepared(asked, kinds), given, answer)
        except psycopg.Error as error:
            raise self._refused(asked, error) from None
        return answer

    def end(self) -> None:
        """Wait for what was told, and end the transaction with it.

        Raises:
            DBAPIError: what the server has against it.
        """
        if not self._sent or self._server.transaction_status == pq.TransactionStatus.INERROR:
            self.settle()  # the driver ends it
            return
        try:
            self._server.send_query_params(b"COMMIT", None)
        except psycopg.Error as error:
            raise self._refused("COMMIT", error) from None
        self._sent.append(("COMMIT", None))
        self._answers()

    def settle(self) -> None:
        """Wait for what was told to be done; before anything is asked by another way, and before the end.

        Raises:
            DBAPIError: what the server has against it.
        """
        if self._sent:
            self._answers()

    def _begins(self) -> bool:
        """Whether what is asked is the first of a transaction."""
        return self._server.transaction_status == pq.TransactionStatus.IDLE and not self._driver.autocommit

    def _send(self, asked: str, name: bytes, given: Sequence[bytes | None], answer: Answer | None = None) -> None:
        """Send a statement behind those that were sent, and the beginning of the transaction before the first."""
        if not self._sent:
            begins = self._begins()
            self._server.enter_pipeline_mode()
            if begins:
                self._server.send_query_params(self._beginning(), None)
                self._sent.append(("BEGIN", None))
        self._server.send_query_prepared(name, cast("list[bytes]", given))  # None is taken, whatever its stubs say
        self._sent.append((asked, answer))

    def _beginning(self) -> bytes:
        level = self._driver.isolation_level
        return b"BEGIN" if level is None else b"BEGIN ISOLATION LEVEL " + level.name.replace("_", " ").encode()

    def _answers(self) -> Rows:
        """Wait for the answers to all that was sent, and give the last one's rows."""
        sent, self._sent = self._sent, []
        rows: Rows = ()
        refused: DBAPIError | None = None
        try:
            self._server.pipeline_sync()
            for asked, waited_for in sent:
                answers = list(iter(self._answer, None))
                if refused is None:
                    try:
                        rows = self._read(answers[0] if answers else None)
                        if waited_for is not None:
                            waited_for.come = rows
                    except psycopg.Error as error:  # those behind it were not done
                        refused = self._refused(asked, error)
            self._answer()  # the end of them
            self._server.exit_pipeline_mode()
        except psycopg.Error as error:  # the connection is lost
            refused = refused or self._refused(sent[-1][0], error)
        if refused is not None:
            raise refused
        return rows

    def _answer(self) -> pq.abc.PGresult | None:
        """The next answer, once it is there: to wait inside libpq would keep the interpreter from everybody else."""
        while (unsent := bool(self._server.flush())) or self._server.is_busy():
            if in_greenlet():
                await_(self._listening().said(unsent=unsent))
            else:
                self._selector.modify(self._server.socket, EVENT_READ | EVENT_WRITE if unsent else EVENT_READ)
                self._selector.select()
            self._server.consume_input()
        return self._server.get_result()

    def _listening(self) -> Ear:
        if self._ear is None or self._ear.loop is not asyncio.get_running_loop():
            if self._ear is not None:
                self._ear.close()
            self._ear = Ear(self._server.socket)
            weakref.finalize(self, self._ear.close).atexit = False  # whoever closes the connection drops this with it
        return self._ear

    def _refused(self, asked: str, error: psycopg.Error) -> DBAPIError:
        if isinstance(error, errors.InvalidSqlStatementName):  # somebody dropped them: from here on they are anew
            self._names.clear()
        told = DBAPIError.instance(asked, None, error, psycopg.Error, hide_parameters=True)
        return cast("DBAPIError", told)

    def _prepared(self, asked: str, kinds: Sequence[int]) -> bytes:
        name = self._names.get(asked)
        if name is None:
            self.settle()
            name = b"rcu_%d" % len(self._names)
            self._read(self._server.prepare(name, asked.encode(), kinds or None))
            self._names[asked] = name
        return name

    def _read(self, answer: pq.abc.PGresult | None) -> Rows:
        if answer is None:
            raise psycopg.OperationalError("the connection is lost")
        if answer.status == pq.ExecStatus.TUPLES_OK:
            self._reader.set_pgresult(answer)
            return self._reader.load_rows(0, answer.ntuples, tuple)
        if answer.status == pq.ExecStatus.COMMAND_OK:
            return ()
        if self._server.status == pq.ConnStatus.BAD:
            raise psycopg.OperationalError("the connection is lost")
        raise errors.error_from_result(answer)


def written(value: Value) -> bytes | None:
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


def settling(engine: Engine) -> Engine:
    """The engine; before it asks anything itself it waits for what was told, and a transaction ends with that."""
    event.listen(engine, "before_cursor_execute", lambda connection, *_: _settle(connection))
    event.listen(engine, "commit", _commit)
    event.listen(engine, "rollback", _let_go)
    return engine


def _settle(connection: Connection) -> None:
    asking: Asking | None = connection.connection.info.get(ASKING)
    if asking is not None:
        asking.settle()


def _commit(connection: Connection) -> None:
    asking: Asking | None = connection.connection.info.get(ASKING)
    if asking is not None:
        asking.end()


def _let_go(connection: Connection) -> None:
    with suppress(DBAPIError):  # what is not kept may fail
        _settle(connection)
