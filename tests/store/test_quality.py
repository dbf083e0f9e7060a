"""The quality of clusters: rows of changed clusters are replaced, those of others stay."""

from __future__ import annotations

import math

import pyarrow as pa
from sqlalchemy import insert

from rcu.store import identity
from rcu.store.engine import Store
from rcu.store.tables import records, sources
from tests.conftest import NOW

Row = tuple[int, int, float, int, int]


def quality(*rows: Row) -> pa.Table:
    names = ["cluster_id", "records", "weakest_weight", "contradictions", "refused"]
    types = [pa.int64(), pa.int64(), pa.float64(), pa.int64(), pa.int64()]
    columns = [pa.array([row[place] for row in rows], kind) for place, kind in enumerate(types)]
    return pa.table(columns, names=names)


def replace(store: Store, changed: list[int], *rows: Row) -> None:
    gone = pa.table({"cluster_id": pa.array(changed, pa.int64())})
    with store.staged(gone) as staged, store.staged(quality(*rows)) as found, store.begin() as connection:
        identity.replace_quality(connection, staged, found)


def with_records(store: Store, count: int) -> Store:
    with store.begin() as connection:
        connection.execute(insert(sources).values(name="till", kind="x", settings="{}", rank=1, created_at=NOW))
        for place in range(1, count + 1):
            connection.execute(
                insert(records).values(
                    record_id=place, birth_id=f"b{place}", source="till", native_id=str(place), is_guest=False,
                    deleted=False, absent=False, raw="{}", content_hash=1, arrived_at=NOW,
                )
            )  # fmt: skip
    return store


def test_rows_of_changed_clusters_are_replaced_and_others_stay(store: Store) -> None:
    with_records(store, 9)
    replace(store, [], (1, 2, 3.25, 0, 1), (3, 2, 1.1, 0, 0), (5, 4, 0.1 + 0.2, 2, 0))
    replace(store, [1, 3, 8], (3, 3, -0.5, 1, 0), (8, 2, math.inf, 0, 0))
    expected = quality((3, 3, -0.5, 1, 0), (5, 4, 0.1 + 0.2, 2, 0), (8, 2, math.inf, 0, 0))
    assert identity.stored_quality(store).equals(expected)


def test_nothing_changed_leaves_everything(store: Store) -> None:
    with_records(store, 2)
    replace(store, [], (1, 2, 3.25, 0, 1))
    replace(store, [])
    assert identity.stored_quality(store).equals(quality((1, 2, 3.25, 0, 1)))
