"""matching models with the history of their adoption, and the quality of clusters"""

import sqlalchemy as sa
from alembic import op

from rcu.store.types import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "match_models",
        sa.Column("model_id", sa.Text(), nullable=False, comment="fingerprint: models with the same decide alike"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column(
            "learnt", sa.Text(), nullable=True, comment="what it was learnt from, JSON; null: nothing, people wrote it"
        ),
        sa.Column("content", sa.Text(), nullable=False, comment="the model file, JSON"),
        sa.PrimaryKeyConstraint("model_id", name=op.f("pk_match_models")),
    )
    op.create_table(
        "model_adoptions",
        sa.Column(
            "adoption_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("model_id", sa.Text(), nullable=True, comment="null: back to the model of the settings"),
        sa.Column("adopted_at", Instant(), nullable=False),
        sa.Column("adopted_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["match_models.model_id"], name=op.f("fk_model_adoptions_model_id_match_models")
        ),
        sa.PrimaryKeyConstraint("adoption_id", name=op.f("pk_model_adoptions")),
    )
    op.create_table(
        "cluster_quality",
        sa.Column("cluster_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False, comment="two or more: a record alone has no quality"),
        sa.Column(
            "weakest_weight",
            sa.Double(),
            nullable=False,
            comment="log2 odds of the weakest link that holds it together",
        ),
        sa.Column(
            "contradictions",
            sa.BigInteger(),
            nullable=False,
            comment="pairs inside that the model says are not one person",
        ),
        sa.Column("refused", sa.BigInteger(), nullable=False, comment="links to other records that were not followed"),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["records.record_id"], name=op.f("fk_cluster_quality_cluster_id_records")
        ),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_cluster_quality")),
    )


def downgrade() -> None:
    op.drop_table("cluster_quality")
    op.drop_table("model_adoptions")
    op.drop_table("match_models")
