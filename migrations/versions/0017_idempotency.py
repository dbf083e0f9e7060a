"""requests that are sent again under the same key are answered as the first one was"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("name", sa.Text(), nullable=False, comment="digest of the API key's name and what the caller gave"),
        sa.Column("request", sa.Text(), nullable=False, comment="digest of method, address and body"),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True, comment="null while the request is under way"),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_began_at"), "idempotency_keys", ["began_at"])


def downgrade() -> None:
    op.drop_table("idempotency_keys")
