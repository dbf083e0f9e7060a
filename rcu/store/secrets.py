"""Secrets the database keeps for itself: what is derived with one can be recognised, and not guessed from outside."""

from __future__ import annotations

import secrets as chance
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from rcu.store.tables import secrets
from rcu.store.writing import upsert

_BYTES: Final = 32
_SUBJECTS: Final = "case_subjects"


def subject_secret(connection: Connection) -> bytes:
    """What subjects of cases are derived with; nothing where it was never needed."""
    found = connection.execute(select(secrets.c.value).where(secrets.c.name == _SUBJECTS)).scalar_one_or_none()
    return b"" if found is None else bytes.fromhex(found)


def made_subject_secret(connection: Connection, now: datetime) -> bytes:
    """The same, made where it was never needed."""
    found = subject_secret(connection)
    if found:
        return found
    made = {"name": _SUBJECTS, "value": chance.token_hex(_BYTES), "created_at": now}
    connection.execute(upsert(connection, secrets).values(**made).on_conflict_do_nothing())
    return subject_secret(connection)  # another transaction may have been faster
