"""SQL that the two databases say differently; with `dialect` the only module that asks which of them it is.

Many values are one parameter, an array in PostgreSQL, a JSON array in SQLite: so a statement is put together once and
stays the same however many there are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Final, Self, TypeAlias, TypeVar

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    CursorResult,
    Dialect,
    Table,
    TableValuedAlias,
    Text,
    Update,
    UpdateBase,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine

T = TypeVar("T")
Upsert: TypeAlias = postgresql.Insert | sqlite.Insert


def upsert(connection: Connection, table: Table) -> Upsert:
    """An INSERT that knows ON CONFLICT."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


_ROWS: Final = "rows"
_GIVEN: Final = "given"


def inserting(connection: Connection, table: Table, names: Sequence[str]) -> Upsert:
    """An INSERT for `put_rows`; in PostgreSQL it takes all rows as one parameter, so it is one statement, prepared."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).values({name: bindparam(name) for name in names})
    given = _given(table, names)
    return postgresql.insert(table).from_select(list(names), select(*given.c))


def updating(connection: Connection, table: Table, names: Sequence[str]) -> Update:
    """An UPDATE of these columns for `put_rows`; rows say by the table's key which they are."""
    keys = [column.name for column in table.primary_key]
    if connection.dialect.name == "sqlite":
        here = (table.c[name] == bindparam(f"{_GIVEN}_{name}") for name in keys)
        return update(table).where(*here).values({name: bindparam(name) for name in names})
    given = _given(table, (*keys, *names))
    here = (table.c[name] == given.c[name] for name in keys)
    return update(table).where(*here).values({name: given.c[name] for name in names})


def _given(table: Table, names: Sequence[str]) -> TableValuedAlias:
    content = cast(bindparam(_ROWS, type_=Text()), postgresql.JSON)
    found = func.json_populate_recordset(literal_column(f"NULL::{table.name}"), content)
    return found.table_valued(*(column(name, table.c[name].type) for name in names), name=_GIVEN)


def put_rows(connection: Connection, statement: UpdateBase, rows: Sequence[Mapping[str, Any]]) -> CursorResult[Any]:
    """Write rows with a statement of `inserting` or `updating`; in PostgreSQL what a row does not name is null.

    No number may be infinite: it goes as JSON.
    """
    if connection.dialect.name != "sqlite":
        return connection.execute(statement, {_ROWS: orjson.dumps(rows).decode()})
    if isinstance(statement, Update):
        keys = [column.name for column in statement.table.primary_key]
        rows = [{**row, **{f"{_GIVEN}_{name}": row[name] for name in keys}} for row in rows]
    return connection.execute(statement, [dict(row) for row in rows])


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


def lock_names(connection: Connection, names: Sequence[int], *, wait: bool) -> bool:
    """Lock some names till the end of the transaction, in their order; False when one is held and is not waited for."""
    if connection.dialect.name == "sqlite":
        return True
    if wait:
        connection.execute(_LOCK, {"names": list(names)})
        return True
    return bool(connection.execute(_TRY_LOCK, {"names": list(names)}).scalar())


_LOCK: Final = text("SELECT count(pg_advisory_xact_lock(name)) FROM unnest(CAST(:names AS bigint[])) AS name")
_TRY_LOCK: Final = text(
    "SELECT bool_and(pg_try_advisory_xact_lock(name)) FROM unnest(CAST(:names AS bigint[])) AS name"
)


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


_CLASSES: Final = (16, 64, 4096, 2**31 - 1)
"""A block is read up to one of these, the next above what is asked for: the statement stays one."""
_POSTGRESQL_BLOCKS: Final = text(
    " UNION ALL ".join(
        f"SELECT k.key, b.record_id FROM unnest(CAST(:keys{at} AS bigint[])) AS k(key), LATERAL"
        f" (SELECT record_id FROM blocking_keys WHERE blocking_keys.key = k.key ORDER BY record_id LIMIT {most}) AS b"
        for at, most in enumerate(_CLASSES)
    )
)
_SQLITE_BLOCKS: Final = text(
    "SELECT b.key, b.record_id FROM json_each(:keys) AS k JOIN blocking_keys AS b ON b.key = k.value"
)


def block_members(connection: Connection, most: Mapping[int, int]) -> dict[int, list[int]]:
    """The oldest members of some blocks (`blocking_keys`), by key: all, or at least as many as asked for."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(_SQLITE_BLOCKS, {"keys": orjson.dumps(list(most)).decode()})
    else:
        keys: list[list[int]] = [[] for _ in _CLASSES]
        for key, count in most.items():
            keys[bisect_left(_CLASSES, count)].append(key)
        rows = connection.execute(_POSTGRESQL_BLOCKS, {f"keys{at}": some for at, some in enumerate(keys)})
    found: dict[int, list[int]] = {}
    for key, record in rows.all():
        found.setdefault(key, []).append(record)
    return found
