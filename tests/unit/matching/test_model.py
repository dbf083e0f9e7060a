"""The model file: what goes out comes in, what is wrong is named, and any change shows in the fingerprint."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from rcu.errors import ConfigurationError
from rcu.matching.model import DEFAULT_MODEL, Learnt, MatchModel, load_model, shipped_frequencies, shipped_models
from tests.unit.matching.worlds import SMALL, small_model


def changed(path: str, value: object) -> bytes:
    """The small model as JSON with another value in one place; `path` is like `comparisons.0.name`."""
    content = copy.deepcopy(SMALL)
    *way, last = path.split(".")
    place: Any = content
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    if isinstance(place, list):
        place[int(last)] = value
    else:
        place[last] = value
    return orjson.dumps(content)


def test_a_model_comes_back_as_it_was_written() -> None:
    model = small_model()
    again = MatchModel.from_json(model.to_json())
    assert again == model
    assert again.to_json() == model.to_json()
    assert again.fingerprint() == model.fingerprint()


def test_the_shipped_model_loads_and_everything_it_refers_to_is_there(model: MatchModel) -> None:
    assert load_model("french_retail") == model
    assert MatchModel.from_json(model.to_json()) == model
    for frequencies in model.frequencies.values():
        assert sum(frequencies.all.values()) <= 1.05
        assert len(frequencies.all) > 1_000


def test_in_the_shipped_model_the_levels_of_a_comparison_exhaust_what_can_be_seen(model: MatchModel) -> None:
    """Under strangers, that is: what a person's own records show may overlap."""
    for comparison in model.comparisons:
        assert sum(level.u for level in comparison.levels) == pytest.approx(1.0, abs=0.1), comparison.name


def test_a_model_is_loaded_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_bytes(small_model().to_json())
    assert load_model(str(path)) == small_model()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        pytest.param("french_wholesale", "no matching model called french_wholesale", id="no such shipped model"),
        pytest.param("nowhere/own.json", "no matching model called nowhere/own.json", id="no such file"),
    ],
)
def test_a_model_that_is_not_there_is_named(name: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as error:
        load_model(name)
    assert error.value.hint


def test_a_table_of_frequencies_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationError, match="no table of frequencies called de_last_names"):
        shipped_frequencies("de_last_names")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"{", "is not a matching model", id="not JSON"),
        pytest.param(b"[]", "is not a matching model", id="not an object"),
        pytest.param(b"{}", "name: Field required", id="nothing in it"),
        pytest.param(
            changed("comparisons.0.levels.0.m", 1.5),
            "comparisons.0.levels.0.m: .*less than 1",
            id="a probability above 1",
        ),
        pytest.param(
            changed("comparisons.0.levels.0.u", 0),
            "comparisons.0.levels.0.u: .*greater than 0",
            id="a probability of 0, whose logarithm is none",
        ),
        pytest.param(changed("population", 1), "population: .*greater than 1", id="a population of one"),
        pytest.param(
            changed("comparisons.0.levels.0.when", {"test": "sounds_like"}),
            "comparisons.0.levels.0.when",
            id="no such condition",
        ),
        pytest.param(
            changed("comparisons.0.levels.0.when", {"test": "equal", "of": ["a"], "but": 1}),
            "comparisons.0.levels.0.when.equal.but",
            id="a misspelt field of a condition",
        ),
        pytest.param(
            changed("comparisons.0.levels.1.when", None),
            "first name: the last level, and only the last",
            id="a level that would hide those after it",
        ),
        pytest.param(
            changed("comparisons.0.levels.2.when", {"test": "equal", "of": ["x"]}),
            "first name: the last level",
            id="no level for everything else",
        ),
        pytest.param(changed("comparisons.0.levels", []), "comparisons.0.levels", id="no level at all"),
        pytest.param(
            changed("contradictions.0.levels", {"birth date": ["other"]}),
            "contradiction on birth date: no such",
            id="a contradiction on an unknown level",
        ),
        pytest.param(
            changed("contradictions.0.levels", {"shoe size": ["different"]}),
            "contradiction on shoe size: no such",
            id="a contradiction on an unknown comparison",
        ),
        pytest.param(
            changed("comparisons.1.levels.0.frequency_of", "city_key"),
            "no frequencies for .'city_key'",
            id="frequencies nobody gave",
        ),
        pytest.param(changed("blocking.0.of", []), "blocking.0.of", id="a blocking rule of no column"),
        pytest.param(changed("wings", 2), "wings: Extra inputs", id="a field no model has"),
    ],
)
def test_a_model_that_cannot_be_used_is_refused_with_the_place(content: bytes, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as error:
        MatchModel.from_json(content, where="own.json")
    assert str(error.value).startswith("own.json is not a matching model")


def leaves(content: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every value of a JSON document with its path."""
    if isinstance(content, dict | list):
        inner = content.items() if isinstance(content, dict) else enumerate(content)
        for step, value in inner:
            yield from leaves(value, (*way, str(step)))
    else:
        yield ".".join(way), content


def other(value: object) -> object:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case float():
            return value * 0.99
        case _:
            return f"{value}_"


def test_the_fingerprint_changes_when_anything_that_decides_changes() -> None:
    seen = {small_model().fingerprint()}
    usable = 0
    for path, value in leaves(SMALL):
        if path in {"name", "version"}:
            continue
        try:
            model = MatchModel.from_json(changed(path, other(value)))
        except ConfigurationError:  # a name something else refers to
            continue
        usable += 1
        assert model.fingerprint() not in seen, path
        seen.add(model.fingerprint())
    assert usable > 80


def test_what_a_model_is_called_and_was_learnt_from_is_not_in_its_fingerprint() -> None:
    learnt = Learnt(
        base="0123", base_name="base", base_version="1", records=10, random_pairs=45, blocked_pairs=9, rounds=6,
        expected_matches=2.0, expected_household=1.0, seed=0, rcu="1",
    )  # fmt: skip
    renamed = small_model().model_copy(update={"name": "other", "version": "9", "learnt": learnt})
    assert renamed.fingerprint() == small_model().fingerprint()
    assert MatchModel.from_json(renamed.to_json()) == renamed
    assert b"learnt" not in small_model().to_json()


def test_the_models_shipped_with_rcu_can_be_listed_and_loaded() -> None:
    assert DEFAULT_MODEL in shipped_models()
    assert all(load_model(name).name for name in shipped_models())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"test": "equal", "of": ["account"]}, {"test": "absent", "of": ["account"]}, id="equal, absent"),
        pytest.param(
            {"test": "initial", "column": "account"}, {"test": "prefix", "column": "account"}, id="initial, prefix"
        ),
        pytest.param({"test": "all", "of": []}, {"test": "any", "of": []}, id="all, any"),
    ],
)
def test_conditions_that_read_the_same_columns_have_fingerprints_of_their_own(one: object, other: object) -> None:
    models = [MatchModel.from_json(changed("comparisons.0.levels.0.when", when)) for when in (one, other)]
    assert models[0].fingerprint() != models[1].fingerprint()
    assert all(MatchModel.from_json(model.to_json()) == model for model in models)


def test_every_column_the_model_reads_is_told() -> None:
    assert small_model().columns() == ("account", "birth_date", "email_key", "first_name_key", "last_name_key")


def test_a_model_cannot_be_changed_once_made() -> None:
    with pytest.raises(ValueError, match="frozen"):
        small_model().version = "2"


@pytest.mark.parametrize(
    ("changes", "prior_strangers", "prior_household", "match", "review"),
    [
        pytest.param({}, -13.28771, -1.0, 2.0, -1.58496, id="the small model"),
        pytest.param({"population": 1024, "records_of_household": 0.25}, -10.0, 2.0, 2.0, -1.58496, id="powers of two"),
        pytest.param({"match_probability": 0.5}, -13.28771, -1.0, 0.0, -1.58496, id="even odds weigh nothing"),
    ],
)
def test_odds_before_any_evidence_and_thresholds_are_log2_odds(
    changes: dict[str, float], prior_strangers: float, prior_household: float, match: float, review: float
) -> None:
    model = small_model(**changes)
    told = (model.prior_against_strangers, model.prior_against_household, model.match_weight, model.review_weight)
    assert told == pytest.approx((prior_strangers, prior_household, match, review), abs=1e-4)


def test_a_copy_of_a_model_works_out_anew_what_follows_from_its_parts() -> None:
    model = load_model()
    comparison = model.comparisons[0]
    known = comparison.log_ratios, model.columns(), model.contradicting_levels
    likelier = comparison.levels[0].model_copy(update={"m": comparison.levels[0].m / 2})
    changed = comparison.model_copy(update={"levels": (likelier, *comparison.levels[1:])})
    copied = model.model_copy(update={"comparisons": (changed,), "contradictions": (), "blocking": ()})
    assert changed.log_ratios[0][0] == known[0][0][0] - 1
    assert set(copied.columns()) < set(known[1])
    assert known[2]
    assert copied.contradicting_levels == []
