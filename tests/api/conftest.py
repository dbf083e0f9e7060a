"""A client on a store that took the road, with keys of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient

from rcu.api.app import Options, create_app
from rcu.domain.keys import FREE, Terms
from rcu.services import keys
from rcu.services.accesses import accesses
from rcu.store.accesses import Access, AccessWish
from tests.conftest import NOW, Road
from tests.spying import statements


class Api:
    """HTTP on a store; `client(scopes)` is a caller with a key of these scopes."""

    def __init__(self, road: Road) -> None:
        self.road = road
        self.store = road.store
        self.app = create_app(road.store, model=road.model, options=Options(behind_seconds=3600.0))  # tests say when
        self._count = 0

    def client(self, *scopes: str, terms: Terms = FREE) -> TestClient:
        self._count += 1
        chosen = frozenset(scopes) or keys.SCOPES
        key = keys.create_key(self.store, f"test {self._count}", scopes=chosen, now=NOW, terms=terms)
        return self.caller(key)

    def caller(self, key: str) -> TestClient:
        return TestClient(self.app, headers={"Authorization": f"Bearer {key}"}, follow_redirects=False)

    def accesses(self) -> list[Access]:
        """The access log, the oldest entry first."""
        self.app.state.accesses.write_now()
        return list(reversed(accesses(self.store, AccessWish(), cursor=None, limit=1_000_000).accesses))

    def stranger(self) -> TestClient:
        return TestClient(self.app, follow_redirects=False)

    @contextmanager
    def queries(self) -> Iterator[list[str]]:
        """The SQL statements run in the block, by whichever way."""
        with pytest.MonkeyPatch.context() as patch:
            seen = statements(self.store.engine, patch)
            yield seen


@pytest.fixture
def api(travelled: Road) -> Iterator[Api]:
    made = Api(travelled)
    yield made
    for one in ("gathering", "accesses", "key_uses"):
        getattr(made.app.state, one).close()
