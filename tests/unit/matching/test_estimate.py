"""The estimate from verdicts is right on average, its interval holds the truth, and it says when it knows little."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.errors import InputError
from rcu.matching.arrays import Index
from rcu.matching.estimate import (
    LOWEST_PROBABILITY,
    Layout,
    Stratum,
    allocate,
    draw,
    estimate,
    lay_out,
    weight_of,
)
from rcu.matching.scoring import Kernel, combined_weight, weigh_candidates
from tests.unit.matching.worlds import Record, encode, every_pair, persons, small_model

SIZES = np.array([400, 150, 30, 60, 900, 4_000])
JOINED = np.array([False, False, False, True, True, True])
LOWEST = (0.01, 0.2, 0.7, 0.2, 0.7, 0.999)
SHARES = (0.05, 0.5, 0.8, 0.5, 0.93, 0.998)
EXPECTED = np.array([0.05, 0.4, 0.8, 0.4, 0.9, 0.9995])


def judged(truth: list[np.ndarray], counts: Index, rng: np.random.Generator) -> list[Stratum]:
    """The verdicts of people who are always right, on a random sample of each stratum."""
    return [
        Stratum(bool(joined), lowest, len(same), int(count), int(rng.permutation(same)[:count].sum()))
        for joined, lowest, same, count in zip(JOINED, LOWEST, truth, counts.tolist(), strict=True)
    ]


@pytest.mark.parametrize("wanted", [100, 400])
def test_on_a_simulated_population_it_is_right_on_average_and_its_interval_holds_the_truth(wanted: int) -> None:
    rng = np.random.default_rng(7)
    counts = allocate(SIZES, EXPECTED, wanted)
    errors, held = [], []
    for _ in range(200):
        truth = [rng.random(size) < share for size, share in zip(SIZES, SHARES, strict=True)]
        same = np.array([one.sum() for one in truth])
        told = estimate(judged(truth, counts, rng), seed=1)
        for interval, true in (
            (told.precision, same[JOINED].sum() / SIZES[JOINED].sum()),
            (told.recall, same[JOINED].sum() / same.sum()),
        ):
            assert interval.value is not None
            errors.append(interval.value - true)
            held.append(interval.low <= true <= interval.high)
    assert abs(np.mean(errors)) < 0.002
    assert np.mean(held) > 0.9


def test_when_every_pair_is_judged_there_is_no_doubt() -> None:
    told = estimate([Stratum(True, 0.9, 50, 50, 45), Stratum(False, 0.2, 20, 20, 5)], seed=1)
    assert (told.precision.value, told.precision.low, told.precision.high) == (0.9, 0.9, 0.9)
    assert (told.recall.value, told.recall.low, told.recall.high) == (0.9, 0.9, 0.9)


@settings(max_examples=60, deadline=None)
@given(
    data=st.lists(
        st.tuples(st.booleans(), st.integers(1, 500), st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=6
    )
)
def test_a_value_is_always_within_its_interval_and_between_0_and_1(data: list[tuple[bool, int, int, int]]) -> None:
    strata = [
        Stratum(joined, 0.5, pairs, min(count, pairs), min(same, count, pairs)) for joined, pairs, count, same in data
    ]
    told = estimate(strata, seed=3)
    for interval in (told.precision, told.recall, *told.shares):
        assert 0 <= interval.low <= interval.high <= 1
        assert interval.value is None or interval.low <= interval.value <= interval.high


def test_more_verdicts_make_a_narrower_interval_and_few_are_called_wide() -> None:
    few, many = (
        estimate([Stratum(True, 0.9, 10_000, count, count * 9 // 10), Stratum(False, 0.2, 500, count, 0)], seed=1)
        for count in (10, 400)
    )
    assert few.precision.high - few.precision.low > 2 * (many.precision.high - many.precision.low)
    assert few.precision.wide
    assert not many.precision.wide


def test_verdicts_all_of_one_kind_still_leave_doubt() -> None:
    told = estimate([Stratum(True, 0.9, 1_000, 10, 10)], seed=1)
    assert told.precision.value == told.precision.high == 1.0
    assert 0.6 < told.precision.low < 0.9


def test_a_band_nobody_judged_could_hold_anything() -> None:
    told = estimate([Stratum(True, 0.9, 100, 100, 100), Stratum(False, 0.2, 100, 0, 0)], seed=1)
    assert told.precision.value == 1.0
    assert told.recall.value is None
    assert told.recall.low < 0.55
    assert told.recall.high > 0.95


def test_the_same_seed_gives_the_same_interval() -> None:
    strata = [Stratum(True, 0.9, 100, 10, 9), Stratum(False, 0.2, 100, 10, 2)]
    assert estimate(strata, seed=5) == estimate(strata, seed=5)


@settings(max_examples=100, deadline=None)
@given(sizes=st.lists(st.integers(1, 300), min_size=1, max_size=8), data=st.data())
def test_pairs_are_shared_out_to_the_last_and_every_band_gets_some(sizes: list[int], data: st.DataObject) -> None:
    expected = np.array(data.draw(st.lists(st.floats(0, 1), min_size=len(sizes), max_size=len(sizes))))
    wanted = data.draw(st.integers(len(sizes), 1_000))
    chosen = allocate(np.array(sizes), expected, wanted)
    assert chosen.sum() == min(wanted, sum(sizes))
    assert (chosen >= 1).all()
    assert (chosen <= sizes).all()


def test_most_pairs_are_judged_where_doubt_is_greatest() -> None:
    chosen = allocate(np.array([1_000, 1_000]), np.array([0.5, 0.999]), 200)
    assert chosen[0] > 2 * chosen[1]


def test_fewer_pairs_than_bands_are_refused() -> None:
    with pytest.raises(InputError, match="too few: there are 6 bands"):
        allocate(SIZES, EXPECTED, 5)


@settings(max_examples=50, deadline=None)
@given(stratum=st.lists(st.integers(0, 3), min_size=4, max_size=60), wanted=st.integers(4, 40), seed=st.integers(0, 9))
def test_a_sample_holds_each_pair_once_and_as_many_of_each_band_as_were_shared_out(
    stratum: list[int], wanted: int, seed: int
) -> None:
    numbers = np.unique(np.array(stratum), return_inverse=True)[1].astype(np.int64)
    count = int(numbers.max()) + 1
    rows = np.arange(len(numbers))
    layout = Layout(rows, rows + 1, numbers, np.zeros(count, dtype=bool), np.full(count, 0.5), np.full(count, 0.5))
    chosen = draw(layout, wanted, seed=seed)
    assert len(set(chosen.tolist())) == len(chosen)
    drawn = np.bincount(numbers[chosen], minlength=count)
    assert drawn.tolist() == allocate(layout.sizes, layout.expected, wanted).tolist()
    assert chosen.tolist() == draw(layout, wanted, seed=seed).tolist()


@settings(max_examples=60, deadline=None)
@given(records=persons(), data=st.data())
def test_the_layout_holds_every_joined_pair_and_every_heavy_one_once(
    records: list[Record], data: st.DataObject
) -> None:
    model = small_model()
    kernel = Kernel(encode(records, model.columns()), model)
    labels = st.lists(st.integers(-1, 3), min_size=len(records), max_size=len(records))
    clusters = np.array(data.draw(labels), dtype=np.int64)
    floor = weight_of(LOWEST_PROBABILITY)
    layout = lay_out(kernel, weigh_candidates(kernel, floor=floor), clusters)
    told = {
        (one, other): (bool(layout.joined[stratum]), float(layout.lowest[stratum]))
        for one, other, stratum in zip(
            layout.left.tolist(), layout.right.tolist(), layout.stratum.tolist(), strict=True
        )
    }
    assert len(told) == len(layout.left)
    candidates = weigh_candidates(kernel, floor=floor)
    weights = dict(
        zip(
            zip(candidates.left.tolist(), candidates.right.tolist(), strict=True),
            candidates.weight.tolist(),
            strict=True,
        )
    )
    everything = kernel.weigh(every_pair(len(records)), floor=-np.inf)
    every = dict(
        zip(
            zip(everything.left.tolist(), everything.right.tolist(), strict=True),
            everything.weight.tolist(),
            strict=True,
        )
    )
    joined = {pair for pair in every if clusters[pair[0]] == clusters[pair[1]] >= 0}
    assert set(told) == joined | set(weights)
    for pair, (together, lowest) in told.items():
        assert together == (pair in joined)
        assert every[pair] >= weight_of(lowest) or lowest == LOWEST_PROBABILITY


def test_a_probability_and_its_weight_say_the_same() -> None:
    assert weight_of(0.5) == 0.0
    assert float(combined_weight(np.array([weight_of(0.9)]), np.array([np.inf]))[0]) == pytest.approx(weight_of(0.9))


@settings(max_examples=80, deadline=None)
@given(
    data=st.lists(
        st.tuples(st.booleans(), st.integers(1, 500), st.integers(1, 500), st.integers(0, 500)), min_size=1, max_size=6
    )
)
def test_each_verdict_speaks_for_the_pairs_of_its_band_that_were_not_judged(
    data: list[tuple[bool, int, int, int]],
) -> None:
    strata = [Stratum(joined, 0.5, pairs, min(n, pairs), min(same, n, pairs)) for joined, pairs, n, same in data]
    right = sum(one.same * one.pairs / one.judged for one in strata if one.joined)
    every = sum(one.same * one.pairs / one.judged for one in strata)
    joined = sum(one.pairs for one in strata if one.joined)
    told = estimate(strata, seed=3)
    assert told.precision.value == pytest.approx(right / joined if joined else 1.0)
    assert told.recall.value == pytest.approx(right / every if every else 1.0)
    assert [share.value for share in told.shares] == pytest.approx([one.same / one.judged for one in strata])
