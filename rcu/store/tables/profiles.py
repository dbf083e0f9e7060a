"""What is served and told: runs, customers with their sums and scores, the change feed."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Double, ForeignKey, Index, Integer, Table, Text

from rcu.store.tables.base import BigInt, key, metadata
from rcu.store.types import Instant

runs = Table(
    "runs",
    metadata,
    key("run_id"),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("model", Text, comment="fingerprint of the matching model"),
    Column("as_of", Instant, comment="the instant the data speak of: their latest event or update"),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("summary", Text, comment="JSON: counts and seconds of each step"),
    Column("score_basis", Text, comment="JSON: what scores are measured against until the next run"),
)

customers = Table(
    "customers",
    metadata,
    Column("cluster_id", BigInt, ForeignKey("records.record_id"), primary_key=True),
    Column("customer_id", Text, nullable=False, unique=True, comment="birth id of the oldest record"),
    Column("version", BigInteger, nullable=False),
    Column("digest", Text, nullable=False, comment="of the profile's bytes: the strong ETag"),
    Column(
        "consents_digest",
        Text,
        nullable=False,
        server_default="",
        comment="of what the profile permits; empty: nothing is said",
    ),
    Column("profile", Text, nullable=False, comment="the profile document, JSON, handed out as stored"),
    Column("household_key", Text, comment="surname and address, hashed; null when either is unknown"),
    Column("last_seen_at", Instant, comment="the last update of a record, order or click"),
    Column("updated_at", Instant, nullable=False),
    Column("cause", Text, comment="what made this version: run, record, decision, undo, approve; null: not known"),
    Column("cause_number", BigInteger, comment="of the run or decision"),
    Column("cause_actor", Text),
    Index(None, "household_key"),
    Index(None, "last_seen_at"),
)

aggregates = Table(
    "aggregates",
    metadata,
    Column("cluster_id", BigInt, ForeignKey("records.record_id"), primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("orders", BigInteger, nullable=False),
    Column("returns", BigInteger, nullable=False),
    Column("net_revenue_minor", BigInteger, nullable=False),
    Column("first_order_at", Instant),
    Column("last_order_at", Instant),
)

scores = Table(
    "scores",
    metadata,
    Column("cluster_id", BigInt, ForeignKey("records.record_id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Double, nullable=False),
    Column("reason", Text, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("sequence", BigInt, primary_key=True, autoincrement=False),
    Column("customer_id", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="created, updated, merged, split, deleted"),
    Column("version", BigInteger),
    Column("now_customer_id", Text, comment="merged: the customer it is part of now"),
    Column("changed_at", Instant, nullable=False),
)

change_counter = Table(
    "change_counter",
    metadata,
    Column("only_row", Integer, primary_key=True, autoincrement=False),
    Column("last_sequence", BigInteger, nullable=False),
    CheckConstraint("only_row = 1", name="one_row"),
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False, comment="hexadecimal"),
    Column("created_at", Instant, nullable=False),
)
"""What the database derives names with that nobody may guess; it never leaves it."""

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("name", Text, primary_key=True, comment="digest of the API key's name and what the caller gave"),
    Column("request", Text, nullable=False, comment="digest of method, address and body"),
    Column("began_at", Instant, nullable=False),
    Column("status", Integer, comment="null while the request is under way"),
    Column("media_type", Text),
    Column("body", Text),
    Index(None, "began_at"),
)
"""Answers that are given again to who asks again; for a day."""
