"""Arrow in and out mean the same on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from sqlalchemy import func, select

from rcu.errors import ConfigurationError, Conflict
from rcu.store import sources
from rcu.store.engine import Store
from rcu.store.sources import SourceRow
from rcu.store.tables import runs
from rcu.store.tables import sources as sources_table
from tests.conftest import NOW, Databases

INSTANT = datetime(2025, 10, 26, 0, 30, 0, 123456, tzinfo=UTC)


def every_type() -> pa.Table:
    return pa.table(
        {
            "number": pa.array([1, 2**62, None], pa.int64()),
            "text": pa.array(["é;\"'\n", "", None], pa.string()),
            "large": pa.array(["00123", "x", None], pa.large_string()),
            "flag": pa.array([True, False, None]),
            "real": pa.array([0.1, -1e300, None]),
            "instant": pa.array([INSTANT, datetime(1970, 1, 1, tzinfo=UTC), None], pa.timestamp("us", tz="UTC")),
            "empty": pa.nulls(3),
        }
    )


def test_what_is_staged_is_read_back_the_same(store: Store) -> None:
    with store.staged(every_type()) as staged:
        found = store.read_arrow(select(staged).order_by(staged.c.number.is_(None), staged.c.number))
    expected = every_type().set_column(2, "large", every_type()["large"].cast(pa.string()))
    assert found.to_pylist() == expected.to_pylist()
    assert found.schema.field("instant").type == pa.timestamp("us", tz="UTC")


def test_a_column_empty_for_a_long_while_keeps_its_type(store: Store) -> None:
    """The driver guesses a column's type from the first rows of an answer."""
    rows = pa.table({"text": pa.array([None] * 5000 + ["late"], pa.string())})
    with store.staged(rows) as staged:
        assert store.read_arrow(select(staged.c.text))["text"].drop_null().to_pylist() == ["late"]


def test_a_value_with_a_percent_sign_is_found(store: Store) -> None:
    with store.staged(pa.table({"a": ["50%", "50%%"]})) as staged:
        assert store.read_arrow(select(staged.c.a).where(staged.c.a == "50%")).to_pylist() == [{"a": "50%"}]


def test_staged_rows_join_the_transaction_that_uses_them(store: Store) -> None:
    rows = pa.table({"name": ["a", "b"], "at": pa.array([INSTANT] * 2, pa.timestamp("us", tz="UTC"))})
    with store.staged(rows) as staged, store.begin() as connection:
        names = ["name", "kind", "settings", "rank", "created_at"]
        rows = select(staged.c.name, staged.c.name, staged.c.name, func.length(staged.c.name), staged.c.at)
        connection.execute(sources_table.insert().from_select(names, rows))
    with store.read() as connection:
        assert connection.execute(select(sources_table.c.created_at)).scalars().all() == [INSTANT, INSTANT]


def test_several_staged_tables_are_seen_together_and_gone_afterwards(store: Store) -> None:
    with store.staged(pa.table({"a": [1]})) as one, store.staged(pa.table({"b": [2]})) as two:
        assert store.read_arrow(select(one.c.a, two.c.b)).to_pylist() == [{"a": 1, "b": 2}]
    with pytest.raises(Exception, match="stage"):
        store.read_arrow(select(one.c.a))


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.begin() as connection:
            sources.put_source(connection, SourceRow("x", "flatfile", "{}", 1), NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.read() as connection:
        assert sources.all_sources(connection) == []


def test_only_one_writer_works_at_a_time(databases: Databases) -> None:
    url = databases.url()
    first, second = databases.open(url), databases.open(url)
    with first.writer_lock(), pytest.raises(Conflict, match="another import"), second.writer_lock():
        pass
    with second.writer_lock():
        pass


def test_instants_without_a_zone_are_refused(store: Store) -> None:
    with pytest.raises(Exception, match="time zone"), store.begin() as connection:
        connection.execute(runs.insert().values(kind="run", status="x", started_at=datetime(2025, 1, 1)))  # noqa: DTZ001


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("mysql://host/db", id="another database"),
        pytest.param("sqlite://", id="in memory"),
        pytest.param("not an address", id="not an address"),
    ],
)
def test_an_address_it_cannot_use_is_named_as_such(url: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        Store(url)
    assert "RCU_DATABASE_URL" in (error.value.hint or "")
