"""The curve is what clustering anew at each threshold gives, measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.errors import InputError
from rcu.matching.clustering import cluster
from rcu.matching.curve import checked, curve
from rcu.matching.evaluate import evaluate
from rcu.matching.scoring import Kernel, weigh_candidates
from tests.unit.matching.worlds import Record, encode, person, persons, small_model

THRESHOLDS = (0.05, 0.5, 0.99)


@settings(max_examples=60, deadline=None)
@given(records=persons(), data=st.data())
def test_each_point_is_a_clustering_at_its_threshold_and_the_model_s_own_is_among_them(
    records: list[Record], data: st.DataObject
) -> None:
    labels = st.lists(st.integers(-1, 2), min_size=len(records), max_size=len(records))
    truth = np.array(data.draw(labels), dtype=np.int64)
    model = small_model()
    kernel = Kernel(encode(records, model.columns()), model)
    pairs, rank = weigh_candidates(kernel, floor=-10.0), np.arange(len(records), dtype=np.int64)
    told = curve(kernel, pairs, truth, rank=rank, thresholds=THRESHOLDS)
    assert [point.threshold for point in told.points] == sorted({*THRESHOLDS, model.match_probability})
    assert told.present.threshold == told.own == model.match_probability
    known = truth >= 0
    for point in told.points:
        stricter = small_model(match_probability=point.threshold, review_probability=0.01)
        found = cluster(Kernel(kernel.table, stricter), pairs, rank).cluster
        assert point.evaluation == evaluate(found[known], truth[known])
        assert point.clusters == len(set(found.tolist()))
    assert told.best.evaluation.pairwise.f1 == max(point.evaluation.pairwise.f1 for point in told.points)
    assert told.best_b_cubed.evaluation.b_cubed.f1 == max(point.evaluation.b_cubed.f1 for point in told.points)


def test_of_equally_good_thresholds_the_highest_is_the_best() -> None:
    model = small_model()
    kernel = Kernel(encode([person("MARIE", "MARTIN"), person("ZOE", "DURAND")], model.columns()), model)
    told = curve(kernel, weigh_candidates(kernel), np.array([0, 1]), rank=np.arange(2), thresholds=THRESHOLDS)
    assert told.best.threshold == told.best_b_cubed.threshold == 0.99


@pytest.mark.parametrize("threshold", [0.0, 1.0, 70.0, -0.5, float("nan")])
def test_what_is_no_probability_is_no_threshold(threshold: float) -> None:
    with pytest.raises(InputError, match="is no threshold"):
        checked([0.5, threshold])
