"""Statements as the databases get them."""

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.dialects import sqlite

from rcu.store.sql import among, among_found
from rcu.store.tables import records

named = records.alias("named")
few = select(named.c.record_id).where(among(named.c.record_id, "wanted"))


@pytest.mark.parametrize(
    "wanted",
    [*(among(records.c[name], "wanted") for name in ("record_id", "email_key", "mobile")),
     among_found(records.c.record_id, few)],
    ids=["record_id", "email_key", "mobile", "found"],
)  # fmt: skip
def test_rows_of_given_values_are_found_by_index_on_sqlite(wanted):
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
            assert not any(row.detail.startswith("SCAN records") for row in plan), plan
    engine.dispose()
