"""events of visitors who are not named, or are named later"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_COLUMNS = ["source", "visitor_id", "occurred_at"]
_VISITOR = "visitor_id IS NOT NULL"
_TIE = f"{_VISITOR} AND record_id IS NOT NULL AND NOT by_visitor"


def upgrade() -> None:
    op.add_column(
        "events", sa.Column("visitor_id", sa.Text(), nullable=True, comment="the source's id of a browser or device")
    )
    op.add_column(
        "events",
        sa.Column(
            "by_visitor",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="no record is named: it is whose the visitor was",
        ),
    )
    for name, where in (("ix_events_visitor", _VISITOR), ("ix_events_tie", _TIE)):
        op.create_index(name, "events", _COLUMNS, postgresql_where=sa.text(where), sqlite_where=sa.text(where))


def downgrade() -> None:
    for name in ("ix_events_tie", "ix_events_visitor"):
        op.drop_index(name, table_name="events")
    op.drop_column("events", "by_visitor")
    op.drop_column("events", "visitor_id")
