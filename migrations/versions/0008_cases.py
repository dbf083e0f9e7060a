"""the review queue"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("case_id", _BIG, sa.Identity(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="kind and subject: there is one case of each"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="customer ids, a decision, or a digest"),
        sa.Column(
            "version", sa.BigInteger(), nullable=False, comment="rises with whatever somebody must know before acting"
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="of the evidence, by numbers of records"),
        sa.Column("evidence", sa.Text(), nullable=False, comment="JSON: keys of records, ids, words; no personal data"),
        sa.Column("priority", sa.Double(), nullable=False, comment="uncertainty times what is at stake"),
        sa.Column("revenue_minor", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", _INSTANT, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.Column("assigned_to", sa.Text(), nullable=True),
        sa.Column("due_at", _INSTANT, nullable=True),
        sa.Column("deferred_until", _INSTANT, nullable=True),
        sa.Column("closed_at", _INSTANT, nullable=True),
        sa.Column("closed_why", sa.Text(), nullable=True),
        sa.Column(
            "by_hand",
            sa.Boolean(),
            nullable=False,
            comment="closed by somebody: it stays so until the evidence changes",
        ),
        sa.CheckConstraint("state IN ('open', 'deferred', 'closed')", name=op.f("ck_cases_state")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_cases")),
        sa.UniqueConstraint("name", name=op.f("uq_cases_name")),
    )
    waiting = sa.text("state != 'closed'")
    queue = [sa.text("priority DESC"), "case_id"]
    op.create_index("ix_cases_queue", "cases", queue, postgresql_where=waiting, sqlite_where=waiting)
    op.create_table(
        "case_customers",
        sa.Column("case_id", _BIG, nullable=False),
        sa.Column("cluster_id", _BIG, nullable=False, comment="of a customer the case is about"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_case_customers_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "cluster_id", name=op.f("pk_case_customers")),
    )
    op.create_index(op.f("ix_case_customers_cluster_id"), "case_customers", ["cluster_id"])
    op.create_table(
        "case_events",
        sa.Column("event_id", _BIG, sa.Identity(), nullable=False),
        sa.Column("case_id", _BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False, comment="who did it; machine where nobody did"),
        sa.Column("detail", sa.Text(), nullable=True, comment="to whom, until when, why"),
        sa.Column("at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_case_events_case_id_cases")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_case_events")),
    )
    op.create_index(op.f("ix_case_events_case_id"), "case_events", ["case_id"])
    op.create_table(
        "weak_customers",
        sa.Column("cluster_id", _BIG, autoincrement=False, nullable=False),
        sa.Column(
            "weakest_weight", sa.Double(), nullable=False, comment="as it was when the customer was last published"
        ),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_weak_customers")),
    )
    # Which of them are weak hangs on the model: those that are not go when they are next worked out.
    op.execute("INSERT INTO weak_customers SELECT cluster_id, weakest_weight FROM cluster_quality")
    # The next run works everything out: it opens the cases of all customers.
    op.execute("UPDATE runs SET score_basis = NULL")


def downgrade() -> None:
    for name in ("weak_customers", "case_events", "case_customers", "cases"):
        op.drop_table(name)
