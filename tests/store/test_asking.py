"""Statements that go through libpq itself: parameters arrive as they are, and errors are the driver's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError, InternalError, OperationalError, ProgrammingError

from rcu.store.asking import DOUBLE
from rcu.store.engine import Store
from rcu.store.sql import driven

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
