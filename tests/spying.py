"""What a store asks its database, by whichever way it asks."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, event

from rcu.store import prepared_sqlite
from rcu.store.asking import Asking


def statements(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list to which every statement is added from now on, those that go to the driver itself included."""
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: seen.append(statement))
    asked_by_each_way = "_prepared"
    monkeypatch.setattr(Asking, asked_by_each_way, _noting(seen, getattr(Asking, asked_by_each_way)))
    monkeypatch.setattr(prepared_sqlite, "rows_of", _noting(seen, prepared_sqlite.rows_of))
    return seen


def _noting(seen: list[str], way: Any) -> Any:
    def noted(asked: object, statement: str, *how: object) -> object:
        seen.append(statement)
        return way(asked, statement, *how)

    return noted
