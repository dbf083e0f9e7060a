"""Tables are filled bare and are afterwards what they were; where somebody reads them they are filled as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.engine.interfaces import ReflectedIndex

from rcu.services import importing
from rcu.services.running import run
from rcu.store import indexes, schema
from rcu.store.engine import Store
from rcu.store.filling import begin_first_import, first_filling, have_lookups
from rcu.store.tables import blocking_keys, customers, links, memberships, records
from tests.conftest import Road, clock, files_of


def where(index: ReflectedIndex) -> list[str]:
    return [str(told) for name, told in index.get("dialect_options", {}).items() if name.endswith("_where")]


def made(connection: Connection) -> object:
    """Everything that holds about some tables."""
    looking = inspect(connection)
    tables = [table.name for table in (records, links, memberships, customers, blocking_keys)]
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
    monkeypatch.setattr(indexes, "_PATIENCE", "50ms")
    with store.engine.connect() as reading:  # in a transaction, as somebody's report may be
        before = made(reading)
        reading.execute(select(customers.c.customer_id)).all()
        with store.begin() as connection, first_filling(connection):
            assert made(connection) == before
            waits = "" if store.engine.dialect.name == "sqlite" else connection.execute(text("SHOW lock_timeout"))
            assert not waits or waits.scalar() == "0"


def lookups(store: Store) -> set[str | None]:
    with store.read() as connection:
        if store.engine.dialect.name == "sqlite":  # of which SQLAlchemy does not tell those on expressions
            told = "SELECT name FROM sqlite_master WHERE tbl_name = 'records' AND sql LIKE 'CREATE INDEX%'"
            return set(connection.execute(text(told)).scalars())
        return {index["name"] for index in inspect(connection).get_indexes("records")}


def test_the_first_import_has_no_lookups_until_it_ends(store: Store) -> None:
    before = lookups(store)
    with store.begin() as connection:
        begin_first_import(connection)
    meanwhile = lookups(store)
    assert meanwhile < before
    assert not [name for name in meanwhile if str(name).startswith("ix_")]  # those of keys are called otherwise
    for _ in range(2):  # the second time there is nothing to do
        with store.begin() as connection:
            have_lookups(connection)
        assert lookups(store) == before
    assert schema.differences(store) == []


def test_an_import_that_is_not_the_first_keeps_them(travelled: Road) -> None:
    before = lookups(travelled.store)
    with travelled.store.begin() as connection:
        begin_first_import(connection)
    assert lookups(travelled.store) == before


def test_an_import_makes_them_also_when_it_fails(road: Road, exports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = lookups(road.store)
    seen: list[set[str | None]] = []
    monkeypatch.setattr(importing, "_MANY", 0)
    put_tables = importing.Importer._take_batch

    def failing(importer: Any, *what: Any, **more: Any) -> Any:
        put_tables(importer, *what, **more)
        seen.append(lookups(road.store))
        raise ZeroDivisionError

    monkeypatch.setattr(importing.Importer, "_take_batch", failing)
    with pytest.raises(ZeroDivisionError):
        road.take("till", *files_of(exports, "till"))
    assert [name for name in seen[0] if str(name).startswith("ix_")] == []
    assert lookups(road.store) == before


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)  # SQLite is not told to look
def test_what_is_in_filled_tables_is_known_at_once(road: Road, exports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or statements about few records are planned for empty tables until the server looks at them by itself."""
    monkeypatch.setattr(importing, "_MANY", 0)
    for source in ("till", "shop"):
        road.take(source, *files_of(exports, source))
    run(road.store, road.model, clock=clock)
    statement = text("SELECT tablename, attname FROM pg_stats WHERE schemaname = 'public'")
    with road.store.read() as connection:
        known = {f"{row.tablename}.{row.attname}" for row in connection.execute(statement)}
    assert known >= {
        "records.email_key", "records.native_id", "customers.household_key", "customers.last_seen_at",
        "blocking_keys.key", "memberships.cluster_id", "links.right_id",
    }  # fmt: skip
    assert "customers.profile" not in known
