"""SQL that the two databases say differently.

With `writing`, `written`, `blocks`, `indexes` and the dialects this is all that asks which it is.

Many values are one parameter, an array in PostgreSQL, a JSON array in SQLite: so a statement is put together once and
stays the same however many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any, Final, Self, TypeAlias, TypeVar
from typing import cast as cast_to

import orjson
import psycopg
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    CompoundSelect,
    Connection,
    Dialect,
    Join,
    Select,
    TableValuedAlias,
    Text,
    UpdateBase,
    bindparam,
    column,
    func,
    true,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine

from rcu.store.asking import ASKING, Asking, Ready, Rows, Value, ready
from rcu.store.later import Later
from rcu.store.prepared_sqlite import answered

T = TypeVar("T")
Query: TypeAlias = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
Keyed: TypeAlias = Callable[[Connection], Query]
"""A query that is asked for some keys, made once for a database; the first column of each row is the key it is of."""
KEYS: Final = "keys"
"""The parameter of such a query: many texts."""

_PREPARED: Final[dict[tuple[object, str, object], Any]] = {}


def prepared(connection: Connection, make: Callable[..., T], *about: Hashable) -> T:
    """What `make` gives for a database, made once: a statement that the two say differently."""
    key = make, connection.dialect.name, about
    if key not in _PREPARED:
        _PREPARED[key] = make(connection, *about)
    return _PREPARED[key]


def one_at_a_time(connection: Connection, what: int) -> None:
    """Wait until no other transaction does the same, till the end of this one.

    SQLite has one transaction that writes at a time anyway.
    """
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({what})")


def others_write(connection: Connection) -> bool:
    """Whether other transactions that write are under way beside this one, as they never are in SQLite."""
    return connection.dialect.name != "sqlite"


def lock_names(connection: Connection, names: Sequence[int], *, wait: bool) -> Later[bool]:
    """Lock some names till the end of the transaction, in their order; False when one is held and is not waited for.

    What is asked next is answered once they are held.
    """
    if wait:
        asking(connection).tell(_LOCK, [names])
        return Later.of(answer=True)
    held = asking(connection).ahead(_TRY_LOCK, [names])
    return Later(lambda: bool(held.rows()[0][0]))


_LOCK: Final = "SELECT count(pg_advisory_xact_lock(name)) FROM unnest(CAST($1 AS bigint[])) AS name"
_TRY_LOCK: Final = "SELECT bool_and(pg_try_advisory_xact_lock(name)) FROM unnest(CAST($1 AS bigint[])) AS name"


def fetch(connection: Connection, query: Query, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
    """All rows of a query that is made once and asked many times; values may be collections, see `Many`.

    The driver is asked itself: for a handful of rows, what SQLAlchemy does around it takes as long.
    """
    if connection.dialect.name == "sqlite":
        return answered(connection, query, values)
    known = ready(query)
    return _told(known, driven(connection, known.text, known.filled(values), known.kinds))


def act(connection: Connection, statement: UpdateBase, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
    """Do what a statement says that is made once, as `fetch` asks; give what it returns.

    What returns nothing is not waited for in PostgreSQL: what there is against it is raised by what is asked next in
    the transaction, or by its end.
    """
    if connection.dialect.name == "sqlite":
        return answered(connection, statement, values)
    known = ready(statement)
    if known.names:
        return driven(connection, known.text, known.filled(values), known.kinds)
    asking(connection).tell(known.text, known.filled(values), known.kinds)
    return ()


def driven(connection: Connection, asked: str, values: Sequence[Value], kinds: Sequence[int] = ()) -> Rows:
    """What PostgreSQL answers to a statement whose parameters are $1, $2 ..., see `asking`."""
    return asking(connection).ask(asked, values, kinds)


def asking(connection: Connection) -> Asking:
    """What asks PostgreSQL through a connection's driver."""
    pooled = connection.connection
    found: Asking | None = pooled.info.get(ASKING)
    if found is None:
        driver = cast_to("psycopg.Connection[Any]", pooled.dbapi_connection)
        found = pooled.info[ASKING] = Asking(driver)
    return found


def fetch_dicts(connection: Connection, query: Query, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same, each row by the names of its columns."""
    return named(query, fetch(connection, query, values))


def named(query: Query, rows: Rows) -> list[dict[str, Any]]:
    """The rows of a query, each by the names of its columns."""
    names = ready(query).names
    return [dict(zip(names, row, strict=True)) for row in rows]


def ask(connection: Connection, query: Query, values: Mapping[str, Any], made: Callable[[Rows], T]) -> Later[T]:
    """Ask what `fetch` does, and do not wait for it; `made` makes the answer of its rows. SQLite answers at once."""
    if connection.dialect.name == "sqlite":
        found = fetch(connection, query, values)
        return Later(lambda: made(found))
    known = ready(query)
    answer = asking(connection).ahead(known.text, known.filled(values), known.kinds)
    return Later(lambda: made(_told(known, answer.rows())))


def _told(known: Ready, rows: Rows) -> Rows:
    return [_in_utc(row, known.instants) for row in rows] if known.instants else rows


def _in_utc(row: Sequence[Any], instants: tuple[int, ...]) -> Sequence[Any]:
    found = list(row)
    for place in instants:
        if found[place] is not None:
            found[place] = found[place].astimezone(UTC)
    return found


class Many(TypeDecorator[Any]):
    """A parameter that holds many whole numbers, or many texts."""

    impl = Text
    cache_ok = True

    def __init__(self, of: type[BigInteger | Text]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """An array where there are arrays."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else postgresql.ARRAY(self.of()))

    def process_bind_param(self, value: Iterable[Any] | None, dialect: Dialect) -> Any:  # noqa: ANN401
        """As JSON where there are none."""
        listed = list(value or ())
        return orjson.dumps(listed).decode() if dialect.name == "sqlite" else listed


class among(FunctionElement[bool]):  # noqa: N801  # it reads as the function it is
    """Whether a column has one of some values: given now, or with the statement as the parameter of a name."""

    inherit_cache = True
    type = Boolean()

    def __init__(self, column: ColumnElement[Any], values: str | Iterable[Any]) -> None:
        kind = Many(Text if isinstance(column.type, Text) else BigInteger)
        named = bindparam(values, type_=kind) if isinstance(values, str) else bindparam(None, list(values), type_=kind)
        super().__init__(column, named)

    def self_group(self, against: OperatorType | None = None) -> Self:  # noqa: ARG002  # of its base
        """A condition as it stands: as a value, compared with 1, no index of SQLite serves it."""
        return self


@compiles(among, "sqlite")
def _in_json(element: among, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401
    column, values = (compiler.process(part, **how) for part in element.clauses)
    return f"({column} IN (SELECT value FROM json_each({values})))"


@compiles(among)
def _in_array(element: among, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401
    column, values = (compiler.process(part, **how) for part in element.clauses)
    return f"({column} = ANY ({values}))"


class among_found(FunctionElement[bool]):  # noqa: N801  # it reads as the function it is
    """Whether a column has one of the values that a query finds, of which there are few: they are found first."""

    inherit_cache = True
    type = Boolean()

    def __init__(self, column: ColumnElement[Any], query: Query) -> None:
        super().__init__(column, query.scalar_subquery())

    self_group = among.self_group


@compiles(among_found, "sqlite")
def _in_found(element: among_found, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401
    column, found = (compiler.process(part, **how) for part in element.clauses)
    return f"({column} IN {found})"


@compiles(among_found)
def _in_array_of_found(element: among_found, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401
    column, found = (compiler.process(part, **how) for part in element.clauses)
    return f"({column} = ANY (ARRAY{found}))"


def each(connection: Connection, values: str) -> TableValuedAlias:
    """The values of the parameter of a name, many texts, as rows of a column `value`."""
    many = bindparam(values, type_=Many(Text))
    if connection.dialect.name == "sqlite":
        return func.json_each(many).table_valued(column("value", Text), name="given")
    return func.unnest(many).table_valued(column("value", Text), name="given").render_derived()


def joined_each(connection: Connection, given: TableValuedAlias, key: ColumnElement[int], few: Select[int]) -> Join:
    """Given values, each joined with the rows of a table whose key is one of a few that are found for that value.

    SQLite knows no LATERAL, and PostgreSQL would look at every row of the table.
    """
    if connection.dialect.name == "sqlite":
        return given.join(key.table, key.in_(few.correlate(given)))
    found = few.lateral("few")
    return given.join(found, true()).join(key.table, key == found.c[0])
