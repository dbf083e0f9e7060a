"""Who is told of changes, and what became of each telling."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint
from sqlalchemy import text as sql

from rcu.store.tables.base import BigInt, key, metadata
from rcu.store.types import Instant

webhooks = Table(
    "webhooks",
    metadata,
    key("webhook_id"),
    Column("url", Text, nullable=False),
    Column("description", Text),
    Column("kinds", Text, nullable=False, comment="of changes, space-separated; empty: all"),
    Column("secret", Text, nullable=False, comment="hexadecimal; what is sent is signed with it"),
    Column("former_secret", Text, comment="the one before, which signs too until it ends"),
    Column("former_until", Instant),
    Column("state", Text, nullable=False, comment="enabled, disabled"),
    Column("last_sequence", BigInteger, nullable=False, comment="the last change deliveries were made of"),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("disabled_why", Text),
    CheckConstraint("state IN ('enabled', 'disabled')", name="state"),
)

_WAITING: Final = sql("state = 'waiting'")
_OPEN: Final = sql("state != 'delivered'")

deliveries = Table(
    "deliveries",
    metadata,
    key("delivery_id"),
    Column("webhook_id", BigInt, ForeignKey("webhooks.webhook_id"), nullable=False),
    Column("sequence", BigInteger, comment="of the change; null: a test"),
    Column("customer_id", Text),
    Column("kind", Text, nullable=False),
    Column("version", BigInteger),
    Column("now_customer_id", Text),
    Column("changed_at", Instant, nullable=False),
    Column("state", Text, nullable=False, comment="waiting, delivered, dead"),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Instant, nullable=False, comment="not tried before then"),
    Column("tried_at", Instant, comment="the last attempt"),
    Column("last_status", Integer, comment="what the receiver answered"),
    Column("last_error", Text, comment="the kind of error"),
    Column("milliseconds", BigInteger, comment="what the last attempt took"),
    UniqueConstraint("webhook_id", "sequence"),
    Index("ix_deliveries_due", "webhook_id", "next_at", postgresql_where=_WAITING, sqlite_where=_WAITING),
    Index("ix_deliveries_open", "webhook_id", "customer_id", "sequence", postgresql_where=_OPEN, sqlite_where=_OPEN),
    CheckConstraint("state IN ('waiting', 'delivered', 'dead')", name="state"),
)
