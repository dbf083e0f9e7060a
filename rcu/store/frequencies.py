"""How often values occur, and which are nobody's: kept up to date with each change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    BigInteger,
    Connection,
    Double,
    Select,
    bindparam,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    union,
)

from rcu.store.asking import Rows
from rcu.store.later import Later
from rcu.store.marks import MATCHED
from rcu.store.sql import among, ask, fetch, prepared
from rcu.store.tables import identifier_frequency, memberships, records, records_before, value_counts
from rcu.store.writing import Upsert, inserting, put_rows, upsert

Query: TypeAlias = Select[*tuple[Any, ...]]
_SOME: Final = "some"
_MINE: Final = "mine"


FEW_VERDICTS: Final = 2_000
"""So many values that are nobody's are read at once rather than looked up."""

_BETWEEN, _BEHIND = "\x1f", "\x1e"
"""No value that was standardised has such a letter."""


def _every_nobody() -> Query:
    some = select(identifier_frequency.c.identifier, identifier_frequency.c.value).limit(FEW_VERDICTS + 1).subquery()
    told = func.aggregate_strings(some.c.identifier + _BETWEEN + some.c.value, _BEHIND)
    return select(func.count(), func.coalesce(told, ""))


_EVERY_NOBODY: Final = _every_nobody()
_NOBODYS: Final = select(identifier_frequency.c.identifier, identifier_frequency.c.value).where(
    among(identifier_frequency.c.value, _SOME)
)


def every_nobody(connection: Connection) -> Later[Mapping[str, AbstractSet[str]] | None]:
    """All values that are nobody's, by column; None where there are too many to be read each time.

    They come as one text, which is taken apart where it is another than lately.
    """

    def told(rows: Rows) -> Mapping[str, AbstractSet[str]] | None:
        ((count, text),) = rows
        return None if count > FEW_VERDICTS else _taken_apart(text)

    return ask(connection, _EVERY_NOBODY, {}, told)


@lru_cache(maxsize=4)
def _taken_apart(text: str) -> Mapping[str, AbstractSet[str]]:
    return _by_column(one.split(_BETWEEN) for one in text.split(_BEHIND) if one)


def nobodys(connection: Connection, values: Collection[str]) -> dict[str, set[str]]:
    """Which of some values are nobody's, by column."""
    return _by_column(fetch(connection, _NOBODYS, {_SOME: values})) if values else {}


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
    counted = {records: or_(MATCHED, mine[records]), records_before: ~mine[records_before]}
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
) -> Later[dict[str, dict[str, int]]]:
    """How many different names carry each of some values, by column; values that no named record has are left out.

    Records count as they were last matched, but for those that are being matched (`mine`).
    """
    if not (names and any(values.values())):
        return Later.of({})
    return ask(connection, _names_carrying(tuple(values), tuple(names)), {**values, _MINE: mine}, _counted)


def _counted(rows: Iterable[Sequence[Any]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for column, value, count in rows:
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
    statement = inserting(connection, value_counts, ("name", "value", "records"))
    more = {"records": value_counts.c.records + statement.excluded.records}
    return statement.on_conflict_do_update(index_elements=[value_counts.c.name, value_counts.c.value], set_=more)


def add_counts(connection: Connection, counts: Mapping[tuple[str, str], int]) -> None:
    """Add to the number of records that have some values, by name and value; in one order, so that nobody deadlocks."""
    rows = [
        {"name": name, "value": value, "records": count} for (name, value), count in sorted(counts.items()) if count
    ]
    if rows:
        put_rows(connection, prepared(connection, _add_count), rows)


_TOTAL: Final = "total"
_FEWEST: Final = "fewest"
_TIMES: Final = "times"
_PARTS: Final = "parts"
_MARGIN: Final = "margin"


def _outstanding() -> Query:
    total = cast(func.sum(value_counts.c.records).over(partition_by=value_counts.c.name), BigInteger)
    here = among(value_counts.c.name, _SOME)
    each = select(value_counts.c.name, value_counts.c.value, value_counts.c.records, total.label(_TOTAL)).where(here)
    rows = each.subquery("each")
    nearly = rows.c.records + bindparam(_MARGIN, type_=BigInteger)
    often = nearly * bindparam(_PARTS, type_=Double) >= bindparam(_TIMES, type_=Double) * rows.c.total
    return select(rows).where(nearly >= bindparam(_FEWEST, type_=BigInteger), often)


_OUTSTANDING: Final = _outstanding()


@dataclass(frozen=True, slots=True)
class Often:
    """What makes a value outstanding: so many records have it, and so many times as many as one part of all."""

    fewest: int
    times: float
    parts: float


def outstanding(
    connection: Connection, names: Collection[str], often: Often, *, margin: int = 0
) -> dict[str, tuple[int, dict[str, int]]]:
    """How many records all values of some names have, and each that is outstanding, or so many records from it.

    Names without any such value are left out.
    """
    found: dict[str, tuple[int, dict[str, int]]] = {}
    if names:
        told = {_SOME: names, _MARGIN: margin, _FEWEST: often.fewest, _TIMES: often.times, _PARTS: often.parts}
        for name, value, count, total in fetch(connection, _OUTSTANDING, told):
            found.setdefault(name, (total, {}))[1][value] = count
    return found
