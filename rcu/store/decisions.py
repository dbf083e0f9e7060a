"""What people decided: an append-only log of facts about records."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, insert, select, true

from rcu.domain.decisions import Decision, DecisionKind, Pair
from rcu.domain.records import RecordKey
from rcu.store import overrides, sql
from rcu.store.tables import (
    aggregates,
    customers,
    decision_links,
    decision_records,
    decisions,
    memberships,
    records,
    steward_links,
)
from rcu.store.writing import upsert

_DECIDING = 0x52435544
"""The number of the lock: "RCUD"."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A record somebody decides about. `cluster_id` is None before a run has seen it, and once its person is erased."""

    record_id: int
    key: RecordKey
    birth_id: str
    content_hash: int
    cluster_id: int | None
    erased: bool


_SUBJECT = (
    records.c.record_id, records.c.source, records.c.native_id, records.c.birth_id, records.c.content_hash,
    memberships.c.cluster_id, records.c.erased_at.is_not(None),
)  # fmt: skip
_SUBJECTS = select(*_SUBJECT).select_from(
    records.outerjoin(memberships, memberships.c.record_id == records.c.record_id)
)


def _subjects(connection: Connection, condition: ColumnElement[bool]) -> list[Subject]:
    statement = _SUBJECTS.where(condition).order_by(records.c.record_id)
    return [Subject(row[0], RecordKey(row[1], row[2]), *row[3:]) for row in connection.execute(statement)]


def subjects_by_key(connection: Connection, keys: Collection[RecordKey]) -> list[Subject]:
    """The records with these keys, the oldest first."""
    sources, native_ids = ({getattr(key, name) for key in keys} for name in ("source", "native_id"))
    near = and_(sql.among(records.c.source, sources), sql.among(records.c.native_id, native_ids))
    return [one for one in _subjects(connection, near) if one.key in keys]


def subjects_born_as(connection: Connection, birth_ids: Sequence[str]) -> list[Subject]:
    """The records born with these ids, the oldest first."""
    return _subjects(connection, sql.among(records.c.birth_id, birth_ids))


def subjects_of_clusters(connection: Connection, cluster_ids: Iterable[int]) -> list[Subject]:
    """All records of some clusters, the oldest first."""
    return _subjects(connection, sql.among(memberships.c.cluster_id, cluster_ids))


def subjects_by_id(connection: Connection, record_ids: Iterable[int]) -> list[Subject]:
    """The records with these numbers, the oldest first."""
    return _subjects(connection, sql.among(records.c.record_id, record_ids))


def versions(connection: Connection, customer_ids: Sequence[str]) -> Mapping[str, int]:
    """The version of each customer that is one at present."""
    statement = select(customers.c.customer_id, customers.c.version).where(customers.c.customer_id.in_(customer_ids))
    return {row[0]: row[1] for row in connection.execute(statement)}


def one_at_a_time(connection: Connection) -> None:
    """Let no other decision be taken before this transaction ends: it would not be seen by the check of this one."""
    sql.one_at_a_time(connection, _DECIDING)


def add(connection: Connection, decision: Decision) -> Decision:
    """Write a decision; the answer has the number it was given."""
    values = {
        "kind": decision.kind.value,
        "actor": decision.actor,
        "reason": decision.reason,
        "decided_at": decision.decided_at,
        "about": decision.about,
        "needs_approval": decision.needs_approval,
    }
    number = connection.execute(insert(decisions).values(**values).returning(decisions.c.decision_id)).scalar_one()
    links = [(pair, True) for pair in decision.together] + [(pair, False) for pair in decision.apart]
    if links:
        rows = [
            {"decision_id": number, "left_id": left, "right_id": right, "together": together}
            for (left, right), together in links
        ]
        connection.execute(insert(decision_links), rows)
    if decision.records:
        rows = [
            {"decision_id": number, "record_id": record, "content_hash": content}
            for record, content in decision.records.items()
        ]
        connection.execute(insert(decision_records), rows)
    overrides.add_values(connection, number, decision.sets)
    return replace(decision, decision_id=number)


def put_links(connection: Connection, before: Mapping[Pair, bool], after: Mapping[Pair, bool]) -> set[int]:
    """Bring the links in force from what they were to what they are; give the records whose links differ."""
    gone = [link for link in before if link not in after]
    new = {link: together for link, together in after.items() if before.get(link) is not together}
    if gone:
        one, other = steward_links.c.left_id, steward_links.c.right_id
        wanted = delete(steward_links).where(one == bindparam("one"), other == bindparam("other"))
        connection.execute(wanted, [{"one": left, "other": right} for left, right in sorted(gone)])
    if new:
        statement = upsert(connection, steward_links)
        statement = statement.on_conflict_do_update(
            index_elements=[steward_links.c.left_id, steward_links.c.right_id],
            set_={"together": statement.excluded.together},
        )
        rows = [{"left_id": left, "right_id": right, "together": together} for (left, right), together in new.items()]
        connection.execute(statement, rows)
    return {end for link in (*gone, *new) for end in link}


def every_decision(connection: Connection) -> list[Decision]:
    """All decisions ever taken, the oldest first."""
    return _decisions(connection, None)


def _decisions(connection: Connection, numbers: Collection[int] | None) -> list[Decision]:
    """All decisions, or some, the oldest first."""

    def mine(column: ColumnElement[int]) -> ColumnElement[bool]:
        return true() if numbers is None else sql.among(column, numbers)

    links: dict[int, tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {}
    columns = (decision_links.c.left_id, decision_links.c.right_id, decision_links.c.together)
    tied = select(decision_links.c.decision_id, *columns).where(mine(decision_links.c.decision_id))
    rows = connection.execute(tied.order_by(*columns[:2]))
    for number, left, right, together in rows:
        links.setdefault(number, ([], []))[0 if together else 1].append((left, right))
    about: dict[int, dict[int, int]] = {}
    for number, record, content in connection.execute(
        select(decision_records).where(mine(decision_records.c.decision_id))
    ):
        about.setdefault(number, {})[record] = content
    sets = overrides.values_of(connection, numbers)
    found: list[Decision] = []
    told = select(decisions).where(mine(decisions.c.decision_id))
    for row in connection.execute(told.order_by(decisions.c.decision_id)):
        together, apart = links.get(row.decision_id, ([], []))
        found.append(
            Decision(
                decision_id=row.decision_id,
                kind=DecisionKind(row.kind),
                actor=row.actor,
                reason=row.reason,
                decided_at=row.decided_at,
                about=row.about,
                needs_approval=row.needs_approval,
                together=tuple(together),
                apart=tuple(apart),
                records=about.get(row.decision_id, {}),
                sets=sets.get(row.decision_id, {}),
            )
        )
    return found


def revenue_of(connection: Connection, cluster_ids: Iterable[int]) -> int:
    """The largest net revenue of one currency, in minor units, that these customers bring together."""
    sums = select(func.sum(aggregates.c.net_revenue_minor)).where(aggregates.c.cluster_id.in_(list(cluster_ids)))
    return max((int(row[0]) for row in connection.execute(sums.group_by(aggregates.c.currency))), default=0)


def page(connection: Connection, *, record_ids: Iterable[int] | None = None, before: int, limit: int) -> list[int]:
    """The numbers of decisions below one, the newest first; with `record_ids` of those about some of these records."""
    found = select(decisions.c.decision_id).where(decisions.c.decision_id < before)
    if record_ids is not None:
        told = select(decision_records.c.decision_id).where(sql.among(decision_records.c.record_id, record_ids))
        found = found.where(decisions.c.decision_id.in_(told))
    return list(connection.execute(found.order_by(decisions.c.decision_id.desc()).limit(limit)).scalars())


def decisions_about(
    connection: Connection, *, record_ids: Collection[int] = (), numbers: Iterable[int] = ()
) -> list[Decision]:
    """The decisions about some records, and some by number, with all that was decided about them; the oldest first."""
    told = select(decision_records.c.decision_id).where(sql.among(decision_records.c.record_id, record_ids))
    found = set(connection.execute(told).scalars()) if record_ids else set[int]()
    found |= set(numbers)
    if not found:
        return []
    here = select(decisions.c.decision_id).where(sql.among(decisions.c.decision_id, found)).cte("here", recursive=True)
    every = here.union(select(decisions.c.decision_id).join(here, decisions.c.about == here.c.decision_id))
    return _decisions(connection, list(connection.execute(select(every.c.decision_id)).scalars()))
