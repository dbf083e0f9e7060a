"""What sources deliver: files, refused rows, events and consents."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    and_,
    false,
    not_,
)

from rcu.store.tables.base import BigInt, key, metadata
from rcu.store.types import Instant

sources = Table(
    "sources",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("settings", Text, nullable=False, comment="JSON, without secrets"),
    Column("rank", Integer, nullable=False, comment="survivorship: the lower, the more trusted"),
    Column("created_at", Instant, nullable=False),
    Column(
        "events_of_deleted",
        Text,
        nullable=False,
        server_default="keep",
        comment="keep: events of records that are gone count; drop: they do not",
    ),
)

raw_files = Table(
    "raw_files",
    metadata,
    key("file_id"),
    Column("source", Text, ForeignKey("sources.name"), nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("completed_at", Instant),
    UniqueConstraint("source", "sha256"),
)

raw_batches = Table(
    "raw_batches",
    metadata,
    Column("file_id", BigInt, ForeignKey("raw_files.file_id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("rows_read", BigInteger, nullable=False),
    Column("rows_accepted", BigInteger, nullable=False),
    Column("rows_refused", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False, comment="the accepted rows as read: Parquet, zstd"),
    Column("taken_at", Instant, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    key("quarantine_id"),
    Column("file_id", BigInt, ForeignKey("raw_files.file_id"), nullable=False),
    Column("source", Text, ForeignKey("sources.name"), nullable=False),
    Column("file_name", Text, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("field", Text),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("raw", Text, nullable=False, comment="the row as read, JSON"),
    Column("waits_for", Text, comment="record: or event: and the id of what has not been delivered yet"),
    Column("status", Text, nullable=False),
    Column("refused_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    CheckConstraint("status IN ('open', 'replayed', 'dropped')", name="status"),
    Index(None, "status", "reason"),
)

events = Table(
    "events",
    metadata,
    key("event_id"),
    Column("source", Text, ForeignKey("sources.name"), nullable=False),
    Column("native_id", Text, nullable=False),
    Column("record_id", BigInt, ForeignKey("records.record_id"), comment="null: nobody was named, as on most tickets"),
    Column("kind", Text, nullable=False, comment="order, return, or email_ and the action"),
    Column("channel", Text, nullable=False, comment="store, online, email"),
    Column("store", Text),
    Column("label", Text, comment="campaign of an email event"),
    Column("occurred_at", Instant, nullable=False),
    Column("currency", Text),
    Column("amount_minor", BigInteger, comment="cents, negative for a return"),
    Column("discount_minor", BigInteger),
    Column("shipping_minor", BigInteger),
    Column("sums_lines", Boolean, nullable=False, comment="the amount is the sum of the lines"),
    Column("cancelled", Boolean, nullable=False),
    Column("related_native_id", Text),
    Column("content_hash", BigInteger, nullable=False),
    Column("visitor_id", Text, comment="the source's id of a browser or device"),
    Column(
        "by_visitor",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="no record is named: it is whose the visitor was",
    ),
    UniqueConstraint("source", "native_id"),
    Index(None, "record_id"),
)
_VISITORS: Final = ("source", "visitor_id", "occurred_at")
Index(
    "ix_events_visitor",
    *(events.c[name] for name in _VISITORS),
    postgresql_where=events.c.visitor_id.is_not(None),
    sqlite_where=events.c.visitor_id.is_not(None),
)
_TIE: Final = and_(events.c.visitor_id.is_not(None), events.c.record_id.is_not(None), not_(events.c.by_visitor))
Index("ix_events_tie", *(events.c[name] for name in _VISITORS), postgresql_where=_TIE, sqlite_where=_TIE)

event_lines = Table(
    "event_lines",
    metadata,
    Column("event_id", BigInt, ForeignKey("events.event_id"), primary_key=True),
    Column("line_number", Integer, primary_key=True),
    Column("product_id", Text),
    Column("label", Text),
    Column("category", Text),
    Column("quantity_milli", BigInteger, nullable=False, comment="thousandths, so that weights are whole numbers"),
    Column("unit_price_minor", BigInteger),
    Column("discount_minor", BigInteger),
    Column("amount_minor", BigInteger, nullable=False),
    Column("content_hash", BigInteger, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    key("consent_id"),
    Column("fingerprint", BigInteger, nullable=False, unique=True, comment="of everything said, so it is said once"),
    Column("record_id", BigInt, ForeignKey("records.record_id"), nullable=False),
    Column("contact_kind", Text, nullable=False),
    Column("contact_key", Text, comment="the contact point, in the form it is matched on"),
    Column("channel", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("basis", Text),
    Column("evidence", Text),
    Column("occurred_at", Instant),
    Column("recorded_at", Instant, nullable=False),
    Index(None, "record_id"),
)
