"""What people set in golden records: as they said it, and what of it holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Final, TypeAlias

import orjson
from sqlalchemy import Connection, delete, insert, select

from rcu.domain.overrides import Override, Overrides, latest
from rcu.store.sql import among, fetch
from rcu.store.tables import decision_values, memberships, overrides
from rcu.store.writing import upsert

Sets: TypeAlias = Mapping[str, Mapping[str, str | None]]


def add_values(connection: Connection, decision_id: int, sets: Sets) -> None:
    """Write what a decision sets, by group of fields."""
    rows = [
        {"decision_id": decision_id, "field_group": group, "name": name, "value": value}
        for group, values in sets.items()
        for name, value in values.items()
    ]
    if rows:
        connection.execute(insert(decision_values), rows)


def values_of(
    connection: Connection, decision_ids: Collection[int] | None
) -> dict[int, dict[str, dict[str, str | None]]]:
    """What was set by some decisions, or ever (None), by decision and group of fields."""
    columns = (decision_values.c.field_group, decision_values.c.name, decision_values.c.value)
    order = (decision_values.c.decision_id, *columns[:2])
    found: dict[int, dict[str, dict[str, str | None]]] = {}
    wanted = select(order[0], *columns).order_by(*order)
    if decision_ids is not None:
        wanted = wanted.where(among(order[0], decision_ids))
    for number, group, name, value in connection.execute(wanted):
        found.setdefault(number, {}).setdefault(group, {})[name] = value
    return found


def put(connection: Connection, before: Mapping[int, Overrides], after: Mapping[int, Overrides]) -> set[int]:
    """Bring what holds from what it was to what it is; give the records to which something else is tied now."""
    gone = before.keys() - after.keys()
    new = {record: content(told) for record, told in after.items() if before.get(record) != told}
    if gone:
        connection.execute(delete(overrides).where(among(overrides.c.record_id, sorted(gone))))
    if new:
        statement = upsert(connection, overrides)
        changed = {"content": statement.excluded.content}
        statement = statement.on_conflict_do_update(index_elements=[overrides.c.record_id], set_=changed)
        connection.execute(statement, [{"record_id": record, "content": told} for record, told in new.items()])
    return gone | new.keys()


def content(told: Overrides) -> str:
    """What is tied to one record, as it is stored."""
    return orjson.dumps({group: asdict(one) for group, one in told.items()}, option=orjson.OPT_SORT_KEYS).decode()


def read(stored: str) -> dict[str, Override]:
    """The inverse of `content`."""
    return {group: Override(**one) for group, one in orjson.loads(stored).items()}


_CLUSTERS: Final = "clusters"
_OF_CLUSTERS: Final = (
    select(memberships.c.cluster_id, overrides.c.content)
    .join(memberships, memberships.c.record_id == overrides.c.record_id)
    .where(among(memberships.c.cluster_id, _CLUSTERS))
)


def of_clusters(connection: Connection, clusters: Collection[int]) -> dict[int, dict[str, Override]]:
    """What is set for some customers, by group of fields; of several the latest."""
    if not clusters:
        return {}
    found: dict[int, list[Overrides]] = {}
    for cluster, told in fetch(connection, _OF_CLUSTERS, {_CLUSTERS: sorted(clusters)}):
        found.setdefault(cluster, []).append(read(told))
    return {cluster: latest(several) for cluster, several in found.items()}


def standing(connection: Connection) -> dict[int, str]:
    """What is stored of all records."""
    return {row[0]: row[1] for row in connection.execute(select(overrides.c.record_id, overrides.c.content))}
