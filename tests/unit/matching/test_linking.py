"""The whole engine in one call: the order of the rows changes nothing, and one seed gives the same bytes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.customers import raw_customers
from rcu.cleaning import standardise
from rcu.matching.clustering import Constraints
from rcu.matching.evaluate import evaluate
from rcu.matching.linking import link
from tests.unit.matching.worlds import persons, small_model

MODEL = small_model(match_probability=0.3)


@pytest.fixture(scope="module")
def customers() -> tuple[pd.DataFrame, np.ndarray]:
    raw = raw_customers(1_500, seed=23)
    return standardise(raw.drop(columns="person")), raw["person"].to_numpy()


def together(cluster: np.ndarray, order: np.ndarray) -> set[frozenset[int]]:
    """The clusters as sets of the original rows."""
    rows = pd.Series(order).groupby(cluster).agg(frozenset)
    return set(rows)


@settings(max_examples=60, deadline=None)
@given(records=persons(), data=st.data())
def test_any_order_of_the_rows_gives_the_same_clusters(
    records: list[dict[str, str | None]], data: st.DataObject
) -> None:
    frame = pd.DataFrame(records, index=range(len(records)), dtype=object)
    order = np.array(data.draw(st.permutations(range(len(records)))), dtype=np.int64)
    there = together(link(frame, MODEL).cluster, np.arange(len(records)))
    moved = together(link(frame.iloc[order].reset_index(drop=True), MODEL).cluster, order)
    # Rows that say the same are interchangeable: which of them joins whom is told by what they say.
    said = [tuple(sorted((name, value) for name, value in record.items() if value)) for record in records]
    assert sorted(sorted(said[row] for row in rows) for rows in there) == sorted(
        sorted(said[row] for row in rows) for rows in moved
    )


def test_generated_customers_are_found_again_in_any_order(customers: tuple[pd.DataFrame, np.ndarray]) -> None:
    frame, person = customers
    found = link(frame)
    order = np.random.default_rng(3).permutation(len(frame))
    moved = link(frame.iloc[order].reset_index(drop=True))
    assert together(found.cluster, np.arange(len(frame))) == together(moved.cluster, order)
    figures = evaluate(found.cluster, person)
    assert figures.pairwise.f1 > 0.93
    assert figures.b_cubed.f1 > 0.96


def test_learning_is_the_same_to_the_bit_and_does_no_harm(customers: tuple[pd.DataFrame, np.ndarray]) -> None:
    frame, person = customers
    one, other = (link(frame, learn=True, seed=5) for _ in "ab")
    assert one.kernel.model.to_json() == other.kernel.model.to_json()
    assert one.cluster.tolist() == other.cluster.tolist()
    assert evaluate(one.cluster, person).pairwise.f1 > evaluate(link(frame).cluster, person).pairwise.f1 - 0.01


def test_what_people_decided_is_obeyed(customers: tuple[pd.DataFrame, np.ndarray]) -> None:
    frame, _ = customers
    free = link(frame).cluster
    joined = next(row for row in range(len(frame)) if free[row] != row)
    parted = link(frame, constraints=Constraints(cannot=np.array([[free[joined], joined]]))).cluster
    assert parted[joined] != parted[free[joined]]
    apart = [row for row in range(len(frame)) if free[row] == row][:2]
    merged = link(frame, constraints=Constraints(must=np.array([apart]))).cluster
    assert merged[apart[0]] == merged[apart[1]]
