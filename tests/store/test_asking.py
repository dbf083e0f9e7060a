"""Statements that go through libpq itself: parameters arrive as they are, and errors are the driver's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError, InternalError, OperationalError, ProgrammingError

from rcu.store.asking import DOUBLE
from rcu.store.engine import Store
from rcu.store.sql import asking, driven

pytestmark = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)  # SQLite is not asked so
NOW = datetime(2026, 3, 29, 2, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def connection(store: Store) -> Iterator[Connection]:
    with store.engine.begin() as connection:
        driven(connection, "CREATE TEMPORARY TABLE asked (n bigint PRIMARY KEY)", ())
        yield connection
        connection.rollback()


@pytest.mark.parametrize(
    ("kind", "value", "back"),
    [
        ("text", "d'Artagnan \\ \"x\" é € 😀", "d'Artagnan \\ \"x\" é € 😀"),
        ("text", "", ""),
        ("text", None, None),
        ("bigint", 2**62, 2**62),
        ("boolean", False, False),
        ("double precision", 0.1, 0.1),
        ("double precision", float("-inf"), float("-inf")),
        ("timestamptz", NOW, NOW),
        ("bigint[]", {7}, [7]),
        ("bigint[]", [], []),
        ("text[]", ['"', "\\", "a,b", "{}", "NULL", "", " é\n"], ['"', "\\", "a,b", "{}", "NULL", "", " é\n"]),
    ],
)  # fmt: skip
def test_a_parameter_arrives_as_it_is(connection: Connection, kind: str, value: Any, back: Any) -> None:
    for _ in range(2):
        assert [tuple(row) for row in driven(connection, f"SELECT $1::{kind}, 1", [value])] == [(back, 1)]


def test_a_kind_tells_what_the_statement_leaves_open(connection: Connection) -> None:
    assert list(driven(connection, "SELECT $1", [0.5], [DOUBLE])) == [(0.5,)]


def test_the_first_statement_of_a_transaction_begins_it(store: Store) -> None:
    with store.engine.connect() as connection:
        for _ in range(2):
            with connection.begin() as transaction:
                driven(connection, "CREATE TABLE begun (n bigint)", ())
                transaction.rollback()
        assert list(driven(connection, "SELECT to_regclass('begun')::text", ())) == [(None,)]


def test_statements_outlive_a_transaction_that_is_rolled_back(store: Store) -> None:
    with store.engine.connect() as connection:
        for _ in range(9):  # the driver's own way to prepare what it has seen some times
            with connection.begin() as transaction:
                connection.exec_driver_sql("SELECT %(n)s::int", {"n": 1})
                assert list(driven(connection, "SELECT $1::int", [1])) == [(1,)]
                transaction.rollback()


def test_statements_that_somebody_dropped_are_prepared_anew(store: Store) -> None:
    with store.engine.connect() as connection:
        for attempt in range(2):
            with connection.begin() as transaction:
                connection.exec_driver_sql("SELECT 1")
                if attempt == 0:
                    driven(connection, "SELECT 2", ())
                    connection.exec_driver_sql("DEALLOCATE ALL")
                    with pytest.raises(ProgrammingError):
                        driven(connection, "SELECT 2", ())
                else:
                    assert list(driven(connection, "SELECT 2", ())) == [(2,)]
                transaction.rollback()


def test_an_error_is_the_drivers_and_ends_the_transaction(connection: Connection) -> None:
    insert = "INSERT INTO asked VALUES ($1)"
    assert list(driven(connection, insert, [1])) == []
    with pytest.raises(IntegrityError) as caught:
        driven(connection, insert, [1])
    assert isinstance(caught.value.orig, psycopg.errors.UniqueViolation)
    assert caught.value.orig.sqlstate == "23505"
    with pytest.raises(InternalError, match="aborted"):
        driven(connection, insert, [2])


def test_text_that_cannot_be_stored_is_refused_without_showing_it(connection: Connection) -> None:
    with pytest.raises(DataError) as caught:
        driven(connection, "SELECT $1::text", ["secret\0"])
    assert "secret" not in str(caught.value)
    assert list(driven(connection, "SELECT 1", ())) == [(1,)]


def test_a_lost_connection_is_said_to_be_lost(store: Store) -> None:
    with store.engine.connect() as connection, store.engine.connect() as other:
        ((mine,),) = driven(connection, "SELECT pg_backend_pid()", ())
        driven(connection, "SELECT 1", ())
        driven(other, "SELECT pg_terminate_backend($1::int)", [mine])
        with pytest.raises(OperationalError):
            driven(connection, "SELECT 1", ())
        connection.invalidate()
    with store.engine.connect() as connection:
        assert list(driven(connection, "SELECT 1", ())) == [(1,)]


def told(connection: Connection, number: int) -> None:
    asking(connection).tell("INSERT INTO told (n) VALUES ($1)", [number])


@pytest.fixture
def several(store: Store) -> Iterator[Store]:
    with store.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE told (n bigint PRIMARY KEY)")
    yield store
    with store.begin() as connection:
        connection.exec_driver_sql("DROP TABLE told")


def numbers(store: Store) -> list[int]:
    with store.read() as connection:
        return [row[0] for row in driven(connection, "SELECT n FROM told ORDER BY n", ())]


def test_what_is_told_is_done_before_what_is_asked_next_by_either_way_and_at_the_end(several: Store) -> None:
    with several.begin() as connection:
        told(connection, 1)
        assert list(driven(connection, "SELECT n FROM told", ())) == [(1,)]
        told(connection, 2)
        told(connection, 3)
        assert connection.exec_driver_sql("SELECT max(n) FROM told").scalar() == 3
        told(connection, 4)
    assert numbers(several) == [1, 2, 3, 4]


def test_what_is_told_and_not_kept_is_gone(several: Store) -> None:
    with several.begin() as connection:
        told(connection, 1)
        connection.rollback()
    with pytest.raises(ZeroDivisionError):
        _tell(several, 2, then=lambda _: 1 / 0)
    assert numbers(several) == []


@pytest.mark.parametrize(
    "then",
    [
        lambda connection: driven(connection, "SELECT 1", ()),
        lambda connection: connection.exec_driver_sql("SELECT 1"),
        lambda connection: connection,
    ],
    ids=["asked next", "asked by the other way", "at the end"],
)
def test_what_there_is_against_what_was_told_is_raised_and_nothing_is_kept(
    several: Store, then: Callable[[Connection], object]
) -> None:
    with pytest.raises(IntegrityError, match="unique"):
        _tell(several, 0, 1, 1, 2, then=then)
    assert numbers(several) == []
    _tell(several, 5, then=lambda _: None)  # the connection is as good as before
    assert numbers(several) == [5]


def _tell(store: Store, *values: int, then: Callable[[Connection], object]) -> None:
    with store.begin() as connection:
        for value in values:
            told(connection, value)
        then(connection)


def test_a_connection_that_is_lost_is_told_of(several: Store) -> None:
    def lose(connection: Connection) -> None:
        pid = driven(connection, "SELECT pg_backend_pid()", ())[0][0]
        with several.begin() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")
        told(connection, 2)
        driven(connection, "SELECT 1", ())

    with pytest.raises(OperationalError):
        _tell(several, 1, then=lose)
    assert numbers(several) == []
