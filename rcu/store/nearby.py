"""What working out a few changed records reads and writes, through the transaction that takes them.

Every function is a statement or two whatever the number of records: their ids go as one parameter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Double,
    Select,
    bindparam,
    case,
    delete,
    func,
    literal,
    select,
    union_all,
)

from rcu.domain.records import RecordKey
from rcu.store.blocks import block_members
from rcu.store.later import Later
from rcu.store.marks import TO_MATCH
from rcu.store.sql import act, among, among_found, ask, fetch, fetch_dicts, named, prepared
from rcu.store.tables import (
    blocking_keys,
    cluster_quality,
    customers,
    links,
    memberships,
    records,
    records_before,
    steward_links,
)
from rcu.store.tables import waiting as marks
from rcu.store.writing import Upsert, inserting, put_rows, take_rows

Row: TypeAlias = Mapping[str, Any]
Query: TypeAlias = Select[*tuple[Any, ...]]
_KEEPING: Final = ("record_id", "source", "native_id")
_IDS: Final = "record_ids"
_SOME: Final = "some"
_LEAST: Final = "least"


def _theirs(own: ColumnElement[int], *, whole: bool) -> ColumnElement[bool]:
    """Whether a column has one of the records that are asked for; `whole`: or one of some clusters."""
    if not whole:
        return among(own, _IDS)
    named, inside = records.alias("named"), memberships.alias("inside")
    given = select(named.c.record_id).where(among(named.c.record_id, _IDS))
    theirs = select(inside.c.record_id).where(among(inside.c.cluster_id, _SOME))
    return among_found(own, union_all(given, theirs))


@cache
def _values(columns: tuple[str, ...], *, whole: bool = False) -> Query:
    return (
        select(*(records.c[name] for name in (*_KEEPING, *columns)), memberships.c.cluster_id, TO_MATCH)
        .select_from(records)
        .outerjoin(memberships, memberships.c.record_id == records.c.record_id)
        .outerjoin(marks, marks.c.record_id == records.c.record_id)
        .where(_theirs(records.c.record_id, whole=whole))
    )


def values_of(
    connection: Connection, record_ids: Collection[int], columns: Sequence[str], *, clusters: Collection[int] = ()
) -> Later[dict[int, Row]]:
    """What some records, and those of some clusters, say: their key and some columns, by record_id.

    `cluster_id` is None for one that was not matched yet.
    """
    if not (record_ids or clusters):
        return Later.of({})
    statement = _values(tuple(columns), whole=bool(clusters))
    told = {_IDS: record_ids, _SOME: clusters} if clusters else {_IDS: record_ids}
    return ask(connection, statement, told, lambda rows: {row["record_id"]: row for row in named(statement, rows)})


@cache
def _before(columns: tuple[str, ...]) -> Query:
    own = (records_before.c[name] for name in columns)
    return select(records_before.c.record_id, *own).where(among(records_before.c.record_id, _IDS))


def said_before(connection: Connection, record_ids: Collection[int], columns: Sequence[str]) -> dict[int, Row]:
    """What changed records said when they were last matched, for those that were imported since."""
    if not record_ids:
        return {}
    return {row["record_id"]: row for row in fetch_dicts(connection, _before(tuple(columns)), {_IDS: record_ids})}


@dataclass(frozen=True, slots=True)
class About:
    """A record and the customer it belongs to."""

    key: RecordKey
    customer_id: str


_ABOUT: Final = (
    select(records.c.record_id, records.c.source, records.c.native_id, customers.c.customer_id)
    .join(memberships, memberships.c.record_id == records.c.record_id)
    .join(customers, customers.c.cluster_id == memberships.c.cluster_id)
    .where(among(records.c.record_id, _IDS))
)


def about(connection: Connection, record_ids: Collection[int]) -> dict[int, About]:
    """The key and the customer of some matched records."""
    if not record_ids:
        return {}
    found = fetch(connection, _ABOUT, {_IDS: record_ids})
    return {row[0]: About(RecordKey(row[1], row[2]), row[3]) for row in found}


_KEYS: Final = select(records.c.record_id, records.c.source, records.c.native_id).where(
    among(records.c.record_id, _IDS)
)


def keys_of(connection: Connection, record_ids: Collection[int]) -> dict[int, str]:
    """The keys of some records, as text."""
    if not record_ids:
        return {}
    return {row[0]: f"{row[1]}:{row[2]}" for row in fetch(connection, _KEYS, {_IDS: record_ids})}


def waiting(connection: Connection, limit: int) -> dict[int, bool]:
    """The oldest records that wait to be matched, or else projected; whether to be matched."""
    statement = select(marks.c.record_id, marks.c.to_match).order_by(marks.c.record_id).limit(limit)
    return {row[0]: bool(row[1]) for row in connection.execute(statement)}


def count_waiting(connection: Connection) -> int:
    """How many records wait to be matched."""
    return connection.execute(select(func.count()).where(marks.c.to_match)).scalar_one()


def count_records(connection: Connection) -> int:
    """How many records there are."""
    return connection.execute(select(func.count()).select_from(records)).scalar_one()


def more_records_than(connection: Connection, count: int) -> bool:
    """Whether there are more records than this; no more of them are counted."""
    some = select(records.c.record_id).limit(count + 1).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one() > count


def count_customers(connection: Connection) -> int:
    """How many customers there are."""
    return connection.execute(select(func.count()).select_from(customers)).scalar_one()


def _add_block(connection: Connection) -> Upsert:
    return inserting(connection, blocking_keys, ("key", "record_id")).on_conflict_do_nothing()


class StoredBlocks:
    """Who is in which block, in the table of blocking keys."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def members(self, most: Mapping[int, int]) -> Mapping[int, Sequence[int]]:
        """The members of some blocks, the oldest first, cut off somewhere above as many as are asked for."""
        return block_members(self._connection, most) if most else {}

    def add(self, rows: Iterable[tuple[int, int]]) -> None:
        """Put records into blocks; those that are in it already stay."""
        found = _of_blocks(rows)
        if found:
            put_rows(self._connection, prepared(self._connection, _add_block), found)

    def drop(self, rows: Iterable[tuple[int, int]]) -> None:
        """Take records out of blocks."""
        take_rows(self._connection, blocking_keys, _of_blocks(rows))


def _of_blocks(rows: Iterable[tuple[int, int]]) -> list[Row]:
    return [{"key": key, "record_id": record} for key, record in sorted(rows)]


@dataclass(frozen=True, slots=True)
class StoredLink:
    """A link; `weight` is infinite for a must-link of people, minus infinite for a cannot-link."""

    left: int
    right: int
    weight: float
    pattern: str


_MUST: Final = "+"
_CANNOT: Final = "-"


@dataclass(frozen=True, slots=True)
class Links:
    """Links by left_id and right_id: those of the machine, and of people, whether together."""

    machine: Mapping[tuple[int, int], StoredLink] = field(default_factory=dict[tuple[int, int], StoredLink])
    people: Mapping[tuple[int, int], bool] = field(default_factory=dict[tuple[int, int], bool])

    def within(self, records: frozenset[int] | set[int]) -> Links:
        """Those between two of some records."""
        return Links(
            {pair: link for pair, link in self.machine.items() if records.issuperset(pair)},
            {pair: together for pair, together in self.people.items() if records.issuperset(pair)},
        )

    def beside(self, other: Links) -> Links:
        """These and others."""
        return Links({**self.machine, **other.machine}, {**self.people, **other.people})


def _links_at(*, whole: bool) -> CompoundSelect[Any, Any, Any, Any]:
    own = (links.c.left_id, links.c.right_id, links.c.weight, links.c.pattern)
    heavy = links.c.weight >= bindparam(_LEAST)
    machine = (select(*own).where(_theirs(side, whole=whole), heavy) for side in own[:2])
    sign = case((steward_links.c.together, _MUST), else_=_CANNOT)
    theirs = (steward_links.c.left_id, steward_links.c.right_id, literal(0.0, Double), sign)
    people = (select(*theirs).where(_theirs(side, whole=whole)) for side in theirs[:2])
    return union_all(*machine, *people)


_LINKS_AT: Final = _links_at(whole=False)
_LINKS_WITHIN: Final = _links_at(whole=True)


def links_at(
    connection: Connection, record_ids: Collection[int], *, least: float, clusters: Collection[int] = ()
) -> Later[Links]:
    """The links of some records, and of those of some clusters: the machine's from a weight up, and those of people."""
    if clusters:
        told = {_IDS: record_ids, _SOME: clusters, _LEAST: least}
        return ask(connection, _LINKS_WITHIN, told, _links_of)
    if record_ids:
        return ask(connection, _LINKS_AT, {_IDS: record_ids, _LEAST: least}, _links_of)
    return Later.of(Links())


def _links_of(rows: Sequence[Sequence[Any]]) -> Links:
    machine: dict[tuple[int, int], StoredLink] = {}
    people: dict[tuple[int, int], bool] = {}
    for left, right, weight, pattern in rows:
        if pattern in (_MUST, _CANNOT):
            people[left, right] = pattern == _MUST
        else:
            machine[left, right] = StoredLink(left, right, weight, pattern)
    return Links(machine, people)


def _put_link(connection: Connection) -> Upsert:
    statement = inserting(connection, links, ("left_id", "right_id", "weight", "pattern"))
    changed = {name: statement.excluded[name] for name in ("weight", "pattern")}
    return statement.on_conflict_do_update(index_elements=[links.c.left_id, links.c.right_id], set_=changed)


def put_links(connection: Connection, gone: Sequence[tuple[int, int]], new: Sequence[StoredLink]) -> None:
    """Take links away and put others in; one that is there gets its new weight."""
    take_rows(connection, links, [{"left_id": left, "right_id": right} for left, right in sorted(gone)])
    if new:
        rows = [
            {"left_id": one.left, "right_id": one.right, "weight": one.weight, "pattern": one.pattern} for one in new
        ]
        put_rows(connection, prepared(connection, _put_link), rows)


def _put_membership(connection: Connection) -> Upsert:
    statement = inserting(connection, memberships, ("record_id", "cluster_id"))
    changed = {"cluster_id": statement.excluded.cluster_id}
    return statement.on_conflict_do_update(index_elements=[memberships.c.record_id], set_=changed)


def put_memberships(connection: Connection, cluster_of: Mapping[int, int]) -> None:
    """Set the cluster of some records."""
    if cluster_of:
        rows = [{"record_id": record, "cluster_id": cluster} for record, cluster in sorted(cluster_of.items())]
        put_rows(connection, prepared(connection, _put_membership), rows)


_MEMBERS: Final = select(memberships.c.record_id, memberships.c.cluster_id).where(
    among(memberships.c.cluster_id, _SOME)
)


def members_of(connection: Connection, cluster_ids: Collection[int]) -> dict[int, int]:
    """The records of some clusters, with their cluster."""
    if not cluster_ids:
        return {}
    return {row[0]: row[1] for row in fetch(connection, _MEMBERS, {_SOME: cluster_ids})}


_WHOLE: Final = select(memberships.c.record_id, memberships.c.cluster_id).where(
    memberships.c.cluster_id.in_(select(memberships.c.cluster_id).where(among(memberships.c.record_id, _IDS)))
)


def whole_clusters(connection: Connection, record_ids: Collection[int]) -> dict[int, int]:
    """The clusters some records are in: all their records, with their cluster."""
    if not record_ids:
        return {}
    return {row[0]: row[1] for row in fetch(connection, _WHOLE, {_IDS: record_ids})}


def _put_quality(connection: Connection) -> Upsert:
    statement = inserting(connection, cluster_quality, cluster_quality.c.keys())
    changed = {name: statement.excluded[name] for name in cluster_quality.c.keys() if name != "cluster_id"}  # noqa: SIM118
    return statement.on_conflict_do_update(index_elements=[cluster_quality.c.cluster_id], set_=changed)


_DROP_QUALITY: Final = delete(cluster_quality).where(among(cluster_quality.c.cluster_id, _SOME))


def put_quality(connection: Connection, gone: Collection[int], found: Sequence[Row]) -> None:
    """Write the quality of some clusters, and take away that of others."""
    if gone:
        act(connection, _DROP_QUALITY, {_SOME: gone})
    if found:
        put_rows(connection, prepared(connection, _put_quality), found, boundless="weakest_weight")


_FORGET: Final = delete(records_before).where(among(records_before.c.record_id, _IDS))


def forget_before(connection: Connection, record_ids: Collection[int]) -> None:
    """These records are matched now: what they said before says nothing any more."""
    if record_ids:
        act(connection, _FORGET, {_IDS: record_ids})
