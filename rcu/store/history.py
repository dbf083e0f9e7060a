"""Keeping what customers were, in the transaction that changes them; call these after memberships were written.

A span of time begins where the one before it ended, also where two clocks differ: nothing ends before it began.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, Insert, Table, bindparam, case, exists, func, insert, literal, select

from rcu.domain.causes import Cause
from rcu.store.engine import Store
from rcu.store.sql import act, among, fetch
from rcu.store.tables import customer_history, customers, memberships, memberships_before
from rcu.store.writing import add_rows

_SOME: Final = "some"
_BEGUN: Final = ("cause", "cause_number", "cause_actor")
_ENDED: Final = ("ended_cause", "ended_number", "ended_actor")
_SAME: Final = ("cluster_id", "version", "customer_id", "digest", "profile", *_BEGUN)


def told(cause: Cause | None, names: Sequence[str] = _BEGUN) -> dict[str, Any]:
    """A cause as columns: its kind, number and actor."""
    values = (None, None, None) if cause is None else (cause.kind.value, cause.number, cause.actor)
    return dict(zip(names, values, strict=True))


def not_before(begun: ColumnElement[Any], now: ColumnElement[Any]) -> ColumnElement[Any]:
    """The present instant, or the one at which something began where that is later."""
    return case((begun > now, begun), else_=now)


def _keeping(chosen: ColumnElement[bool]) -> Insert:
    """Copy some customers as they stand; `now` and the cause are given with the statement."""
    now = bindparam("now", type_=customers.c.updated_at.type)
    rows = (
        select(
            *(customers.c[name] for name in _SAME),
            customers.c.updated_at,
            not_before(customers.c.updated_at, now),
            memberships.c.cluster_id,
            *(bindparam(name, type_=customer_history.c[name].type) for name in _ENDED),
        )
        .join(memberships, memberships.c.record_id == customers.c.cluster_id)
        .where(chosen)
    )
    return insert(customer_history).from_select([*_SAME, "from_at", "until_at", "now_cluster_id", *_ENDED], rows)


_KEEP: Final = _keeping(among(customers.c.cluster_id, _SOME))


def keep(connection: Connection, cluster_ids: Collection[int], cause: Cause | None, now: datetime) -> None:
    """Keep some customers as they stand; they are about to be replaced or dropped."""
    if cluster_ids:
        act(connection, _KEEP, {_SOME: cluster_ids, "now": now, **told(cause, _ENDED)})


def keep_staged(connection: Connection, staged: Table, cause: Cause | None, now: datetime) -> None:
    """The same for the customers of staged clusters (cluster_id), as far as they stand."""
    chosen = customers.c.cluster_id.in_(select(staged.c.cluster_id))
    connection.execute(_keeping(chosen), {"now": now, **told(cause, _ENDED)})


def keep_moves(connection: Connection, left: Mapping[int, int], now: datetime) -> None:
    """Keep the clusters that some records left, by record_id."""
    if left:
        rows = [{"record_id": one, "cluster_id": former, "until_at": now} for one, former in sorted(left.items())]
        add_rows(connection, memberships_before, rows)


def keep_staged_moves(connection: Connection, staged: Table, now: datetime) -> None:
    """Keep the clusters that staged records (record_id, cluster_id) leave; before memberships are written."""
    rows = (
        select(memberships.c.record_id, memberships.c.cluster_id, literal(now, memberships_before.c.until_at.type))
        .join(staged, staged.c.record_id == memberships.c.record_id)
        .where(staged.c.cluster_id != memberships.c.cluster_id)
    )
    connection.execute(insert(memberships_before).from_select(["record_id", "cluster_id", "until_at"], rows))


_LAST: Final = (
    select(customer_history.c.cluster_id, func.max(customer_history.c.version))
    .where(among(customer_history.c.cluster_id, _SOME))
    .group_by(customer_history.c.cluster_id)
)


def last_versions(connection: Connection, cluster_ids: Collection[int]) -> dict[int, int]:
    """The last version of some customers that are no more; those that never were are absent."""
    if not cluster_ids:
        return {}
    return {row[0]: row[1] for row in fetch(connection, _LAST, {_SOME: cluster_ids})}


def every_last_version(store: Store) -> pa.Table:
    """The last version of all customers that are no more: cluster_id, version."""
    standing = exists().where(customers.c.cluster_id == customer_history.c.cluster_id)
    statement = (
        select(customer_history.c.cluster_id, func.max(customer_history.c.version).label("version"))
        .where(~standing)
        .group_by(customer_history.c.cluster_id)
    )
    return store.read_arrow(statement)
