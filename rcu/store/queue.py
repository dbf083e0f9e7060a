"""The review queue as people read it, and what they set."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from rcu.domain.cases import CaseKind, CaseState
from rcu.store.sql import among
from rcu.store.tables import case_customers, case_events, cases, customers, memberships, records


@dataclass(frozen=True, slots=True)
class QueuedCase:
    """A case as it is stored. `evidence` is JSON."""

    case_id: int
    kind: CaseKind
    subject: str
    version: int
    state: CaseState
    evidence: str
    priority: float
    revenue_minor: int
    opened_at: datetime
    updated_at: datetime
    assigned_to: str | None
    due_at: datetime | None
    deferred_until: datetime | None
    closed_at: datetime | None
    closed_why: str | None


@dataclass(frozen=True, slots=True)
class Wish:
    """Which cases somebody wants to see; None is: no matter which.

    Attributes:
        state: open (those that are back from being put off included), deferred or closed.
        kind: why they are there.
        assigned_to: who has them; an empty name is: nobody.
        due_before: due before this instant.
        customer: a customer's id, or any id it ever had.
        least_priority: as high or higher.
        text: in the keys and ids of their evidence.
    """

    state: CaseState | None = CaseState.OPEN
    kind: CaseKind | None = None
    assigned_to: str | None = None
    due_before: datetime | None = None
    customer: str | None = None
    least_priority: float | None = None
    text: str | None = None


_COLUMNS: Final = tuple(cases.c[name] for name in QueuedCase.__dataclass_fields__)


def _queued(row: Sequence[Any]) -> QueuedCase:
    return QueuedCase(row[0], CaseKind(row[1]), row[2], row[3], CaseState(row[4]), *row[5:])


def page(
    connection: Connection, wish: Wish, *, now: datetime, after: tuple[float, int] | None, limit: int
) -> list[QueuedCase]:
    """The next cases, the highest priority and then the oldest first.

    Args:
        connection: a connection.
        wish: which.
        now: what was put off until then is open.
        after: priority and number of the last one seen.
        limit: how many.
    """
    statement = select(*_COLUMNS).where(*_conditions(wish, now))
    if after is not None:
        priority, number = after
        same = and_(cases.c.priority == priority, cases.c.case_id > number)
        statement = statement.where(or_(cases.c.priority < priority, same))
    rows = connection.execute(statement.order_by(cases.c.priority.desc(), cases.c.case_id).limit(limit))
    return [_queued(row) for row in rows]


def _conditions(wish: Wish, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    back = and_(cases.c.state == CaseState.DEFERRED, cases.c.deferred_until <= now)
    match wish.state:
        case CaseState.OPEN:
            found += [cases.c.state != CaseState.CLOSED, or_(cases.c.state == CaseState.OPEN, back)]
        case CaseState.DEFERRED:
            found += [cases.c.state == CaseState.DEFERRED, cases.c.deferred_until > now]
        case CaseState.CLOSED:
            found.append(cases.c.state == CaseState.CLOSED)
        case None:
            pass
    if wish.kind is not None:
        found.append(cases.c.kind == wish.kind.value)
    if wish.assigned_to is not None:
        found.append(cases.c.assigned_to == wish.assigned_to if wish.assigned_to else cases.c.assigned_to.is_(None))
    if wish.due_before is not None:
        found.append(cases.c.due_at < wish.due_before)
    if wish.least_priority is not None:
        found.append(cases.c.priority >= wish.least_priority)
    if wish.text:
        found.append(
            or_(
                cases.c.evidence.icontains(wish.text, autoescape=True),
                cases.c.subject.icontains(wish.text, autoescape=True),
            )
        )
    return [*found, *([_of_customer(wish.customer)] if wish.customer else [])]


def _of_customer(customer: str) -> ColumnElement[bool]:
    born = (
        select(memberships.c.cluster_id)
        .join(records, records.c.record_id == memberships.c.record_id)
        .where(records.c.birth_id == customer)
    )
    mine = select(case_customers.c.case_id).where(case_customers.c.cluster_id.in_(born))
    return cases.c.case_id.in_(mine)


def one_case(connection: Connection, case_id: int, *, hold: bool = False) -> QueuedCase | None:
    """A case; `hold` keeps others from changing it before the transaction ends."""
    statement = select(*_COLUMNS).where(cases.c.case_id == case_id)
    row = connection.execute(statement.with_for_update() if hold else statement).one_or_none()
    return None if row is None else _queued(row)


def customers_of(connection: Connection, case_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """The customers some cases are about, with their version, by case; those that are no more are left out."""
    statement = (
        select(case_customers.c.case_id, customers.c.customer_id, customers.c.version)
        .join(customers, customers.c.cluster_id == case_customers.c.cluster_id)
        .where(among(case_customers.c.case_id, case_ids))
        .order_by(case_customers.c.case_id, customers.c.cluster_id)
    )
    found: dict[int, dict[str, int]] = {one: {} for one in case_ids}
    for case_id, customer_id, version in connection.execute(statement) if case_ids else ():
        found[case_id][customer_id] = version
    return found


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened to a case; `detail` says to whom, until when or why."""

    kind: str
    actor: str
    detail: str | None
    at: datetime


def events_of(connection: Connection, case_id: int) -> list[Happening]:
    """What happened to a case, the oldest first."""
    columns = (case_events.c.kind, case_events.c.actor, case_events.c.detail, case_events.c.at)
    rows = connection.execute(select(*columns).where(case_events.c.case_id == case_id).order_by(case_events.c.event_id))
    return [Happening(*row) for row in rows]


def put(connection: Connection, case_id: int, values: Mapping[str, Any], now: datetime) -> None:
    """Set what people set of a case: state, assigned_to, due_at, deferred_until, closed_at, closed_why, by_hand."""
    fresh = {"version": cases.c.version + 1, "updated_at": now}
    connection.execute(update(cases).where(cases.c.case_id == case_id).values({**values, **fresh}))
