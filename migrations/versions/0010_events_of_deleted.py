"""whether events of deleted records count, by source"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "sources",
        sa.Column(
            "events_of_deleted",
            sa.Text(),
            nullable=False,
            server_default="keep",
            comment="keep: events of records that are gone count; drop: they do not",
        ),
    )


def downgrade() -> None:
    op.drop_column("sources", "events_of_deleted")
