"""The access log of a busy year: its entries are found by customer, part by part."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import event

from rcu.store import accesses
from rcu.store.accesses import NEWEST, Access, AccessWish
from rcu.store.engine import Store

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
COUNT = 10_000
OFTEN = 700
"""So many customers are shown in turns."""


def entry(number: int) -> Access:
    at = BEGAN + timedelta(seconds=number)
    return Access(at, f"key {number % 3}", None, "getCustomer", None, f"c{number % OFTEN}", ("identity",), f"r{number}")


def written(store: Store) -> None:
    with store.begin() as connection:
        accesses.add(connection, [entry(number) for number in range(1, COUNT + 1)])


def test_a_customers_entries_are_found_in_every_part_the_newest_first_and_page_by_page(store: Store) -> None:
    written(store)
    wish = AccessWish(customer_id="c7")
    expected = [entry(number) for number in range(COUNT, 0, -1) if number % OFTEN == 7]
    assert len(expected) > 10
    found: list[Access] = []
    before = NEWEST
    with store.read() as connection:
        while page := accesses.page(connection, wish, before=before, limit=4):
            found += [one for _, one in page]
            before = page[-1][0]
        both = accesses.page(connection, AccessWish("c7", "key 1", BEGAN), before=NEWEST, limit=COUNT)
        nobody = accesses.page(connection, AccessWish("nobody"), before=NEWEST, limit=4)
    assert found == expected
    assert [one for _, one in both] == [one for one in expected if one.key_name == "key 1"]
    assert nobody == []


def test_an_empty_log_has_nothing_of_anybody(store: Store) -> None:
    with store.read() as connection:
        assert accesses.page(connection, AccessWish("c7"), before=NEWEST, limit=4) == []


def test_a_customers_entries_are_looked_up_by_index(store: Store) -> None:
    written(store)
    asked: list[tuple[str, object]] = []
    with store.read() as connection:
        connection.exec_driver_sql("ANALYZE access_log")
        event.listen(connection, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
        accesses.page(connection, AccessWish(customer_id="c7"), before=NEWEST, limit=4)
        statement, parameters = asked[0]
        explain = "EXPLAIN QUERY PLAN " if store.engine.dialect.name == "sqlite" else "EXPLAIN "
        plan = "\n".join(map(str, connection.exec_driver_sql(explain + statement, parameters)))  # type: ignore[arg-type]
    assert "ix_access_log_part" in plan
