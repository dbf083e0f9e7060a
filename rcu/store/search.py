"""Finding records by how what they say begins, through indexes: each way of looking gives so many and no more."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    literal,
    literal_column,
    select,
)

from rcu.store.letters import after, at_least, in_letters, not_beyond
from rcu.store.sql import among, each, prepared
from rcu.store.tables import customers, decision_records, decision_values, memberships, records
from rcu.store.tables.identity import TAILS, tail
from rcu.store.visibility import of_stores
from rcu.store.written import Written, all_of, written

SAID: Final = (
    "last_name_key", "first_name_key", "birth_name_key", "postcode", "city_key", "email_key", "mobile", "landline",
    "loyalty_number",
)  # fmt: skip
"""The columns of records that are looked into."""


class How(StrEnum):
    """How a value is looked for."""

    IS = "is"
    AMONG = "among"
    BEGINS = "begins"
    ENDS = "ends"
    """A number does, of a column of TAILS: in four digits or more."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a value must be: a text, or, where it is to be among them, several."""

    how: How
    value: str | tuple[str, ...]


Way: TypeAlias = tuple[tuple[str, Wanted], ...]
"""What some columns must be; in the order of an index, but those that are one value before others."""
Shape: TypeAlias = tuple[tuple[str, How], ...]
"""What of a way are not its values."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a record says: the columns SAID."""

    record_id: int
    last_name_key: str | None
    first_name_key: str | None
    birth_name_key: str | None
    postcode: str | None
    city_key: str | None
    email_key: str | None
    mobile: str | None
    landline: str | None
    loyalty_number: str | None


def found(connection: Connection, ways: Sequence[Way], *, most: int) -> list[Said]:
    """The records that are there by any of some ways, the first `most` of each in the order of their letters."""
    if not ways:
        return []
    parts = [(prepared(connection, _by_way, _shape(way)), {**_values(way), _MOST: most}) for way in ways]
    return list({row[0]: Said(*row) for row in all_of(connection, parts)}.values())


def set_by_people(connection: Connection, ways: Sequence[Way], *, most: int) -> set[int]:
    """The records around which somebody set a value that the first condition of a way asks for; it may not hold now."""
    first = dict.fromkeys(way[:1] for way in ways)
    if not first:
        return set()
    parts = [(prepared(connection, _set_so, _shape(way)), {**_values(way), _MOST: most}) for way in first]
    return {row[0] for row in all_of(connection, parts)}


def _shape(way: Way) -> Shape:
    return tuple((name, wanted.how) for name, wanted in way)


def _values(way: Way) -> dict[str, Any]:
    """The parameters of a way."""
    found: dict[str, Any] = {}
    for place, (_, wanted) in enumerate(way):
        found[f"value_{place}"] = wanted.value
        if wanted.how is How.ENDS:
            found |= {f"value_{place}": f"%{wanted.value}", f"last_{place}": wanted.value[-4:]}
    return found


def _by_way(connection: Connection, shape: Shape) -> Written:
    """The statement of all ways of a shape."""
    statement = (
        select(records.c.record_id, *(records.c[name] for name in SAID))
        .where(*(_holds(name, records.c[name], how, place) for place, (name, how) in enumerate(shape)))
        .where(records.c.deleted.is_(False), records.c.erased_at.is_(None))
        .order_by(*_in_order(shape))
        .limit(bindparam(_MOST, type_=BigInteger))
    )
    return written(connection, statement)


_PLACE: Final = ("postcode", "city_key")
_ORDERS: Final = {
    "last_name_key": ("last_name_key", "first_name_key", *_PLACE),
    "first_name_key": ("first_name_key", "last_name_key", *_PLACE),
    "birth_name_key": ("birth_name_key", "first_name_key"),
}
"""The columns of the index that begins with one."""


def _in_order(shape: Shape) -> Iterator[ColumnElement[Any]]:
    """The whole order of the index that serves a shape: nothing is to be sorted, and no more read than is given."""
    first, how = shape[0]
    if how is How.ENDS:
        yield records.c.record_id + literal_column("0")  # as it stands, all records would be read in this order
        return
    known = {name for name, how in shape if how is How.IS}
    for name in _ORDERS.get(first, (first,)):
        if name not in known:
            yield in_letters(records.c[name])
    yield records.c.record_id


def _set_so(connection: Connection, shape: Shape) -> Written:
    """The statement of all values that are set and looked for in one way."""
    ((name, how),) = shape
    statement = (
        select(decision_records.c.record_id)
        .join(decision_values, decision_values.c.decision_id == decision_records.c.decision_id)
        .where(decision_values.c.name == name, _holds(name, decision_values.c.value, how, 0))
        .order_by(decision_records.c.record_id)
        .limit(bindparam(_MOST, type_=BigInteger))
    )
    return written(connection, statement)


def _holds(name: str, value: ColumnElement[str], how: How, place: int) -> ColumnElement[bool]:
    """Whether a value is what is wanted, which is given in the parameters of a place."""
    given = bindparam(f"value_{place}", type_=Text)
    match how:
        case How.IS:
            return value == given
        case How.AMONG:
            return among(value, f"value_{place}")
        case How.BEGINS:
            return and_(at_least(value, given), not_beyond(value, given))
        case How.ENDS:
            last = TAILS[name] if value is records.c[name] else tail(value)
            return and_(value.is_not(None), last == bindparam(f"last_{place}", type_=Text), value.like(given))


_MOST: Final = "most"
_NAMES: Final = "beginnings"


def names_from(connection: Connection, column: str, beginnings: Collection[str], *, most: int) -> list[str]:
    """Of the names that begin in one of some ways the first `most` of each: walks from one to the next in an index."""
    if not beginnings:
        return []
    statement = prepared(connection, _walk, column)
    return list(connection.execute(statement, {_NAMES: list(beginnings), _MOST: most}).scalars())


def _walk(connection: Connection, column: str) -> Select[str]:
    name = records.c[column]
    given = each(connection, _NAMES)
    first = _next(name, at_least(name, given.c.value), given.c.value)
    walk = select(given.c.value.label("beginning"), first.label("name"), literal(1).label("place")).cte(
        "walk", recursive=True
    )
    then = select(walk.c.beginning, _next(name, after(name, walk.c.name), walk.c.beginning), walk.c.place + 1)
    walk = walk.union_all(then.where(walk.c.name.is_not(None), walk.c.place < bindparam(_MOST)))
    return select(walk.c.name).distinct().where(walk.c.name.is_not(None))


def _next(name: ColumnElement[str], here: ColumnElement[bool], beginning: ColumnElement[str]) -> Any:  # noqa: ANN401
    first = select(name).where(here, not_beyond(name, beginning)).order_by(in_letters(name)).limit(1)
    return first.correlate_except(records).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Owner:
    """A record and the customer it belongs to."""

    record_id: int
    customer_id: str
    last_seen_at: datetime | None


def owners(connection: Connection, record_ids: Collection[int], stores: frozenset[str] | None) -> list[Owner]:
    """The customers that some records belong to; with `stores` only theirs."""
    statement = (
        select(memberships.c.record_id, customers.c.customer_id, customers.c.last_seen_at)
        .join(customers, customers.c.cluster_id == memberships.c.cluster_id)
        .where(among(memberships.c.record_id, record_ids), of_stores(customers.c.cluster_id, stores))
    )
    return [Owner(*row) for row in connection.execute(statement)]
