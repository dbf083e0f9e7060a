"""What is looked up rather than read as a whole: whoever was last seen within a span, how many records there are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, insert, select, text

from rcu.store import nearby, profiles
from rcu.store.engine import Store
from rcu.store.tables import customers, events, records
from tests.conftest import NOW, Databases, Road
from tests.e2e.test_deleted import put
from tests.store.test_marks import put as put_records

DAY = timedelta(days=1)


def customer(connection: Connection, place: int, days_ago: int | None) -> None:
    put_records(connection, [place])
    seen = None if days_ago is None else NOW - days_ago * DAY
    connection.execute(
        insert(customers).values(
            cluster_id=place, customer_id=f"b{place}", version=1, digest="d", profile="{}",
            last_seen_at=seen, updated_at=NOW,
        )
    )  # fmt: skip


def test_customers_are_found_by_when_they_were_last_seen(store: Store) -> None:
    with store.begin() as connection:
        for place, days in enumerate((None, 0, 1, 2, 3, 10), 1):
            customer(connection, place, days)
    spans = [(NOW - 3 * DAY, NOW - DAY), (NOW - 11 * DAY, NOW - 10 * DAY)]
    assert sorted(profiles.last_seen_within(store, spans)) == [3, 4, 6]
    assert profiles.last_seen_within(store, []) == []
    assert profiles.latest_seen(store) == NOW


def test_nobody_was_seen_where_there_is_nobody(store: Store) -> None:
    assert profiles.latest_seen(store) is None
    assert profiles.latest_event(store) is None


def test_customers_are_last_seen_when_their_latest_record_was_updated_deleted_ones_too(road: Road) -> None:
    """So the latest of all records is known from the customers."""
    put(road, "C1", after=1)
    put(road, "1", after=7, deleted=True)
    put(road, "C2", after=3)
    with road.store.read() as connection:
        latest = connection.execute(select(func.max(records.c.updated_at))).scalar()
        assert connection.execute(select(func.count()).select_from(events)).scalar_one() == 0
    assert profiles.latest_seen(road.store) == latest == NOW + timedelta(hours=7)


@pytest.mark.parametrize(("count", "more"), [(-1, True), (0, True), (2, True), (3, False), (4, False)])
def test_records_are_counted_as_far_as_is_asked(store: Store, count: int, *, more: bool) -> None:
    with store.begin() as connection:
        put_records(connection, [1, 2, 3])
        assert nearby.more_records_than(connection, count) is more


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)  # SQLite keeps no plans
def test_transactions_about_few_records_read_no_table_as_a_whole(databases: Databases) -> None:
    """Their plans are kept: one that was made while a table was empty must do when it is full."""
    store = databases.open()
    with store.changing() as connection:
        assert connection.execute(text("SHOW enable_seqscan")).scalar() == "off"
    with store.begin() as connection:
        assert connection.execute(text("SHOW enable_seqscan")).scalar() == "on"
