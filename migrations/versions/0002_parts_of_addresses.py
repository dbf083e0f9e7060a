"""parts of addresses, kinds of contact points, and what cleaning has to say"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ADDED = (
    "likely_gender",
    "email_kind",
    "email_suggestion",
    "other_phones",
    "building",
    "street_suffix",
    "street_type",
    "street_name",
    "place",
    "cedex",
    "commune_insee",
    "name_notes",
    "birth_date_notes",
    "email_notes",
    "mobile_notes",
    "landline_notes",
    "address_notes",
)


def upgrade() -> None:
    for name in ADDED:
        op.add_column("records", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("records") as records:
        for name in reversed(ADDED):
            records.drop_column(name)
