"""SQL that the two databases say differently; with `blocks`, `indexes` and the dialects all that asks which it is.

Many values are one parameter, an array in PostgreSQL, a JSON array in SQLite: so a statement is put together once and
stays the same however many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Self, TypeAlias, TypeVar
from typing import cast as cast_to

import orjson
import psycopg
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    CompoundSelect,
    Connection,
    Delete,
    Dialect,
    Insert,
    Join,
    Select,
    Table,
    TableValuedAlias,
    Text,
    TextClause,
    Update,
    UpdateBase,
    bindparam,
    cast,
    column,
    delete,
    func,
    literal_column,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine

from rcu.store.asking import ASKING, Asking, Rows, Value, ready
from rcu.store.types import Instant

T = TypeVar("T")
Query: TypeAlias = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
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


def deleting(connection: Connection, table: Table) -> Delete:
    """A DELETE for `put_rows`; rows say by the table's key which they are."""
    keys = [column.name for column in table.primary_key]
    if connection.dialect.name == "sqlite":
        return delete(table).where(*(table.c[name] == bindparam(f"{_GIVEN}_{name}") for name in keys))
    given = _given(table, keys)
    return delete(table).where(*(table.c[name] == given.c[name] for name in keys))


def _given(table: Table, names: Sequence[str]) -> TableValuedAlias:
    content = cast(bindparam(_ROWS, type_=Text()), postgresql.JSON)
    found = func.json_populate_recordset(literal_column(f"NULL::{table.name}"), content)
    return found.table_valued(*(column(name, table.c[name].type) for name in names), name=_GIVEN)


def put_rows(
    connection: Connection, statement: UpdateBase, rows: Sequence[Mapping[str, Any]], *, boundless: str | None = None
) -> Sequence[Sequence[Any]]:
    """Write rows with a statement of `inserting`, `updating` or `deleting`, and give what it returns; see `act`.

    In PostgreSQL what a row does not name is null, and they go as JSON: no number may be infinite but in the column
    that is `boundless`.
    """
    if connection.dialect.name != "sqlite":
        if boundless:
            rows = [{**row, boundless: str(row[boundless])} for row in rows]
        return act(connection, statement, {_ROWS: orjson.dumps(rows).decode()})
    if isinstance(statement, Update | Delete):
        keys = [column.name for column in statement.table.primary_key]
        set_ = rows if isinstance(statement, Update) else [{}] * len(rows)
        rows = [
            {**of_row, **{f"{_GIVEN}_{name}": row[name] for name in keys}}
            for row, of_row in zip(rows, set_, strict=True)
        ]
    found = connection.execute(statement, [dict(row) for row in rows])
    return found.all() if found.returns_rows else ()


def add_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows, all of the same columns, to a table; nothing happens when there is none."""
    if rows:
        put_rows(connection, prepared(connection, inserting, table, tuple(rows[0])), rows)


def add_at_once(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows as `add_rows` does, as one parameter on SQLite, too: its driver gives way to no other thread meanwhile.

    So a thread that writes behind others' answers does not ask for the interpreter at every row.
    """
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        add_rows(connection, table, rows)
        return
    statement = prepared(connection, _adding_json, table, tuple(rows[0]))
    instants = [column.name for column in table.columns if column.name in rows[0] and isinstance(column.type, Instant)]
    told = [{**row, **{name: _as_stored(row[name]) for name in instants}} for row in rows]
    connection.execute(statement, {_ROWS: orjson.dumps(told).decode()})


def _adding_json(_connection: Connection, table: Table, names: Sequence[str]) -> TextClause:
    columns = ", ".join(names)
    values = ", ".join(f"json_extract(value, '$.{name}')" for name in names)
    return text(f"INSERT INTO {table.name} ({columns}) SELECT {values} FROM json_each(:{_ROWS})")  # names


def _as_stored(instant: datetime | None) -> str | None:
    """An instant in the form in which SQLAlchemy keeps one in SQLite."""
    return None if instant is None else instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def take_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Take rows of a table away that are named by their key; nothing happens when there is none."""
    if rows:
        put_rows(connection, prepared(connection, deleting, table), rows)


def drop_rows(connection: Connection, tables: Sequence[Table], name: str, values: Iterable[int]) -> None:
    """Take away the rows of some tables by the values of one column; in PostgreSQL in one statement."""
    at_once = [(table,) for table in tables] if connection.dialect.name == "sqlite" else [tuple(tables)]
    for some in at_once:
        act(connection, prepared(connection, _dropping, some, name), {_SOME: values})


def _dropping(_connection: Connection, tables: Sequence[Table], name: str) -> Delete:
    last, *others = (delete(table).where(among(table.c[name], _SOME)) for table in reversed(tables))
    return last.add_cte(*(one.cte(f"gone_{place}") for place, one in enumerate(others)))


_SOME: Final = "some"
_PREPARED: Final[dict[tuple[object, str, object], Any]] = {}


def prepared(connection: Connection, make: Callable[..., T], *about: Hashable) -> T:
    """What `make` gives for a database, made once: a statement that the two say differently."""
    key = make, connection.dialect.name, about
    if key not in _PREPARED:
        _PREPARED[key] = make(connection, *about)
    return _PREPARED[key]


def written_and(
    connection: Connection,
    statement: Insert | Update,
    key: ColumnElement[int],
    then: Callable[[Select[Any]], Insert],
) -> int:
    """Write rows, and then others that a statement makes of the keys of those; says how many keys there were."""
    if connection.dialect.name == "sqlite":
        keys = connection.execute(statement.returning(key)).scalars().all()
        if keys:
            connection.execute(then(select(key).where(among(key, keys))))
        return len(keys)
    written = statement.returning(key).cte("written")
    both = then(select(*written.c)).add_cte(written)
    return connection.execute(both, execution_options={"preserve_rowcount": True}).rowcount


def one_at_a_time(connection: Connection, what: int) -> None:
    """Wait until no other transaction does the same, till the end of this one.

    SQLite has one transaction that writes at a time anyway.
    """
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({what})")


def others_write(connection: Connection) -> bool:
    """Whether other transactions that write are under way beside this one, as they never are in SQLite."""
    return connection.dialect.name != "sqlite"


def lock_names(connection: Connection, names: Sequence[int], *, wait: bool) -> bool:
    """Lock some names till the end of the transaction, in their order; False when one is held and is not waited for."""
    if wait:
        asking(connection).tell(_LOCK, [names])  # what is asked next is answered once they are held
        return True
    ((all_held,),) = driven(connection, _TRY_LOCK, [names])
    return bool(all_held)


_LOCK: Final = "SELECT count(pg_advisory_xact_lock(name)) FROM unnest(CAST($1 AS bigint[])) AS name"
_TRY_LOCK: Final = "SELECT bool_and(pg_try_advisory_xact_lock(name)) FROM unnest(CAST($1 AS bigint[])) AS name"


def fetch(connection: Connection, query: Query, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
    """All rows of a query that is made once and asked many times; values may be collections, see `Many`.

    In PostgreSQL the driver is asked itself: for a handful of rows, what SQLAlchemy does around it takes as long.
    """
    if connection.dialect.name == "sqlite":
        return connection.execute(query, values).all()
    known = ready(query)
    rows = driven(connection, known.text, known.filled(values), known.kinds)
    return [_in_utc(row, known.instants) for row in rows] if known.instants else rows


def act(connection: Connection, statement: UpdateBase, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
    """Do what a statement says that is made once, as `fetch` asks; give what it returns.

    What returns nothing is not waited for in PostgreSQL: what there is against it is raised by what is asked next in
    the transaction, or by its end.
    """
    if connection.dialect.name == "sqlite":
        found = connection.execute(statement, values)
        return found.all() if found.returns_rows else ()
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
    names = ready(query).names
    return [dict(zip(names, row, strict=True)) for row in fetch(connection, query, values)]


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


_MANY: Final = Many(Text)


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


class Written(NamedTuple):
    """A statement written out, the names of its parameters in their order, and the values some have always."""

    text: str
    places: tuple[str, ...]
    constants: Mapping[str, Any]


def written(connection: Connection, query: Query) -> Written:
    """Write a statement out, to be put together with others to one: making that anew each time takes longer."""
    dialect = connection.dialect if connection.dialect.name == "sqlite" else _FORMATTED
    compiled = query.compile(dialect=dialect)
    return Written(str(compiled), tuple(compiled.positiontup or ()), dict(compiled.params))


_FORMATTED: Final = PGDialect_psycopg(paramstyle="format")


def all_of(connection: Connection, parts: Sequence[tuple[Written, Mapping[str, Any]]]) -> Rows:
    """The rows of some statements that were written out, each with its values; all are asked at once.

    Many values are given as they are, see `Many`.
    """
    asked = " UNION ALL ".join(f"SELECT * FROM ({one.text}) AS part_{place}" for place, (one, _) in enumerate(parts))
    values = [{**one.constants, **given}[name] for one, given in parts for name in one.places]
    given = (_MANY.process_bind_param(one, connection.dialect) if isinstance(one, tuple) else one for one in values)
    return connection.exec_driver_sql(asked, tuple(given)).all()
