"""Reading what customers were: where a record was, which document was true, the versions of a customer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, case, cast, func, null, select

from rcu.domain.cases import MACHINE, REVIEWED
from rcu.domain.causes import Cause, CauseKind
from rcu.store.customers import StoredProfile
from rcu.store.sql import among
from rcu.store.tables import (
    case_customers,
    case_events,
    cases,
    customer_history,
    customers,
    memberships,
    memberships_before,
    records,
)
from rcu.store.visibility import of_stores

_BORN: Final = "born"


@dataclass(frozen=True, slots=True)
class Born:
    """The record born with an id, the cluster it is in (None: in none), and whether its person was erased."""

    record_id: int
    cluster_id: int | None
    erased: bool


def born_as(connection: Connection, birth_id: str) -> Born | None:
    """The record that was born with an id."""
    return born_with(connection, [birth_id]).get(birth_id)


def born_with(connection: Connection, birth_ids: Collection[str]) -> dict[str, Born]:
    """The records that were born with some ids, by id."""
    statement = (
        select(records.c.birth_id, records.c.record_id, memberships.c.cluster_id, records.c.erased_at)
        .outerjoin(memberships, memberships.c.record_id == records.c.record_id)
        .where(among(records.c.birth_id, birth_ids))
    )
    return {row[0]: Born(row[1], row[2], erased=row[3] is not None) for row in connection.execute(statement)}


def holders(
    connection: Connection, birth_ids: Collection[str], *, stores: frozenset[str] | None = None
) -> dict[str, str]:
    """The customer that holds each record born with one of some ids; with `stores` only theirs."""
    statement = (
        select(records.c.birth_id, customers.c.customer_id)
        .join(memberships, memberships.c.record_id == records.c.record_id)
        .join(customers, customers.c.cluster_id == memberships.c.cluster_id)
        .where(among(records.c.birth_id, _BORN), of_stores(customers.c.cluster_id, stores))
    )
    return {row[0]: row[1] for row in connection.execute(statement, {_BORN: list(birth_ids)})}


def last_documents(connection: Connection, customer_ids: Collection[str]) -> dict[str, str]:
    """The last document of each of some customers that are no more."""
    named = select(records.c.record_id).where(among(records.c.birth_id, customer_ids))
    then = customer_history.c
    last = (
        select(then.cluster_id, func.max(then.version).label("version"))
        .where(then.cluster_id.in_(named))
        .group_by(then.cluster_id)
        .subquery("last")
    )
    statement = (
        select(records.c.birth_id, then.profile)
        .join(last, and_(last.c.cluster_id == then.cluster_id, last.c.version == then.version))
        .join(records, records.c.record_id == then.cluster_id)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def clusters_at(connection: Connection, born: Collection[Born], at: datetime) -> dict[int, int]:
    """The cluster each record was in at an instant, or in the first after it; those that never were in one left out."""
    moved = (
        select(memberships_before.c.record_id, memberships_before.c.cluster_id)
        .where(among(memberships_before.c.record_id, [one.record_id for one in born]))
        .where(memberships_before.c.until_at > at)
        .order_by(memberships_before.c.until_at.desc(), memberships_before.c.move_id.desc())
    )
    then = {row[0]: row[1] for row in connection.execute(moved)}  # the first move after the instant is read last
    return {one.record_id: one.cluster_id for one in born if one.cluster_id is not None} | then


def documents_at(connection: Connection, cluster_ids: Collection[int], at: datetime) -> dict[int, StoredProfile]:
    """The documents of some customers that were true at an instant, by cluster."""
    found: dict[int, StoredProfile] = {}
    now, then = customers.c, customer_history.c
    former = (
        select(then.cluster_id, then.customer_id, then.version, then.digest, then.profile)
        .where(among(then.cluster_id, cluster_ids), then.from_at <= at, then.until_at > at)
        .order_by(then.version)
    )
    current = select(now.cluster_id, now.customer_id, now.version, now.digest, now.profile).where(
        among(now.cluster_id, cluster_ids), now.updated_at <= at
    )
    for statement in (former, current):
        found |= {row[0]: StoredProfile(*row[1:]) for row in connection.execute(statement)}
    return found


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A document and the span of time in which it was true.

    Attributes:
        version: its number; never another document's of the same customer.
        profile: the document.
        from_at: true from here on.
        until_at: not true any more from here on; None: true now.
        cause: what made it, where that is known.
        merged_into: the customer it became part of; None when the next version replaced it, or it is true now.
        ended: what made it part of that.
    """

    version: int
    profile: str
    from_at: datetime
    until_at: datetime | None
    cause: Cause | None
    merged_into: str | None
    ended: Cause | None


def versions(connection: Connection, cluster_id: int, *, before: int, limit: int) -> list[StoredVersion]:
    """The versions of a customer below a number, the newest first."""
    every = _present(cluster_id).union_all(_past(cluster_id)).subquery("every")
    found = select(every).where(every.c.version < before).order_by(every.c.version.desc()).limit(limit)
    return [
        StoredVersion(
            version=row.version,
            profile=row.profile,
            from_at=row.from_at,
            until_at=row.until_at,
            cause=_cause(row.cause, row.cause_number, row.cause_actor),
            merged_into=row.merged_into,
            ended=_cause(row.ended_cause, row.ended_number, row.ended_actor),
        )
        for row in connection.execute(found)
    ]


_SPAN: Final = ("until_at", "merged_into", "ended_cause", "ended_number", "ended_actor")


def _present(cluster_id: int) -> Select[*tuple[Any, ...]]:
    """The version that is true now: its span is open."""
    now, types = customers.c, {**customer_history.c, "merged_into": records.c.birth_id}
    return select(
        now.version,
        now.profile,
        now.updated_at.label("from_at"),
        now.cause,
        now.cause_number,
        now.cause_actor,
        *(cast(null(), types[name].type).label(name) for name in _SPAN),
    ).where(now.cluster_id == cluster_id)


def _past(cluster_id: int) -> Select[*tuple[Any, ...]]:
    then = customer_history.c
    told = (then.version, then.profile, then.from_at, then.cause, then.cause_number, then.cause_actor)
    merged = case((then.now_cluster_id != then.cluster_id, records.c.birth_id), else_=null())
    return (
        select(*told, then.until_at, merged, then.ended_cause, then.ended_number, then.ended_actor)
        .join(records, records.c.record_id == then.now_cluster_id)
        .where(then.cluster_id == cluster_id)
    )


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What somebody did with a case about a customer.

    Attributes:
        case_id: the number of the case.
        kind: why it is there.
        event: what was done: put off, taken back, a comment, decided, closed.
        actor: who did it.
        detail: until when, why.
        at: when.
    """

    case_id: int
    kind: str
    event: str
    actor: str
    detail: str | None
    at: datetime


def reviewed(connection: Connection, cluster_id: int, *, since: datetime) -> list[Reviewed]:
    """What people did with cases that name a customer, from an instant on, the oldest first."""
    columns = (case_events.c.case_id, cases.c.kind, case_events.c.kind, case_events.c.actor, case_events.c.detail)
    statement = (
        select(*columns, case_events.c.at)
        .join(cases, cases.c.case_id == case_events.c.case_id)
        .join(case_customers, case_customers.c.case_id == case_events.c.case_id)
        .where(case_customers.c.cluster_id == cluster_id, case_events.c.at >= since)
        .where(case_events.c.actor != MACHINE, case_events.c.kind.in_([one.value for one in REVIEWED]))
        .order_by(case_events.c.event_id)
    )
    return [Reviewed(*row) for row in connection.execute(statement)]


def _cause(kind: str | None, number: int | None, actor: str | None) -> Cause | None:
    return None if kind is None else Cause(CauseKind(kind), number, actor)
