"""The tables, one schema for both databases.

Money is held in minor units (cents) as whole numbers, so sums are exact on both databases; instants are UTC.
Text that is only ever handed out whole (profile documents, raw rows) is text. Names of people, phones and the like
are only in `records`, `raw_batches`, `quarantine`, `consents` and `customers`.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    or_,
)

from rcu.domain.records import STANDARD_COLUMNS
from rcu.store.types import Instant

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BigInt: Final = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only for a column declared INTEGER."""


def _key(name: str) -> Column[int]:
    return Column(name, BigInt, Identity(), primary_key=True)


sources = Table(
    "sources",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("settings", Text, nullable=False, comment="JSON, without secrets"),
    Column("rank", Integer, nullable=False, comment="survivorship: the lower, the more trusted"),
    Column("created_at", Instant, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    _key("run_id"),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("model", Text, comment="fingerprint of the matching model"),
    Column("as_of", Instant, comment="the instant the data speak of: their latest event or update"),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("summary", Text, comment="JSON: counts and seconds of each step"),
    Column("score_basis", Text, comment="JSON: what scores are measured against until the next run"),
)

raw_files = Table(
    "raw_files",
    metadata,
    _key("file_id"),
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
    _key("quarantine_id"),
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

records = Table(
    "records",
    metadata,
    _key("record_id"),
    Column("birth_id", Text, nullable=False, unique=True, comment="UUIDv7 given when the record first arrived"),
    Column("source", Text, ForeignKey("sources.name"), nullable=False),
    Column("native_id", Text, nullable=False),
    *(Column(name, Text) for name in STANDARD_COLUMNS),
    Column("store", Text),
    Column("is_guest", Boolean, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("absent", Boolean, nullable=False, comment="not in the source's last full export"),
    Column("created_at", Instant),
    Column("updated_at", Instant),
    Column("raw", Text, nullable=False, comment="the personal fields as the source wrote them, JSON"),
    Column("content_hash", BigInteger, nullable=False),
    Column("raw_address", Text, comment="the fields of a separately delivered address, JSON"),
    Column("address_hash", BigInteger),
    Column("address_updated_at", Instant),
    Column("arrived_at", Instant, nullable=False),
    Column("to_match", Boolean, nullable=False, comment="changed since it was last matched"),
    Column("to_project", Boolean, nullable=False, comment="its profile is older than its data"),
    UniqueConstraint("source", "native_id"),
    Index(None, "email_key"),
    Index(None, "mobile"),
    Index(None, "landline"),
    Index(None, "loyalty_number"),
)
WAITS: Final = or_(records.c.to_match, records.c.to_project)
Index("ix_records_waiting", records.c.record_id, postgresql_where=WAITS, sqlite_where=WAITS)

records_before = Table(
    "records_before",
    metadata,
    Column("record_id", BigInt, ForeignKey("records.record_id"), primary_key=True),
    *(Column(name, Text) for name in STANDARD_COLUMNS),
)
"""What changed records said when they were last matched; gone once they are matched again."""

blocking_keys = Table(
    "blocking_keys",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False, comment="of a block, whatever its rule"),
    Column("record_id", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Who is in which block. No foreign key: it is millions of rows that only matching writes."""

identifier_frequency = Table(
    "identifier_frequency",
    metadata,
    Column("identifier", Text, primary_key=True, comment="a column of records"),
    Column("value", Text, primary_key=True, comment="a value that is nobody's"),
)

value_counts = Table(
    "value_counts",
    metadata,
    Column("name", Text, primary_key=True, comment="a column of records"),
    Column("value", Text, primary_key=True),
    Column("records", BigInteger, nullable=False, comment="matched records that have the value"),
)

links = Table(
    "links",
    metadata,
    Column("left_id", BigInt, ForeignKey("records.record_id"), primary_key=True),
    Column("right_id", BigInt, ForeignKey("records.record_id"), primary_key=True),
    Column("weight", Double, nullable=False, comment="log2 odds of one person"),
    Column("pattern", Text, nullable=False, comment="a character a comparison: its level, or - without evidence"),
    CheckConstraint("left_id < right_id", name="ordered"),
    Index(None, "right_id"),
)

memberships = Table(
    "memberships",
    metadata,
    Column("record_id", BigInt, ForeignKey("records.record_id"), primary_key=True),
    Column("cluster_id", BigInt, nullable=False, comment="record_id of the oldest record of the cluster"),
    Index(None, "cluster_id"),
)

cluster_quality = Table(
    "cluster_quality",
    metadata,
    Column("cluster_id", BigInt, ForeignKey("records.record_id"), primary_key=True),
    Column("records", BigInteger, nullable=False, comment="two or more: a record alone has no quality"),
    Column("weakest_weight", Double, nullable=False, comment="log2 odds of the weakest link that holds it together"),
    Column("contradictions", BigInteger, nullable=False, comment="pairs inside that the model says are not one person"),
    Column("refused", BigInteger, nullable=False, comment="links to other records that were not followed"),
)

decisions = Table(
    "decisions",
    metadata,
    _key("decision_id"),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False, comment="who decided"),
    Column("reason", Text, nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("about", BigInt, ForeignKey("decisions.decision_id"), comment="the decision that is undone or approved"),
    Column("needs_approval", Boolean, nullable=False, comment="without effect until another person approves it"),
    CheckConstraint("kind IN ('merge', 'not_same', 'split', 'confirm', 'comment', 'undo', 'approve')", name="kind"),
    Index(None, "about"),
)

decision_links = Table(
    "decision_links",
    metadata,
    Column("decision_id", BigInt, ForeignKey("decisions.decision_id"), primary_key=True),
    Column("left_id", BigInt, ForeignKey("records.record_id"), primary_key=True),
    Column("right_id", BigInt, ForeignKey("records.record_id"), primary_key=True),
    Column("together", Boolean, nullable=False, comment="true: must-link; false: cannot-link"),
    CheckConstraint("left_id < right_id", name="ordered"),
)

steward_links = Table(
    "steward_links",
    metadata,
    Column("left_id", BigInt, ForeignKey("records.record_id"), primary_key=True),
    Column("right_id", BigInt, ForeignKey("records.record_id"), primary_key=True),
    Column("together", Boolean, nullable=False, comment="true: must-link; false: cannot-link"),
    CheckConstraint("left_id < right_id", name="ordered"),
    Index(None, "right_id"),
)
"""The links of the decisions in force; they follow from the log."""

decision_records = Table(
    "decision_records",
    metadata,
    Column("decision_id", BigInt, ForeignKey("decisions.decision_id"), primary_key=True),
    Column("record_id", BigInt, ForeignKey("records.record_id"), primary_key=True),
    Column("content_hash", BigInteger, nullable=False, comment="of the record as it was when it was decided"),
    Index(None, "record_id"),
)

match_models = Table(
    "match_models",
    metadata,
    Column("model_id", Text, primary_key=True, comment="fingerprint: models with the same decide alike"),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("learnt", Text, comment="what it was learnt from, JSON; null: nothing, people wrote it"),
    Column("content", Text, nullable=False, comment="the model file, JSON"),
)

model_adoptions = Table(
    "model_adoptions",
    metadata,
    _key("adoption_id"),
    Column("model_id", Text, ForeignKey("match_models.model_id"), comment="null: back to the model of the settings"),
    Column("adopted_at", Instant, nullable=False),
    Column("adopted_by", Text, nullable=False),
)

customers = Table(
    "customers",
    metadata,
    Column("cluster_id", BigInt, ForeignKey("records.record_id"), primary_key=True),
    Column("customer_id", Text, nullable=False, unique=True, comment="birth id of the oldest record"),
    Column("version", BigInteger, nullable=False),
    Column("digest", Text, nullable=False, comment="of the profile's bytes: the strong ETag"),
    Column("profile", Text, nullable=False, comment="the profile document, JSON, handed out as stored"),
    Column("household_key", Text, comment="surname and address, hashed; null when either is unknown"),
    Column("last_seen_at", Instant, comment="the last update of a record, order or click"),
    Column("updated_at", Instant, nullable=False),
    Index(None, "household_key"),
)

events = Table(
    "events",
    metadata,
    _key("event_id"),
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
    UniqueConstraint("source", "native_id"),
    Index(None, "record_id"),
)

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
    _key("consent_id"),
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

api_keys = Table(
    "api_keys",
    metadata,
    _key("key_id"),
    Column("name", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False, unique=True, comment="SHA-256 of the key; the key itself is never stored"),
    Column("scopes", Text, nullable=False, comment="space-separated"),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)
