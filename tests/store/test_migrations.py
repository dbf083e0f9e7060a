"""The migrations make exactly the tables that are declared, on both databases, and can be taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError

from rcu.domain.decisions import Decision, DecisionKind
from rcu.domain.hashes import HASH_COLUMNS, hashes_of
from rcu.errors import StoreError
from rcu.store import decisions as decision_rows
from rcu.store import keys, schema
from rcu.store.engine import Store
from rcu.store.tables import customers, decision_values, decisions, metadata, records
from tests.conftest import NOW, Road


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


def test_decisions_there_are_outlive_the_migration_that_lets_them_set_fields(store: Store) -> None:
    schema.downgrade(store, "0005")
    with store.begin() as connection:
        decision_rows.add(connection, _decision(DecisionKind.COMMENT))
    schema.upgrade(store)
    with store.begin() as connection:
        decision_rows.add(connection, _decision(DecisionKind.OVERRIDE, sets={"email": {"email": None}}))
        decision_rows.add(connection, _decision(DecisionKind.UNDO, about=2))
        decision_rows.add(connection, _decision(DecisionKind.UNDO, about=3))
        decision_rows.add(connection, _decision(DecisionKind.UNDO, about=1))
        assert len(connection.execute(select(decision_values)).all()) == 1
    schema.downgrade(store, "0005")
    with store.read() as connection:
        assert list(connection.execute(select(decisions.c.decision_id).order_by("decision_id")).scalars()) == [1, 5]
    with pytest.raises(IntegrityError), store.begin() as connection:
        decision_rows.add(connection, _decision(DecisionKind.OVERRIDE))


def test_keys_there_keep_their_secrets_and_what_they_could_read(store: Store) -> None:
    schema.downgrade(store, "0015")
    added = text(
        "INSERT INTO api_keys (name, digest, scopes, created_at) VALUES (:name, :name, :scopes, '2026-01-02 03:04:05')"
    )
    with store.begin() as connection:
        for name, scopes in (("till", "orders records"), ("feed", "changes"), ("desk", "steward")):
            connection.execute(added, {"name": name, "scopes": scopes})
    schema.upgrade(store)
    with store.begin() as connection:
        told = {one.name: one for one in keys.all_keys(connection)}
        assert {name: sorted(one.scopes) for name, one in told.items()} == {
            "till": ["history", "orders", "records"],
            "feed": ["changes"],
            "desk": ["steward"],
        }
        found = keys.key_by_digest(connection, "till", NOW)
        assert found is not None
        assert (found[0], found[1]) == (told["till"], None)
        keys.add_secret(connection, told["till"].key_id, "newer", NOW + timedelta(days=1))
        keys.set_end(connection, told["desk"].key_id, NOW)
    schema.downgrade(store, "0015")
    with store.read() as connection:
        rows = connection.execute(text("SELECT name, digest, scopes, revoked_at IS NULL FROM api_keys ORDER BY name"))
        assert [tuple(row) for row in rows] == [
            ("desk", "desk", "steward", False),  # nothing would hold it to its end
            ("feed", "feed", "changes", True),
            ("till", "newer", "orders records", True),
        ]
    schema.upgrade(store)
    assert schema.differences(store) == []


def _decision(kind: DecisionKind, about: int | None = None, sets: dict[str, dict[str, str | None]] | None = None):
    return Decision(0, kind, "anne", "x", NOW, about, sets=sets or {})


def test_what_profiles_permit_is_worked_out_by_the_migration_as_by_a_run(travelled: Road) -> None:
    def permitted() -> dict[int, str]:
        with travelled.store.read() as connection:
            return dict(connection.execute(select(customers.c.cluster_id, customers.c.consents_digest)).all())

    before = permitted()
    assert {bool(digest) for digest in before.values()} == {True, False}
    schema.downgrade(travelled.store, "0015")
    schema.upgrade(travelled.store)
    assert permitted() == before


def test_records_there_are_get_the_hashes_they_would_have_arrived_with(travelled: Road) -> None:
    every = select(records).order_by(records.c.record_id)
    with travelled.store.read() as connection:
        arrived = [dict(row) for row in connection.execute(every).mappings()]
    assert all({name: row[name] for name in HASH_COLUMNS} == hashes_of(row, row) for row in arrived)
    for name in HASH_COLUMNS:
        assert any(row[name] is not None for row in arrived), name
    schema.downgrade(travelled.store, "0020")
    schema.upgrade(travelled.store)
    with travelled.store.read() as connection:
        assert [dict(row) for row in connection.execute(every).mappings()] == arrived
