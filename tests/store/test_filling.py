"""Tables are filled bare and are afterwards what they were; where somebody reads them they are filled as they are."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.engine.interfaces import ReflectedIndex

from rcu.store import sql
from rcu.store.engine import Store
from rcu.store.filling import first_filling
from rcu.store.tables import customers, links, memberships, records


def where(index: ReflectedIndex) -> list[str]:
    return [str(told) for name, told in index.get("dialect_options", {}).items() if name.endswith("_where")]


def made(connection: Connection) -> object:
    """Everything that holds about some tables."""
    looking = inspect(connection)
    tables = [table.name for table in (records, links, memberships, customers)]
    return [
        (
            name,
            looking.get_pk_constraint(name),
            sorted(
                (str(one["name"]), one["column_names"], one["unique"], where(one)) for one in looking.get_indexes(name)
            ),
            sorted(looking.get_foreign_keys(name), key=lambda one: str(one["name"])),
            sorted(looking.get_unique_constraints(name), key=lambda one: str(one["name"])),
            sorted(looking.get_check_constraints(name), key=lambda one: str(one["name"])),
        )
        for name in tables
    ]


def test_tables_that_were_filled_are_what_they_were(store: Store) -> None:
    with store.read() as connection:
        before = made(connection)
    with store.begin() as connection, first_filling(connection):
        inside = made(connection)
    with store.read() as connection:
        assert made(connection) == before
    assert (inside == before) is (store.engine.dialect.name == "sqlite")


def test_a_filling_that_fails_leaves_tables_as_they_were(store: Store) -> None:
    with store.read() as connection:
        before = made(connection)
    with pytest.raises(ZeroDivisionError), store.begin() as connection, first_filling(connection):
        raise ZeroDivisionError
    with store.read() as connection:
        assert made(connection) == before


def test_tables_that_somebody_reads_are_filled_as_they_are(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "_PATIENCE", "50ms")
    with store.read() as reading:
        before = made(reading)
        reading.execute(select(customers.c.customer_id)).all()
        with store.begin() as connection, first_filling(connection):
            assert made(connection) == before
            waits = "" if store.engine.dialect.name == "sqlite" else connection.execute(text("SHOW lock_timeout"))
            assert not waits or waits.scalar() == "0"
