"""However customers are cut into deliveries, with a run after each, they end as they would in one."""

from __future__ import annotations

import random
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rcu.matching.model import MatchModel
from rcu.services.sources import Source, put_source
from rcu.services.verification import verify
from tests.conftest import NOW, Databases, Road
from tests.e2e.test_road import golden_by_records, partition

FILES = {"till": "CLIENTS_20251231.csv", "email": "audience.csv"}
EXAMPLES = {"sqlite": 6, "postgresql": 2}
CONTRACTS = {"till": "till_clients", "email": "email_audience"}
RANKS = {"till": 20, "email": 30}
ROWS_EACH = 60
"""Of each file; taken from the start, where the broken rows and the till's placeholders are too."""


@dataclass(frozen=True)
class Delivery:
    """Some rows of one source, by number; `run` says whether a run follows."""

    source: str
    rows: tuple[int, ...]
    run: bool


@st.composite
def deliveries(draw: st.DrawFn, *, sources: dict[str, int]) -> list[Delivery]:
    """Every row at least once, some twice, in files of any size and in any order."""
    parts: list[tuple[str, tuple[int, ...]]] = []
    chance = random.Random(draw(st.integers(0, 2**32)))  # a seed: drawing each row by itself would take too long
    for source, count in sources.items():
        rows = [*range(count), *chance.choices(range(count), k=draw(st.integers(0, 10)))]
        chance.shuffle(rows)
        cuts = sorted(chance.sample(range(1, len(rows)), k=draw(st.integers(0, 2))))
        parts += [(source, tuple(rows[one:other])) for one, other in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    return [Delivery(*part, draw(st.booleans())) for part in draw(st.permutations(parts))]


class Deliverer:
    """Writes rows of the small exports as files of their own and takes them into a new store."""

    def __init__(self, databases: Databases, model: MatchModel, exports: Path, folder: Path) -> None:
        self._databases, self._model, self._folder = databases, model, folder
        self._lines = {
            source: (exports / source / name).read_bytes().splitlines(keepends=True)[: ROWS_EACH + 1]
            for source, name in FILES.items()
        }
        self._count = 0
        self.sources = {source: len(lines) - 1 for source, lines in self._lines.items()}

    def file(self, delivery: Delivery) -> Path:
        self._count += 1
        head, *lines = self._lines[delivery.source]
        name = f"CLIENTS_{self._count}.csv" if delivery.source == "till" else f"audience_{self._count}.csv"
        path = self._folder / name
        path.write_bytes(head + b"".join(lines[row].rstrip(b"\r\n") + b"\r\n" for row in delivery.rows))
        return path

    def _contract(self, source: str) -> Path:
        """The shipped contract, but for files that are not the source's whole."""
        shipped = resources.files("rcu.ingest") / "contracts" / f"{CONTRACTS[source]}.toml"
        path = self._folder / f"{CONTRACTS[source]}.toml"
        path.write_text(shipped.read_text(encoding="utf-8").replace("full = true", "full = false"), encoding="utf-8")
        return path

    def take(self, plan: list[Delivery]) -> Road:
        road = Road(self._databases.open(), self._model)
        for source in self.sources:
            put_source(road.store, Source(source, "flatfile", (str(self._contract(source)),), rank=RANKS[source]), NOW)
        for delivery in plan:
            road.take(delivery.source, self.file(delivery))
            if delivery.run:
                road.run()
        road.run()
        return road


@pytest.fixture
def deliverer(databases: Databases, model: MatchModel, exports: Path, tmp_path: Path) -> Deliverer:
    return Deliverer(databases, model, exports, tmp_path)


def test_any_cut_of_the_deliveries_gives_what_one_delivery_gives(deliverer: Deliverer, databases: Databases) -> None:
    whole = deliverer.take(
        [Delivery(source, tuple(range(count)), run=False) for source, count in deliverer.sources.items()]
    )
    expected = partition(whole), golden_by_records(whole)
    assert max(map(len, expected[0])) > 1, "somebody must be known twice for this to mean anything"

    @settings(
        max_examples=EXAMPLES[databases.backend], deadline=None, phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )  # fmt: skip
    @given(plan=deliveries(sources=deliverer.sources))
    def holds(plan: list[Delivery]) -> None:
        road = deliverer.take(plan)
        assert verify(road.store, road.model).differences == 0
        assert (partition(road), golden_by_records(road)) == expected

    holds()
