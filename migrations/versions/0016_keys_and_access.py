"""keys end, rotate, are bounded to a rate and to stores; who was shown whom is kept"""

import sqlalchemy as sa
from alembic import op

from rcu.store.types import Instant

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_READING = {"identity", "contact", "consent", "orders", "scores"}
_NEW = {"history", "admin"}
_COLUMNS = (
    ("expires_at", Instant(), "not in force from here on"),
    ("last_used_at", Instant(), "to about a minute"),
    ("purpose", sa.Text(), "what it reads for, where a request does not say"),
    ("rate", sa.BigInteger(), "requests a second, on average; null: as many as come"),
    ("burst", sa.BigInteger(), "requests that may come at once"),
    ("stores", sa.Text(), "JSON: the stores whose customers it sees; null: all"),
)


def upgrade() -> None:
    secrets = op.get_bind().execute(sa.text("SELECT digest, key_id, created_at FROM api_keys")).all()
    with op.batch_alter_table("api_keys") as table:
        table.drop_constraint(op.f("uq_api_keys_digest"), type_="unique")
        table.drop_column("digest")
        for name, kind, comment in _COLUMNS:
            table.add_column(sa.Column(name, kind, nullable=True, comment=comment))
    op.create_table(
        "api_key_secrets",
        sa.Column(
            "digest", sa.Text(), nullable=False, comment="SHA-256 of the secret; the secret itself is never stored"
        ),
        sa.Column("key_id", _BIG, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=True, comment="not in force from here on: another took its place"),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.key_id"], name=op.f("fk_api_key_secrets_key_id_api_keys")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_api_key_secrets")),
    )
    op.create_index(op.f("ix_api_key_secrets_key_id"), "api_key_secrets", ["key_id"])
    added = sa.text("INSERT INTO api_key_secrets (digest, key_id, created_at) VALUES (:digest, :key_id, :created_at)")
    for row in secrets:
        op.get_bind().execute(added, {"digest": row.digest, "key_id": row.key_id, "created_at": row.created_at})
    _rescope(lambda scopes: scopes | {"history"} if scopes & _READING else scopes)
    _create_access_log()


def _create_access_log() -> None:
    op.create_table(
        "access_log",
        sa.Column("entry_id", _BIG, sa.Identity(always=False), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("key_name", sa.Text(), nullable=False, comment="the API key that asked"),
        sa.Column("actor", sa.Text(), nullable=True, comment="for whom, as the caller said"),
        sa.Column("operation", sa.Text(), nullable=False, comment="operation id of the HTTP interface"),
        sa.Column("purpose", sa.Text(), nullable=True, comment="what for: as the request said, else as its key does"),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("field_groups", sa.Text(), nullable=False, comment="space-separated; empty: its id alone was told"),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_access_log")),
    )
    for name in ("customer_id", "key_name"):
        op.create_index(op.f(f"ix_access_log_{name}_entry_id"), "access_log", [name, "entry_id"])


def downgrade() -> None:
    """Of a key with several secrets the newest stays. Keys that were to end, or see few, are revoked: nothing older
    would hold them to it."""
    op.drop_table("access_log")
    connection = op.get_bind()
    secrets = connection.execute(
        sa.text("SELECT key_id, digest FROM api_key_secrets ORDER BY created_at, expires_at IS NULL")
    ).all()
    op.drop_table("api_key_secrets")
    connection.execute(
        sa.text(
            "UPDATE api_keys SET revoked_at = CURRENT_TIMESTAMP"
            " WHERE revoked_at IS NULL AND (expires_at IS NOT NULL OR stores IS NOT NULL)"
        )
    )
    _rescope(lambda scopes: scopes - _NEW)
    with op.batch_alter_table("api_keys") as table:
        table.add_column(
            sa.Column("digest", sa.Text(), nullable=True, comment="SHA-256 of the key; the key itself is never stored")
        )
        for name, _, _ in _COLUMNS:
            table.drop_column(name)
    for key_id, digest in secrets:
        connection.execute(
            sa.text("UPDATE api_keys SET digest = :digest WHERE key_id = :key_id"),
            {"digest": digest, "key_id": key_id},
        )
    with op.batch_alter_table("api_keys") as table:
        table.alter_column("digest", existing_type=sa.Text(), nullable=False)
        table.create_unique_constraint(op.f("uq_api_keys_digest"), ["digest"])


def _rescope(changed) -> None:
    connection = op.get_bind()
    for key_id, told in connection.execute(sa.text("SELECT key_id, scopes FROM api_keys")).all():
        scopes = " ".join(sorted(changed(set(told.split()))))
        connection.execute(
            sa.text("UPDATE api_keys SET scopes = :scopes WHERE key_id = :key_id"),
            {"scopes": scopes, "key_id": key_id},
        )
