"""Records that wait are marked by whatever writes them, and stay so for whoever takes the mark away too late."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest
from sqlalchemy import Connection, insert, select, update

from rcu.store import marks, schema
from rcu.store.engine import Store
from rcu.store.tables import records, sources, waiting
from tests.conftest import NOW


def put(connection: Connection, ids: Iterable[int]) -> None:
    known = connection.execute(select(sources.c.name)).first()
    if known is None:
        connection.execute(insert(sources).values(name="till", kind="x", settings="{}", rank=1, created_at=NOW))
    for place in ids:
        connection.execute(
            insert(records).values(
                record_id=place, birth_id=f"b{place}", source="till", native_id=str(place), is_guest=False,
                deleted=False, absent=False, raw="{}", content_hash=1, arrived_at=NOW,
            )
        )  # fmt: skip


def marked(store: Store) -> dict[int, bool]:
    with store.read() as connection:
        return {row[0]: bool(row[1]) for row in connection.execute(select(waiting))}


def some(*ids: int):
    return select(records.c.record_id).where(records.c.record_id.in_(ids))


def test_what_is_written_is_marked_and_nothing_else(store: Store) -> None:
    with store.begin() as connection:
        put(connection, range(1, 6))
        changing = update(records).where(records.c.record_id.in_([2, 4, 99])).values(content_hash=2)
        assert marks.write_marked(connection, changing, to_match=True) == 2
        nothing = update(records).where(records.c.record_id == 99).values(content_hash=2)
        assert marks.write_marked(connection, nothing, to_match=True) == 0
    assert marked(store) == {2: True, 4: True}


def test_a_record_that_waits_to_be_matched_goes_on_doing_so(store: Store) -> None:
    with store.begin() as connection:
        put(connection, range(1, 6))
        everybody = update(records).values(absent=True)
        assert marks.write_marked(connection, everybody.where(records.c.record_id < 3), to_match=True) == 2
        marks.mark(connection, some(2, 3).union_all(some(3)).subquery().select())
        marks.mark_some(connection, [3, 4])
        assert marks.write_marked(connection, everybody.where(records.c.record_id == 4), to_match=True) == 1
    assert marked(store) == {1: True, 2: True, 3: False, 4: True}
    with store.begin() as connection:
        marks.unmark(connection, [1, 3])
        marks.unmark(connection, [])
    assert marked(store) == {2: True, 4: True}
    with store.begin() as connection:
        marks.unmark_all(connection)
    assert marked(store) == {}


@pytest.mark.parametrize("before", [True, False], ids=["marked before", "not marked before"])
def test_a_mark_made_while_another_is_taken_away_stays(store: Store, *, before: bool) -> None:
    """On SQLite because one transaction writes at a time."""
    with store.begin() as connection:
        put(connection, [1])
        if before:
            marks.mark_some(connection, [1])

    def importing() -> None:
        with store.begin() as connection:
            marks.mark_some(connection, [1])

    other = threading.Thread(target=importing)
    with store.begin() as connection:
        marks.unmark(connection, [1])
        other.start()
        other.join(0.2)
        assert other.is_alive() or not before
    other.join()
    assert marked(store) == {1: False}


def test_marks_outlive_the_migration_that_moves_them(store: Store) -> None:
    with store.begin() as connection:
        put(connection, range(1, 4))
        marks.write_marked(
            connection, update(records).where(records.c.record_id == 1).values(content_hash=2), to_match=True
        )
        marks.mark_some(connection, [3])
    schema.downgrade(store, "0009")
    with store.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT record_id, to_match, to_project FROM records ORDER BY record_id"
        ).all()
    assert [tuple(map(bool, row)) for row in found] == [(True, True, True), (True, False, False), (True, False, True)]
    schema.upgrade(store)
    assert marked(store) == {1: True, 3: False}
    assert schema.differences(store) == []
