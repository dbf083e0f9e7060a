"""what changed records said before, and when customers were last seen, can be looked up"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_BEFORE = ("email_key", "mobile", "landline", "loyalty_number")


def upgrade() -> None:
    for name in _BEFORE:
        op.create_index(op.f(f"ix_records_before_{name}"), "records_before", [name])
    op.create_index(op.f("ix_customers_last_seen_at"), "customers", ["last_seen_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_customers_last_seen_at"), "customers")
    for name in _BEFORE:
        op.drop_index(op.f(f"ix_records_before_{name}"), "records_before")
