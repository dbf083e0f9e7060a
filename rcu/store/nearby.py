"""What working out a few changed records reads and writes, through the transaction that takes them.

Every function is a statement or two whatever the number of records: their ids go as one parameter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Select, delete, func, insert, literal, or_, select, union_all

from rcu.domain.records import RecordKey
from rcu.store import dialect
from rcu.store.dialect import among, given, upsert
from rcu.store.tables import (
    blocking_keys,
    cluster_quality,
    customers,
    identifier_frequency,
    links,
    memberships,
    records,
    records_before,
    steward_links,
    value_counts,
)

Row: TypeAlias = Mapping[str, Any]
_KEEPING: Final = ("record_id", "source", "native_id", "birth_id")


def values_of(connection: Connection, record_ids: Collection[int], columns: Sequence[str]) -> dict[int, Row]:
    """What some records say: their key and some columns, by record_id; `cluster_id` is None for one not matched yet."""
    if not record_ids:
        return {}
    statement = (
        select(*(records.c[name] for name in (*_KEEPING, *columns)), memberships.c.cluster_id)
        .select_from(records.outerjoin(memberships, memberships.c.record_id == records.c.record_id))
        .where(among(connection, records.c.record_id, record_ids))
    )
    return _by_record(connection, statement)


def said_before(connection: Connection, record_ids: Collection[int], columns: Sequence[str]) -> dict[int, Row]:
    """What changed records said when they were last matched, for those that were imported since."""
    if not record_ids:
        return {}
    statement = select(records_before.c.record_id, *(records_before.c[name] for name in columns))
    return _by_record(connection, statement.where(among(connection, records_before.c.record_id, record_ids)))


def _by_record(connection: Connection, statement: Select[*tuple[Any, ...]]) -> dict[int, Row]:
    names = [column.name for column in statement.selected_columns]
    return {row[0]: dict(zip(names, row, strict=True)) for row in connection.execute(statement)}


@dataclass(frozen=True, slots=True)
class About:
    """A record and the customer it belongs to."""

    key: RecordKey
    customer_id: str


def about(connection: Connection, record_ids: Collection[int]) -> dict[int, About]:
    """The key and the customer of some matched records."""
    if not record_ids:
        return {}
    statement = (
        select(records.c.record_id, records.c.source, records.c.native_id, customers.c.customer_id)
        .join(memberships, memberships.c.record_id == records.c.record_id)
        .join(customers, customers.c.cluster_id == memberships.c.cluster_id)
        .where(among(connection, records.c.record_id, record_ids))
    )
    return {row[0]: About(RecordKey(row[1], row[2]), row[3]) for row in connection.execute(statement)}


def waiting(connection: Connection, limit: int) -> dict[int, bool]:
    """The oldest records that wait to be matched, or else projected; whether to be matched."""
    statement = (
        select(records.c.record_id, records.c.to_match)
        .where(or_(records.c.to_match, records.c.to_project))
        .order_by(records.c.record_id)
        .limit(limit)
    )
    return {row[0]: bool(row[1]) for row in connection.execute(statement)}


def count_waiting(connection: Connection) -> int:
    """How many records wait to be matched."""
    return connection.execute(select(func.count()).select_from(records).where(records.c.to_match)).scalar_one()


def count_records(connection: Connection) -> int:
    """How many records there are."""
    return connection.execute(select(func.count()).select_from(records)).scalar_one()


def count_customers(connection: Connection) -> int:
    """How many customers there are."""
    return connection.execute(select(func.count()).select_from(customers)).scalar_one()


def mark_outdated(connection: Connection, record_ids: Collection[int]) -> None:
    """Mark records as having an outdated profile."""
    if record_ids:
        mine = among(connection, records.c.record_id, record_ids)
        connection.execute(records.update().where(mine, ~records.c.to_project).values(to_project=True))


class StoredBlocks:
    """Who is in which block, in the table of blocking keys."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def members(self, most: Mapping[int, int]) -> Mapping[int, Sequence[int]]:
        """The members of some blocks, the oldest first, cut off somewhere above as many as are asked for."""
        return dialect.block_members(self._connection, most) if most else {}

    def add(self, rows: Iterable[tuple[int, int]]) -> None:
        """Put records into blocks; those that are in it already stay."""
        pairs = sorted(rows)
        if pairs:
            new = given(self._connection, {"key": [key for key, _ in pairs], "record_id": [one for _, one in pairs]})
            statement = upsert(self._connection, blocking_keys).from_select(
                ["key", "record_id"], select(new.c.key, new.c.record_id).where(literal(value=True))
            )
            self._connection.execute(statement.on_conflict_do_nothing())

    def drop(self, rows: Iterable[tuple[int, int]]) -> None:
        """Take records out of blocks."""
        pairs = sorted(rows)
        if pairs:
            dialect.drop_pairs(self._connection, blocking_keys, pairs)


@dataclass(frozen=True, slots=True)
class StoredLink:
    """A link; `weight` is infinite for a must-link of people, minus infinite for a cannot-link."""

    left: int
    right: int
    weight: float
    pattern: str


def links_at(connection: Connection, record_ids: Collection[int], *, least: float) -> list[StoredLink]:
    """The links of some records, those of people included, from a weight up."""
    if not record_ids:
        return []
    own = (links.c.left_id, links.c.right_id, links.c.weight, links.c.pattern)
    machine = [
        select(*own).where(among(connection, side, record_ids), links.c.weight >= least)
        for side in (links.c.left_id, links.c.right_id)
    ]
    return [StoredLink(*row) for row in connection.execute(union_all(*machine))]


def steward_links_at(connection: Connection, record_ids: Collection[int]) -> dict[tuple[int, int], bool]:
    """The links of people at some records: left_id and right_id, and whether together."""
    if not record_ids:
        return {}
    sides = (steward_links.c.left_id, steward_links.c.right_id)
    statement = select(*sides, steward_links.c.together).where(
        or_(*(among(connection, side, record_ids) for side in sides))
    )
    return {(row[0], row[1]): bool(row[2]) for row in connection.execute(statement)}


def put_links(connection: Connection, gone: Sequence[tuple[int, int]], new: Sequence[StoredLink]) -> None:
    """Take links away and put others in; one that is there gets its new weight."""
    if gone:
        dialect.drop_pairs(connection, links, sorted(gone))
    if new:
        statement = upsert(connection, links)
        changed = {name: statement.excluded[name] for name in ("weight", "pattern")}
        rows = [
            {"left_id": one.left, "right_id": one.right, "weight": one.weight, "pattern": one.pattern} for one in new
        ]
        connection.execute(
            statement.on_conflict_do_update(index_elements=[links.c.left_id, links.c.right_id], set_=changed), rows
        )


def put_memberships(connection: Connection, cluster_of: Mapping[int, int]) -> None:
    """Set the cluster of some records."""
    if cluster_of:
        new = given(connection, {"record_id": list(cluster_of), "cluster_id": list(cluster_of.values())})
        statement = upsert(connection, memberships).from_select(
            ["record_id", "cluster_id"], select(new.c.record_id, new.c.cluster_id).where(literal(value=True))
        )
        changed = {"cluster_id": statement.excluded.cluster_id}
        connection.execute(statement.on_conflict_do_update(index_elements=[memberships.c.record_id], set_=changed))


def members_of(connection: Connection, cluster_ids: Collection[int]) -> dict[int, int]:
    """The records of some clusters, with their cluster."""
    if not cluster_ids:
        return {}
    statement = select(memberships).where(among(connection, memberships.c.cluster_id, cluster_ids))
    return {row.record_id: row.cluster_id for row in connection.execute(statement)}


def whole_clusters(connection: Connection, record_ids: Collection[int]) -> dict[int, int]:
    """The clusters some records are in: all their records, with their cluster."""
    if not record_ids:
        return {}
    mine = select(memberships.c.cluster_id).where(among(connection, memberships.c.record_id, record_ids))
    found = connection.execute(select(memberships).where(memberships.c.cluster_id.in_(mine)))
    return {row.record_id: row.cluster_id for row in found}


def put_quality(connection: Connection, clusters: Collection[int], found: Sequence[Row]) -> None:
    """Replace the quality of some clusters by what was found for them."""
    connection.execute(delete(cluster_quality).where(among(connection, cluster_quality.c.cluster_id, clusters)))
    if found:
        connection.execute(insert(cluster_quality), [dict(row) for row in found])


def clear_marks(connection: Connection, record_ids: Collection[int]) -> None:
    """These records are matched and projected now."""
    if record_ids:
        connection.execute(delete(records_before).where(among(connection, records_before.c.record_id, record_ids)))
        connection.execute(
            records.update()
            .where(among(connection, records.c.record_id, record_ids), or_(records.c.to_match, records.c.to_project))
            .values(to_match=False, to_project=False)
        )


# What depends on how often values occur


def nobodys(connection: Connection, values: Collection[str]) -> dict[str, frozenset[str]]:
    """Which of some values are nobody's, by column."""
    found: dict[str, set[str]] = defaultdict(set)
    if values:
        statement = select(identifier_frequency).where(among(connection, identifier_frequency.c.value, values))
        for column, value in connection.execute(statement):
            found[column].add(value)
    return {column: frozenset(some) for column, some in found.items()}


def nobodys_of(connection: Connection, column: str, years: Collection[str]) -> set[str]:
    """The days of some years that are nobody's birth date."""
    statement = select(identifier_frequency.c.value).where(identifier_frequency.c.identifier == column)
    return {value for value in connection.execute(statement).scalars() if value[:4] in years}


def put_verdicts(connection: Connection, column: str, *, new: Collection[str], gone: Collection[str]) -> None:
    """Remember which values of a column became nobody's, and which somebody's again."""
    mine = identifier_frequency.c.identifier == column
    if gone:
        connection.execute(
            delete(identifier_frequency).where(mine, among(connection, identifier_frequency.c.value, gone))
        )
    if new:
        rows = [{"identifier": column, "value": value} for value in sorted(new)]
        connection.execute(upsert(connection, identifier_frequency).on_conflict_do_nothing(), rows)


def names_carrying(
    connection: Connection, values: Mapping[str, Collection[str]], names: Sequence[str]
) -> dict[str, dict[str, int]]:
    """How many different names carry each of some values, by column; values that no named record has are left out."""
    parts = [
        select(literal(column).label("column"), records.c[column].label("value"), *(records.c[name] for name in names))
        .where(among(connection, records.c[column], some), or_(*(records.c[name].is_not(None) for name in names)))
        .distinct()
        for column, some in values.items()
        if some and names
    ]
    found: dict[str, dict[str, int]] = defaultdict(dict)
    if parts:
        each = union_all(*parts).subquery("carried")
        statement = select(each.c.column, each.c.value, func.count()).group_by(each.c.column, each.c.value)
        for column, value, count in connection.execute(statement):
            found[column][value] = count
    return found


def carriers(connection: Connection, column: str, values: Collection[str]) -> list[int]:
    """The matched records that carry one of some values."""
    statement = (
        select(records.c.record_id)
        .join(memberships, memberships.c.record_id == records.c.record_id)
        .where(among(connection, records.c[column], values))
        .order_by(records.c.record_id)
    )
    return list(connection.execute(statement).scalars())


def add_counts(connection: Connection, counts: Mapping[tuple[str, str], int]) -> None:
    """Add to the number of records that have some values, by name and value; in one order, so that nobody deadlocks."""
    rows = [
        {"name": name, "value": value, "records": count} for (name, value), count in sorted(counts.items()) if count
    ]
    if rows:
        statement = upsert(connection, value_counts)
        more = {"records": value_counts.c.records + statement.excluded.records}
        connection.execute(
            statement.on_conflict_do_update(index_elements=[value_counts.c.name, value_counts.c.value], set_=more), rows
        )


def counts_of(connection: Connection, names: Collection[str]) -> dict[str, dict[str, int]]:
    """How many records have each value, of some names."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    if names:
        statement = select(value_counts).where(
            among(connection, value_counts.c.name, names), value_counts.c.records > 0
        )
        for name, value, count in connection.execute(statement):
            found[name][value] = count
    return found
