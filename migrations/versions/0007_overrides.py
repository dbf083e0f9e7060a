"""what people set in golden records"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_BEFORE, _AFTER = "'comment', 'undo'", "'comment', 'override', 'undo'"
_KINDS = "kind IN ('merge', 'not_same', 'split', 'confirm', {}, 'approve')"


def upgrade() -> None:
    _allow(_BEFORE, _AFTER)
    op.create_table(
        "decision_values",
        sa.Column("decision_id", _BIG, nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="a column of records"),
        sa.Column("field_group", sa.Text(), nullable=False, comment="the group of fields it survives with"),
        sa.Column("value", sa.Text(), nullable=True, comment="null: there is none"),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.decision_id"], name=op.f("fk_decision_values_decision_id_decisions")
        ),
        sa.PrimaryKeyConstraint("decision_id", "name", name=op.f("pk_decision_values")),
    )
    op.create_table(
        "overrides",
        sa.Column("record_id", _BIG, nullable=False),
        sa.Column(
            "content",
            sa.Text(),
            nullable=False,
            comment="JSON: by group of fields, the decision, its author, the values",
        ),
        sa.ForeignKeyConstraint(["record_id"], ["records.record_id"], name=op.f("fk_overrides_record_id_records")),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_overrides")),
    )


def downgrade() -> None:
    """What was set is lost, and so are the decisions that set it, with the undos of them."""
    op.drop_table("overrides")
    op.drop_table("decision_values")
    lost = (
        "WITH RECURSIVE lost(decision_id) AS (SELECT decision_id FROM decisions WHERE kind = 'override'"
        " UNION SELECT d.decision_id FROM decisions AS d JOIN lost ON d.about = lost.decision_id)"
        " SELECT decision_id FROM lost"
    )
    for table in ("decision_records", "decisions"):
        op.execute(f"DELETE FROM {table} WHERE decision_id IN ({lost})")  # noqa: S608
    _allow(_AFTER, _BEFORE)


def _allow(before: str, after: str) -> None:
    """Let decisions be of other kinds.

    On SQLite a table that others refer to cannot be made anew while foreign keys are checked; what a check says may be
    written into the schema, which is all it is (https://www.sqlite.org/lang_altertable.html, "changes that do not
    affect the on-disk content").
    """
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_decisions_kind"), "decisions", type_="check")
        op.create_check_constraint(op.f("ck_decisions_kind"), "decisions", _KINDS.format(after))
        return
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema=ON")
    change = "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'decisions'"
    connection.exec_driver_sql(change, (before, after))
    connection.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema=OFF")
