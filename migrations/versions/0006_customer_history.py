"""what customers were, and what changed them"""

import sqlalchemy as sa
from alembic import op

from rcu.store.types import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column(
        "records",
        sa.Column(
            "erased_at",
            Instant(),
            nullable=True,
            comment="its person was erased: the row stays for its id and its age alone",
        ),
    )
    causes = "what made this version: run, record, decision, undo, approve; null: not known"
    op.add_column("customers", sa.Column("cause", sa.Text(), nullable=True, comment=causes))
    op.add_column(
        "customers", sa.Column("cause_number", sa.BigInteger(), nullable=True, comment="of the run or decision")
    )
    op.add_column("customers", sa.Column("cause_actor", sa.Text(), nullable=True))
    op.create_table(
        "customer_history",
        sa.Column("cluster_id", _BIG, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False, comment="the profile document as it was, byte for byte"),
        sa.Column("from_at", Instant(), nullable=False, comment="true from here on"),
        sa.Column("until_at", Instant(), nullable=False, comment="not true any more from here on"),
        sa.Column(
            "cause",
            sa.Text(),
            nullable=True,
            comment="what made it: run, record, decision, undo, approve; null: not known",
        ),
        sa.Column("cause_number", sa.BigInteger(), nullable=True, comment="of the run or decision"),
        sa.Column("cause_actor", sa.Text(), nullable=True),
        sa.Column(
            "now_cluster_id",
            sa.BigInteger(),
            nullable=False,
            comment="itself: replaced; another one: merged into it",
        ),
        sa.Column("ended_cause", sa.Text(), nullable=True),
        sa.Column("ended_number", sa.BigInteger(), nullable=True),
        sa.Column("ended_actor", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["records.record_id"], name=op.f("fk_customer_history_cluster_id_records")
        ),
        sa.PrimaryKeyConstraint("cluster_id", "version", name=op.f("pk_customer_history")),
    )
    op.create_table(
        "memberships_before",
        sa.Column("move_id", _BIG, sa.Identity(always=False), nullable=False),
        sa.Column("record_id", _BIG, nullable=False),
        sa.Column("cluster_id", _BIG, nullable=False, comment="the cluster it was in"),
        sa.Column("until_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["records.record_id"], name=op.f("fk_memberships_before_record_id_records")
        ),
        sa.PrimaryKeyConstraint("move_id", name=op.f("pk_memberships_before")),
    )
    op.create_index(op.f("ix_memberships_before_record_id"), "memberships_before", ["record_id"])


def downgrade() -> None:
    op.drop_table("memberships_before")
    op.drop_table("customer_history")
    for name in ("cause_actor", "cause_number", "cause"):
        op.drop_column("customers", name)
    op.drop_column("records", "erased_at")
