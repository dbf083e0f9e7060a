"""SQLite asked through its driver: what comes back is what SQLAlchemy would give, and errors are its errors."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from rcu.store.engine import Store
from rcu.store.prepared_sqlite import answered
from rcu.store.sql import among
from rcu.store.tables import runs, sources

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
AT = datetime(2025, 6, 1, 10, 30, 15, 250_000, tzinfo=UTC)
ADDING = insert(runs).values(kind=bindparam("kind"), status="done", started_at=bindparam("at")).returning(runs.c.run_id)
READING = select(runs.c.kind, runs.c.started_at, runs.c.finished_at).where(among(runs.c.kind, "kinds"))


def test_what_comes_back_has_the_types_of_its_columns(store: Store) -> None:
    with store.begin() as connection:
        ((number,),) = answered(connection, ADDING, {"kind": "run", "at": AT})
        answered(connection, ADDING, {"kind": "import", "at": AT})
    with store.read() as connection:
        by_driver = answered(connection, READING, {"kinds": ["run"]})
        by_sqlalchemy = connection.execute(READING, {"kinds": ["run"]}).all()

    assert number == 1
    assert [tuple(row) for row in by_driver] == [tuple(row) for row in by_sqlalchemy] == [("run", AT, None)]


def test_a_read_sees_what_was_there_at_its_first_question(store: Store) -> None:
    with store.read() as connection:
        assert answered(connection, READING, {"kinds": ["run"]}) == []
        with store.begin() as other:
            answered(other, ADDING, {"kind": "run", "at": AT})
        assert answered(connection, READING, {"kinds": ["run"]}) == []
    with store.read() as connection:
        assert len(answered(connection, READING, {"kinds": ["run"]})) == 1


def test_what_is_rolled_back_was_never_there(store: Store) -> None:
    with store.begin() as connection:
        answered(connection, ADDING, {"kind": "run", "at": AT})
        connection.rollback()
    with store.read() as connection:
        assert answered(connection, READING, {"kinds": ["run"]}) == []


def test_an_error_is_one_of_sqlalchemy_and_tells_no_values(store: Store) -> None:
    named = insert(sources).values({column.name: bindparam(column.name) for column in sources.columns})
    with pytest.raises(IntegrityError) as error, store.begin() as connection:
        answered(connection, named, dict.fromkeys((one.name for one in sources.columns), None) | {"name": "jeanne"})
    assert "jeanne" not in str(error.value)
