"""Rows written in few statements, that the two databases say differently."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Delete,
    Insert,
    Select,
    Table,
    TableValuedAlias,
    Text,
    Update,
    UpdateBase,
    bindparam,
    cast,
    column,
    delete,
    func,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningUpdate

from rcu.store.prepared_sqlite import rows_of
from rcu.store.sql import act, among, prepared

Upsert: TypeAlias = postgresql.Insert | sqlite.Insert


def upsert(connection: Connection, table: Table) -> Upsert:
    """An INSERT that knows ON CONFLICT."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


_ROWS: Final = "rows"
_GIVEN: Final = "given"
_SOME: Final = "some"


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


def add_numbered(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], number: str, counter: Column[int]
) -> None:
    """Add rows, all of the same columns, each with the next number of a counter, which stands in a table's only row.

    Who takes numbers later waits for this transaction to end; so in PostgreSQL it is one statement.
    """
    if connection.dialect.name == "sqlite":
        last = next_numbers(connection, counter, len(rows))
        add_rows(connection, table, [{**row, number: last - len(rows) + at} for at, row in enumerate(rows, 1)])
        return
    told = {_ROWS: orjson.dumps([{**row, number: at} for at, row in enumerate(rows, 1)]).decode(), _MORE: len(rows)}
    act(connection, prepared(connection, _numbering, table, tuple(rows[0]), number, counter), told)


_MORE: Final = "more"


def next_numbers(connection: Connection, counter: Column[int], count: int) -> int:
    """Take the next numbers of a counter; the last of them. Who takes some later waits for this transaction to end."""
    ((last,),) = act(connection, prepared(connection, _counting, counter), {_MORE: count})
    return int(last)


def _counting(_connection: Connection, counter: Column[int]) -> ReturningUpdate[int]:
    more = bindparam(_MORE, type_=BigInteger)
    return update(counter.table).values({counter: counter + more}).returning(counter.label("last"))


def _numbering(connection: Connection, table: Table, names: Sequence[str], number: str, counter: Column[int]) -> Insert:
    given, counted = _given(table, (*names, number)), _counting(connection, counter).cte("counted")
    own = counted.c.last - bindparam(_MORE, type_=BigInteger) + given.c[number]
    found = select(*(given.c[name] for name in names), own).select_from(given.join(counted, true()))
    return postgresql.insert(table).from_select([*names, number], found).add_cte(counted)


def add_at_once(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Sequence[str | datetime | None]]
) -> None:
    """Add rows of some columns in one statement, on SQLite, too: its driver gives way to no other thread meanwhile.

    So a thread that writes behind others' answers does not ask for the interpreter at every row. Outside a transaction
    all of them are added, or none.
    """
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        add_rows(connection, table, [dict(zip(names, row, strict=True)) for row in rows])
        return
    one = f"({', '.join('?' * len(names))})"
    asked = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES {', '.join([one] * len(rows))}"  # names
    rows_of(connection, asked, [_as_stored(value) for row in rows for value in row])


def _as_stored(value: str | datetime | None) -> str | None:
    """A value as SQLAlchemy keeps it in SQLite, where instants are texts."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return value


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
