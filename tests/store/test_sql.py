"""Statements as the databases get them."""

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.dialects import sqlite

from rcu.store.sql import among
from rcu.store.tables import records


@pytest.mark.parametrize("column", ["record_id", "email_key", "mobile"])
def test_rows_of_given_values_are_found_by_index_on_sqlite(column):
    wanted = among(records.c[column], "wanted")
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        records.create(connection)
        for statement in (
            select(records.c.record_id).where(wanted),
            select(records.c.record_id).where(wanted, records.c.deleted.is_(False)),
        ):
            written = str(statement.compile(dialect=sqlite.dialect(paramstyle="named")))
            plan = connection.execute(text(f"EXPLAIN QUERY PLAN {written}"), {"wanted": "[]"}).all()

            assert any(row.detail.startswith("SEARCH records") for row in plan), plan
    engine.dispose()
