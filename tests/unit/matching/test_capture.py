"""What the rules miss, estimated without labels, against worlds in which it is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.matching.blockkeys import BlockingRule
from rcu.matching.blockreport import SAMPLED_PAIRS, survey
from rcu.matching.capture import Recall, are_matches, estimate_recall
from rcu.matching.scoring import Kernel
from rcu.matching.true_pairs import Candidates
from tests.unit.matching.worlds import Record, encode, every_pair, person, persons, small_model

COLUMNS = ("a", "b", "c", "d")
RULES = [BlockingRule(name=name, of=(name,)) for name in COLUMNS]


def world(
    people: int, *, agree: float, filled: float = 1.0, together: float = 0.0, seed: int = 1
) -> list[dict[str, str | None]]:
    """Two records a person, one after the other.

    A column agrees with chance `agree`, each by itself but for a share `together` of people in whom all do or none;
    a value is there with chance `filled`. In `e` every other person agrees with the next.
    """
    rng = np.random.default_rng(seed)
    shape = (people, len(COLUMNS))
    alike = rng.random(shape) < agree
    in_one = rng.random(people) < together
    alike[in_one] = alike[in_one, :1]
    there = rng.random((2, *shape)) < filled
    records: list[dict[str, str | None]] = []
    for one in range(people):
        for side in (0, 1):
            values = {name: f"{one}" if alike[one, at] else f"{one}.{side}" for at, name in enumerate(COLUMNS)}
            records.append({name: values[name] for at, name in enumerate(COLUMNS) if there[side, one, at]})
        records[-1] |= {"e": f"{one // 2}"}
    return records


def estimated(
    records: Sequence[Record], rules: list[BlockingRule], *, sample: int = SAMPLED_PAIRS
) -> tuple[Recall, float]:
    """The estimate and the truth; matches are the pairs of one person."""
    table = encode(records, [*COLUMNS, "e"])
    report, pairs = survey(table, rules, seed=0, sample=sample)
    firsts = np.arange(0, len(records), 2)
    truth = float(Candidates(table, rules).has(firsts, firsts + 1).mean())
    return estimate_recall(report, pairs, pairs.left // 2 == pairs.right // 2, seed=0), truth


@pytest.mark.parametrize("agree", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("filled", [pytest.param(1.0, id="all filled"), pytest.param(0.5, id="half filled")])
def test_where_rules_find_independently_the_estimate_is_the_truth(agree: float, filled: float) -> None:
    recall, truth = estimated(world(6_000, agree=agree, filled=filled), RULES)
    assert recall.share is not None
    # A pair that one rule alone can reach says nothing about its like, so the estimate is a bound where many are so.
    alone = 4 * filled**2 * (1 - filled**2) ** 3 * (1 - agree)
    assert truth - 0.02 <= recall.share <= truth + alone + 0.02


def test_where_rules_find_together_the_estimate_is_too_high_and_never_too_low() -> None:
    recall, truth = estimated(world(6_000, agree=0.5, together=0.4), RULES)
    assert recall.share is not None
    assert recall.share > truth + 0.02


def test_of_two_rules_the_estimate_is_that_of_lincoln_and_petersen() -> None:
    """8 pairs by both, 4 by the one, 4 by the other: 2 missed, or 8 * 7 / (2 * 9) / 2 when corrected for bias."""
    kinds = ["ab"] * 8 + ["a"] * 4 + ["b"] * 4
    records = [
        {"a": f"{row}" if "a" in kind else f"{row}.{side}", "b": f"{row}" if "b" in kind else f"{row}.{side}"}
        for row, kind in enumerate(kinds) for side in (0, 1)
    ]  # fmt: skip
    recall, _ = estimated(records, RULES[:2])
    assert recall.caught == pytest.approx(16 / (16 + 8 * 7 / (2 * 9) / 2))
    assert recall.reachable == 1.0
    assert [(one.share, one.alone, one.pairs_per_match) for one in recall.rules] == [(0.75, 0.25, 1.0)] * 2


def test_a_rule_is_charged_with_what_it_brings_in_vain() -> None:
    """`e` brings two persons together and finds nobody; the last column finds nobody either, and brings nothing."""
    records = world(200, agree=1.0)
    rules = [*RULES[:1], BlockingRule(name="e", of=("e",)), BlockingRule(name="none", of=("f",))]
    table = encode(records, [*COLUMNS, "e", "f"])
    report, pairs = survey(table, rules, seed=0)
    recall = estimate_recall(report, pairs, pairs.left // 2 == pairs.right // 2, seed=0)
    assert [one.pairs_per_match for one in recall.rules] == [1.0, None, None]
    assert [one.alone for one in recall.rules] == [1.0, 0.0, 0.0]
    assert (recall.matches, recall.weighed) == (200.0, 300)


def test_a_sample_gives_the_estimate_of_all_pairs_within_its_interval() -> None:
    records = world(6_000, agree=0.5)
    whole, _ = estimated(records, RULES)
    part, _ = estimated(records, RULES, sample=4_000)
    assert part.weighed < whole.weighed / 2
    assert part.low is not None
    assert part.high is not None
    assert whole.share is not None
    assert part.low <= whole.share <= part.high
    assert part.matches == pytest.approx(whole.matches, rel=0.03)


def test_pairs_that_stand_for_many_are_corrected_for_bias_as_many() -> None:
    """Two pairs by one rule of two, none by both: 2 * 1 / (2 * 1) / 2 is missed, 60 times; not 120 * 118 / 4."""
    table = encode([{"a": "1"}, {"a": "1"}], COLUMNS)
    report, pairs = survey(table, RULES[:2], seed=0)
    two = np.array([0, 0])
    sampled = replace(
        pairs, left=two, right=two + 1, rule=two, stands_for=np.array([60.0, 0.0]), reachable=1.0, random=1,
        found=np.array([[True, False]] * 2), reach=np.array([[True, True]] * 2),
    )  # fmt: skip
    recall = estimate_recall(report, sampled, np.array([True, True]), seed=0)
    assert recall.caught == pytest.approx(120 / (120 + 60 / 2))


def test_the_interval_covers_the_truth_nine_times_in_ten_where_the_suppositions_hold() -> None:
    inside = 0
    for seed in range(40):
        recall, _ = estimated(world(400, agree=0.5, seed=seed), RULES)
        assert recall.low is not None
        assert recall.high is not None
        inside += recall.low <= 1 - 0.5 ** len(RULES) <= recall.high
    assert inside >= 36


@pytest.mark.parametrize(
    ("records", "rules"),
    [
        pytest.param(world(50, agree=0.5), RULES[:1], id="one rule"),
        pytest.param(world(50, agree=0.0), RULES, id="no match among the candidates"),
        pytest.param([], RULES, id="no record"),
        pytest.param(world(50, agree=0.5), [], id="no rule"),
    ],
)
def test_where_nothing_can_be_told_nothing_is(records: list[Record], rules: list[BlockingRule]) -> None:
    table = encode(records, COLUMNS)
    report, pairs = survey(table, rules, seed=0)
    recall = estimate_recall(report, pairs, pairs.left // 2 == pairs.right // 2, seed=0)
    assert (recall.share, recall.low, recall.high, recall.caught) == (None, None, None, None)


def test_the_same_seed_gives_the_same_figures() -> None:
    records = world(300, agree=0.5)
    assert estimated(records, RULES)[0] == estimated(records, RULES)[0]


@settings(max_examples=100, deadline=None)
@given(records=persons(), data=st.data())
def test_matches_are_the_pairs_that_reach_the_threshold_in_any_order_and_twice(
    records: list[dict[str, str | None]], data: st.DataObject
) -> None:
    model = small_model()
    kernel = Kernel(encode([*records, person("ZOE", "MARTIN")], model.columns()), model)
    pairs = every_pair(len(records) + 1)
    drawn = np.array(data.draw(st.lists(st.sampled_from(range(max(len(pairs.left), 1))))), dtype=np.int64)
    drawn = drawn[drawn < len(pairs.left)]
    heavy = kernel.weigh(pairs, floor=-np.inf).weight >= model.match_weight
    assert are_matches(kernel, pairs.left[drawn], pairs.right[drawn]).tolist() == heavy[drawn].tolist()


def test_where_a_slip_spoils_two_rules_of_three_the_estimate_does_not_run_away() -> None:
    """A pair is caught by one rule or by all three, never by two: 900 by all, 100 by the first alone, none missed."""
    spoilt = [[f"{one}" if one >= 100 else f"{one}.{side}" for side in (0, 1)] for one in range(1_000)]
    records = [{"a": f"{one}", "b": value, "c": value} for one, both in enumerate(spoilt) for value in both]
    recall, truth = estimated(records, RULES[:3])
    assert truth == 1.0
    assert recall.share == pytest.approx(1_000 / 1_100)
