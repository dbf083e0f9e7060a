"""What cases follow from, around a few customers: read in one statement, since most have none of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Connection,
    Double,
    Select,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from rcu.domain.cases import Stake
from rcu.store.asking import Rows
from rcu.store.engine import Store
from rcu.store.later import Later
from rcu.store.nearby import StoredLink
from rcu.store.sql import among, ask, fetch
from rcu.store.tables import (
    aggregates,
    case_customers,
    cases,
    cluster_quality,
    customers,
    decision_records,
    links,
    memberships,
    records,
    steward_links,
    weak_customers,
)

_SOME: Final = "some"
_NUMBERS: Final = "numbers"
_REACHED: Final = ("email_key", "mobile", "landline", "street_key")


class _What(IntEnum):
    LINK = 0
    APART = 1
    QUALITY = 2
    WEAK = 3
    CASE = 4
    DECISION = 5


@dataclass(slots=True)
class Glance:
    """What there is around some customers.

    Attributes:
        links: the heaviest link of each two customers, the older first.
        apart: customers that people keep apart.
        quality: records, weakest weight and contradictions of those where one of them is conspicuous.
        weak: the weakest weight of those that were weak when they were last published.
        cases: cases that wait, and name one of them.
        decisions: decisions of which one of their records says something else by now.
    """

    links: dict[tuple[int, int], StoredLink] = field(default_factory=dict[tuple[int, int], StoredLink])
    apart: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    quality: dict[int, tuple[int, float, int]] = field(default_factory=dict[int, tuple[int, float, int]])
    weak: dict[int, float] = field(default_factory=dict[int, float])
    cases: set[int] = field(default_factory=set[int])
    decisions: set[int] = field(default_factory=set[int])

    def add_link(self, one: int, other: int, link: StoredLink) -> None:
        """Keep a link between two customers, if it is the heaviest."""
        pair = (min(one, other), max(one, other))
        known = self.links.get(pair)
        if known is None or (-link.weight, link.left, link.right) < (-known.weight, known.left, known.right):
            self.links[pair] = link

    def beside(self, other: Glance) -> Glance:
        """What there is around these customers and some more."""
        both = Glance(
            dict(self.links),
            self.apart | other.apart,
            self.quality | other.quality,
            self.weak | other.weak,
            self.cases | other.cases,
            self.decisions | other.decisions,
        )
        for pair, link in other.links.items():
            both.add_link(*pair, link)
        return both


@cache
def _around() -> CompoundSelect[Any, Any, Any, Any, Any, Any, Any]:
    mine, other = memberships.alias("mine"), memberships.alias("other")
    here = among(mine.c.cluster_id, _SOME)
    own = (links.c.left_id, links.c.right_id)
    linked = [
        _row(_What.LINK, *own, mine.c.cluster_id, other.c.cluster_id, weight=links.c.weight, pattern=links.c.pattern)
        .select_from(mine.join(links, near == mine.c.record_id).join(other, other.c.record_id == far))
        .where(here, other.c.cluster_id != mine.c.cluster_id)
        for near, far in (own, own[::-1])
    ]
    theirs = (steward_links.c.left_id, steward_links.c.right_id)
    kept_apart = [
        _row(_What.APART, mine.c.cluster_id, other.c.cluster_id)
        .select_from(mine.join(steward_links, near == mine.c.record_id).join(other, other.c.record_id == far))
        .where(here, ~steward_links.c.together)
        for near, far in (theirs, theirs[::-1])
    ]
    said = and_(records.c.record_id == mine.c.record_id, records.c.content_hash != decision_records.c.content_hash)
    return union_all(
        *linked,
        *kept_apart,
        _row(_What.DECISION, decision_records.c.decision_id)
        .select_from(mine.join(decision_records, decision_records.c.record_id == mine.c.record_id).join(records, said))
        .where(here),
        *_of_customers(),
    )


def _of_customers() -> list[Select[*tuple[Any, ...]]]:
    quality = cluster_quality.c
    conspicuous = or_(
        quality.contradictions > 0, quality.records > bindparam("most"), quality.weakest_weight < bindparam("line")
    )
    weight = quality.weakest_weight
    return [
        _row(_What.QUALITY, quality.cluster_id, quality.records, quality.contradictions, weight=weight).where(
            among(quality.cluster_id, _SOME), conspicuous
        ),
        _row(_What.WEAK, weak_customers.c.cluster_id, weight=weak_customers.c.weakest_weight).where(
            among(weak_customers.c.cluster_id, _SOME)
        ),
        _row(_What.CASE, cases.c.case_id)
        .join(case_customers, case_customers.c.case_id == cases.c.case_id)
        .where(among(case_customers.c.cluster_id, _SOME), cases.c.state != "closed"),
    ]


def _row(what: _What, *numbers: Any, weight: Any = None, pattern: Any = None) -> Select[*tuple[Any, ...]]:  # noqa: ANN401
    """A row of the one statement: what it is, four numbers, a weight, a pattern."""
    four = [*numbers, *(null() for _ in range(4 - len(numbers)))]
    return select(
        literal(what, BigInteger).label("what"),
        *(func.coalesce(one, literal(0, BigInteger)).label(f"n{at}") for at, one in enumerate(four)),
        (literal(0.0, Double) if weight is None else weight).label("weight"),
        (literal("", Text) if pattern is None else pattern).label("pattern"),
    )


def glance(connection: Connection, clusters: Collection[int], *, most: int, line: float) -> Later[Glance]:
    """Look around some customers.

    Args:
        connection: the transaction.
        clusters: their numbers.
        most: more records than this are conspicuous.
        line: so is a weakest link below this.
    """
    return ask(connection, _around(), {_SOME: clusters, "most": most, "line": line}, _glance_of)


def _glance_of(rows: Rows) -> Glance:
    found = Glance()
    for what, one, two, three, four, weight, pattern in rows:
        match what:
            case _What.LINK:
                found.add_link(three, four, StoredLink(one, two, weight, pattern))
            case _What.APART:
                found.apart.add((min(one, two), max(one, two)))
            case _What.QUALITY:
                found.quality[one] = (two, weight, three)
            case _What.WEAK:
                found.weak[one] = weight
            case _What.CASE:
                found.cases.add(one)
            case _:
                found.decisions.add(one)
    return found


@cache
def _stakes() -> Select[*tuple[Any, ...]]:
    highest = (
        select(func.coalesce(func.max(aggregates.c.net_revenue_minor), 0))
        .where(aggregates.c.cluster_id == customers.c.cluster_id)
        .scalar_subquery()
    )
    return (
        select(customers.c.cluster_id, customers.c.customer_id, highest.label("highest"), *_reached())
        .join(memberships, memberships.c.cluster_id == customers.c.cluster_id)
        .join(records, records.c.record_id == memberships.c.record_id)
        .where(among(customers.c.cluster_id, _SOME))
        .group_by(customers.c.cluster_id, customers.c.customer_id)
    )


def _reached() -> list[Any]:
    return [func.max(case((records.c[name].is_not(None), 1), else_=0)).label(name) for name in _REACHED]


def stakes_of(connection: Connection, clusters: Collection[int]) -> dict[int, Stake]:
    """What some customers are worth a look."""
    if not clusters:
        return {}
    rows = fetch(connection, _stakes(), {_SOME: clusters})
    return {row[0]: Stake(row[1], int(row[2]), sum(row[3:])) for row in rows}


def reached(store: Store) -> pa.Table:
    """Of every record, oldest first, whether it can be reached in each way: record_id, and a flag for each."""
    flags = (records.c[name].is_not(None).label(name) for name in _REACHED)
    return store.read_arrow(select(records.c.record_id, *flags).order_by(records.c.record_id))


@dataclass(frozen=True, slots=True)
class Said:
    """A record of a decision that says something else by now."""

    decision_id: int
    record_id: int
    content_hash: int


_SAID: Final = (
    select(decision_records.c.decision_id, decision_records.c.record_id, records.c.content_hash)
    .join(records, records.c.record_id == decision_records.c.record_id)
    .where(records.c.content_hash != decision_records.c.content_hash)
)
_SAID_OF: Final = _SAID.where(among(decision_records.c.decision_id, _NUMBERS))


def changed_since(connection: Connection, decisions: Collection[int] | None = None) -> list[Said]:
    """The records of decisions, of some or of all, that say something else than when these were taken."""
    if decisions is None:
        return [Said(*row) for row in connection.execute(_SAID)]
    return [Said(*row) for row in fetch(connection, _SAID_OF, {_NUMBERS: decisions})] if decisions else []
