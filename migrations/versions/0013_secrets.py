"""cases about values that are nobody's are called so that the value cannot be guessed"""

import hashlib
import secrets

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_KIND = "identifier_generic"


def upgrade() -> None:
    op.create_table(
        "secrets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False, comment="hexadecimal"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secrets")),
    )
    secret = secrets.token_bytes(32)
    if _rename(lambda value: hashlib.blake2b(value, digest_size=6), lambda value: _keyed(value, secret)):
        made = sa.text(
            "INSERT INTO secrets (name, value, created_at) VALUES ('case_subjects', :value, CURRENT_TIMESTAMP)"
        )
        op.get_bind().execute(made, {"value": secret.hex()})


def downgrade() -> None:
    found = op.get_bind().execute(sa.text("SELECT value FROM secrets WHERE name = 'case_subjects'")).scalar()
    if found is not None:
        secret = bytes.fromhex(found)
        _rename(lambda value: _keyed(value, secret), lambda value: hashlib.blake2b(value, digest_size=6))
    op.drop_table("secrets")


def _keyed(value: bytes, secret: bytes) -> "hashlib.blake2b":
    return hashlib.blake2b(value, digest_size=8, key=secret)


def _rename(former, present) -> int:
    """Call the cases otherwise, and say how many there are.

    What a case that waits is about is still among the values that are nobody's. What a closed one was about need not
    be: it is called by its number, so that nothing of the value stays, and will not open again.
    """
    connection = op.get_bind()
    values = connection.execute(sa.text("SELECT identifier, value FROM identifier_frequency")).all()
    encoded = [(column, value.encode(errors="surrogatepass")) for column, value in values]
    told = {f"{column}:{former(raw).hexdigest()}": f"{column}:{present(raw).hexdigest()}" for column, raw in encoded}
    cases = connection.execute(sa.text("SELECT case_id, subject FROM cases WHERE kind = :kind"), {"kind": _KIND}).all()
    for case_id, subject in cases:
        now = told.get(subject, f"{subject.partition(':')[0]}:case {case_id}")
        connection.execute(
            sa.text("UPDATE cases SET subject = :subject, name = :name WHERE case_id = :case_id"),
            {"subject": now, "name": f"{_KIND}:{now}", "case_id": case_id},
        )
    return len(cases)
