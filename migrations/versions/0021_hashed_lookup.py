"""records are found by the SHA-256 of their mailboxes and phones"""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_OF = {
    "email_hash": "email",
    "email_key_hash": "email_key",
    "mobile_hash": "mobile",
    "mobile_bare_hash": "mobile",
    "landline_hash": "landline",
    "landline_bare_hash": "landline",
}
_AT_ONCE = 5_000


def upgrade() -> None:
    for name, of in _OF.items():
        comment = f"of {of}: what is kept of its SHA-256"
        op.add_column("records", sa.Column(name, sa.BigInteger(), nullable=True, comment=comment))
    _fill()
    for name in _OF:
        there = sa.text(f"{name} IS NOT NULL")
        op.create_index(op.f(f"ix_records_{name}"), "records", [name], postgresql_where=there, sqlite_where=there)


def _fill() -> None:
    """Work out what is kept, as `domain.hashes` does."""
    connection = op.get_bind()
    some = sa.text(
        "SELECT record_id, email, email_key, mobile, landline FROM records WHERE record_id > :last"
        " AND (email IS NOT NULL OR mobile IS NOT NULL OR landline IS NOT NULL) ORDER BY record_id LIMIT :most"
    )
    names = ", ".join(f"{name} = :{name}" for name in _OF)
    put = sa.text(f"UPDATE records SET {names} WHERE record_id = :record_id")  # noqa: S608  # names of our own
    last = -1
    while found := connection.execute(some, {"last": last, "most": _AT_ONCE}).all():
        connection.execute(put, [_hashes(row) for row in found])
        last = found[-1][0]


def _hashes(row: sa.Row) -> dict[str, int | None]:
    mobile, landline = row.mobile, row.landline
    return {
        "record_id": row.record_id,
        "email_hash": _kept(row.email),
        "email_key_hash": None if row.email_key == row.email else _kept(row.email_key),
        "mobile_hash": _kept(mobile),
        "mobile_bare_hash": _kept(mobile and mobile[1:]),
        "landline_hash": _kept(landline),
        "landline_bare_hash": _kept(landline and landline[1:]),
    }


def _kept(text: str | None) -> int | None:
    return None if text is None else int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], signed=True)


def downgrade() -> None:
    for name in _OF:
        op.drop_index(op.f(f"ix_records_{name}"), table_name="records")
        op.drop_column("records", name)
