"""profiles tell why customers are a household: the next run writes those of households anew"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _mark()


def downgrade() -> None:
    _mark()


def _mark() -> None:
    """A customer is numbered after its oldest record."""
    op.execute(
        "UPDATE records SET to_project = true WHERE record_id IN (SELECT cluster_id FROM customers"
        " WHERE household_key IN (SELECT household_key FROM customers WHERE household_key IS NOT NULL"
        " GROUP BY household_key HAVING count(*) > 1))"
    )
