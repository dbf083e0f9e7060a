"""what matching keeps to work out a change at once"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STANDARD = (
    "record_kind", "civility", "gender", "likely_gender", "first_name", "first_name_key", "first_name_root",
    "last_name", "last_name_key", "last_name_sound", "birth_name", "birth_name_key", "company", "birth_date",
    "loyalty_number", "email", "email_key", "email_kind", "email_suggestion", "mobile", "landline",
    "other_phones", "address_complement", "building", "street", "street_number", "street_suffix", "street_type",
    "street_name", "street_key", "place", "postcode", "city", "city_key", "cedex", "commune_insee", "country",
    "name_quality", "birth_date_quality", "email_quality", "mobile_quality", "landline_quality",
    "address_quality", "name_notes", "birth_date_notes", "email_notes", "mobile_notes", "landline_notes",
    "address_notes",
)  # fmt: skip


def upgrade() -> None:
    op.add_column(
        "runs",
        sa.Column(
            "score_basis", sa.Text(), nullable=True, comment="JSON: what scores are measured against until the next run"
        ),
    )
    op.create_table(
        "records_before",
        sa.Column("record_id", _BIG, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in _STANDARD),
        sa.ForeignKeyConstraint(["record_id"], ["records.record_id"], name=op.f("fk_records_before_record_id_records")),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_records_before")),
    )
    waiting = sa.text("to_match OR to_project")
    op.create_index(
        op.f("ix_records_waiting"), "records", ["record_id"], postgresql_where=waiting, sqlite_where=waiting
    )
    op.create_table(
        "blocking_keys",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False, comment="of a block, whatever its rule"),
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", "record_id", name=op.f("pk_blocking_keys")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "value_counts",
        sa.Column("name", sa.Text(), nullable=False, comment="a column of records"),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False, comment="matched records that have the value"),
        sa.PrimaryKeyConstraint("name", "value", name=op.f("pk_value_counts")),
    )
    op.create_table(
        "steward_links",
        sa.Column("left_id", _BIG, nullable=False),
        sa.Column("right_id", _BIG, nullable=False),
        sa.Column("together", sa.Boolean(), nullable=False, comment="true: must-link; false: cannot-link"),
        sa.CheckConstraint("left_id < right_id", name=op.f("ck_steward_links_ordered")),
        sa.ForeignKeyConstraint(["left_id"], ["records.record_id"], name=op.f("fk_steward_links_left_id_records")),
        sa.ForeignKeyConstraint(["right_id"], ["records.record_id"], name=op.f("fk_steward_links_right_id_records")),
        sa.PrimaryKeyConstraint("left_id", "right_id", name=op.f("pk_steward_links")),
    )
    op.create_index(op.f("ix_steward_links_right_id"), "steward_links", ["right_id"])
    with op.batch_alter_table("identifier_frequency") as table:
        table.alter_column("identifier", comment="a column of records")
        table.alter_column("value", comment="a value that is nobody's")
    # The next run finds no basis in the last one, and works everything out and fills these tables.
    op.execute("DELETE FROM identifier_frequency WHERE identifier LIKE 'block: %'")


def downgrade() -> None:
    op.drop_index(op.f("ix_records_waiting"), "records")
    for name in ("steward_links", "value_counts", "blocking_keys", "records_before"):
        op.drop_table(name)
    with op.batch_alter_table("identifier_frequency") as table:
        table.alter_column("identifier", comment="a column of records, or block: and a blocking rule")
        table.alter_column("value", comment="a value carried by too many names, or the key of a block that is split")
    op.drop_column("runs", "score_basis")
