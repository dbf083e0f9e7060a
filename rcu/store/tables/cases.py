"""The review queue: cases, the customers they are about, what happened to them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Table,
    Text,
)

from rcu.store.tables.base import BigInt, key, metadata
from rcu.store.types import Instant

cases = Table(
    "cases",
    metadata,
    key("case_id"),
    Column("name", Text, nullable=False, unique=True, comment="kind and subject: there is one case of each"),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False, comment="customer ids, a decision, or a digest"),
    Column("version", BigInteger, nullable=False, comment="rises with whatever somebody must know before acting"),
    Column("state", Text, nullable=False),
    Column("fingerprint", Text, nullable=False, comment="of the evidence, by numbers of records"),
    Column("evidence", Text, nullable=False, comment="JSON: keys of records, ids, words; no personal data"),
    Column("priority", Double, nullable=False, comment="uncertainty times what is at stake"),
    Column("revenue_minor", BigInteger, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("assigned_to", Text),
    Column("due_at", Instant),
    Column("deferred_until", Instant),
    Column("closed_at", Instant),
    Column("closed_why", Text),
    Column("by_hand", Boolean, nullable=False, comment="closed by somebody: it stays so until the evidence changes"),
    CheckConstraint("state IN ('open', 'deferred', 'closed')", name="state"),
)
Index(
    "ix_cases_queue",
    cases.c.priority.desc(),
    cases.c.case_id,
    postgresql_where=cases.c.state != "closed",
    sqlite_where=cases.c.state != "closed",
)

case_customers = Table(
    "case_customers",
    metadata,
    Column("case_id", BigInt, ForeignKey("cases.case_id"), primary_key=True),
    Column("cluster_id", BigInt, primary_key=True, comment="of a customer the case is about"),
    Index(None, "cluster_id"),
)

case_events = Table(
    "case_events",
    metadata,
    key("event_id"),
    Column("case_id", BigInt, ForeignKey("cases.case_id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False, comment="who did it; machine where nobody did"),
    Column("detail", Text, comment="to whom, until when, why"),
    Column("at", Instant, nullable=False),
    Index(None, "case_id"),
)

weak_customers = Table(
    "weak_customers",
    metadata,
    Column("cluster_id", BigInt, primary_key=True, autoincrement=False),
    Column("weakest_weight", Double, nullable=False, comment="as it was when the customer was last published"),
)
"""Customers that a weak link holds together: what a weaker one is told by."""
