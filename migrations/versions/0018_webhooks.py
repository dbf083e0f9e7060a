"""the feed tells of consents; webhooks"""

import hashlib

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.DateTime(timezone=True)
_AT_ONCE = 5_000


def upgrade() -> None:
    comment = "of what the profile permits; empty: nothing is said"
    op.add_column(
        "customers", sa.Column("consents_digest", sa.Text(), nullable=False, server_default="", comment=comment)
    )
    _tell_consents()
    op.create_table(
        "webhooks",
        sa.Column("webhook_id", _BIG, sa.Identity(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("kinds", sa.Text(), nullable=False, comment="of changes, space-separated; empty: all"),
        sa.Column("secret", sa.Text(), nullable=False, comment="hexadecimal; what is sent is signed with it"),
        sa.Column("former_secret", sa.Text(), nullable=True, comment="the one before, which signs too until it ends"),
        sa.Column("former_until", _INSTANT, nullable=True),
        sa.Column("state", sa.Text(), nullable=False, comment="enabled, disabled"),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False, comment="the last change deliveries were made of"),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("disabled_at", _INSTANT, nullable=True),
        sa.Column("disabled_why", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('enabled', 'disabled')", name=op.f("ck_webhooks_state")),
        sa.PrimaryKeyConstraint("webhook_id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", _BIG, sa.Identity(), nullable=False),
        sa.Column("webhook_id", _BIG, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True, comment="of the change; null: a test"),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("now_customer_id", sa.Text(), nullable=True),
        sa.Column("changed_at", _INSTANT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="waiting, delivered, dead"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", _INSTANT, nullable=False, comment="not tried before then"),
        sa.Column("tried_at", _INSTANT, nullable=True, comment="the last attempt"),
        sa.Column("last_status", sa.Integer(), nullable=True, comment="what the receiver answered"),
        sa.Column("last_error", sa.Text(), nullable=True, comment="the kind of error"),
        sa.Column("milliseconds", sa.BigInteger(), nullable=True, comment="what the last attempt took"),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'dead')", name=op.f("ck_deliveries_state")),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.webhook_id"], name=op.f("fk_deliveries_webhook_id_webhooks")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("webhook_id", "sequence", name=op.f("uq_deliveries_webhook_id_sequence")),
    )
    for name, columns, state in (
        ("ix_deliveries_due", ["webhook_id", "next_at"], sa.text("state = 'waiting'")),
        ("ix_deliveries_open", ["webhook_id", "customer_id", "sequence"], sa.text("state != 'delivered'")),
    ):
        op.create_index(name, "deliveries", columns, postgresql_where=state, sqlite_where=state)


def _tell_consents() -> None:
    """Work out what each profile permits, as `services.documents.permitted` does."""
    connection = op.get_bind()
    some = sa.text(
        "SELECT cluster_id, profile FROM customers WHERE cluster_id > :last AND profile LIKE '%\"consents\":[{%'"
        " ORDER BY cluster_id LIMIT :most"
    )
    put = sa.text("UPDATE customers SET consents_digest = :digest WHERE cluster_id = :cluster_id")
    last = -1
    while found := connection.execute(some, {"last": last, "most": _AT_ONCE}).all():
        connection.execute(put, [{"cluster_id": row[0], "digest": _permitted(row[1])} for row in found])
        last = found[-1][0]


def _permitted(profile: str) -> str:
    said = [
        (point["kind"], point["value"], *(entry.get(name) for name in ("channel", "purpose", "state", "basis")))
        for point in orjson.loads(profile)["contact_points"]
        for entry in point["consents"]
    ]
    return hashlib.blake2b(orjson.dumps(said), digest_size=12).hexdigest()


def downgrade() -> None:
    op.drop_table("deliveries")
    op.drop_table("webhooks")
    op.drop_column("customers", "consents_digest")
