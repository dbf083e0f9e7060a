"""The kernel: weights as the formula has them, the same in any batch, any order, and however early a pair may leave."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rcu.matching.model import MatchModel
from rcu.matching.pairs import CandidatePairs, candidate_pairs
from rcu.matching.scoring import NO_EVIDENCE, Kernel, WeighedPairs, weigh_candidates
from tests.unit.matching.worlds import SMALL, Record, encode, every_pair, person, persons, small_model

MODEL = small_model()
ALL = -math.inf


def kernel(records: Sequence[Record], model: MatchModel = MODEL) -> Kernel:
    return Kernel(encode(records, model.columns()), model)


def pair(left: int, right: int) -> CandidatePairs:
    return CandidatePairs(np.array([left]), np.array([right]), 0)


def told(weighed: WeighedPairs) -> dict[tuple[int, int], tuple[float, tuple[int, ...]]]:
    """Weight and levels by pair."""
    rows = zip(
        weighed.left.tolist(), weighed.right.tolist(), weighed.weight.tolist(), weighed.levels.tolist(), strict=True
    )
    return {(left, right): (weight, tuple(levels)) for left, right, weight, levels in rows}


def odds(*ratios: float) -> float:
    return sum(math.log2(ratio) for ratio in ratios)


@pytest.mark.parametrize(
    ("left", "right", "against_strangers", "against_household", "levels"),
    [
        pytest.param(
            person("MARIE", "MARTIN"),
            person("MARIE", "MARTIN"),
            # the shares of MARIE and MARTIN stand where u stands
            odds(1 / 10_000, 0.8 / 0.02, 0.9 / 0.004),
            odds(1 / 2, 0.8 / 0.05, 0.9 / 0.8),
            (0, 0, -1, -1),
            id="two common names: their frequency counts",
        ),
        pytest.param(
            person("ZOE", "MARTIN", birth_date="1980-03-12"),
            person("ZOE", "MARTIN", birth_date="1980-03-12"),
            odds(1 / 10_000, 0.8 / 0.0001, 0.9 / 0.004, 0.95 / 0.0001),
            odds(1 / 2, 0.8 / 0.05, 0.9 / 0.8, 0.95 / 0.01),
            (0, 0, 0, -1),
            id="a name nobody listed has the least frequency",
        ),
        pytest.param(
            person("MARIE", "MARTIN", email_key="a@x.fr"),
            person("JEAN", "DURAND", email_key="a@x.fr"),
            odds(1 / 10_000, 0.1 / 0.97, 0.1 / 0.99, 0.7 / 0.00001),
            odds(1 / 2, 0.1 / 0.9, 0.1 / 0.2, 0.7 / 0.2),
            (2, 1, -1, 0),
            id="disagreement weighs as it stands in the model",
        ),
        pytest.param(
            person("MARIE", "MARTIN"),
            person("MARIA", "MARTINEAU"),
            # where the level holds for two values the commoner counts: MARTIN's 0.004, not MARTINEAU's floor
            odds(1 / 10_000, 0.1 / 0.02, 0.9 / 0.004),
            odds(1 / 2, 0.1 / 0.05, 0.9 / 0.8),
            (1, 0, -1, -1),
            id="of two values that agree the commoner counts",
        ),
        pytest.param(
            person(), person(), odds(1 / 10_000), odds(1 / 2), (-1, -1, -1, -1), id="nothing known: the odds before"
        ),
    ],
)
def test_a_weight_is_what_the_formula_gives(
    left: Record, right: Record, against_strangers: float, against_household: float, levels: tuple[int, ...]
) -> None:
    weighed = kernel([left, right]).weigh(pair(0, 1), floor=ALL)
    assert tuple(weighed.levels[0].tolist()) == levels
    probability = 1 / (1 + 2**-against_strangers + 2**-against_household)
    assert weighed.probability[0] == pytest.approx(probability, rel=1e-12)
    assert weighed.weight[0] == pytest.approx(math.log2(probability / (1 - probability)), rel=1e-9)


def test_a_missing_value_is_no_evidence() -> None:
    weighed = kernel([person("MARIE"), person("MARIE", "MARTIN", email_key="a@x.fr")]).weigh(pair(0, 1), floor=ALL)
    assert weighed.levels[0].tolist() == [0, NO_EVIDENCE, NO_EVIDENCE, NO_EVIDENCE]


def test_a_rare_name_says_more_than_a_common_one() -> None:
    weights = {
        name: kernel([person(name), person(name)]).weigh(pair(0, 1), floor=ALL).weight[0]
        for name in ("MARIE", "JEAN", "ZOE")
    }
    assert weights["MARIE"] < weights["JEAN"] < weights["ZOE"]


def test_pairs_below_the_review_threshold_are_not_kept() -> None:
    strangers = kernel([person("MARIE", "MARTIN"), person("JEAN", "DURAND")])
    assert len(strangers.weigh(pair(0, 1))) == 0
    assert len(strangers.weigh(pair(0, 1), floor=ALL)) == 1


@settings(max_examples=150, deadline=None)
@given(records=persons(), data=st.data())
def test_leaving_early_never_changes_what_is_kept(records: list[Record], data: st.DataObject) -> None:
    model = small_model(comparisons=data.draw(st.permutations(SMALL["comparisons"])))
    everything = kernel(records, model).weigh(every_pair(len(records)), floor=ALL)
    floors = st.floats(-40, 40)
    if len(everything):
        floors |= st.sampled_from(everything.weight.tolist())
    floor = data.draw(floors)
    kept = kernel(records, model).weigh(every_pair(len(records)), floor=floor)
    assert told(kept) == told(everything.only(everything.weight >= floor))


@settings(max_examples=40, deadline=None)
@given(records=persons(at_most=5))
def test_a_pair_alone_weighs_what_it_weighs_in_a_batch(records: list[Record]) -> None:
    batch = told(kernel(records).weigh(every_pair(len(records)), floor=ALL))
    for (left, right), expected in batch.items():
        alone = told(kernel([records[left], records[right]]).weigh(pair(0, 1), floor=ALL))
        assert alone == {(0, 1): expected}


@settings(max_examples=60, deadline=None)
@given(records=persons(at_most=7), data=st.data())
def test_neither_the_order_of_the_records_nor_of_the_two_of_a_pair_changes_a_weight(
    records: list[Record], data: st.DataObject
) -> None:
    assume(len(records) > 1)
    order = data.draw(st.permutations(range(len(records))))
    moved = kernel([records[row] for row in order])
    pairs = every_pair(len(records))
    weighed = told(kernel(records).weigh(pairs, floor=ALL))
    turned = told(moved.weigh(CandidatePairs(pairs.right, pairs.left, 0), floor=ALL))
    assert {tuple(sorted((order[one], order[other]))): what for (one, other), what in turned.items()} == weighed


@settings(max_examples=60, deadline=None)
@given(records=persons(), block=st.integers(1, 12), data=st.data())
def test_blocking_and_weighing_do_not_hang_on_the_size_of_the_pieces(
    records: list[Record], block: int, data: st.DataObject
) -> None:
    touched = np.array(data.draw(st.lists(st.booleans(), min_size=len(records), max_size=len(records))), dtype=bool)
    whole = weigh_candidates(kernel(records), floor=-10)
    pieces = weigh_candidates(kernel(records), floor=-10, block=block)
    some = weigh_candidates(kernel(records), floor=-10, block=block, touched=touched)
    assert list(told(pieces).items()) == list(told(whole).items())
    assert told(some) == told(whole.only(touched[whole.left] | touched[whole.right]))


def test_no_more_pairs_than_asked_for_are_weighed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [person("MARIE", "MARTIN", email_key="a@x.fr")] * 40
    sizes: list[int] = []
    weigh = Kernel.weigh

    def noted(self: Kernel, pairs: CandidatePairs, *, floor: float | None = None) -> WeighedPairs:
        sizes.append(len(pairs.left))
        return weigh(self, pairs, floor=floor)

    monkeypatch.setattr(Kernel, "weigh", noted)
    kept = weigh_candidates(kernel(records), block=100)
    assert max(sizes) <= 100
    assert sum(sizes) == len(kept) == 40 * 39 // 2


def test_every_rule_that_finds_pairs_is_named_on_them() -> None:
    records = [
        person("MARIE", "MARTIN", email_key="a@x.fr"), person("MARIE", "MARTIN", email_key="a@x.fr"),
        person("MARTIN", "MARIE"),
    ]  # fmt: skip
    weighed = weigh_candidates(kernel(records), floor=ALL)
    assert dict(
        zip(zip(weighed.left.tolist(), weighed.right.tolist(), strict=True), weighed.rule.tolist(), strict=True)
    ) == {
        (0, 1): 0,
        (0, 2): 1,
        (1, 2): 1,
    }
    assert sum(len(found.left) for found in candidate_pairs(kernel(records).table, MODEL.blocking)) == 3
