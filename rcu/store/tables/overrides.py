"""What people set in golden records."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from rcu.store.tables.base import BigInt, metadata

decision_values = Table(
    "decision_values",
    metadata,
    Column("decision_id", BigInt, ForeignKey("decisions.decision_id"), primary_key=True),
    Column("name", Text, primary_key=True, comment="a column of records"),
    Column("field_group", Text, nullable=False, comment="the group of fields it survives with"),
    Column("value", Text, comment="null: there is none"),
    Index(None, "name", "value", postgresql_ops={"value": "text_pattern_ops"}),
)

overrides = Table(
    "overrides",
    metadata,
    Column("record_id", BigInt, ForeignKey("records.record_id"), primary_key=True),
    Column("content", Text, nullable=False, comment="JSON: by group of fields, the decision, its author, the values"),
)
"""What is set by decisions in force, by the record it is tied to; it follows from the log."""
