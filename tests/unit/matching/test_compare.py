"""Two clusterings compared: the figures equal a count by hand, and every cluster is told what became of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.errors import InputError
from rcu.matching.compare import Agreement, Change, compare

TWO_LABELS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=14)


def together(labels: Sequence[object]) -> set[tuple[int, int]]:
    return {(one, other) for one, other in combinations(range(len(labels)), 2) if labels[one] == labels[other]}


def clusters(labels: Sequence[object]) -> list[frozenset[int]]:
    return [frozenset(row for row, one in enumerate(labels) if one == label) for label in dict.fromkeys(labels)]


def counted(told: Agreement) -> dict[str, tuple[int, int, int, int]]:
    return {one.change.value: (one.groups, one.one, one.other, one.records) for one in told.changes}


def naive_variation(one: Sequence[object], other: Sequence[object]) -> float:
    count, total = len(one), 0.0
    for a in clusters(one):
        for b in clusters(other):
            if both := len(a & b):
                total -= both / count * (math.log2(both / len(a)) + math.log2(both / len(b)))
    return total


@settings(max_examples=150, deadline=None)
@given(rows=TWO_LABELS)
def test_pairs_and_indices_are_those_counted_pair_by_pair(rows: list[tuple[int, int]]) -> None:
    one, other = [row[0] for row in rows], [row[1] for row in rows]
    a, b, every = together(one), together(other), len(rows) * (len(rows) - 1) // 2
    told = compare(one, other)
    assert (told.pairs, told.pairs_both) == ((len(a), len(b)), len(a & b))
    assert told.rand == pytest.approx(1 - len(a ^ b) / every if every else 1.0)
    expected = len(a) * len(b) / every if every else 0.0
    most = (len(a) + len(b)) / 2
    assert told.adjusted_rand == pytest.approx((len(a & b) - expected) / (most - expected) if most != expected else 1.0)
    assert told.variation_of_information == pytest.approx(naive_variation(one, other), abs=1e-9)


@settings(max_examples=150, deadline=None)
@given(rows=TWO_LABELS)
def test_every_cluster_is_counted_once_by_what_became_of_it(rows: list[tuple[int, int]]) -> None:
    one, other = [row[0] for row in rows], [row[1] for row in rows]
    before, after = clusters(one), clusters(other)
    told = counted(compare(one, other))
    inside = [[b for b in after if b <= a] for a in before]
    around = [[a for a in before if a <= b] for b in after]
    assert told["same"][0] == len(set(before) & set(after))
    assert told["split"][1] == sum(
        len(parts) > 1 and sum(map(len, parts)) == len(a) for a, parts in zip(before, inside, strict=True)
    )
    assert told["merged"][2] == sum(
        len(parts) > 1 and sum(map(len, parts)) == len(b) for b, parts in zip(after, around, strict=True)
    )
    assert [sum(counts[place] for counts in told.values()) for place in (1, 2, 3)] == [
        len(before), len(after), len(rows),
    ]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(rows=TWO_LABELS, data=st.data())
def test_the_two_sides_mirror_each_other_whatever_the_labels_are_called(
    rows: list[tuple[int, int]], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(rows))
    one = compare([row[0] for row in rows], [row[1] for row in rows])
    other = compare([f"c{row[1]}" for row in shuffled], np.array([row[0] * 7 for row in shuffled], dtype=np.int64))
    assert other.rand == pytest.approx(one.rand)
    assert other.adjusted_rand == pytest.approx(one.adjusted_rand)
    assert other.variation_of_information == pytest.approx(one.variation_of_information, abs=1e-9)
    assert other.split_in == one.merged_of
    assert counted(other)["same"] == counted(one)["same"]


@pytest.mark.parametrize(
    ("one", "other", "change", "parts"),
    [
        pytest.param("aab", "xxy", {Change.SAME}, ({}, {}), id="other names for the same clusters"),
        pytest.param("aaab", "xxyz", {Change.SPLIT, Change.SAME}, ({2: 1}, {}), id="split in two, one untouched"),
        pytest.param("aaa", "xyz", {Change.SPLIT}, ({3: 1}, {}), id="split in three"),
        pytest.param("aabc", "xxxx", {Change.MERGED}, ({}, {3: 1}), id="merged of three"),
        pytest.param("aabb", "xyyy", {Change.REARRANGED}, ({}, {}), id="a record went to another cluster"),
        pytest.param("", "", set(), ({}, {}), id="no record"),
    ],
)
def test_what_became_of_clusters_one_can_see(
    one: str, other: str, change: set[Change], parts: tuple[dict[int, int], dict[int, int]]
) -> None:
    told = compare(list(one), list(other))
    assert set(told.change) == change
    assert (told.split_in, told.merged_of) == parts


def test_records_of_one_group_are_those_whose_clusters_touch() -> None:
    told = compare(list("aabbc"), list("xyyzw"))
    assert told.group[0] == told.group[1] == told.group[2] == told.group[3] != told.group[4]
    assert [told.change[group] for group in told.group.tolist()] == [Change.REARRANGED] * 4 + [Change.SAME]


def test_equal_clusterings_agree_fully_and_random_ones_not_beyond_chance() -> None:
    labels = np.random.default_rng(3).integers(0, 400, size=2_000)
    told = compare(labels, labels)
    assert (told.rand, told.adjusted_rand, told.variation_of_information) == (1.0, 1.0, 0.0)
    shuffled = np.random.default_rng(4).permutation(labels)
    assert abs(compare(labels, shuffled).adjusted_rand) < 0.02


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        pytest.param(["a"], ["a", "b"], "different records", id="another number of records"),
        pytest.param(["a", None], ["a", "b"], "1 of 2 records have no label", id="a record without a label"),
    ],
)
def test_labellings_that_cannot_be_compared_are_refused(one: list[str | None], other: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        compare(one, other)
