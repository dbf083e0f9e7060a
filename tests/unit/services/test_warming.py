"""A server that starts does once what its first record would wait for, and leaves nothing behind."""

from __future__ import annotations

import gc

import pytest
from sqlalchemy import func, select

from rcu.cleaning.communetable import load_table
from rcu.cleaning.localities import place_of
from rcu.matching.model import load_model
from rcu.services import warming
from rcu.services.upserting import RealTime
from rcu.store.engine import Store
from rcu.store.tables import customers, records
from tests.conftest import Databases, Road


def counts(store: Store) -> list[int]:
    with store.read() as connection:
        return [
            int(connection.execute(select(func.count()).select_from(table)).scalar_one())
            for table in (records, customers)
        ]


def test_warming_takes_the_whole_way_and_writes_nothing(travelled: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    upsert = RealTime.upsert

    def watched(self: RealTime, given, **how):
        done = upsert(self, given, **how)
        told.extend(one.happened.value for one in done)
        return done

    monkeypatch.setattr(RealTime, "upsert", watched)
    before = counts(travelled.store)
    warming.warm_up(RealTime(travelled.store, travelled.model))
    assert told == ["created", "joined"]
    assert counts(travelled.store) == before


def test_an_empty_database_is_no_reason_not_to_start(databases: Databases) -> None:
    store = databases.open()
    warming.warm_up(RealTime(store, load_model()))
    assert counts(store) == [0, 0]


def test_a_database_that_is_not_migrated_is_no_reason_not_to_start(tmp_path) -> None:
    store = Store(f"sqlite:///{tmp_path}/none.db")
    warming.warm_up(RealTime(store, load_model()))
    store.close()


def test_what_is_there_at_the_start_is_not_looked_through_again() -> None:
    try:
        warming.settle_memory()
        assert gc.get_freeze_count() > len(gc.get_objects())
    finally:
        gc.unfreeze()


def test_tables_of_towns_are_there_when_the_first_record_comes(travelled: Road) -> None:
    load_table.cache_clear()
    place_of.cache_clear()
    warming.warm_up(RealTime(travelled.store, travelled.model))
    assert "_without_article" in vars(load_table())
