"""What customers were: their former documents, and where their records were."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text

from rcu.store.tables.base import BigInt, key, metadata
from rcu.store.types import Instant

customer_history = Table(
    "customer_history",
    metadata,
    Column("cluster_id", BigInt, ForeignKey("records.record_id"), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("customer_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("profile", Text, nullable=False, comment="the profile document as it was, byte for byte"),
    Column("from_at", Instant, nullable=False, comment="true from here on"),
    Column("until_at", Instant, nullable=False, comment="not true any more from here on"),
    Column("cause", Text, comment="what made it: run, record, decision, undo, approve; null: not known"),
    Column("cause_number", BigInteger, comment="of the run or decision"),
    Column("cause_actor", Text),
    Column("now_cluster_id", BigInteger, nullable=False, comment="itself: replaced; another one: merged into it"),
    Column("ended_cause", Text),
    Column("ended_number", BigInteger),
    Column("ended_actor", Text),
)
"""A row for each document that was replaced or dropped; what never changed has none."""

memberships_before = Table(
    "memberships_before",
    metadata,
    key("move_id"),
    Column("record_id", BigInt, ForeignKey("records.record_id"), nullable=False),
    Column("cluster_id", BigInt, nullable=False, comment="the cluster it was in"),
    Column("until_at", Instant, nullable=False),
    Index(None, "record_id"),
)
"""A row for each move of a record from one cluster to another."""
