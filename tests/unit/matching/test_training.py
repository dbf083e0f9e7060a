"""Training without labels finds how many duplicates there are and what agreement is worth."""

import numpy as np
import pandas as pd
import pytest

from rcu.matching.auto import Kind, Trait, plan
from rcu.matching.estimation import Training
from rcu.matching.training import train

TRAITS = (
    Trait("first", Kind.FIRST_NAME, "last"),
    Trait("last", Kind.LAST_NAME, "first"),
    Trait("born", Kind.DATE),
    Trait("sex", Kind.CATEGORY),
)


def word(rng: np.random.Generator, length: int = 7) -> str:
    return "".join(rng.choice(list("ABCDEFGHIKLMNOPRSTUV"), length))


def day(rng: np.random.Generator) -> str:
    return f"{rng.integers(1930, 2000)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"


def people(count: int, twice: int, *, seed: int = 1, missing: float = 0.0) -> pd.DataFrame:
    """Different people, of whom some stand in two rows, the second with a slip in the last name."""
    rng = np.random.default_rng(seed)
    names = [word(rng) for _ in range(60)]
    rows = [[names[rng.integers(60)], word(rng), day(rng), "FM"[rng.integers(2)]] for _ in range(count)]
    again = [[first, last[:-1], born, sex] for first, last, born, sex in rows[:twice]]
    frame = pd.DataFrame([*rows, *again], columns=["first", "last", "born", "sex"], dtype=object)
    return frame.mask(rng.random(frame.shape) < missing, None)


def trained(frame: pd.DataFrame, *, seed: int = 0) -> Training:
    draft = plan(frame, TRAITS)
    return train(draft.model, draft.table, seed=seed, own=draft.own)


@pytest.mark.parametrize(
    ("count", "twice", "missing"),
    [
        pytest.param(400, 100, 0.0, id="a quarter twice"),
        pytest.param(300, 300, 0.0, id="everybody twice"),
        pytest.param(500, 100, 0.2, id="a fifth of the values missing"),
        pytest.param(100, 20, 0.0, id="a small file"),
        pytest.param(2_000, 200, 0.0, id="more than every pair can be compared"),
    ],
)
def test_the_number_of_duplicates_is_found_without_labels(count: int, twice: int, missing: float) -> None:
    assert trained(people(count, twice, missing=missing)).expected_matches == pytest.approx(twice, rel=0.15)


def test_where_nobody_is_twice_hardly_any_duplicate_is_expected() -> None:
    assert trained(people(600, 0)).expected_matches < 1


def test_agreement_and_disagreement_weigh_as_they_should() -> None:
    levels = {c.name: c.levels for c in trained(people(400, 100)).model.comparisons}
    assert all(ls[0].m > ls[0].u and ls[-1].m < ls[-1].u for ls in levels.values())
    assert levels["last"][-1].m < 0.1
    assert next(level for level in levels["last"] if level.name in {"close", "part"}).m > levels["last"][0].m


def test_too_few_records_leave_the_shipped_defaults() -> None:
    frame = people(3, 0)
    draft = plan(frame, TRAITS)
    learnt = train(draft.model, draft.table).model
    for before, after in zip(draft.model.comparisons, learnt.comparisons, strict=True):
        assert [lv.m for lv in after.levels] == pytest.approx([lv.m for lv in before.levels], rel=0.25)


def test_the_same_seed_gives_the_same_model_to_the_bit() -> None:
    frame = people(2_000, 100)
    assert trained(frame, seed=5).model.fingerprint() == trained(frame, seed=5).model.fingerprint()


def test_a_rare_value_has_a_smaller_share_than_a_common_one() -> None:
    frame = pd.DataFrame({"first": ["ANN"] * 50 + ["ZOE"] * 2 + [f"N{n}" for n in range(100)]}, dtype=object)
    draft = plan(frame, [Trait("first", Kind.FIRST_NAME)])
    shares = train(draft.model, draft.table).model.frequencies["first"].shares
    assert shares["ZOE"] < shares["ANN"]


def test_pairs_within_one_source_do_not_count_when_sources_are_given() -> None:
    frame = people(200, 100)
    draft = plan(frame, TRAITS)
    source = np.zeros(len(frame), dtype=np.int64)
    assert train(draft.model, draft.table, source=source).expected_matches < 1
    source[200:] = 1
    assert train(draft.model, draft.table, source=source).expected_matches == pytest.approx(100, rel=0.15)


def test_an_empty_column_and_a_single_value_do_no_harm() -> None:
    frame = people(50, 10).assign(sex="F", born=None)
    assert trained(frame).expected_matches < 50


def test_dependence_between_columns_is_no_sign_of_duplicates() -> None:
    rng = np.random.default_rng(2)
    house = rng.integers(0, 60, 600)
    frame = people(600, 0).assign(
        last=[f"LAST{chr(65 + n % 26)}{n}" for n in house], street=[f"{n} OAK ST" for n in house]
    )
    draft = plan(frame, [*TRAITS, Trait("street", Kind.ADDRESS)])
    assert train(draft.model, draft.table, own=draft.own).expected_matches < 1


def test_pairs_that_always_differ_in_something_are_not_one_person() -> None:
    frame = people(300, 300)
    frame.loc[300:449, "born"] = [day(np.random.default_rng(9 + n)) for n in range(150)]
    frame.loc[450:, "first"] = [word(np.random.default_rng(9 + n)) for n in range(150)]
    assert trained(frame).expected_matches < 150


def test_a_level_that_is_fixed_goes_on_saying_what_it_says() -> None:
    frame = people(400, 100).assign(mail=[f"BOX{at % 7}{'AB'[at % 2]}@X.ORG" for at in range(500)])
    draft = plan(frame, (*TRAITS, Trait("mail", Kind.EMAIL)))
    learnt = train(draft.model, draft.table, own=draft.own).model
    before, after = (
        next(level for level in model.comparisons[-1].levels if level.fixed) for model in (draft.model, learnt)
    )
    assert after.u > 2 * before.u
    assert after.m / after.u == pytest.approx(before.m / before.u)
    assert after.h / after.u == pytest.approx(before.h / before.u)
