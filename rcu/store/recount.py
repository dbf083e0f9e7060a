"""A recount of every customer's orders straight from the lines, to hold the aggregates against."""

from __future__ import annotations

import pyarrow as pa
from sqlalchemy import BigInteger, and_, case, cast, func, not_, or_, select

from rcu.domain.sources import EventsOfDeleted
from rcu.store.engine import Store
from rcu.store.tables import event_lines, events, memberships, records, sources


def recount(store: Store) -> pa.Table:
    """Count and add up again: cluster_id, currency, orders, returns, net_revenue_minor.

    Orders whose amount is the sum of their lines are added up line by line, the others by their own amount. Those of
    deleted records are left out where their source has it so.
    """
    silent = and_(or_(records.c.deleted, records.c.absent), sources.c.events_of_deleted == EventsOfDeleted.DROP.value)
    lines = (
        select(event_lines.c.event_id, func.sum(event_lines.c.amount_minor).label("amount_minor"))
        .group_by(event_lines.c.event_id)
        .subquery("lines")
    )
    amount = case((events.c.sums_lines, lines.c.amount_minor), else_=events.c.amount_minor)
    statement = (
        select(
            memberships.c.cluster_id,
            events.c.currency,
            cast(func.sum(case((events.c.kind == "order", 1), else_=0)), BigInteger).label("orders"),
            cast(func.sum(case((events.c.kind == "return", 1), else_=0)), BigInteger).label("returns"),
            cast(func.sum(amount), BigInteger).label("net_revenue_minor"),
        )
        .select_from(events)
        .join(memberships, memberships.c.record_id == events.c.record_id)
        .join(records, records.c.record_id == events.c.record_id)
        .join(sources, sources.c.name == records.c.source)
        .outerjoin(lines, lines.c.event_id == events.c.event_id)
        .where(events.c.kind.in_(["order", "return"]), not_(events.c.cancelled), not_(silent))
        .group_by(memberships.c.cluster_id, events.c.currency)
    )
    return store.read_arrow(statement)
