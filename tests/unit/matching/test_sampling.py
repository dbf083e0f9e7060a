"""A sample of the candidate pairs stands for all of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rcu.matching.blockkeys import BlockingRule
from rcu.matching.pairs import candidate_pairs
from rcu.matching.sampling import sample_candidates
from rcu.matching.table import EncodedTable

RULES = (BlockingRule(name="a", of=("a",)), BlockingRule(name="b", of=("b",), most_records=6, then_by=("a",)))


def table(size: int) -> EncodedTable:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({name: [f"{name}{n}" for n in rng.integers(0, size // 4, size)] for name in "ab"})
    return EncodedTable.encode(frame, ["a", "b"])


def every(found: EncodedTable) -> set[tuple[int, int]]:
    return {
        pair
        for pairs in candidate_pairs(found, RULES)
        for pair in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
    }


def test_all_pairs_come_once_where_there_are_few() -> None:
    found = table(400)
    drawn = sample_candidates(found, RULES, most=10**6, rng=np.random.default_rng(0))
    pairs = list(zip(drawn.left.tolist(), drawn.right.tolist(), strict=True))
    assert (len(pairs), set(pairs), drawn.share) == (len(set(pairs)), every(found), 1.0)


def test_of_many_about_as_many_as_asked_for_come_and_tell_how_many_there_are() -> None:
    found = table(8_000)
    true = every(found)
    drawn = sample_candidates(found, RULES, most=4_000, rng=np.random.default_rng(1))
    assert set(zip(drawn.left.tolist(), drawn.right.tolist(), strict=True)) <= true
    assert len(drawn.left) == pytest.approx(4_000, rel=0.1)
    assert drawn.total == pytest.approx(len(true), rel=0.1)


def test_one_seed_draws_the_same_pairs() -> None:
    found = table(2_000)
    one, other = (sample_candidates(found, RULES, most=500, rng=np.random.default_rng(4)) for _ in "ab")
    assert (one.left.tolist(), one.right.tolist()) == (other.left.tolist(), other.right.tolist())
