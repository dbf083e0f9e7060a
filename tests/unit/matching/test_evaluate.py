"""The figures equal a count by hand, pair by pair and record by record."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.errors import InputError
from rcu.matching.evaluate import Quality, evaluate, evaluate_by_source

LABELS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from("pqrs"), st.sampled_from(["till", "shop"])), max_size=14)


def share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def together(labels: Sequence[object]) -> set[tuple[int, int]]:
    return {(one, other) for one, other in combinations(range(len(labels)), 2) if labels[one] == labels[other]}


@settings(max_examples=150, deadline=None)
@given(rows=LABELS)
def test_pairwise_figures_are_counts_of_pairs(rows: list[tuple[int, str, str]]) -> None:
    found, true = together([row[0] for row in rows]), together([row[1] for row in rows])
    told = evaluate([row[0] for row in rows], [row[1] for row in rows])
    assert (told.found_pairs, told.true_pairs, told.right_pairs) == (len(found), len(true), len(found & true))
    assert told.pairwise == Quality(share(len(found & true), len(found)), share(len(found & true), len(true)))


@settings(max_examples=150, deadline=None)
@given(rows=LABELS)
def test_b_cubed_figures_are_averages_over_records(rows: list[tuple[int, str, str]]) -> None:
    precisions, recalls = [], []
    for cluster, person, _ in rows:
        mates = {number for number, row in enumerate(rows) if row[0] == cluster}
        same = {number for number, row in enumerate(rows) if row[1] == person}
        precisions.append(len(mates & same) / len(mates))
        recalls.append(len(mates & same) / len(same))
    told = evaluate([row[0] for row in rows], [row[1] for row in rows])
    count = len(rows)
    assert told.b_cubed.precision == pytest.approx(sum(precisions) / count if count else 1.0)
    assert told.b_cubed.recall == pytest.approx(sum(recalls) / count if count else 1.0)


@settings(max_examples=100, deadline=None)
@given(rows=LABELS)
def test_figures_between_sources_count_the_pairs_that_join_them(rows: list[tuple[int, str, str]]) -> None:
    found, true = together([row[0] for row in rows]), together([row[1] for row in rows])
    told = evaluate_by_source(pd.DataFrame(rows, columns=["cluster", "truth", "source"]))
    for one in told:
        between = {pair for pair in found | true if tuple(sorted(rows[row][2] for row in pair)) == one.sources}
        right = len(between & found & true)
        assert (one.found_pairs, one.true_pairs) == (len(between & found), len(between & true))
        assert one.quality == Quality(share(right, one.found_pairs), share(right, one.true_pairs))
    assert sum(one.found_pairs for one in told) == len(found)


@settings(max_examples=60, deadline=None)
@given(rows=LABELS, data=st.data())
def test_neither_names_nor_order_of_clusters_matter(rows: list[tuple[int, str, str]], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))
    told = evaluate([row[0] for row in rows], [row[1] for row in rows])
    renamed = evaluate([f"cluster {row[0]}" for row in shuffled], [ord(row[1]) for row in shuffled])
    assert renamed.pairwise == told.pairwise
    assert renamed.b_cubed.f1 == pytest.approx(told.b_cubed.f1)


@pytest.mark.parametrize(
    ("clusters", "truth", "pairwise", "b_cubed"),
    [
        pytest.param("aabb", "1122", (1.0, 1.0), (1.0, 1.0), id="perfect"),
        pytest.param("abcd", "1122", (1.0, 0.0), (1.0, 0.5), id="nothing joined: nothing wrong, and nothing found"),
        pytest.param("aaaa", "1122", (1 / 3, 1.0), (0.5, 1.0), id="all joined: all found, much of it wrong"),
        pytest.param("aaab", "1112", (1.0, 1.0), (1.0, 1.0), id="somebody alone"),
        pytest.param("", "", (1.0, 1.0), (1.0, 1.0), id="no record: nothing to be wrong about"),
    ],
)
def test_figures_of_clusterings_one_can_count_in_one_s_head(
    clusters: str, truth: str, pairwise: tuple[float, float], b_cubed: tuple[float, float]
) -> None:
    told = evaluate(list(clusters), list(truth))
    assert (told.pairwise.precision, told.pairwise.recall) == pytest.approx(pairwise)
    assert (told.b_cubed.precision, told.b_cubed.recall) == pytest.approx(b_cubed)
    assert (told.records, told.clusters, told.persons) == (len(clusters), len(set(clusters)), len(set(truth)))


@pytest.mark.parametrize(
    ("quality", "f1"),
    [(Quality(1.0, 1.0), 1.0), (Quality(0.5, 1.0), 2 / 3), (Quality(0.0, 0.0), 0.0), (Quality(0.0, 1.0), 0.0)],
)
def test_f1_is_the_harmonic_mean(quality: Quality, f1: float) -> None:
    assert quality.f1 == pytest.approx(f1)


def test_the_largest_cluster_is_told() -> None:
    assert evaluate(list("aaab"), list("1234")).largest_cluster == 3


@pytest.mark.parametrize(
    ("clusters", "truth", "says"),
    [
        pytest.param([1, 2], ["p", None], "1 of 2 records have no label", id="nobody knows who it is"),
        pytest.param([1, float("nan")], ["p", "q"], "1 of 2 records have no label", id="in no cluster"),
        pytest.param([1, 2], ["p"], "2 clusters and 1 labels", id="labels of other records"),
    ],
)
def test_labels_that_cannot_be_measured_are_refused(clusters: list[float], truth: list[str | None], says: str) -> None:
    with pytest.raises(InputError, match=says):
        evaluate(clusters, truth)


def test_lists_arrays_and_columns_of_labels_are_measured_alike() -> None:
    clusters, truth = [1, 1, 2, 2], list("ppqp")
    told = evaluate(clusters, truth)
    assert evaluate(np.array(clusters), pd.Series(truth)) == evaluate(pd.Series(clusters), np.array(truth)) == told
