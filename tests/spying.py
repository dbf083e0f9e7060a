"""What a store asks its database, by whichever way it asks."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event


def statements(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list to which every statement is added from now on, those that go to PostgreSQL's driver itself included."""
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: seen.append(statement))
    execute: Any = psycopg.RawCursor.execute

    def driven(cursor: object, query: bytes, *how: object, **more: object) -> object:
        seen.append(query.decode())
        return execute(cursor, query, *how, **more)

    monkeypatch.setattr(psycopg.RawCursor, "execute", driven)
    return seen
