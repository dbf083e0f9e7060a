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
    ask: Any = Asking.ask

    def asked(asking: Asking, statement: str, *how: object) -> object:
        seen.append(statement)
        return ask(asking, statement, *how)

    monkeypatch.setattr(Asking, "ask", asked)
    return seen
