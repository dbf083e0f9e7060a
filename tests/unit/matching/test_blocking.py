"""Blocking finds each candidate pair once, whatever the size of the pieces it works in, and bounds each block."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.matching.blocking import blocking_keys, blocks_of
from rcu.matching.blockkeys import NO_KEY, BlockingRule
from rcu.matching.pairs import candidate_pairs
from tests.unit.matching.worlds import Record, encode

COLUMNS = ["a", "b", "c"]
Pair = tuple[int, int]


def found(records: Sequence[Record], rules: Sequence[BlockingRule], **options) -> list[tuple[Pair, int]]:
    """The candidate pairs with the rule that found each, in no particular order."""
    return [
        ((one, other), pairs.rule)
        for pairs in candidate_pairs(encode(records, COLUMNS), rules, **options)
        for one, other in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
    ]


def naive_key(record: Record, rule: BlockingRule) -> Hashable:
    values = [record.get(name) for name in rule.of]
    if not all(values):
        return None
    return (frozenset(Counter(values[:2]).items()), *values[2:]) if rule.either_order else tuple(values)


def naive_keys(records: Sequence[Record], rule: BlockingRule) -> list[Hashable]:
    """One column more at a time for who is in too large a block; who is in one at the end has no key."""
    keys = [naive_key(record, rule) for record in records]
    for name in rule.then_by:
        sizes = Counter(keys)
        keys = [
            key if key is None or sizes[key] <= rule.most_records else ((key, record[name]) if record[name] else None)
            for key, record in zip(keys, records, strict=True)
        ]
    sizes = Counter(keys)
    bound = max(rule.most_records, rule.leave_out_above)
    return [key if sizes[key] <= bound else None for key in keys]


def naive(records: Sequence[Record], rules: Sequence[BlockingRule]) -> dict[Pair, int]:
    """Every pair of records with a key in common, and the first rule under which they have it."""
    keys = [naive_keys(records, rule) for rule in rules]
    pairs: dict[Pair, int] = {}
    for one, other in combinations(range(len(records)), 2):
        for number, of_rule in enumerate(keys):
            if of_rule[one] is not None and of_rule[one] == of_rule[other]:
                pairs.setdefault((one, other), number)
    return pairs


RECORDS = st.lists(
    st.fixed_dictionaries({name: st.sampled_from([None, "", "x", "y", "z"]) for name in COLUMNS}), max_size=14
)
RULES = st.lists(
    st.sampled_from(
        [
            BlockingRule(name="a", of=("a",)),
            BlockingRule(name="b", of=("b",)),
            BlockingRule(name="a and b", of=("a", "b")),
            BlockingRule(name="a and b, either order", of=("a", "b"), either_order=True),
            BlockingRule(name="a and c, either order, with b", of=("a", "c", "b"), either_order=True),
            BlockingRule(name="a, at most two", of=("a",), most_records=2, then_by=("b",)),
            BlockingRule(name="b, at most three", of=("b",), most_records=3, then_by=("c", "a")),
            BlockingRule(name="b, four left out", of=("b",), most_records=2, then_by=("c", "a"), leave_out_above=3),
            BlockingRule(name="c, nine are not too large", of=("c",), most_records=9, leave_out_above=2),
            BlockingRule(name="c, three left out", of=("c",), most_records=2, leave_out_above=2),
        ]
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda rule: rule.name,
)


@settings(max_examples=200, deadline=None)
@given(records=RECORDS, rules=RULES)
def test_each_candidate_pair_comes_out_once_under_the_first_rule_that_finds_it(
    records: list[Record], rules: list[BlockingRule]
) -> None:
    pairs = found(records, rules)
    assert len(pairs) == len(dict(pairs))
    assert dict(pairs) == naive(records, rules)


@settings(max_examples=150, deadline=None)
@given(records=RECORDS, rules=RULES, data=st.data())
def test_with_touched_records_exactly_the_pairs_that_hold_one_come_out(
    records: list[Record], rules: list[BlockingRule], data: st.DataObject
) -> None:
    touched = np.array(data.draw(st.lists(st.booleans(), min_size=len(records), max_size=len(records))), dtype=bool)
    expected = {pair: rule for pair, rule in naive(records, rules).items() if touched[list(pair)].any()}
    pairs = found(records, rules, touched=touched)
    assert len(pairs) == len(expected)
    assert dict(pairs) == expected


@settings(max_examples=100, deadline=None)
@given(records=RECORDS, rules=RULES, block=st.integers(1, 40))
def test_the_size_of_the_pieces_changes_nothing_and_bounds_them(
    records: list[Record], rules: list[BlockingRule], block: int
) -> None:
    assert sorted(found(records, rules, block=block)) == sorted(found(records, rules))
    pieces = candidate_pairs(encode(records, COLUMNS), rules, block=block)
    assert all(len(piece.left) <= max(block, len(records) - 1) for piece in pieces)


@settings(max_examples=80, deadline=None)
@given(records=RECORDS, rules=RULES, data=st.data())
def test_the_order_of_the_records_changes_nothing(
    records: list[Record], rules: list[BlockingRule], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(records))))
    moved = found([records[row] for row in order], rules)
    back = {tuple(sorted((order[one], order[other]))): rule for (one, other), rule in moved}
    assert back == dict(found(records, rules))


SPLIT = BlockingRule(name="a, at most three", of=("a",), most_records=3, then_by=("b",))


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param(["1", "2", None], {(0, 1), (0, 2), (1, 2)}, id="a block of just the limit is left whole"),
        pytest.param(["1", "1", "2", "2"], {(0, 1), (2, 3)}, id="a larger block is split, not dropped"),
        pytest.param(["1", "1", "2", None], {(0, 1)}, id="who lacks the second column leaves a block that is split"),
        pytest.param(
            ["1", "1", "1", "1"], {(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)},
            id="a block the second column cannot split is kept, up to the bound",
        ),
    ],
)  # fmt: skip
def test_a_block_that_is_too_large_is_split(records: list[str | None], expected: set[Pair]) -> None:
    assert {pair for pair, _ in found([{"a": "x", "b": finer} for finer in records], [SPLIT])} == expected


STEPS = BlockingRule(name="a", of=("a",), most_records=2, then_by=("b", "c"), leave_out_above=3)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param(["1p", "1p", "2p"], {(0, 1)}, id="no further column than it takes"),
        pytest.param(["1-", "1-", "2p"], {(0, 1)}, id="who lacks a column that is not needed stays"),
        pytest.param(["1p", "1p", "1q", "1-", "2p"], {(0, 1)}, id="one column more where it does not fit yet"),
        pytest.param(["1p"] * 3, {(0, 1), (0, 2), (1, 2)}, id="kept whole up to the bound when no column is left"),
        pytest.param(["1p"] * 4 + ["1q"] * 2, {(4, 5)}, id="left out above the bound, and that block alone"),
    ],
)
def test_columns_split_a_block_one_after_the_other_until_it_fits(records: list[str], expected: set[Pair]) -> None:
    world = [{"a": "x", "b": b, "c": None if c == "-" else c} for b, c in records]
    assert {pair for pair, _ in found(world, [STEPS])} == expected


@settings(max_examples=150, deadline=None)
@given(records=RECORDS, rules=RULES)
def test_what_no_longer_is_in_a_block_is_accounted_for(records: list[Record], rules: list[BlockingRule]) -> None:
    table = encode(records, COLUMNS)
    for rule in rules:
        blocks, keys = blocks_of(table, rule), naive_keys(records, rule)
        assert blocks.whole.pairs == sum(size * (size - 1) // 2 for key, size in Counter(keys).items() if key)
        assert max(blocks.whole.sizes.tolist(), default=0) <= max(rule.most_records, rule.leave_out_above)
        with_key = sum(naive_key(record, rule) is not None for record in records)
        assert len(blocks.before.order) == with_key
        assert len(blocks.whole.order) + len(blocks.left_out.order) + blocks.lacking == with_key
        assert (blocking_keys(table, rule) != NO_KEY).tolist() == [key is not None for key in keys]


def test_blocks_that_are_split_never_meet_one_another() -> None:
    """Not even where the second column repeats the first."""
    records = [{"a": value, "b": value} for value in "xxxxyyyy"]
    assert {pair for pair, _ in found(records, [SPLIT])} == {*combinations(range(4), 2), *combinations(range(4, 8), 2)}


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        pytest.param(("ANNE", "PAUL"), ("PAUL", "ANNE"), True, id="changed places"),
        pytest.param(("ANNE", "PAUL"), ("ANNE", "PAUL"), True, id="in the same places"),
        pytest.param(("ANNE", "ANNE"), ("ANNE", "PAUL"), False, id="one value twice is not two values"),
        pytest.param(("ANNE", None), (None, "ANNE"), False, id="a value that is missing"),
    ],
)
def test_in_either_order_two_columns_may_have_changed_places(
    one: tuple[str | None, str | None], other: tuple[str | None, str | None], together: bool
) -> None:
    rule = BlockingRule(name="either", of=("a", "b"), either_order=True)
    records = [{"a": first, "b": second} for first, second in (one, other)]
    assert bool(found(records, [rule])) is together


def test_no_record_at_all_gives_no_pair() -> None:
    assert found([], [SPLIT]) == []


WORLD: list[dict[str, str | None]] = [
    {"a": "Zoé", "b": "x"}, {"a": "Zoé", "b": "y"}, {"a": None, "b": "x"}, {"a": "", "b": "x"}, {"a": "x", "b": "Zoé"},
]  # fmt: skip
EITHER = BlockingRule(name="either", of=("a", "b"), either_order=True)


def test_a_record_without_a_value_has_no_key() -> None:
    keys = blocking_keys(encode(WORLD, COLUMNS), EITHER)
    assert (keys == NO_KEY).tolist() == [False, False, True, True, False]


def test_a_key_hangs_on_the_record_s_own_values_only() -> None:
    together = blocking_keys(encode(WORLD, COLUMNS), EITHER).tolist()
    alone = [int(blocking_keys(encode([record], COLUMNS), EITHER)[0]) for record in WORLD]
    assert alone == together


def test_keys_are_the_same_in_another_process() -> None:
    script = (
        "from tests.unit.matching.test_blocking import *; "
        "print(*(blocking_keys(encode(WORLD[::-1], COLUMNS), EITHER)[::-1].tolist()))"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", script],
        check=True, capture_output=True, text=True, cwd=Path(__file__).parents[3],
        env=os.environ | {"PYTHONHASHSEED": "4711"},
    )  # fmt: skip
    assert elsewhere.stdout.split() == [str(key) for key in blocking_keys(encode(WORLD, COLUMNS), EITHER).tolist()]
