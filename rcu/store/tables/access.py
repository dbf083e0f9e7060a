"""Who may ask, and who was shown whom: keys, their secrets, the access log."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ColumnElement, ForeignKey, Index, Table, Text, literal_column

from rcu.store.tables.base import BigInt, key, metadata
from rcu.store.types import Instant

api_keys = Table(
    "api_keys",
    metadata,
    key("key_id"),
    Column("name", Text, nullable=False, unique=True),
    Column("scopes", Text, nullable=False, comment="space-separated"),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("expires_at", Instant, comment="not in force from here on"),
    Column("last_used_at", Instant, comment="to about a minute"),
    Column("purpose", Text, comment="what it reads for, where a request does not say"),
    Column("rate", BigInteger, comment="requests a second, on average; null: as many as come"),
    Column("burst", BigInteger, comment="requests that may come at once"),
    Column("stores", Text, comment="JSON: the stores whose customers it sees; null: all"),
)

api_key_secrets = Table(
    "api_key_secrets",
    metadata,
    Column("digest", Text, primary_key=True, comment="SHA-256 of the secret; the secret itself is never stored"),
    Column("key_id", BigInt, ForeignKey("api_keys.key_id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, comment="not in force from here on: another took its place"),
    Index(None, "key_id"),
)

access_log = Table(
    "access_log",
    metadata,
    key("entry_id"),
    Column("at", Instant, nullable=False),
    Column("key_name", Text, nullable=False, comment="the API key that asked"),
    Column("actor", Text, comment="for whom, as the caller said"),
    Column("operation", Text, nullable=False, comment="operation id of the HTTP interface"),
    Column("purpose", Text, comment="what for: as the request said, else as its key does"),
    Column("customer_id", Text, nullable=False),
    Column("field_groups", Text, nullable=False, comment="space-separated; empty: its id alone was told"),
    Column("request_id", Text, nullable=False),
    Index(None, "key_name", "entry_id"),
)
"""A row for each customer that was shown to somebody. Rows are only added; no personal data, only ids."""


def part(number: ColumnElement[int]) -> ColumnElement[int]:
    """The part of the log an entry belongs to by its number: 4,096 that came one after the other.

    In an index by customer alone each entry is written to a page of its own. Within its part, entries that come
    together share a few pages; who asks for a customer looks into each part.
    """
    return number.bitwise_rshift(literal_column("12"))


Index("ix_access_log_part", part(access_log.c.entry_id), access_log.c.customer_id)
