"""A model and blocking rules are drafted from the kinds of columns alone."""

import numpy as np
import pandas as pd
import pytest

from rcu.matching.agglomerate import agglomerate
from rcu.matching.auto import Kind, Trait, plan
from rcu.matching.autoblocking import ALL_PAIRS_UP_TO, FREE_PAIRS, PAIRS_A_RECORD
from rcu.matching.pairs import candidate_pairs
from rcu.matching.scoring import Kernel, weigh_candidates


def frame_of(size: int) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    letters = np.array(list("ABCDEFGHIJKLMNOPRSTUV"))
    return pd.DataFrame(
        {
            "first": ["".join(rng.choice(letters[:6], 4)) for _ in range(size)],
            "last": ["".join(rng.choice(letters, 7)) for _ in range(size)],
            "town": [f"TOWN {rng.integers(40)}" for _ in range(size)],
        },
        dtype=object,
    )


TRAITS = (
    Trait("first", Kind.FIRST_NAME, "last"),
    Trait("last", Kind.LAST_NAME, "first"),
    Trait("town", Kind.PLACE),
)


@pytest.mark.parametrize("kind", list(Kind), ids=str)
def test_every_kind_of_column_has_levels_that_end_in_disagreement(kind: Kind) -> None:
    values = pd.DataFrame({"c": ["1980-01-02", "ab@x.org", "12 RUE DE LA PAIX", None, "7"]}, dtype=object)
    model = plan(values, [Trait("c", kind)]).model
    levels = model.comparisons[0].levels
    assert (levels[0].name, levels[-1].name) == ("same", "different")
    assert levels[0].m > levels[0].u
    assert levels[-1].m < levels[-1].u


def level_of(kind: Kind, one: str, other: str) -> str:
    made = plan(pd.DataFrame({"c": [one, other]}, dtype=object), [Trait("c", kind)])
    number = Kernel(made.table, made.model).levels_of(made.model.comparisons[0], np.array([0]), np.array([1]))
    return made.model.comparisons[0].levels[int(number[0])].name


@pytest.mark.parametrize(
    ("kind", "one", "other", "level"),
    [
        pytest.param(Kind.FIRST_NAME, "J", "JOHN", "part", id="an initial"),
        pytest.param(Kind.FIRST_NAME, "JOHN", "JONH", "close", id="letters changed places"),
        pytest.param(Kind.LAST_NAME, "GARCIA LOPEZ", "GARCIA", "part", id="one of two names"),
        pytest.param(Kind.DATE, "1980-02-01", "1980-01-02", "close", id="day and month changed places"),
        pytest.param(Kind.DATE, "1980-02-01", "1980-07-01", "close", id="one digit off"),
        pytest.param(Kind.DATE, "1980-02-01", "1931-02-01", "one part off", id="another year"),
        pytest.param(Kind.EMAIL, "ANN.LEE@X.ORG", "ANN.LEE@Y.COM", "same local part", id="at another provider"),
        pytest.param(Kind.EMAIL, "UNICORN@MAIL.ORG", "UNICORN@MIAL.ORG", "domain", id="a slip of the domain"),
        pytest.param(Kind.EMAIL, "UNICORN@MAIL.ORG", "UNICRON@MAIL.ORG", "close", id="a slip of the local part"),
        pytest.param(Kind.EMAIL, "LEE1234@X.ORG", "LEE_98@Y.COM", "numbered", id="another number, as namesakes have"),
        pytest.param(Kind.EMAIL, "91234567@QQ.ORG", "81112467@QQ.ORG", "different", id="numbers with no letters"),
        pytest.param(Kind.ADDRESS, "12 OAK ST", "OAK ST 12", "same words", id="the same words in another order"),
        pytest.param(Kind.POSTCODE, "SW1A1AA", "SW1B9ZZ", "same area", id="the same area"),
        pytest.param(Kind.NUMBER, "41", "42", "close", id="a year apart"),
        pytest.param(Kind.TEXT, "CARPENTER", "BAKER", "different", id="nothing in common"),
    ],
)
def test_values_fall_into_the_level_a_person_would_say(kind: Kind, one: str, other: str, level: str) -> None:
    assert level_of(kind, one, other) == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        pytest.param("ann.lee@x.org", "ann.lees@x.org", "as the names say", id="names that differ as the mailboxes do"),
        pytest.param("ann.lee@x.org", "ann.lee@post.net", "as the names say", id="one name at two providers"),
        pytest.param("ann.lee@mail.org", "ann.lee@mial.org", "domain", id="a slip of the domain"),
        pytest.param("ann.lee@x.org", "ann.lwe@x.org", "close", id="a slip that makes it nobody's name"),
    ],
)
def test_mailboxes_after_the_names_say_no_more_than_these(one: str, other: str, level: str) -> None:
    named = [None if "lwe" in email else email.partition("@")[0] for email in (one, other)]
    frame = pd.DataFrame({"c": [one, other], "c~named": named}, dtype=object)
    made = plan(frame, [Trait("c", Kind.EMAIL, repeats="c~named")])
    levels = Kernel(made.table, made.model).levels_of(made.model.comparisons[0], np.array([0]), np.array([1]))
    assert made.model.comparisons[0].levels[int(levels[0])].name == level


def test_a_small_file_is_compared_pair_by_pair() -> None:
    made = plan(frame_of(100), TRAITS)
    assert sum(len(pairs.left) for pairs in candidate_pairs(made.table, made.model.blocking)) == 100 * 99 // 2


def test_a_larger_file_is_blocked_within_the_work_allowed() -> None:
    size = ALL_PAIRS_UP_TO * 3
    made = plan(frame_of(size), TRAITS)
    pairs = sum(len(pairs.left) for pairs in candidate_pairs(made.table, made.model.blocking))
    assert 0 < pairs <= PAIRS_A_RECORD * size + FREE_PAIRS
    assert pairs < size * (size - 1) // 2


def test_what_another_column_already_says_is_neutral() -> None:
    model = plan(frame_of(20), [Trait("town", Kind.PLACE), Trait("last", Kind.CATEGORY, given=("town",))]).model
    said = model.comparisons[1].levels[0]
    assert said.m == said.u == said.h


def test_a_record_joins_a_cluster_only_for_what_its_members_say_together() -> None:
    frame = pd.DataFrame(
        {"first": ["ANNABEL", "ANNABEL", "ANNABEL"], "last": ["FAIRWEATHER", "FAIRWEATHER", None],
         "born": ["1980-02-01", "1980-02-01", "1931-11-27"]},
        dtype=object,
    )  # fmt: skip
    made = plan(
        frame,
        [Trait("first", Kind.FIRST_NAME, "last"), Trait("last", Kind.LAST_NAME, "first"), Trait("born", Kind.DATE)],
    )
    kernel = Kernel(made.table, made.model)
    assert agglomerate(kernel, weigh_candidates(kernel), np.arange(3)).tolist() == [0, 0, 2]


def test_one_record_of_a_source_at_most_when_sources_are_given() -> None:
    frame = pd.DataFrame(
        {"first": ["ANNABEL"] * 3, "last": ["FAIRWEATHER"] * 3, "born": ["1980-02-01"] * 3}, dtype=object
    )
    made = plan(frame, [Trait("first", Kind.FIRST_NAME), Trait("last", Kind.LAST_NAME), Trait("born", Kind.DATE)])
    kernel, source = Kernel(made.table, made.model), np.array([0, 0, 1])
    pairs = weigh_candidates(kernel)
    cluster = agglomerate(kernel, pairs.only(source[pairs.left] != source[pairs.right]), np.arange(3), source=source)
    assert cluster[0] != cluster[1]
    assert len(set(cluster.tolist())) == 2
