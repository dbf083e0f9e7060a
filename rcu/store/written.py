"""Statements that are written out once, and put together with others to one that is asked at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from rcu.store.asking import Rows
from rcu.store.sql import Many, Query

_MANY: Final = Many(Text)


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
