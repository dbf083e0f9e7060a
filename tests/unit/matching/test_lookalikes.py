"""Twins and juniors share all but one thing; one person's slips come together, so the two can be told apart."""

import numpy as np
import pandas as pd
import pytest

from rcu.matching.agglomerate import agglomerate, forbidden
from rcu.matching.arrays import Index
from rcu.matching.auto import Kind, Trait, plan
from rcu.matching.calibration import calibrate
from rcu.matching.lookalikes import learnt_contradictions
from rcu.matching.model import Contradiction
from rcu.matching.scoring import Kernel, weigh_candidates
from rcu.matching.training import train

TRAITS = (
    Trait("first", Kind.FIRST_NAME, "last"),
    Trait("last", Kind.LAST_NAME, "first"),
    Trait("born", Kind.DATE),
    Trait("sex", Kind.CATEGORY),
    Trait("street", Kind.ADDRESS),
)
COLUMNS = [trait.column for trait in TRAITS]
SLIPS = ("first", "last", "street")


def word(rng: np.random.Generator, length: int = 7) -> str:
    return "".join(rng.choice(list("ABCDEFGHIKLMNOPRSTUV"), length))


def fresh(rng: np.random.Generator, name: str) -> str:
    """A value that has nothing to do with the one it takes the place of."""
    year, month, day = rng.integers(1930, 2000), rng.integers(1, 13), rng.integers(1, 29)
    return {"born": f"{year}-{month:02d}-{day:02d}", "sex": "FM"[rng.integers(2)]}.get(name, word(rng))


def people(*, twins: str | None, renamed: float = 0.0, seed: int = 1) -> pd.DataFrame:
    """A hundred people, 80 twice with slips, perhaps under another name; the last 20 have a twin or a junior."""
    rng = np.random.default_rng(seed)
    rows = [[fresh(rng, name) for name in COLUMNS] for _ in range(100)]
    frame = pd.DataFrame(rows, columns=COLUMNS, dtype=object)
    again = frame.head(80).copy()
    for name in SLIPS:
        slipped = rng.random(len(again)) < 0.25
        again.loc[slipped, name] = again.loc[slipped, name].str[:-2] + "X"
    other = np.flatnonzero(rng.random(len(again)) < renamed)
    again.loc[other, "first"] = [word(rng) for _ in other]
    like = frame.tail(20 if twins else 0).copy()
    if twins:
        like[twins] = [fresh(rng, twins) for _ in like.index]
        like["sex"] = [fresh(rng, "sex") for _ in like.index] if twins == "first" else like["sex"]
    return pd.concat([frame, again, like], ignore_index=True)


def found(frame: pd.DataFrame) -> tuple[tuple[Contradiction, ...], Index]:
    draft = plan(frame, TRAITS)
    training = train(draft.model, draft.table, own=draft.own)
    model, pairs, _ = calibrate(Kernel(draft.table, training.model), draft.own, seed=0)
    against = learnt_contradictions(draft.model, model, pairs, draft.own)
    model = model.model_copy(update={"contradictions": against})
    pairs = pairs.only(~forbidden(model, pairs))
    return against, agglomerate(Kernel(draft.table, model), pairs, np.arange(len(frame)))


@pytest.mark.parametrize("own", ["first", "born"])
def test_what_differs_alone_too_often_is_between_two_people(own: str) -> None:
    against, cluster = found(people(twins=own))
    assert [list(contradiction.levels) for contradiction in against] == [[own]]
    assert "different" in against[0].levels[own]
    assert not {"same", "close"} & set(against[0].levels[own])
    twins = np.arange(20)
    assert (cluster[80 + twins] != cluster[180 + twins]).all()
    repeated = np.arange(80)
    assert (cluster[repeated] == cluster[100 + repeated]).mean() > 0.97


@pytest.mark.parametrize("renamed", [0.0, 0.2], ids=["slips only", "some under another first name"])
def test_what_differs_as_often_beside_slips_contradicts_nothing(renamed: float) -> None:
    assert found(people(twins=None, renamed=renamed))[0] == ()


def test_a_contradiction_keeps_records_apart_whatever_the_others_of_a_cluster_say() -> None:
    frame = pd.DataFrame(
        [["ANNABEL", "FAIRWEATHER", "1980-02-01"], [None, "FAIRWEATHER", "1980-02-01"],
         ["CHRISTOPHER", "FAIRWEATHER", "1980-02-01"]],
        columns=["first", "last", "born"], dtype=object,
    )  # fmt: skip
    made = plan(frame, [trait for trait in TRAITS if trait.column in frame.columns])
    against = Contradiction(says="two first names", levels={"first": ("different",)})
    model = made.model.model_copy(update={"contradictions": (against,), "match_probability": 1e-6})
    kernel = Kernel(made.table, model)
    cluster = agglomerate(kernel, weigh_candidates(kernel, floor=-100.0), np.arange(3))
    assert cluster[0] != cluster[2]
    assert cluster[1] in {cluster[0], cluster[2]}


def test_nearly_alike_is_two_people_where_hardly_anybody_is_there_twice() -> None:
    frame = people(twins="first").iloc[:100]
    like = frame.tail(60).copy()
    like["first"] = like["first"].str[:-1] + "X"
    against, cluster = found(pd.concat([frame, like], ignore_index=True))
    assert {"close", "different"} <= set(against[0].levels["first"])
    assert len(set(cluster.tolist())) == 160
