"""who has a birth date is found by index"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_records_birth_date"), "records", ["birth_date"])


def downgrade() -> None:
    op.drop_index(op.f("ix_records_birth_date"), table_name="records")
