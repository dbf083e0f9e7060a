"""An explanation tells the very numbers that decide, field by field, and ends in the verdict of a run."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings

from rcu.matching.clustering import matches
from rcu.matching.explain import NOTHING_TO_COMPARE, Explanation, explain_pair
from rcu.matching.model import MatchModel
from rcu.matching.scoring import Kernel
from tests.unit.matching.worlds import Record, encode, every_pair, person, persons, small_model

MODEL = small_model()


def explained(one: Record, other: Record, model: MatchModel = MODEL) -> Explanation:
    return explain_pair(Kernel(encode([one, other], model.columns()), model), 0, 1)


@settings(max_examples=60, deadline=None)
@given(records=persons(at_most=5))
def test_the_steps_add_up_to_the_weight_and_verdict_of_a_run(records: list[Record]) -> None:
    kernel = Kernel(encode(records, MODEL.columns()), MODEL)
    weighed = kernel.weigh(every_pair(len(records)), floor=-math.inf)
    joined = matches(MODEL, weighed)
    for place, (left, right) in enumerate(zip(weighed.left.tolist(), weighed.right.tolist(), strict=True)):
        told = explain_pair(kernel, left, right)
        strangers = told.prior_strangers + sum(step.strangers for step in told.steps)
        household = told.prior_household + sum(step.household for step in told.steps)
        assert (told.total_strangers, told.total_household) == pytest.approx((strangers, household), abs=1e-9)
        assert told.weight == pytest.approx(-math.log2(2**-strangers + 2**-household), abs=1e-9)
        assert told.weight == pytest.approx(weighed.weight[place], abs=1e-9)
        assert told.probability == pytest.approx(weighed.probability[place], abs=1e-12)
        assert (told.verdict == "match") == joined[place]


@settings(max_examples=60, deadline=None)
@given(records=persons(at_most=2).filter(lambda found: len(found) == 2))
def test_the_other_way_round_it_says_the_same(records: list[Record]) -> None:
    forth, back = explained(*records), explained(*reversed(records))
    assert (back.weight, back.verdict, back.contradictions) == (forth.weight, forth.verdict, forth.contradictions)
    mirrored = [(step.level, step.says, step.strangers, step.household, step.right, step.left) for step in back.steps]
    assert mirrored == [(s.level, s.says, s.strangers, s.household, s.left, s.right) for s in forth.steps]


JEAN = person("JEAN", "MARTIN", email_key="a@x.fr")


@pytest.mark.parametrize(
    ("one", "other", "verdict", "contradictions"),
    [
        pytest.param(JEAN, JEAN, "match", (), id="enough speaks for it"),
        pytest.param(person("MARIE", "MARTIN"), person("MARIE", "MARTIN"), "possible match", (), id="something does"),
        pytest.param(person("JEAN", "MARTIN"), person("ZOE", "DURAND"), "no match", (), id="nothing does"),
        pytest.param(
            person("MARIE", "MARTIN", birth_date="1950-05-01"), person("MARIE", "MARTIN", birth_date="1980-11-23"),
            "no match", ("two dates of birth",), id="a contradiction that also takes the weight away",
        ),
        pytest.param(
            person("ZOE", "DURAND", email_key="a@x.fr"), person("JEAN", "DURAND", email_key="a@x.fr"),
            "no match", ("two first names for one mailbox",), id="a couple",
        ),
    ],
)  # fmt: skip
def test_the_verdict_and_what_speaks_against_it(
    one: Record, other: Record, verdict: str, contradictions: tuple[str, ...]
) -> None:
    told = explained(one, other)
    assert (told.verdict, told.contradictions) == (verdict, contradictions)


def test_a_pair_that_weighs_enough_but_contradicts_itself_is_left_to_a_person() -> None:
    lenient = small_model(match_probability=0.5)
    told = explained(JEAN | {"birth_date": "1950-05-01"}, JEAN | {"birth_date": "1980-11-23"}, lenient)
    assert told.weight >= lenient.match_weight
    assert told.verdict == "possible match"
    assert told.contradictions == ("two dates of birth",)


def test_each_step_shows_the_values_and_says_the_level_in_words() -> None:
    told = explained(person("MARIE", "MARTIN"), person("MARIA", "DURAND", email_key="a@x.fr"))
    assert [(step.comparison, step.left, step.right, step.level, step.says) for step in told.steps] == [
        ("first name", "MARIE", "MARIA", "close", "nearly the same"),
        ("last name", "MARTIN", "DURAND", "different", "another last name"),
        ("birth date", "", "", None, NOTHING_TO_COMPARE),
        ("email", "", "a@x.fr", None, NOTHING_TO_COMPARE),
    ]
    assert [(step.strangers, step.household) for step in told.steps[2:]] == [(0.0, 0.0)] * 2


def test_in_the_shipped_model_a_shared_landline_says_much_against_strangers_and_nothing_against_the_household(
    model: MatchModel,
) -> None:
    told = explained({"landline": "+33299123456"}, {"landline": "+33299123456"}, model)
    landline = next(step for step in told.steps if step.comparison == "landline")
    assert landline.strangers > 15
    assert np.sign(landline.household) <= 0
