"""Weights are put to the proof against decoys: what chance explains is not joined, what it does not is estimated."""

import numpy as np
import pandas as pd
import pytest

from rcu.matching.agglomerate import agglomerate
from rcu.matching.arrays import Index
from rcu.matching.auto import Kind, Trait, plan
from rcu.matching.calibration import Calibration, calibrate
from rcu.matching.scoring import Kernel, WeighedPairs
from rcu.matching.selfestimate import SelfEstimate, estimate_quality
from rcu.matching.training import train

TRAITS = (Trait("first", Kind.FIRST_NAME, "last"), Trait("last", Kind.LAST_NAME, "first"), Trait("town", Kind.PLACE))


def names(size: int, rng: np.random.Generator) -> list[str]:
    return ["".join(rng.choice(list("ABCDEGIKLMNORSTU"), 6)) for _ in range(size)]


def people(count: int, twice: int, *, seed: int = 1, origins: int = 1) -> pd.DataFrame:
    """Names that many share, drawn unevenly; each origin has its own; some people twice."""
    rng = np.random.default_rng(seed)
    firsts, lasts = ([names(size, rng) for _ in range(origins)] for size in (25, 60))
    origin = rng.integers(0, origins, count)
    frame = pd.DataFrame(
        {"first": [firsts[at][int(25 * rng.random() ** 2)] for at in origin],
         "last": [lasts[at][int(60 * rng.random() ** 2)] for at in origin],
         "town": [f"TOWN {n}" for n in rng.integers(0, 400, count)]},
        dtype=object,
    )  # fmt: skip
    return pd.concat([frame, frame.head(twice)], ignore_index=True)


def proved(
    frame: pd.DataFrame, traits: tuple[Trait, ...] = TRAITS
) -> tuple[Index, WeighedPairs, Calibration | None, SelfEstimate]:
    draft = plan(frame, traits)
    training = train(draft.model, draft.table, own=draft.own)
    model, pairs, calibration = calibrate(Kernel(draft.table, training.model), draft.own, seed=0)
    kernel = Kernel(draft.table, model)
    cluster = agglomerate(kernel, pairs, np.arange(len(frame)))
    return cluster, pairs, calibration, estimate_quality(kernel, pairs, cluster, calibration, seed=0)


@pytest.mark.parametrize("origins", [1, 3], ids=["one origin", "names that go with the origin"])
@pytest.mark.parametrize("traits", [TRAITS, TRAITS[:2]], ids=["names and town", "names only"])
def test_namesakes_are_not_duplicates(traits: tuple[Trait, ...], origins: int) -> None:
    frame = people(400, 0, origins=origins)[[trait.column for trait in traits]]
    assert frame.duplicated().any() or len(traits) == 3
    cluster, pairs, calibration, estimate = proved(frame, traits)
    assert calibration is not None
    assert not calibration.joins
    assert (cluster == np.arange(400)).all()
    assert len(pairs) == 0 or (pairs.weight < 0).all()
    assert estimate.precision is None


def test_more_agreement_than_chance_explains_is_believed_and_judged() -> None:
    frame = people(240, 120)
    cluster, _, calibration, estimate = proved(frame)
    assert calibration is not None
    assert calibration.joins
    found = cluster[240:] == np.arange(120)
    assert found.mean() > 0.9
    assert estimate.precision is not None
    assert estimate.recall is not None
    for guess in (estimate.precision, estimate.recall):
        assert 0 <= guess.low <= guess.value <= guess.high <= 1
    right = int(found.sum())
    joined = int(sum(size * (size - 1) // 2 for size in np.bincount(cluster)))
    assert estimate.precision.low <= right / joined <= estimate.precision.high


def test_after_the_proof_an_even_chance_weighs_nothing() -> None:
    frame = people(200, 100)
    draft = plan(frame, TRAITS)
    before = train(draft.model, draft.table, own=draft.own).model
    after, pairs, calibration = calibrate(Kernel(draft.table, before), draft.own, seed=0)
    assert calibration is not None
    assert after.prior_against_strangers == pytest.approx(before.prior_against_strangers - calibration.shift)
    assert pairs.weight.min() >= after.review_weight
    assert (np.diff(calibration.seen) <= 0).all()
    assert (np.diff(calibration.chance) <= 1e-9).all()


def test_with_one_column_nothing_is_proved_and_nothing_said() -> None:
    cluster, _, calibration, estimate = proved(people(60, 0)[["last"]], TRAITS[1:2])
    assert calibration is None
    assert estimate == SelfEstimate(None, None, 0.0)
    assert len(cluster) == 60
