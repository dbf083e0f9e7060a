"""The report on blocking says what enumerating all pairs would, without doing so."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings

from rcu.matching.blocking import LeftOut
from rcu.matching.blockkeys import BlockingRule
from rcu.matching.blockreport import BlockReport, survey
from tests.unit.matching.test_blocking import COLUMNS, RECORDS, RULES, found, naive, naive_key, naive_keys
from tests.unit.matching.worlds import Record, encode


def pairs_of(counts: Counter) -> int:
    return sum(size * (size - 1) // 2 for key, size in counts.items() if key is not None)


@settings(max_examples=200, deadline=None)
@given(records=RECORDS, rules=RULES)
def test_each_figure_of_a_small_table_is_what_counting_by_hand_gives(
    records: list[Record], rules: list[BlockingRule]
) -> None:
    report, _ = survey(encode(records, COLUMNS), rules, seed=0)
    first = Counter(naive(records, rules).values())
    assert report.pairs == first.total()
    for number, (rule, told) in enumerate(zip(rules, report.rules, strict=True)):
        before = Counter(naive_key(record, rule) for record in records)
        after = Counter(naive_keys(records, rule))
        sizes = [size for key, size in after.items() if key is not None]
        assert (told.name, told.exact) == (rule.name, True)
        assert told.records == before.total() - before[None]
        assert (told.blocks, told.largest) == (sum(size > 1 for size in sizes), max(sizes, default=0))
        assert (told.pairs, told.new_pairs) == (pairs_of(after), first[number])
        assert told.pairs_saved == pairs_of(before) - pairs_of(after)
        assert told.lacking + told.left_out.records == after[None] - before[None]


@settings(max_examples=100, deadline=None)
@given(records=RECORDS, rules=RULES)
def test_all_pairs_of_a_small_table_are_drawn_with_the_rules_that_bring_them(
    records: list[Record], rules: list[BlockingRule]
) -> None:
    _, pairs = survey(encode(records, COLUMNS), rules, seed=0)
    drawn = zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
    assert dict(zip(drawn, pairs.rule.tolist(), strict=True)) == naive(records, rules)
    assert set(pairs.stands_for.tolist()) <= {0.0, 1.0}
    for place, rule in enumerate(rules):
        keys, first = naive_keys(records, rule), [naive_key(record, rule) for record in records]
        for row, (one, other) in enumerate(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)):
            assert pairs.found[row, place] == (keys[one] is not None and keys[one] == keys[other])
            assert pairs.reach[row, place] == (first[one] is not None and first[other] is not None)


@pytest.mark.parametrize(
    ("values", "told", "left_out"),
    [
        pytest.param("1122", (1, 4, 0), LeftOut("a", 0, 0), id="split once"),
        pytest.param("112-", (1, 5, 1), LeftOut("a", 0, 0), id="one lacks the column that splits"),
        pytest.param("111112", (2, 13, 0), LeftOut("a", 0, 0), id="a part that is too large is split again"),
        pytest.param("333334", (2, 15, 0), LeftOut("a", 1, 5), id="a part that nothing splits is left out"),
    ],
)
def test_splits_and_what_they_save_are_counted(values: str, told: tuple[int, int, int], left_out: LeftOut) -> None:
    """The second column that splits tells records of "1" apart by twos, and no others."""
    rule = BlockingRule(name="a", of=("a",), most_records=3, then_by=("b", "c"), leave_out_above=3)
    records = [
        {"a": "x", "b": None if value == "-" else value, "c": str(row // 2) if value == "1" else "0"}
        for row, value in enumerate(values)
    ]
    (report,) = survey(encode(records, COLUMNS), [rule], seed=0)[0].rules
    assert (report.split, report.pairs_saved, report.lacking) == told
    assert report.left_out == left_out


def crowd(size: int) -> list[Record]:
    """Records in blocks of 500 by `a`, which cut across blocks of 800 by `b`."""
    return [{"a": str(row % (size // 500)), "b": str(row // 800)} for row in range(size)]


RULES_OF_CROWD = [BlockingRule(name="a", of=("a",)), BlockingRule(name="b", of=("b",))]


def test_large_blocks_are_counted_and_not_enumerated() -> None:
    report, pairs = survey(encode(crowd(40_000), COLUMNS), RULES_OF_CROWD, seed=0, sample=2_000)
    assert [rule.pairs for rule in report.rules] == [80 * 500 * 499 // 2, 50 * 800 * 799 // 2]
    assert len(pairs.left) <= 2_000
    assert [rule.exact for rule in report.rules] == [False, False]


def test_an_estimate_of_new_pairs_comes_near_their_number() -> None:
    records = crowd(4_000)
    report, pairs = survey(encode(records, COLUMNS), RULES_OF_CROWD, seed=0, sample=10_000)
    assert report.pairs == pytest.approx(len(found(records, RULES_OF_CROWD)), rel=0.01)
    assert pairs.stands_for[pairs.rule].sum() == pytest.approx(report.pairs)


def test_pairs_are_drawn_evenly_from_blocks_of_every_size() -> None:
    """Half of the pairs are in one large block, half in many small ones."""
    records = [{"a": "large"} for _ in range(100)] + [{"a": str(row // 10)} for row in range(1_100)]
    table = encode(records, COLUMNS)
    _, pairs = survey(table, [BlockingRule(name="a", of=("a",))], seed=3, sample=4_000)
    assert np.mean(pairs.left < 100) == pytest.approx(0.5, abs=0.03)
    assert len({*zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)}) > 3_000
    assert (pairs.left < pairs.right).all()


def test_the_same_seed_gives_the_same_sample() -> None:
    table = encode(crowd(2_000), COLUMNS)
    one, two = (survey(table, RULES_OF_CROWD, seed=5, sample=500) for _ in range(2))
    assert one[0] == two[0]
    assert one[1].left.tolist() == two[1].left.tolist()
    assert survey(table, RULES_OF_CROWD, seed=6, sample=500)[1].left.tolist() != one[1].left.tolist()


def test_a_pair_is_reachable_where_both_records_have_a_key_of_one_rule() -> None:
    records = [{"a": "1"}, {"b": "2"}, {"a": "3"}, {"a": "4", "b": "5"}]
    reachable = sum(
        bool(set(one) & set(other)) for one, other in combinations(records, 2)
    ) / len(list(combinations(records, 2)))  # fmt: skip
    _, pairs = survey(encode(records, COLUMNS), RULES_OF_CROWD, seed=0)
    assert pairs.reachable == pytest.approx(reachable, abs=0.01)


@pytest.mark.parametrize("records", [pytest.param([], id="no record"), pytest.param([{"a": "1"}], id="one record")])
def test_where_there_is_no_pair_there_is_nothing_to_report(records: list[Record]) -> None:
    report, pairs = survey(encode(records, COLUMNS), RULES_OF_CROWD, seed=0)
    assert (report.pairs, len(pairs.left), pairs.random, pairs.reachable) == (0, 0, 0, 0.0)


def test_without_rules_no_pair_is_a_candidate() -> None:
    report, pairs = survey(encode(crowd(1_000), COLUMNS), [], seed=0)
    assert (report, len(pairs.left)) == (BlockReport(1_000, ()), 0)


def test_seconds_are_pairs_by_the_rate() -> None:
    report, _ = survey(encode([{"a": "1"}] * 5, COLUMNS), RULES_OF_CROWD, seed=0)
    assert report.seconds(20.0) == 0.5
