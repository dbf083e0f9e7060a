"""steward decisions"""

import sqlalchemy as sa
from alembic import op

from rcu.store.types import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("decision_id", _BIG, sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False, comment="who decided"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.Column("about", _BIG, nullable=True, comment="the decision that is undone or approved"),
        sa.Column(
            "needs_approval", sa.Boolean(), nullable=False, comment="without effect until another person approves it"
        ),
        sa.CheckConstraint(
            "kind IN ('merge', 'not_same', 'split', 'confirm', 'comment', 'undo', 'approve')",
            name=op.f("ck_decisions_kind"),
        ),
        sa.ForeignKeyConstraint(["about"], ["decisions.decision_id"], name=op.f("fk_decisions_about_decisions")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_about"), "decisions", ["about"])
    op.create_table(
        "decision_links",
        sa.Column("decision_id", _BIG, nullable=False),
        sa.Column("left_id", _BIG, nullable=False),
        sa.Column("right_id", _BIG, nullable=False),
        sa.Column("together", sa.Boolean(), nullable=False, comment="true: must-link; false: cannot-link"),
        sa.CheckConstraint("left_id < right_id", name=op.f("ck_decision_links_ordered")),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.decision_id"], name=op.f("fk_decision_links_decision_id_decisions")
        ),
        sa.ForeignKeyConstraint(["left_id"], ["records.record_id"], name=op.f("fk_decision_links_left_id_records")),
        sa.ForeignKeyConstraint(["right_id"], ["records.record_id"], name=op.f("fk_decision_links_right_id_records")),
        sa.PrimaryKeyConstraint("decision_id", "left_id", "right_id", name=op.f("pk_decision_links")),
    )
    op.create_table(
        "decision_records",
        sa.Column("decision_id", _BIG, nullable=False),
        sa.Column("record_id", _BIG, nullable=False),
        sa.Column(
            "content_hash",
            sa.BigInteger(),
            nullable=False,
            comment="of the record as it was when it was decided",
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.decision_id"], name=op.f("fk_decision_records_decision_id_decisions")
        ),
        sa.ForeignKeyConstraint(
            ["record_id"], ["records.record_id"], name=op.f("fk_decision_records_record_id_records")
        ),
        sa.PrimaryKeyConstraint("decision_id", "record_id", name=op.f("pk_decision_records")),
    )
    op.create_index(op.f("ix_decision_records_record_id"), "decision_records", ["record_id"])


def downgrade() -> None:
    op.drop_table("decision_records")
    op.drop_table("decision_links")
    op.drop_table("decisions")
