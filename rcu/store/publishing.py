"""Writing a few customers through the transaction that worked them out; many are staged, see `profiles`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table, delete, insert, select, update

from rcu.store.dialect import among, upsert
from rcu.store.tables import aggregates, change_counter, changes, customers, scores

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer as it is stored, without its document."""

    cluster_id: int
    customer_id: str
    version: int
    digest: str
    household_key: str | None


_STANDING = select(
    customers.c.cluster_id, customers.c.customer_id, customers.c.version, customers.c.digest, customers.c.household_key
)


def standing(connection: Connection, cluster_ids: Collection[int]) -> dict[int, Standing]:
    """Some customers as they are stored, by cluster_id."""
    found = connection.execute(_STANDING.where(among(connection, customers.c.cluster_id, cluster_ids)))
    return {row[0]: Standing(*row) for row in found}


def in_households(connection: Connection, keys: Collection[str]) -> dict[str, list[Standing]]:
    """The customers of some households, by its key, the oldest first."""
    found: dict[str, list[Standing]] = defaultdict(list)
    if keys:
        wanted = among(connection, customers.c.household_key, keys)
        for row in connection.execute(_STANDING.where(wanted).order_by(customers.c.cluster_id)):
            found[row.household_key].append(Standing(*row))
    return found


def profiles_of(connection: Connection, cluster_ids: Collection[int]) -> dict[int, str]:
    """The documents of some customers, by cluster_id."""
    statement = select(customers.c.cluster_id, customers.c.profile)
    found = connection.execute(statement.where(among(connection, customers.c.cluster_id, cluster_ids)))
    return {row[0]: row[1] for row in found}


def put(connection: Connection, found: Sequence[Row], now: datetime) -> None:
    """Write customers: the columns of the table but `updated_at`."""
    if found:
        statement = upsert(connection, customers)
        changed = {name: statement.excluded[name] for name in (*found[0], "updated_at") if name != "cluster_id"}
        connection.execute(
            statement.on_conflict_do_update(index_elements=[customers.c.cluster_id], set_=changed),
            [{**row, "updated_at": now} for row in found],
        )


def replace(
    connection: Connection, cluster_ids: Collection[int], *, sums: Sequence[Row], scored: Sequence[Row]
) -> None:
    """Replace the aggregates and scores of some customers."""
    for table, found in ((aggregates, sums), (scores, scored)):
        _drop(connection, table, cluster_ids)
        if found:
            connection.execute(insert(table), [dict(row) for row in found])


def drop(connection: Connection, cluster_ids: Collection[int]) -> None:
    """Take away customers that are no more."""
    if cluster_ids:
        for table in (customers, aggregates, scores):
            _drop(connection, table, cluster_ids)


def _drop(connection: Connection, table: Table, cluster_ids: Collection[int]) -> None:
    connection.execute(delete(table).where(among(connection, table.c.cluster_id, cluster_ids)))


@dataclass(frozen=True, slots=True)
class Told:
    """A change to be announced, as in the table of changes."""

    customer_id: str
    kind: str
    version: int | None = None
    now_customer_id: str | None = None


def announce(connection: Connection, told: Sequence[Told], now: datetime) -> None:
    """Append changes to the feed, see `profiles.announce`; do this last in a transaction."""
    if told:
        last = connection.execute(
            update(change_counter)
            .values(last_sequence=change_counter.c.last_sequence + len(told))
            .returning(change_counter.c.last_sequence)
        ).scalar_one()
        rows = [
            {**asdict(one), "sequence": last - len(told) + place, "changed_at": now}
            for place, one in enumerate(told, 1)
        ]
        connection.execute(insert(changes), rows)


def last_sequence(connection: Connection) -> int:
    """The number of the last change that was announced."""
    return connection.execute(select(change_counter.c.last_sequence)).scalar_one()


def changed_since(connection: Connection, sequence: int) -> list[int]:
    """The clusters of customers that were announced after a number and still are."""
    statement = (
        select(customers.c.cluster_id)
        .join(changes, changes.c.customer_id == customers.c.customer_id)
        .where(changes.c.sequence > sequence)
        .distinct()
    )
    return list(connection.execute(statement).scalars())
