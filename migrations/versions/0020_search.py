"""records are found by how their names, identifiers and phone numbers begin, and by the last digits of a number"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_NAMES = (
    (("last_name_key", "first_name_key", "postcode", "city_key"), None),
    (("first_name_key", "last_name_key", "postcode", "city_key"), None),
    (("birth_name_key", "first_name_key"), "birth_name_key IS NOT NULL"),
)
_THERE = (
    ("records", ("email_key",)),
    ("records", ("mobile",)),
    ("records", ("landline",)),
    ("records", ("loyalty_number",)),
    ("decision_values", ("name", "value")),
)
"""Indexes that were in the order of the database's language: by it no beginning is found."""


def upgrade() -> None:
    _make_again(lambda names: {names[-1]: "text_pattern_ops"})
    for names, where in _NAMES:
        op.create_index(
            op.f(f"ix_records_{'_'.join(names)}"),
            "records",
            list(names),
            postgresql_ops=dict.fromkeys(names, "text_pattern_ops"),
            postgresql_where=where and sa.text(where),
            sqlite_where=where and sa.text(where),
        )
    for name in ("mobile", "landline"):
        there = sa.text(f"{name} IS NOT NULL")
        tail = sa.text(f"substr({name}, length({name}) - 3)")
        op.create_index(f"ix_records_{name}_tail", "records", [tail], postgresql_where=there, sqlite_where=there)


def _make_again(ops) -> None:
    if op.get_bind().dialect.name != "postgresql":  # SQLite has one order of letters
        return
    for table, names in _THERE:
        name = op.f(f"ix_{table}_{'_'.join(names)}")
        op.drop_index(name, table, if_exists=True)
        op.create_index(name, table, list(names), postgresql_ops=ops(names))


def downgrade() -> None:
    for name in ("landline", "mobile"):
        op.drop_index(f"ix_records_{name}_tail", "records", if_exists=True)
    for names, _ in reversed(_NAMES):
        op.drop_index(op.f(f"ix_records_{'_'.join(names)}"), "records", if_exists=True)
    _make_again(lambda _: {})
