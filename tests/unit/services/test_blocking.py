"""The blocking of the records in a store is measured as a run will do it, and what a run leaves out is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from rcu.errors import ConfigurationError
from rcu.matching.blocking import LeftOut
from rcu.matching.blockkeys import BlockingRule
from rcu.matching.frequency import generic_values, without_generic
from rcu.matching.model import MatchModel
from rcu.matching.pairs import candidate_pairs
from rcu.services.blocking import measure_blocking
from rcu.services.identity import load
from rcu.store.engine import Store
from rcu.store.tables import links as links_table
from tests.conftest import Databases, Road
from tests.e2e.test_deliveries import client, till_file


def test_the_pairs_counted_are_those_a_run_compares(travelled: Road) -> None:
    found = measure_blocking(travelled.store, travelled.model)
    _, whole = load(travelled.store, travelled.model)
    table = without_generic(whole, generic_values(whole, travelled.model))
    candidates = list(candidate_pairs(table, travelled.model.blocking))
    assert found.pairs == found.report.pairs == sum(len(pairs.left) for pairs in candidates)
    assert [rule.name for rule in found.report.rules] == [rule.name for rule in travelled.model.blocking]
    assert found.report.records == whole.size
    assert found.rate is not None
    assert found.seconds == pytest.approx(found.pairs / found.rate)


def test_the_matches_counted_are_the_links_a_run_follows(travelled: Road) -> None:
    found = measure_blocking(travelled.store, travelled.model)
    links = travelled.store.read_arrow(select(links_table.c.weight)).to_pandas()["weight"]
    assert found.recall.matches == (links >= travelled.model.match_weight).sum()
    assert found.recall.share is not None
    assert found.recall.low is not None
    assert found.recall.high is not None
    assert 0.5 < found.recall.low <= found.recall.high <= 1.0


def test_measuring_twice_gives_the_same_but_for_the_clock(travelled: Road) -> None:
    one, two = (measure_blocking(travelled.store, travelled.model) for _ in range(2))
    assert replace(one, rate=None, seconds=None) == replace(two, rate=None, seconds=None)


def test_an_empty_store_has_nothing_to_compare(store: Store, model: MatchModel) -> None:
    found = measure_blocking(store, model)
    assert (found.pairs, found.rate, found.seconds, found.recall.share) == (0, None, None, None)


def test_a_model_of_columns_that_records_lack_is_refused(store: Store, model: MatchModel) -> None:
    other = model.model_copy(update={"blocking": (BlockingRule(name="shoe size", of=("shoe_size",)),)})
    with pytest.raises(ConfigurationError, match="shoe_size"):
        measure_blocking(store, other)


def test_a_run_tells_what_it_left_out_as_measuring_does(
    databases: Databases, model: MatchModel, tmp_path: Path
) -> None:
    rules = (
        BlockingRule(name="postcode", of=("postcode",), most_records=2, then_by=("city_key",), leave_out_above=3),
        BlockingRule(name="birth date", of=("birth_date",)),
    )
    road = Road(databases.open(), model.model_copy(update={"blocking": rules}))
    road.take("till", till_file(tmp_path, "1", *(client(f"C{place}") for place in range(4))))
    left_out = LeftOut("postcode", blocks=1, records=4)
    assert road.run().left_out == (left_out,)
    found = measure_blocking(road.store, road.model)
    assert [rule.left_out for rule in found.report.rules] == [left_out, LeftOut("birth date", 0, 0)]
    assert found.pairs == 6
