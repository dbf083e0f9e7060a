"""Refining a declared model: it learns what records show, keeps what they cannot, and is the same to the bit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rcu.matching.model import MatchModel
from rcu.matching.refining import refine
from rcu.matching.table import EncodedTable
from rcu.matching.verdicts import Verdicts
from tests.unit.matching.worlds import encode, person, small_model

MODEL = small_model()
FIRST = [f"{a}{b}E" for a in ("JA", "MO", "LU", "PI", "SO") for b in ("NN", "RT", "SS", "LL", "VR", "BD")]
LAST = [f"{a}{b}" for a in ("DUR", "MAR", "LEF", "BON", "GAR", "PET", "ROU") for b in ("AND", "TIN", "OUX", "IER")]


def people(size: int, again: int, *, slip: float = 0.0, seed: int = 3) -> tuple[pd.DataFrame, np.ndarray]:
    """`size` persons, the first `again` of them twice (a share `slip` with another mailbox), and who is whom."""
    rng = np.random.default_rng(seed)
    rows = [
        person(
            FIRST[rng.integers(len(FIRST))], f"{LAST[rng.integers(len(LAST))]}{chr(65 + place % 26)}",
            birth_date=f"{rng.integers(1940, 2005)}-{rng.integers(1, 13):02}-{rng.integers(1, 29):02}",
            email_key=f"p{place}@x.fr",
        )
        for place in range(size)
    ]  # fmt: skip
    copies = [
        row | ({"email_key": f"q{at}@x.fr"} if rng.random() < slip else {}) for at, row in enumerate(rows[:again])
    ]
    return pd.DataFrame([*rows, *copies], dtype=object), np.r_[np.arange(size), np.arange(again)]


def table_of(frame: pd.DataFrame) -> EncodedTable:
    return EncodedTable.encode(frame, MODEL.columns())


def level(model: MatchModel, comparison: str, name: str):
    found = next(one for one in model.comparisons if one.name == comparison)
    return next(one for one in found.levels if one.name == name)


def test_the_number_of_duplicates_is_found_without_labels() -> None:
    frame, _ = people(1_500, 400)
    found = refine(MODEL, table_of(frame))
    assert found.expected_matches == pytest.approx(400, rel=0.1)
    assert found.model.population == len(frame)
    assert found.model.records_of_same == pytest.approx(2 * 400 / len(frame), rel=0.1)


def test_what_a_field_is_worth_is_drawn_towards_what_the_records_show() -> None:
    sure = refine(MODEL, table_of(people(1_500, 500)[0])).model
    often = refine(MODEL, table_of(people(1_500, 500, slip=0.6)[0])).model
    declared = level(MODEL, "email", "same").m
    assert level(often, "email", "same").m < declared < level(sure, "email", "same").m


def test_a_table_without_duplicates_leaves_the_model_what_it_was() -> None:
    found = refine(MODEL, table_of(people(1_500, 0)[0]))
    assert found.expected_matches < 5
    for before, after in zip(MODEL.comparisons, found.model.comparisons, strict=True):
        wanted = np.array([one.m for one in before.levels])
        assert [one.m for one in after.levels] == pytest.approx(wanted / wanted.sum(), abs=0.05)


def test_a_level_nobody_saw_is_not_as_rare_as_the_sample_is_large() -> None:
    rare = small_model().model_dump(mode="json")
    rare["comparisons"][3]["levels"][0]["u"] = 1e-7
    model = MatchModel.model_validate(rare)
    frame = people(3_000, 0)[0].assign(email_key=[f"only{place}@x.fr" for place in range(3_000)])
    after = refine(model, EncodedTable.encode(frame, model.columns())).model
    assert 1e-8 < level(after, "email", "same").u <= 1e-7


def test_what_is_declared_as_fixed_stays() -> None:
    told = small_model().model_dump(mode="json", exclude_none=True)
    told["comparisons"][3]["levels"][0]["fixed"] = True
    model = MatchModel.model_validate(told)
    after = refine(model, table_of(people(1_500, 500, slip=0.6)[0])).model
    before = level(model, "email", "same")
    assert (level(after, "email", "same").m, level(after, "email", "same").u) == (before.m, before.u)
    assert level(after, "birth date", "same").m != level(model, "birth date", "same").m


def test_frequencies_of_names_stay_those_of_the_model() -> None:
    assert refine(MODEL, table_of(people(300, 50)[0])).model.frequencies == MODEL.frequencies


def test_the_same_records_and_seed_give_the_same_bytes() -> None:
    table = table_of(people(2_000, 300, slip=0.3)[0])
    one, other, another = (refine(MODEL, table, seed=seed).model.to_json() for seed in (7, 7, 8))
    assert one == other
    assert one != another


def test_what_people_said_sharpens_what_a_field_is_worth() -> None:
    frame, _ = people(1_500, 300)
    moved = frame.copy()
    moved.loc[1_500:1_539, "email_key"] = [f"new{place}@x.fr" for place in range(40)]
    table = table_of(moved)
    pairs = np.arange(40), np.arange(1_500, 1_540)
    unsaid = refine(MODEL, table).model
    same = refine(MODEL, table, verdicts=Verdicts(*pairs, np.ones(40, dtype=bool))).model
    different = refine(MODEL, table, verdicts=Verdicts(*pairs, np.zeros(40, dtype=bool))).model
    assert level(same, "email", "different").m > level(unsaid, "email", "different").m
    assert level(different, "email", "different").h != level(unsaid, "email", "different").h
    nothing = Verdicts(*(end[:0] for end in pairs), np.zeros(0, dtype=bool))
    assert refine(MODEL, table, verdicts=nothing).model == unsaid


@pytest.mark.parametrize("records", [0, 1, 2], ids=lambda count: f"{count} records")
def test_next_to_nothing_can_be_refined_from(records: int) -> None:
    table = encode([person("ANNE", "MARTIN", email_key="a@x.fr")] * records, MODEL.columns())
    found = refine(MODEL, table)
    assert np.isfinite(found.expected_matches)
    assert all(0 < one.m < 1 and 0 < one.u < 1 for each in found.model.comparisons for one in each.levels)
