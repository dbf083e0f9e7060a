"""The registry of models: what is put in stays, and the history says which was in use when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert

from rcu.store import models
from rcu.store.engine import Store
from rcu.store.models import Adoption, ModelRow
from rcu.store.tables import records, sources
from tests.conftest import NOW


def row(model_id: str, *, name: str = "retail", age: int = 0) -> ModelRow:
    return ModelRow(model_id, name, "1", NOW - timedelta(days=age), None, "{}")


def filled(store: Store, *rows: ModelRow) -> Store:
    with store.begin() as connection:
        for one in rows:
            models.add_model(connection, one)
    return store


def test_what_is_put_in_comes_out_the_oldest_first(store: Store) -> None:
    rows = [row("b1"), row("a1", age=1), ModelRow("c1", "own", "2+c1", NOW, '{"records":3}', '{"name":"own"}')]
    with filled(store, *rows).read() as connection:
        assert models.all_models(connection) == [rows[1], rows[0], rows[2]]


def test_a_model_that_is_there_already_stays_as_it_is(store: Store) -> None:
    with store.begin() as connection:
        assert models.add_model(connection, row("a1"))
        assert not models.add_model(connection, row("a1", name="again"))
    with store.read() as connection:
        assert [one.name for one in models.all_models(connection)] == ["retail"]


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        pytest.param("ab12", ["ab12cd"], id="the beginning of one"),
        pytest.param("ab", ["ab12cd", "ab34"], id="the beginning of two"),
        pytest.param("ab34", ["ab34"], id="all of it"),
        pytest.param("12", [], id="the middle of one"),
        pytest.param("ab_", [], id="no pattern"),
        pytest.param("ab34ff", [], id="more than there is"),
    ],
)
def test_models_are_found_by_the_beginning_of_their_id(store: Store, prefix: str, found: list[str]) -> None:
    with filled(store, row("ab12cd"), row("ab34"), row("cd12")).read() as connection:
        assert [one.model_id for one in models.models_by_prefix(connection, prefix)] == found


def test_nothing_is_in_use_before_anything_was_adopted(store: Store) -> None:
    with filled(store, row("a1")).read() as connection:
        assert models.adopted(connection) is None
        assert models.adoptions(connection) == []


def test_the_model_adopted_last_is_in_use_and_the_history_keeps_every_one(store: Store) -> None:
    later = NOW + timedelta(hours=1)
    with filled(store, row("a1"), row("b1")).begin() as connection:
        models.adopt(connection, "a1", by="anne", now=NOW)
        models.adopt(connection, "b1", by="bruno", now=later)
        models.adopt(connection, "a1", by="anne", now=later)
    with store.read() as connection:
        assert models.adopted(connection) == row("a1")
        history = [Adoption("a1", later, "anne"), Adoption("b1", later, "bruno"), Adoption("a1", NOW, "anne")]
        assert models.adoptions(connection) == history


def test_going_back_to_the_settings_is_an_entry_of_the_history_too(store: Store) -> None:
    with filled(store, row("a1")).begin() as connection:
        models.adopt(connection, "a1", by="anne", now=NOW)
        models.adopt(connection, None, by="anne", now=NOW)
        assert models.adopted(connection) is None
        assert [one.model_id for one in models.adoptions(connection)] == [None, "a1"]


def test_the_newest_change_is_that_of_the_record_changed_last(store: Store) -> None:
    with store.begin() as connection:
        assert models.newest_change(connection) is None
        connection.execute(insert(sources).values(name="till", kind="x", settings="{}", rank=1, created_at=NOW))
        for place, changed in enumerate((NOW - timedelta(days=2), None, NOW - timedelta(days=1))):
            connection.execute(
                insert(records).values(
                    birth_id=f"b{place}", source="till", native_id=str(place), is_guest=False, deleted=False,
                    absent=False, raw="{}", content_hash=1, arrived_at=NOW,
                    updated_at=changed,
                )
            )  # fmt: skip
        assert models.newest_change(connection) == NOW - timedelta(days=1)
