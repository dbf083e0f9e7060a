"""Decoys keep what families share and break what makes a person."""

import numpy as np
import pandas as pd

from rcu.matching.decoys import MOST_SHUFFLES, decoys, times_of
from rcu.matching.table import EncodedTable

FRAME = pd.DataFrame(
    {"first": [f"F{n}" for n in range(40)], "last": [f"L{n // 2}" for n in range(40)], "town": ["A", "B"] * 20},
    dtype=object,
)
TABLE = EncodedTable.encode(FRAME, list(FRAME), shared=())


def texts(table: EncodedTable, name: str) -> list[str | None]:
    return [table[name].value(row) for row in range(table.size)]


def test_own_columns_move_together_and_the_others_stay() -> None:
    (made,) = decoys(TABLE, [{"first", "town"}], seed=1, count=1)
    assert texts(made.table, "last") == texts(TABLE, "last")
    for name in ("first", "town"):
        assert texts(made.table, name) == [TABLE[name].value(int(row)) for row in made.donor]
    assert sorted(made.donor.tolist()) == list(range(40))


def test_with_sources_values_stay_within_their_source() -> None:
    source = np.repeat([0, 1], 20)
    (made,) = decoys(TABLE, [{"first"}], seed=1, count=1, source=source)
    assert (source[made.donor] == source).all()


def test_the_same_seed_makes_the_same_decoys_and_ways_take_turns() -> None:
    one, two = (list(decoys(TABLE, [{"first"}, {"last"}], seed=3, count=2)) for _ in range(2))
    assert [made.donor.tolist() for made in one] == [made.donor.tolist() for made in two]
    assert texts(one[1].table, "first") == texts(TABLE, "first")


def test_each_way_is_shuffled_equally_often_and_never_too_often() -> None:
    assert times_of([{"a"}, {"b"}], 1) == 2
    assert times_of([{"a"}], 10**9) == MOST_SHUFFLES
    assert times_of([], 5) == 0
