"""who has a value that somebody set is found by index"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_decision_values_name_value"), "decision_values", ["name", "value"])


def downgrade() -> None:
    op.drop_index(op.f("ix_decision_values_name_value"), table_name="decision_values")
