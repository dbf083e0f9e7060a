"""Writing a few customers through the transaction that worked them out; many are staged, see `profiles`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, select

from rcu.domain.causes import Cause
from rcu.store.history import not_before, told
from rcu.store.later import Later
from rcu.store.sql import among, ask, prepared
from rcu.store.tables import aggregates, change_counter, changes, customers, scores
from rcu.store.writing import Upsert, add_numbered, add_rows, drop_rows, inserting, put_rows

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer as it is stored, without its document."""

    cluster_id: int
    customer_id: str
    version: int
    digest: str
    household_key: str | None
    consents_digest: str


_SOME: Final = "some"
_STANDING: Final = select(
    *(customers.c[name] for name in ("cluster_id", "customer_id", "version", "digest", "household_key")),
    customers.c.consents_digest,
)


_BY_CLUSTER: Final = _STANDING.where(among(customers.c.cluster_id, _SOME))
_BY_HOUSEHOLD: Final = _STANDING.where(among(customers.c.household_key, _SOME)).order_by(customers.c.cluster_id)


def standing(connection: Connection, cluster_ids: Collection[int]) -> Later[dict[int, Standing]]:
    """Some customers as they are stored, by cluster_id."""
    if not cluster_ids:
        return Later.of({})
    told = {_SOME: cluster_ids}
    return ask(connection, _BY_CLUSTER, told, lambda rows: {row[0]: Standing(*row) for row in rows})


def in_households(connection: Connection, keys: Collection[str]) -> Later[dict[str, list[Standing]]]:
    """The customers of some households, by its key, the oldest first."""
    return ask(connection, _BY_HOUSEHOLD, {_SOME: keys}, _by_household) if keys else Later.of({})


def _by_household(rows: Sequence[Sequence[Any]]) -> dict[str, list[Standing]]:
    found: dict[str, list[Standing]] = defaultdict(list)
    for one in (Standing(*row) for row in rows):
        found[str(one.household_key)].append(one)
    return found


def profiles_of(connection: Connection, cluster_ids: Collection[int]) -> dict[int, str]:
    """The documents of some customers, by cluster_id."""
    statement = select(customers.c.cluster_id, customers.c.profile)
    found = connection.execute(statement.where(among(customers.c.cluster_id, cluster_ids)))
    return {row[0]: row[1] for row in found}


def _put(connection: Connection) -> Upsert:
    statement = inserting(connection, customers, customers.c.keys())
    changed: dict[str, ColumnElement[Any]] = {
        column.name: statement.excluded[column.name] for column in customers.c if not column.primary_key
    }
    changed["updated_at"] = not_before(customers.c.updated_at, statement.excluded.updated_at)
    return statement.on_conflict_do_update(index_elements=[customers.c.cluster_id], set_=changed)


def put(connection: Connection, found: Sequence[Row], now: datetime, *, cause: Cause | None = None) -> None:
    """Write customers: the columns of the table but `updated_at` and what changed them."""
    if found:
        same = {"updated_at": now, **told(cause)}
        put_rows(connection, prepared(connection, _put), [{**row, **same} for row in found])


def replace(connection: Connection, stood: Collection[int], *, sums: Sequence[Row], scored: Sequence[Row]) -> None:
    """Write the aggregates and scores of some customers, in the place of those of the customers that stood before."""
    if stood:
        drop_rows(connection, (aggregates, scores), "cluster_id", stood)
    add_rows(connection, aggregates, sums)
    add_rows(connection, scores, scored)


def drop(connection: Connection, cluster_ids: Collection[int]) -> None:
    """Take away customers that are no more."""
    if cluster_ids:
        drop_rows(connection, (customers, aggregates, scores), "cluster_id", cluster_ids)


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
        rows = [{**asdict(one), "changed_at": now} for one in told]
        add_numbered(connection, changes, rows, "sequence", change_counter.c.last_sequence)


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
