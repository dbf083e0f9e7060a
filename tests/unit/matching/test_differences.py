"""What tells two models apart is found, in bits where it is a weight, and no value of a record is in it."""

from __future__ import annotations

import math

import pytest

from rcu.matching.differences import part_moves, weight_moves
from rcu.matching.model import Frequencies, MatchModel
from tests.unit.matching.worlds import small_model


def with_level(model: MatchModel, comparison: str, level: str, **changes: object) -> MatchModel:
    """The model with another level in one place."""
    comparisons = tuple(
        one.model_copy(
            update={
                "levels": tuple(
                    inner.model_copy(update=changes) if (one.name, inner.name) == (comparison, level) else inner
                    for inner in one.levels
                )
            }
        )
        for one in model.comparisons
    )
    return model.model_copy(update={"comparisons": comparisons})


def test_a_model_does_not_differ_from_itself() -> None:
    assert weight_moves(small_model(), small_model()) == ()
    assert part_moves(small_model(), small_model()) == ()


def test_a_weight_that_differs_is_told_in_bits_against_strangers_and_household() -> None:
    (move,) = weight_moves(small_model(), with_level(small_model(), "email", "same", m=0.35))
    assert (move.comparison, move.level, move.says) == ("email", "same", "the same mailbox")
    assert move.strangers == pytest.approx((math.log2(0.7 / 0.00001), math.log2(0.35 / 0.00001)))
    assert move.household == pytest.approx((math.log2(0.7 / 0.2), math.log2(0.35 / 0.2)))
    assert move.size == pytest.approx(1)


def test_those_that_differ_most_come_first_and_the_least_are_left_out() -> None:
    changed = with_level(small_model(), "email", "same", m=0.35)
    changed = with_level(changed, "birth date", "different", u=0.9999 * 0.99)
    changed = with_level(changed, "last name", "same", h=0.1)
    assert [move.comparison for move in weight_moves(small_model(), changed)] == ["last name", "email"]
    assert len(weight_moves(small_model(), changed, least=0.001)) == 3


def test_probabilities_are_weights_and_everything_else_is_a_part() -> None:
    changed = with_level(small_model(), "email", "same", m=0.35, says="one mailbox")
    changed = changed.model_copy(update={"population": 20_000, "dates": ("birth_date",)})
    told = {one.part: (one.one, one.other) for one in part_moves(small_model(), changed)}
    assert told == {
        "population": ("10000", "20000"),
        "comparisons.email.levels.same.says": ("the same mailbox", "one mailbox"),
        "dates": ("[]", '["birth_date"]'),
    }


def test_a_comparison_only_one_model_has_is_a_part_with_its_probabilities() -> None:
    fewer = small_model().model_copy(update={"comparisons": small_model().comparisons[:-1]})
    told = {one.part: one.other for one in part_moves(small_model(), fewer)}
    assert told["comparisons.email.levels.same.m"] is None
    assert "comparisons.email.levels.same.m" not in {one.part for one in part_moves(small_model(), small_model())}
    assert weight_moves(small_model(), fewer) == ()


def test_what_a_model_is_called_is_no_difference() -> None:
    assert part_moves(small_model(), small_model().model_copy(update={"name": "other", "version": "7"})) == ()


def test_frequencies_of_values_are_told_without_the_values() -> None:
    one, other = (
        small_model().model_copy(update={"frequencies": {"last_name_key": Frequencies(floor=0.001, shares=shares)}})
        for shares in ({"KERVELLA": 0.2, "MARTIN": 0.1}, {"KERVELLA": 0.1, "MARTIN": 0.2})
    )
    (move,) = part_moves(one, other)
    assert move.part == "frequencies.last_name_key.shares"
    assert move.one != move.other
    assert "KERVELLA" not in f"{move.one}{move.other}"
