"""entries of the access log are indexed by customer within parts of 4,096, so that each takes less to write"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_access_log_part", "access_log", [sa.text("(entry_id >> 12)"), "customer_id"])
    op.drop_index(op.f("ix_access_log_customer_id_entry_id"), "access_log")


def downgrade() -> None:
    op.create_index(op.f("ix_access_log_customer_id_entry_id"), "access_log", ["customer_id", "entry_id"])
    op.drop_index("ix_access_log_part", "access_log")
