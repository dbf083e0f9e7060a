"""Cases as the machine reads and writes them: a few through the transaction, many staged."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Table, bindparam, delete, insert, literal, select, update

from rcu.domain.cases import GONE, MACHINE, CaseEvent, CaseKind, CaseState
from rcu.store.sql import act, among, fetch, prepared
from rcu.store.tables import case_customers, case_events, cases, cluster_quality, weak_customers
from rcu.store.writing import Upsert, add_rows, inserting, put_rows

Row: TypeAlias = Mapping[str, Any]
_SOME: Final = "some"


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case as the machine knows it; `clusters` are the numbers of the customers it is about."""

    case_id: int
    name: str
    kind: CaseKind
    subject: str
    state: CaseState
    fingerprint: str
    evidence: str
    priority: float
    revenue_minor: int
    by_hand: bool
    clusters: frozenset[int]

    @property
    def waits(self) -> bool:
        """Whether it is in the queue, now or later."""
        return self.state is not CaseState.CLOSED


_OWN: Final = ("case_id", "name", "kind", "subject", "state", "fingerprint", "evidence", "priority", "revenue_minor")
_CASES: Final = select(*(cases.c[name] for name in _OWN), cases.c.by_hand)
_BY_ID: Final = _CASES.where(among(cases.c.case_id, _SOME))
_BY_NAME: Final = _CASES.where(among(cases.c.name, _SOME))
_ABOUT: Final = select(case_customers.c.case_id, case_customers.c.cluster_id)
_ABOUT_SOME: Final = _ABOUT.where(among(case_customers.c.case_id, _SOME))


def _stored(rows: Iterable[Any], about: Iterable[Any]) -> list[StoredCase]:
    clusters: dict[int, set[int]] = {}
    for case_id, cluster in about:
        clusters.setdefault(case_id, set()).add(cluster)
    return [
        StoredCase(
            case_id=case_id,
            name=name,
            kind=CaseKind(kind),
            subject=subject,
            state=CaseState(state),
            fingerprint=fingerprint,
            evidence=evidence,
            priority=priority,
            revenue_minor=revenue,
            by_hand=bool(by_hand),
            clusters=frozenset(clusters.get(case_id, ())),
        )
        for case_id, name, kind, subject, state, fingerprint, evidence, priority, revenue, by_hand in rows
    ]


def by_id(connection: Connection, case_ids: Collection[int]) -> list[StoredCase]:
    """Some cases."""
    if not case_ids:
        return []
    rows = fetch(connection, _BY_ID, {_SOME: case_ids})
    return _stored(rows, fetch(connection, _ABOUT_SOME, {_SOME: case_ids}))


def by_name(connection: Connection, names: Collection[str]) -> list[StoredCase]:
    """Some cases by kind and subject, without their customers."""
    return _stored(fetch(connection, _BY_NAME, {_SOME: names}), ()) if names else []


def every_case(connection: Connection) -> list[StoredCase]:
    """All cases there ever were; of those that do not wait, without their customers."""
    waiting = _ABOUT.join(cases, cases.c.case_id == case_customers.c.case_id).where(cases.c.state != CaseState.CLOSED)
    return _stored(connection.execute(_CASES).all(), connection.execute(waiting).all())


# a few, through the transaction

_INSERT: Final = insert(cases).returning(cases.c.case_id, cases.c.name)
_WRITTEN: Final = (
    "fingerprint",
    "evidence",
    "priority",
    "revenue_minor",
    "state",
    "closed_at",
    "closed_why",
    "by_hand",
)


def open_cases(connection: Connection, found: Sequence[Row], now: datetime) -> dict[str, int]:
    """Write new cases: name, kind, subject, fingerprint, evidence, priority, revenue_minor; give numbers by name."""
    if not found:
        return {}
    fresh = {"version": 1, "state": CaseState.OPEN.value, "opened_at": now, "updated_at": now, "by_hand": False}
    rows = connection.execute(_INSERT, [{**row, **fresh} for row in found]).all()
    return {row.name: row.case_id for row in rows}


_SAYS: Final = ("fingerprint", "evidence", "priority", "revenue_minor")
_CHANGE: Final = (
    update(cases)
    .where(cases.c.case_id == bindparam("number"))
    .values(
        {name: bindparam(f"new_{name}") for name in _SAYS}
        | {"updated_at": bindparam("at"), "version": cases.c.version + bindparam("more")}
    )
)


def change_cases(connection: Connection, found: Sequence[Row], now: datetime) -> None:
    """Change what cases say: number, fingerprint, evidence, priority, revenue_minor; what people set stays.

    `more` is 1 where somebody must know it before acting.
    """
    rows = [
        {"number": row["number"], "more": row["more"], "at": now} | {f"new_{name}": row[name] for name in _SAYS}
        for row in found
    ]
    if rows:
        connection.execute(_CHANGE, rows)


def _ended(why: str | None) -> dict[str, Any]:
    state = CaseState.OPEN if why is None else CaseState.CLOSED
    ended = {"state": state.value, "closed_why": why, "by_hand": False, "version": cases.c.version + 1}
    return {**ended, "closed_at": None if why is None else bindparam("at"), "updated_at": bindparam("at")}


_CLOSE: Final = update(cases).where(among(cases.c.case_id, _SOME)).values(_ended(GONE))
_REOPEN: Final = update(cases).where(among(cases.c.case_id, _SOME)).values(_ended(None))


def close_cases(connection: Connection, numbers: Collection[int], now: datetime) -> None:
    """Close cases whose reason is gone."""
    if numbers:
        connection.execute(_CLOSE, {_SOME: numbers, "at": now})


def reopen_cases(connection: Connection, numbers: Collection[int], now: datetime) -> None:
    """Open cases again that were closed."""
    if numbers:
        connection.execute(_REOPEN, {_SOME: numbers, "at": now})


_DROP_ABOUT: Final = delete(case_customers).where(among(case_customers.c.case_id, _SOME))


def put_customers(connection: Connection, about: Mapping[int, Collection[int]], *, stood: Collection[int] = ()) -> None:
    """Say which customers some cases are about; those that `stood` said something else before."""
    if stood:
        connection.execute(_DROP_ABOUT, {_SOME: stood})
    rows = [{"case_id": number, "cluster_id": one} for number, some in about.items() for one in some]
    add_rows(connection, case_customers, rows)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a case."""

    case_id: int
    kind: CaseEvent
    detail: str | None = None
    actor: str = MACHINE


def add_events(connection: Connection, found: Sequence[Event], now: datetime) -> None:
    """Write down what happened."""
    rows = [
        {"case_id": one.case_id, "kind": one.kind.value, "actor": one.actor, "detail": one.detail, "at": now}
        for one in found
    ]
    add_rows(connection, case_events, rows)


# many, staged


def open_staged(connection: Connection, found: Table, about: Table, now: datetime) -> None:
    """Write new cases that are staged, with their customers (name, cluster_id)."""
    names = ["name", "kind", "subject", "fingerprint", "evidence", "priority", "revenue_minor"]
    fresh = {
        "version": literal(1, cases.c.version.type),
        "state": literal(CaseState.OPEN.value, cases.c.state.type),
        "opened_at": literal(now, cases.c.opened_at.type),
        "updated_at": literal(now, cases.c.updated_at.type),
        "by_hand": literal(value=False, type_=cases.c.by_hand.type),
    }
    rows = select(*(found.c[name] for name in names), *fresh.values()).where(found.c.name.is_not(None))
    in_order = rows.order_by(found.c.priority.desc(), found.c.name)
    connection.execute(cases.insert().from_select([*names, *fresh], in_order))
    mine = select(cases.c.case_id, about.c.cluster_id).join(about, about.c.name == cases.c.name)
    connection.execute(case_customers.insert().from_select(["case_id", "cluster_id"], mine))
    told = select(
        cases.c.case_id,
        literal(CaseEvent.OPENED.value, case_events.c.kind.type),
        literal(MACHINE, case_events.c.actor.type),
        literal(now, case_events.c.at.type),
    ).join(found, found.c.name == cases.c.name)
    connection.execute(case_events.insert().from_select(["case_id", "kind", "actor", "at"], told))


# customers that a weak link holds together

_DROP_WEAK: Final = delete(weak_customers).where(among(weak_customers.c.cluster_id, _SOME))


def _put_weak(connection: Connection) -> Upsert:
    statement = inserting(connection, weak_customers, ("cluster_id", "weakest_weight"))
    changed = {"weakest_weight": statement.excluded.weakest_weight}
    return statement.on_conflict_do_update(index_elements=[weak_customers.c.cluster_id], set_=changed)


def put_weak(connection: Connection, gone: Collection[int], found: Mapping[int, float]) -> None:
    """Remember the weakest weight of weak customers, and forget those that are not weak any more."""
    if gone:
        act(connection, _DROP_WEAK, {_SOME: gone})
    if found:
        rows = [{"cluster_id": cluster, "weakest_weight": weight} for cluster, weight in sorted(found.items())]
        put_rows(connection, prepared(connection, _put_weak), rows, boundless="weakest_weight")


def refill_weak(connection: Connection, line: float) -> None:
    """Remember the weakest weight of every customer below a line."""
    connection.execute(delete(weak_customers))
    weak = select(cluster_quality.c.cluster_id, cluster_quality.c.weakest_weight)
    weak = weak.where(cluster_quality.c.weakest_weight < line)
    connection.execute(weak_customers.insert().from_select(["cluster_id", "weakest_weight"], weak))
