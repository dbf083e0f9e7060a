"""of the records that carry an identifier, the oldest are found first"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_IDENTIFIERS = ("email_key", "mobile", "landline", "loyalty_number")


def upgrade() -> None:
    for name in _IDENTIFIERS:
        _replace([name], [name, "record_id"])


def downgrade() -> None:
    for name in _IDENTIFIERS:
        _replace([name, "record_id"], [name])


def _replace(names: list[str], others: list[str]) -> None:
    op.drop_index(op.f(f"ix_records_{'_'.join(names)}"), "records", if_exists=True)
    op.create_index(
        op.f(f"ix_records_{'_'.join(others)}"), "records", others, postgresql_ops={others[0]: "text_pattern_ops"}
    )
