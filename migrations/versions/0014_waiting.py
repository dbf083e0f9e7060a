"""which records wait is in a table of its own"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_MARKS = ("to_match", "to_project")
_COMMENTS = {"to_match": "changed since it was last matched", "to_project": "its profile is older than its data"}


def upgrade() -> None:
    op.create_table(
        "waiting",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "to_match",
            sa.Boolean(),
            nullable=False,
            comment="changed since it was last matched; else only since projected",
        ),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_waiting")),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO waiting SELECT record_id, to_match FROM records WHERE to_match OR to_project")
    op.drop_index("ix_records_waiting", "records")
    for name in _MARKS:
        op.drop_column("records", name)


def downgrade() -> None:
    for name in _MARKS:
        op.add_column(
            "records",
            sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false(), comment=_COMMENTS[name]),
        )
    op.execute(
        "UPDATE records SET to_project = (1 = 1), to_match = (SELECT to_match FROM waiting AS w"
        " WHERE w.record_id = records.record_id) WHERE record_id IN (SELECT record_id FROM waiting)"
    )
    waits = sa.text("to_match OR to_project")
    op.create_index(op.f("ix_records_waiting"), "records", ["record_id"], postgresql_where=waits, sqlite_where=waits)
    op.drop_table("waiting")
