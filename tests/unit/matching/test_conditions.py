"""Each condition on pairs of values: what it holds for, that order does not matter, that batches change nothing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from rapidfuzz.distance import JaroWinkler, Levenshtein

from rcu.matching import conditions
from rcu.matching.conditions import Condition, Pairs
from rcu.matching.table import EncodedTable
from tests.unit.matching.worlds import Record, encode

_CONDITION: TypeAdapter[Any] = TypeAdapter(Condition)
A, B = "first_name_key", "last_name_key"
"""Two columns over one dictionary."""


def condition(told: dict[str, Any]) -> Any:
    return _CONDITION.validate_python(told)


def holds(told: dict[str, Any], left: Record, right: Record) -> bool:
    """Whether a condition holds for two records; the answer must be the same the other way round."""
    one = condition(told)
    table = encode([left, right], one.columns())
    forth, back = one.holds(Pairs(table, np.array([0, 1]), np.array([1, 0]))).tolist()
    assert forth == back
    return forth


EQUAL = {"test": "equal", "of": [A]}
EQUAL_BOTH = {"test": "equal", "of": [A, B]}
DIFFERENT = {"test": "different", "column": A}
ABSENT = {"test": "absent", "of": [A]}
ABSENT_EITHER = {"test": "absent", "of": [A, B]}
CROSS = {"test": "cross_equal", "column": A, "other": B}
SWAPPED = {"test": "swapped", "column": A, "other": B}
ONE_EDIT = {"test": "one_edit", "column": A}
TWO_EDITS = {"test": "one_edit", "column": A, "edits": 2}
INITIAL = {"test": "initial", "column": A}
PREFIX = {"test": "prefix", "column": A}
WORDS_OF = {"test": "shared_token", "column": A}
PARTIAL_DATE = {"test": "same_parts", "column": A, "slip": "partial"}
SWAPPED_DATE = {"test": "same_parts", "column": A, "slip": "swapped"}
ONE_PART_OFF = {"test": "same_parts", "column": A, "slip": "part"}
WHOLE_DATES = {"test": "whole_dates", "column": A}
NOTHING_SHARED = {"test": "nothing_shared", "column": A}
WITHIN = {"test": "within", "column": A, "most": 2}
EQUAL_AND_ABSENT = {"test": "all", "of": [EQUAL, {"test": "absent", "of": [B]}]}
EITHER_EQUAL = {"test": "any", "of": [EQUAL, {"test": "equal", "of": [B]}]}


def similar(floor: float, metric: str = "jaro_winkler") -> dict[str, Any]:
    return {"test": "similar", "column": A, "floor": floor, "metric": metric}


CASES = [
    pytest.param(EQUAL, {A: "ANNE"}, {A: "ANNE"}, True, id="equal: the same value"),
    pytest.param(EQUAL, {A: "ANNE"}, {A: "ANNA"}, False, id="equal: another value"),
    pytest.param(EQUAL, {}, {}, False, id="equal: two missing values are not the same"),
    pytest.param(EQUAL, {A: ""}, {A: ""}, False, id="equal: empty text is missing"),
    pytest.param(EQUAL_BOTH, {A: "X", B: "Y"}, {A: "X", B: "Z"}, False, id="equal: in every column"),
    pytest.param(EQUAL_BOTH, {A: "X"}, {A: "X"}, False, id="equal: missing in one of the columns"),
    pytest.param(DIFFERENT, {A: "X"}, {A: "Y"}, True, id="different: two values"),
    pytest.param(DIFFERENT, {A: "X"}, {A: "X"}, False, id="different: one value"),
    pytest.param(DIFFERENT, {A: "X"}, {}, False, id="different: missing is not another value"),
    pytest.param(ABSENT, {A: "X"}, {A: "Y"}, False, id="absent: both there"),
    pytest.param(ABSENT, {A: "X"}, {}, True, id="absent: one missing"),
    pytest.param(ABSENT_EITHER, {A: "X", B: "Y"}, {A: "X"}, True, id="absent: one column of one missing"),
    pytest.param(CROSS, {A: "X"}, {B: "X"}, True, id="cross: one way is enough"),
    pytest.param(CROSS, {A: "X", B: "X"}, {A: "Y", B: "Y"}, False, id="cross: not within one record"),
    pytest.param(CROSS, {}, {}, False, id="cross: nothing is nothing's equal"),
    pytest.param(SWAPPED, {A: "X", B: "Y"}, {A: "Y", B: "X"}, True, id="swapped: both ways"),
    pytest.param(SWAPPED, {A: "X", B: "Y"}, {A: "Z", B: "X"}, False, id="swapped: one way is not enough"),
    pytest.param(SWAPPED, {A: "X"}, {B: "X"}, False, id="swapped: a missing half"),
    pytest.param(similar(0.85), {A: "A"}, {A: "AB"}, True, id="similar: exactly at the floor (Jaro-Winkler)"),
    pytest.param(similar(0.8, "levenshtein"), {A: "ABCDE"}, {A: "ABCDX"}, True, id="similar: Levenshtein at its floor"),
    pytest.param(similar(0.95), {A: "MARTHA"}, {A: "MARHTA"}, True, id="similar: Winkler's own example, 0.961"),
    pytest.param(similar(0.97), {A: "MARTHA"}, {A: "MARHTA"}, False, id="similar: below the floor"),
    pytest.param(similar(0.0), {A: "X"}, {}, False, id="similar: missing is like nothing"),
    pytest.param(ONE_EDIT, {A: "MARTIN"}, {A: "MARTINE"}, True, id="one edit: a letter more"),
    pytest.param(ONE_EDIT, {A: "MARTIN"}, {A: "MARTAN"}, True, id="one edit: another letter"),
    pytest.param(ONE_EDIT, {A: "MARTIN"}, {A: "MARITN"}, True, id="one edit: two neighbours swapped"),
    pytest.param(ONE_EDIT, {A: "MARTIN"}, {A: "MARATEN"}, False, id="one edit: two edits"),
    pytest.param(TWO_EDITS, {A: "MARTIN"}, {A: "MARATEN"}, True, id="one edit: two are allowed"),
    pytest.param(ONE_EDIT, {A: "LEO"}, {A: "LEA"}, False, id="one edit: too short to be a slip"),
    pytest.param(ONE_EDIT, {A: "LEO"}, {A: "LEON"}, False, id="one edit: both must be long enough"),
    pytest.param(INITIAL, {A: "J"}, {A: "JEAN"}, True, id="initial: J and JEAN"),
    pytest.param(INITIAL, {A: "J"}, {A: "PAUL"}, False, id="initial: J and PAUL"),
    pytest.param(INITIAL, {A: "JP"}, {A: "JEAN PIERRE"}, True, id="initial: JP and JEAN PIERRE"),
    pytest.param(INITIAL, {A: "J P"}, {A: "JEAN PIERRE"}, True, id="initial: J P and JEAN PIERRE"),
    pytest.param(INITIAL, {A: "JM"}, {A: "JEAN PIERRE"}, False, id="initial: JM and JEAN PIERRE"),
    pytest.param(INITIAL, {A: "JE"}, {A: "JEAN"}, False, id="initial: two letters of one word are no initials"),
    pytest.param(PREFIX, {A: "DUPO"}, {A: "DUPONT"}, True, id="prefix: cut by the till"),
    pytest.param(PREFIX, {A: "DUP"}, {A: "DUPONT"}, False, id="prefix: too short to say"),
    pytest.param(PREFIX, {A: "DUPOND"}, {A: "DUPONT"}, False, id="prefix: another end"),
    pytest.param(WORDS_OF, {A: "MARIE"}, {A: "MARIE CLAIRE"}, True, id="shared word: MARIE and MARIE CLAIRE"),
    pytest.param(WORDS_OF, {A: "PETIT DURAND"}, {A: "DURAND PETIT"}, True, id="shared word: in another order"),
    pytest.param(WORDS_OF, {A: "MARIE ANNE"}, {A: "MARIE CLAIRE"}, False, id="shared word: each has one more"),
    pytest.param(WORDS_OF, {A: "DE"}, {A: "DE GAULLE"}, False, id="shared word: too short to say"),
    pytest.param(PARTIAL_DATE, {A: "--03-12"}, {A: "1980-03-12"}, True, id="date: the year of one is not known"),
    pytest.param(PARTIAL_DATE, {A: "1980"}, {A: "1980-03-12"}, True, id="date: only the year of one is known"),
    pytest.param(PARTIAL_DATE, {A: "1980"}, {A: "--03-12"}, False, id="date: two halves say nothing together"),
    pytest.param(PARTIAL_DATE, {A: "1980-03"}, {A: "1980-03-12"}, True, id="date: the day of one is not known"),
    pytest.param(PARTIAL_DATE, {A: "1980-03"}, {A: "--03-12"}, False, id="date: each knows what the other does not"),
    pytest.param(WHOLE_DATES, {A: "1980-03-12"}, {A: "1991-01-02"}, True, id="dates: both whole"),
    pytest.param(WHOLE_DATES, {A: "--03-12"}, {A: "--03-12"}, False, id="dates: no year"),
    pytest.param(NOTHING_SHARED, {A: "1980"}, {A: "--03-12"}, True, id="dates: a year, and a day and month"),
    pytest.param(NOTHING_SHARED, {A: "1980"}, {A: "1981"}, False, id="dates: two years"),
    pytest.param(NOTHING_SHARED, {A: "1980"}, {A: "1980"}, False, id="dates: one year"),
    pytest.param(PARTIAL_DATE, {A: "--03-13"}, {A: "1980-03-12"}, False, id="date: another day"),
    pytest.param(SWAPPED_DATE, {A: "1980-03-12"}, {A: "1980-12-03"}, True, id="date: day and month changed places"),
    pytest.param(SWAPPED_DATE, {A: "1980-03-12"}, {A: "1981-12-03"}, False, id="date: swapped in another year"),
    pytest.param(ONE_PART_OFF, {A: "1980-03-12"}, {A: "1981-03-12"}, True, id="date: another year"),
    pytest.param(ONE_PART_OFF, {A: "1980-03-12"}, {A: "1980-04-12"}, True, id="date: another month"),
    pytest.param(ONE_PART_OFF, {A: "1980-03-12"}, {A: "1981-04-12"}, False, id="date: two parts off"),
    pytest.param(ONE_PART_OFF, {A: "--03-12"}, {A: "--03-13"}, False, id="date: not between partial dates"),
    pytest.param(WITHIN, {A: "40"}, {A: "42"}, True, id="within: two apart"),
    pytest.param(WITHIN, {A: "9"}, {A: "12"}, False, id="within: three apart"),
    pytest.param(WITHIN, {A: "40"}, {A: "4o"}, False, id="within: not a number"),
    pytest.param({"test": "all", "of": []}, {}, {}, True, id="all: of none"),
    pytest.param(EQUAL_AND_ABSENT, {A: "X"}, {A: "X", B: "Y"}, True, id="all: both hold"),
    pytest.param(EQUAL_AND_ABSENT, {A: "X", B: "Y"}, {A: "X", B: "Y"}, False, id="all: one does not"),
    pytest.param({"test": "any", "of": []}, {A: "X"}, {A: "X"}, False, id="any: of none"),
    pytest.param(EITHER_EQUAL, {A: "X", B: "Y"}, {A: "Z", B: "Y"}, True, id="any: one holds"),
    pytest.param(EITHER_EQUAL, {A: "X"}, {A: "Z"}, False, id="any: none holds"),
]  # fmt: skip


@pytest.mark.parametrize(("told", "left", "right", "expected"), CASES)
def test_a_condition_says_what_its_name_says(told: dict[str, Any], left: Record, right: Record, expected: bool) -> None:
    assert holds(told, left, right) is expected


@pytest.mark.parametrize(
    "told",
    [case.values[0] for case in CASES if "column" in case.values[0] and "other" not in case.values[0]],
    ids=lambda told: "-".join(str(part) for part in told.values()),
)
def test_a_missing_value_never_makes_a_condition_hold(told: dict[str, Any]) -> None:
    assert not holds(told, {A: "MARIE"}, {})
    assert not holds(told, {}, {})


def one_step(text: str, letters: str) -> set[str]:
    """Every text one edit away."""
    cuts = [(text[:place], text[place:]) for place in range(len(text) + 1)]
    return {
        *(head + tail[1:] for head, tail in cuts if tail),
        *(head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1),
        *(head + letter + tail[1:] for head, tail in cuts if tail for letter in letters),
        *(head + letter + tail for head, tail in cuts for letter in letters),
    }


def within_edits(one: str, other: str, edits: int) -> bool:
    reached = {one}
    for _ in range(edits):
        reached |= {further for text in reached for further in one_step(text, other)}
    return other in reached


def either_way(says: Callable[[str, str], bool]) -> Callable[[str, str], bool]:
    return lambda one, other: says(one, other) or says(other, one)


def is_initial(short: str, full: str) -> bool:
    letters = short.replace(" ", "")
    initials = "".join(word[0] for word in full.split())
    return len(short) <= len(full) and (letters == initials or (len(letters) == 1 and full[0] == letters))


NAIVE: list[tuple[dict[str, Any], Callable[[str, str], bool]]] = [
    *(
        (
            {"test": "similar", "column": A, "floor": floor, "metric": name},
            lambda one, other, floor=floor, metric=metric: metric(one, other) >= floor,
        )
        for (name, metric), floor in product(
            [("jaro_winkler", JaroWinkler.similarity), ("levenshtein", Levenshtein.normalized_similarity)],
            [0.75, 0.8, 0.85, 0.92],
        )
    ),
    *(
        (
            {"test": "one_edit", "column": A, "edits": edits, "shortest": shortest},
            lambda one, other, edits=edits, shortest=shortest: (
                min(len(one), len(other)) >= shortest and within_edits(one, other, edits)
            ),
        )
        for edits, shortest in [(1, 1), (1, 4), (2, 2)]
    ),
    ({"test": "initial", "column": A}, either_way(is_initial)),
    (
        {"test": "prefix", "column": A, "shortest": 2},
        either_way(lambda one, other: len(one) >= 2 and other.startswith(one)),
    ),
    (
        {"test": "shared_token", "column": A, "shortest": 2},
        either_way(
            lambda one, other: set(one.split()) <= set(other.split()) and any(len(word) >= 2 for word in one.split())
        ),
    ),
]
WORDS = st.from_regex(r"[AB]{1,5}( [AB]{1,2})?", fullmatch=True)


@pytest.mark.parametrize(
    ("told", "naive"), NAIVE, ids=lambda one: "-".join(map(str, one.values())) if isinstance(one, dict) else ""
)
@settings(max_examples=60, deadline=None)
@given(words=st.lists(st.none() | WORDS, min_size=1, max_size=7))
def test_string_conditions_say_of_a_batch_what_the_definition_says_of_each_pair(
    told: dict[str, Any], naive: Callable[[str, str], bool], words: list[str | None]
) -> None:
    table = encode([{A: word} for word in words], [A])
    left, right = (rows.ravel() for rows in np.indices((len(words), len(words))))
    expected = [
        bool(words[one] and words[other]) and (words[one] == words[other] or naive(words[one], words[other]))
        for one, other in zip(left.tolist(), right.tolist(), strict=True)
    ]
    assert condition(told).holds(Pairs(table, left, right)).tolist() == expected
    many = Pairs(table, np.tile(left, 33), np.tile(right, 33))  # few are looked at in another way
    assert condition(told).holds(many).tolist() == expected * 33


@pytest.mark.parametrize("alphabet", ["ABCDE", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "AÉ漢 '-🙂"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_numbers_rule_out_text_would_have_refused(alphabet: str, data: st.DataObject) -> None:
    texts = st.text(alphabet, min_size=1, max_size=data.draw(st.sampled_from([4, 12, 80])))
    words = data.draw(st.lists(texts, min_size=2, max_size=6))
    words += [data.draw(slipped(word, alphabet)) for word in words]
    told, _ = data.draw(st.sampled_from(NAIVE))
    table = encode([{A: word} for word in words], [A])
    left, right = (rows.ravel() for rows in np.indices((len(words), len(words))))
    one, pairs = condition(told), Pairs(table, left, right)
    assert not (one.holds(pairs) & ~one.might(pairs)).any()


@st.composite
def slipped(draw: st.DrawFn, word: str, alphabet: str) -> str:
    """A text a slip or two away from another."""
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(word)))
        kind = draw(st.sampled_from(["drop", "add", "swap"]))
        if kind == "drop":
            word = word[:at] + word[at + 1 :]
        elif kind == "add":
            word = word[:at] + draw(st.sampled_from(list(alphabet))) + word[at:]
        else:
            word = word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
    return word


EVERY = [
    *(case.values[0] for case in CASES),
    {
        "test": "all",
        "of": [{"test": "one_edit", "column": A}, {"test": "any", "of": [EQUAL, {"test": "absent", "of": [B]}]}],
    },
]
VALUES = st.sampled_from(
    [None, "", "J", "JP", "JEAN", "JEAN PIERRE", "JEANE", "12", "13", "1980", "--03-12", "1980-03-12", "1980-12-03"]
)


@settings(max_examples=150, deadline=None)
@given(told=st.sampled_from(EVERY), data=st.data())
def test_swapping_the_records_never_changes_the_answer_nor_does_their_place_in_the_table(
    told: dict[str, Any], data: st.DataObject
) -> None:
    records = data.draw(st.lists(st.fixed_dictionaries({A: VALUES, B: VALUES}), min_size=1, max_size=6))
    moved_to = np.array(data.draw(st.permutations(range(len(records)))))
    one = condition(told)
    table: EncodedTable = encode(records, [A, B])
    moved = encode([records[row] for row in np.argsort(moved_to)], [A, B])
    left, right = (rows.ravel() for rows in np.indices((len(records), len(records))))
    forth = one.holds(Pairs(table, left, right))
    assert forth.tolist() == one.holds(Pairs(table, right, left)).tolist()
    assert forth.tolist() == one.holds(Pairs(moved, moved_to[left], moved_to[right])).tolist()


def test_string_work_is_done_once_for_each_distinct_pair_of_values(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str]] = []

    def noted(self: conditions.Prefix, one: str, other: str) -> bool:
        seen.append((one, other))
        return False

    monkeypatch.setattr(conditions.Prefix, "fits", noted)
    table = encode([{A: word} for word in ["MARTX", "MARTY", "MARTZ"] * 30], [A])
    left, right = np.triu_indices(90, k=1)
    condition({"test": "prefix", "column": A}).holds(Pairs(table, left, right))
    assert sorted(tuple(sorted(pair)) for pair in seen) == [("MARTX", "MARTY"), ("MARTX", "MARTZ"), ("MARTY", "MARTZ")]
