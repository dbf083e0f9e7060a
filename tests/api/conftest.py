"""A client on a store that took the road, with keys of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from rcu.api.app import create_app
from rcu.services import keys
from tests.conftest import NOW, Road


class Api:
    """HTTP on a store; `client(scopes)` is a caller with a key of these scopes."""

    def __init__(self, road: Road) -> None:
        self.road = road
        self.store = road.store
        self.app = create_app(road.store, model=road.model)
        self._count = 0

    def client(self, *scopes: str) -> TestClient:
        self._count += 1
        chosen = frozenset(scopes) or keys.SCOPES
        key = keys.create_key(self.store, f"test {self._count}", scopes=chosen, now=NOW)
        return TestClient(self.app, headers={"Authorization": f"Bearer {key}"}, follow_redirects=False)

    def stranger(self) -> TestClient:
        return TestClient(self.app, follow_redirects=False)

    @contextmanager
    def queries(self) -> Iterator[list[str]]:
        """The SQL statements run in the block."""
        seen: list[str] = []

        def record(_connection, _cursor, statement, *_rest) -> None:
            seen.append(statement)

        event.listen(self.store.engine, "before_cursor_execute", record)
        try:
            yield seen
        finally:
            event.remove(self.store.engine, "before_cursor_execute", record)


@pytest.fixture
def api(travelled: Road) -> Iterator[Api]:
    made = Api(travelled)
    yield made
    made.app.state.gathering.close()
