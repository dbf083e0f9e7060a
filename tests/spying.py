"""What a store asks its database, by whichever way it asks."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, event

from rcu.store.asking import Asking


def statements(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list to which every statement is added from now on, those that go to PostgreSQL's driver itself included."""
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: seen.append(statement))
    for way in ("ask", "tell"):
        monkeypatch.setattr(Asking, way, _noting(seen, getattr(Asking, way)))
    return seen


def _noting(seen: list[str], way: Any) -> Any:
    def noted(asking: Asking, statement: str, *how: object) -> object:
        seen.append(statement)
        return way(asking, statement, *how)

    return noted
