"""How often values occur, and which are nobody's: kept up to date with each change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Select, delete, func, literal, or_, select, union

from rcu.store.sql import Upsert, among, prepared, upsert
from rcu.store.tables import identifier_frequency, memberships, records, records_before, value_counts

Query: TypeAlias = Select[*tuple[Any, ...]]
_SOME: Final = "some"
_MINE: Final = "mine"


FEW_VERDICTS: Final = 2_000
"""So many values that are nobody's are read at once rather than looked up."""

_FIRST_NOBODYS: Final = select(identifier_frequency.c.identifier, identifier_frequency.c.value).limit(FEW_VERDICTS + 1)
_NOBODYS: Final = select(identifier_frequency.c.identifier, identifier_frequency.c.value).where(
    among(identifier_frequency.c.value, _SOME)
)


def every_nobody(connection: Connection) -> dict[str, set[str]] | None:
    """All values that are nobody's, by column; None where there are too many to be read each time."""
    rows = connection.execute(_FIRST_NOBODYS).all()
    return None if len(rows) > FEW_VERDICTS else _by_column(rows)


def nobodys(connection: Connection, values: Collection[str]) -> dict[str, set[str]]:
    """Which of some values are nobody's, by column."""
    return _by_column(connection.execute(_NOBODYS, {_SOME: values}).all()) if values else {}


def _by_column(rows: Iterable[Sequence[str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for column, value in rows:
        found[column].add(value)
    return found


def nobodys_of(connection: Connection, column: str, years: Collection[str]) -> set[str]:
    """The days of some years that are nobody's birth date."""
    statement = select(identifier_frequency.c.value).where(identifier_frequency.c.identifier == column)
    return {value for value in connection.execute(statement).scalars() if value[:4] in years}


def put_verdicts(connection: Connection, column: str, *, new: Collection[str], gone: Collection[str]) -> None:
    """Remember which values of a column became nobody's, and which somebody's again."""
    mine = identifier_frequency.c.identifier == column
    if gone:
        connection.execute(delete(identifier_frequency).where(mine, among(identifier_frequency.c.value, gone)))
    if new:
        rows = [{"identifier": column, "value": value} for value in sorted(new)]
        connection.execute(upsert(connection, identifier_frequency).on_conflict_do_nothing(), rows)


@cache
def _names_carrying(columns: tuple[str, ...], names: tuple[str, ...]) -> Query:
    mine = {table: among(table.c.record_id, _MINE) for table in (records, records_before)}
    counted = {records: or_(~records.c.to_match, mine[records]), records_before: ~mine[records_before]}
    parts = [
        select(literal(column).label("column"), table.c[column].label("value"), *(table.c[name] for name in names))
        .where(among(table.c[column], column), or_(*(table.c[name].is_not(None) for name in names)), which)
        .distinct()
        for column in columns
        for table, which in counted.items()
    ]
    each = union(*parts).subquery("carried")
    return select(each.c.column, each.c.value, func.count()).group_by(each.c.column, each.c.value)


def names_carrying(
    connection: Connection, values: Mapping[str, Collection[str]], names: Sequence[str], *, mine: Collection[int]
) -> dict[str, dict[str, int]]:
    """How many different names carry each of some values, by column; values that no named record has are left out.

    Records count as they were last matched, but for those that are being matched (`mine`).
    """
    found: dict[str, dict[str, int]] = defaultdict(dict)
    if names and any(values.values()):
        statement = _names_carrying(tuple(values), tuple(names))
        for column, value, count in connection.execute(statement, {**values, _MINE: mine}):
            found[column][value] = count
    return found


def carriers(connection: Connection, column: str, values: Collection[str]) -> list[int]:
    """The matched records that carry one of some values, or did when they were last matched."""
    parts = [
        select(memberships.c.record_id)
        .join(table, table.c.record_id == memberships.c.record_id)
        .where(among(table.c[column], _SOME))
        for table in (records, records_before)
    ]
    return sorted(connection.execute(union(*parts), {_SOME: values}).scalars())


def _add_count(connection: Connection) -> Upsert:
    statement = upsert(connection, value_counts)
    more = {"records": value_counts.c.records + statement.excluded.records}
    return statement.on_conflict_do_update(index_elements=[value_counts.c.name, value_counts.c.value], set_=more)


def add_counts(connection: Connection, counts: Mapping[tuple[str, str], int]) -> None:
    """Add to the number of records that have some values, by name and value; in one order, so that nobody deadlocks."""
    rows = [
        {"name": name, "value": value, "records": count} for (name, value), count in sorted(counts.items()) if count
    ]
    if rows:
        connection.execute(prepared(connection, _add_count), rows)


_COUNTS: Final = select(value_counts).where(among(value_counts.c.name, _SOME), value_counts.c.records > 0)


def counts_of(connection: Connection, names: Collection[str]) -> dict[str, dict[str, int]]:
    """How many records have each value, of some names."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    if names:
        for name, value, count in connection.execute(_COUNTS, {_SOME: names}):
            found[name][value] = count
    return found
