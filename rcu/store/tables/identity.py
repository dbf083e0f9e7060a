"""Who is whom: records, what matching keeps of them, what people decided, models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
    column,
    func,
    literal_column,
)

from rcu.domain.hashes import HASHES
from rcu.domain.records import STANDARD_COLUMNS
from rcu.store.tables.base import BigInt, key, metadata
from rcu.store.types import Instant


def beginning(*names: str, then: Sequence[str] = (), where: ColumnElement[bool] | None = None) -> Index:
    """An index by which texts are found by how they begin, whatever the order of letters in the database is.

    Equal ones are found by it as by any other, in the order of the columns that come `then`. See `sql.at_least`.
    """
    return Index(
        None,
        *names,
        *then,
        postgresql_ops=dict.fromkeys(names, "text_pattern_ops"),
        postgresql_where=where,
        sqlite_where=where,
    )


def tail(number: ColumnElement[str]) -> ColumnElement[str]:
    """The last four characters of a text that has four, as both databases say it."""
    return func.substr(number, func.length(number) - literal_column("3"))


def _of_some(name: str) -> Index:
    """An index of the records that have a value."""
    there = column(name).is_not(None)
    return Index(None, name, postgresql_where=there, sqlite_where=there)


records = Table(
    "records",
    metadata,
    key("record_id"),
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
    Column("erased_at", Instant, comment="its person was erased: the row stays for its id and its age alone"),
    UniqueConstraint("source", "native_id"),
    *(beginning(name, then=("record_id",)) for name in ("email_key", "mobile", "landline", "loyalty_number")),
    beginning("last_name_key", "first_name_key", "postcode", "city_key"),
    beginning("first_name_key", "last_name_key", "postcode", "city_key"),
    beginning("birth_name_key", "first_name_key", where=column("birth_name_key").is_not(None)),
    Index(None, "birth_date"),
    *(Column(one.name, BigInteger, comment=f"of {one.of}: what is kept of its SHA-256") for one in HASHES),
    *(_of_some(one.name) for one in HASHES),
)
TAILS: Final = {"mobile": tail(records.c.mobile), "landline": tail(records.c.landline)}
"""The last four digits of a number: by what is left of it on a receipt."""
for _name, _tail in TAILS.items():
    _there = records.c[_name].is_not(None)
    Index(f"ix_records_{_name}_tail", _tail, postgresql_where=_there, sqlite_where=_there)
waiting = Table(
    "waiting",
    metadata,
    Column("record_id", BigInteger, primary_key=True, autoincrement=False),
    Column("to_match", Boolean, nullable=False, comment="changed since it was last matched; else only since projected"),
    sqlite_with_rowid=False,
)
"""The records that wait for a run. No foreign key: the first import writes a row for every record."""

records_before = Table(
    "records_before",
    metadata,
    Column("record_id", BigInt, ForeignKey("records.record_id"), primary_key=True),
    *(Column(name, Text) for name in STANDARD_COLUMNS),
    Index(None, "email_key"),
    Index(None, "mobile"),
    Index(None, "landline"),
    Index(None, "loyalty_number"),
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
    key("decision_id"),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False, comment="who decided"),
    Column("reason", Text, nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("about", BigInt, ForeignKey("decisions.decision_id"), comment="the decision that is undone or approved"),
    Column("needs_approval", Boolean, nullable=False, comment="without effect until another person approves it"),
    CheckConstraint(
        "kind IN ('merge', 'not_same', 'split', 'confirm', 'comment', 'override', 'undo', 'approve')", name="kind"
    ),
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
    key("adoption_id"),
    Column("model_id", Text, ForeignKey("match_models.model_id"), comment="null: back to the model of the settings"),
    Column("adopted_at", Instant, nullable=False),
    Column("adopted_by", Text, nullable=False),
)
