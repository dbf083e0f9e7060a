"""The quality of clusters: kept by each run for every customer of two or more records, replaced where it changed."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from rcu.matching.model import MatchModel
from rcu.services.running import run
from rcu.services.verification import verify
from rcu.store.engine import Store
from rcu.store.identity import stored_quality
from rcu.store.tables import memberships
from tests.conftest import Road, clock


def strict(road: Road) -> MatchModel:
    """A model that joins only what it is nearly certain of."""
    return road.model.model_copy(update={"match_probability": 0.9999})


def qualities(store: Store) -> dict[int, tuple[int, float]]:
    table = stored_quality(store).to_pydict()
    return dict(zip(table["cluster_id"], zip(table["records"], table["weakest_weight"], strict=True), strict=True))


def test_a_run_keeps_the_quality_of_every_customer_of_two_or_more_records(travelled: Road) -> None:
    with travelled.store.read() as connection:
        members = Counter(connection.execute(select(memberships.c.cluster_id)).scalars())
    found = qualities(travelled.store)
    assert {cluster: count for cluster, (count, _) in found.items()} == {
        cluster: count for cluster, count in members.items() if count > 1
    }
    assert all(weakest >= travelled.model.match_weight for _, weakest in found.values())


def test_the_quality_of_customers_that_change_is_replaced_and_verify_compares_it(travelled: Road) -> None:
    before = qualities(travelled.store)
    run(travelled.store, strict(travelled), clock=clock)
    after = qualities(travelled.store)
    assert len(after) < len(before)
    assert all(weakest >= strict(travelled).match_weight for _, weakest in after.values())
    found = verify(travelled.store, travelled.model)
    assert found.quality > 0
    run(travelled.store, travelled.model, clock=clock)
    assert qualities(travelled.store) == before
    assert verify(travelled.store, travelled.model).differences == 0
