"""Indexes and foreign keys that are taken away while large tables are filled, and put back."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Table, UniqueConstraint, inspect, text
from sqlalchemy.exc import DBAPIError

_PATIENCE: Final = "5s"
_ROOM_TO_SORT: Final = "256MB"
_CONSTRAINTS: Final = text(
    "SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE contype = 'p' AND conrelid = ANY (CAST(:keyless AS regclass[]))"
    " OR conrelid = ANY (CAST(:tables AS regclass[])) AND (contype = 'u' OR contype = 'f'"
    " AND confrelid = ANY (CAST(:named AS regclass[]))) ORDER BY conname"
)
_OF_SQLITE: Final = text("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = :table")
_INDEXES: Final = text(
    "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
    " WHERE indrelid = ANY (CAST(:tables AS regclass[])) AND NOT indisprimary"
    " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) ORDER BY 1"
)


@contextmanager
def bare(
    connection: Connection, tables: Sequence[Table], *, keyless: Sequence[Table] = (), named: Sequence[Table] = ()
) -> Generator[None]:
    """Have tables without indexes and foreign keys, but for their keys, while they are filled; then put them back.

    To make an index of all rows, and to check them all at once, costs a fraction of doing it row by row. Nobody reads
    the tables until the transaction ends. Where somebody is reading them already, or on SQLite, they stay as they are.

    `keyless` tables have no keys either; `named` are tables that are not filled, whose rows those of the others name.
    """
    if connection.dialect.name == "sqlite" or not _alone_with(
        connection, sorted({*tables, *keyless, *named}, key=lambda table: table.name)
    ):
        yield
        return
    told = {
        "tables": [table.name for table in tables],
        "keyless": [table.name for table in keyless],
        "named": [table.name for table in (*tables, *named)],
    }
    constraints = connection.execute(_CONSTRAINTS, told).all()
    indexes = connection.execute(_INDEXES, {"tables": told["tables"]}).all()
    for name, table, _ in constraints:
        connection.exec_driver_sql(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _ in indexes:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    yield
    connection.exec_driver_sql(f"SET LOCAL maintenance_work_mem = '{_ROOM_TO_SORT}'")
    for _, made in indexes:
        connection.exec_driver_sql(made)
    for name, table, made in constraints:
        connection.exec_driver_sql(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {made}')
    for table in {one.name: one for one in (*tables, *keyless)}.values():
        _look_at(connection, table)


def _look_at(connection: Connection, table: Table) -> None:
    """Have PostgreSQL look at what is in a table: of one it has not looked at yet it expects the wrong things.

    It does so by itself, but minutes later. Only the columns by which rows are looked up are of any use to it.
    """
    unique = (one for one in table.constraints if isinstance(one, UniqueConstraint))
    keys = {column.name for one in (table.primary_key, *unique, *table.indexes) for column in one.columns}
    connection.exec_driver_sql(f"ANALYZE {table.name} ({', '.join(sorted(keys))})")


def drop_indexes(connection: Connection, table: Table) -> None:
    """Take away the indexes of a table but those of its keys, till `make_indexes`.

    Where others do not let go of it, it stays as it is; in SQLite nobody else writes.
    """
    if connection.dialect.name == "sqlite" or _alone_with(connection, [table]):
        there = _names_of_indexes(connection, table)
        for index in table.indexes:
            if index.name in there:
                index.drop(connection)


def make_indexes(connection: Connection, table: Table) -> None:
    """Make the indexes of a table that are not there."""
    there = _names_of_indexes(connection, table)
    missing = [index for index in table.indexes if index.name not in there]
    postgresql = connection.dialect.name != "sqlite"
    if missing and postgresql:
        connection.exec_driver_sql(f"SET LOCAL maintenance_work_mem = '{_ROOM_TO_SORT}'")
    for index in missing:
        index.create(connection)
    if missing and postgresql:
        _look_at(connection, table)


def _names_of_indexes(connection: Connection, table: Table) -> set[str | None]:
    """The indexes there are; what SQLAlchemy reads of SQLite leaves out those on expressions."""
    if connection.dialect.name == "sqlite":
        return set(connection.execute(_OF_SQLITE, {"table": table.name}).scalars())
    return {one["name"] for one in inspect(connection).get_indexes(table.name)}


def _alone_with(connection: Connection, tables: Sequence[Table]) -> bool:
    """Lock tables against everybody till the end of the transaction; False where others do not let go of them."""
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
            names = ", ".join(table.name for table in tables)
            connection.exec_driver_sql(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
            connection.exec_driver_sql("SET LOCAL lock_timeout TO DEFAULT")
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _HELD:
            return False
        raise
    return True


_HELD: Final = frozenset({"55P03", "40P01"})
"""Lock not available in time; deadlock detected."""
