"""The migrations make exactly the tables that are declared, on both databases, and can be taken back."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, text

from rcu.errors import StoreError
from rcu.store import schema
from rcu.store.engine import Store
from rcu.store.tables import metadata


def test_the_migrations_and_the_tables_agree(store: Store) -> None:
    assert schema.differences(store) == []


def test_a_missing_column_is_noticed(store: Store) -> None:
    with store.begin() as connection:
        connection.execute(text("ALTER TABLE runs DROP COLUMN summary"))
    assert schema.differences(store) != []


def test_down_and_up_again_gives_an_empty_database_of_the_same_shape(store: Store) -> None:
    schema.downgrade(store)
    with store.read() as connection:
        assert set(inspect(connection).get_table_names()) & set(metadata.tables) == set()
    with pytest.raises(StoreError, match="schema none"):
        schema.require_current(store)
    schema.upgrade(store)
    schema.require_current(store)
    assert schema.differences(store) == []


def test_upgrading_twice_does_nothing_the_second_time(store: Store) -> None:
    schema.upgrade(store)
    schema.require_current(store)
