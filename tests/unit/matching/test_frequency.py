"""An identifier carried by more different names than one family has is nobody's, in any order of the records."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.matching.frequency import generic_values, without_generic
from tests.unit.matching.worlds import Record, encode, person, persons, small_model

MODEL = small_model()
"""Two different names may share a mailbox, five an account."""
SHOP = "shop@x.fr"
EVERY_DAY = [f"1980-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]


def generic(records: list[Record], **changes: object) -> Mapping[str, frozenset[str]]:
    model = small_model(**changes)
    return generic_values(encode(records, model.columns()), model)


def with_mailbox(*names: tuple[str | None, str | None]) -> list[Record]:
    return [person(first, last, email_key=SHOP) for first, last in names]


@pytest.mark.parametrize(
    ("records", "nobodys"),
    [
        pytest.param([("JEAN", "MARTIN"), ("ANNE", "MARTIN")], False, id="as many names as allowed"),
        pytest.param([("JEAN", "MARTIN"), ("ANNE", "MARTIN"), ("ZOE", "MARTIN")], True, id="one name more"),
        pytest.param([("JEAN", "MARTIN")] * 9, False, id="one name many times is one name"),
        pytest.param([("JEAN", "MARTIN"), ("JEAN", "DURAND"), ("JEAN", None)], True, id="half a name is another name"),
        pytest.param(
            [("JEAN", "MARTIN"), ("ANNE", "MARTIN"), (None, None)], False, id="who has no name does not count"
        ),
        pytest.param([("JEAN", "ANNE"), ("ANNE", "JEAN"), (None, "JEAN")], True, id="swapped names are two names"),
        pytest.param([], False, id="nobody carries it"),
    ],
)
def test_a_mailbox_is_nobody_s_from_one_name_too_many(records: list[tuple[str, str]], nobodys: bool) -> None:
    assert generic(with_mailbox(*records)) == {
        "email_key": frozenset({SHOP} if nobodys else ()), "account": frozenset(),
    }  # fmt: skip


def test_a_model_that_tells_no_names_apart_finds_nothing_generic() -> None:
    found = generic(with_mailbox(("A", "B"), ("C", "D"), ("E", "F")), name_of_person=[])
    assert not any(found.values())


def test_what_is_nobody_s_counts_as_missing_and_nothing_else_does() -> None:
    records = [
        *with_mailbox(("A", "B"), ("C", "D"), ("E", "F")),
        person("G", "H", email_key="own@x.fr"),
        person("I", "J"),
    ]
    table = encode(records, MODEL.columns())
    cleared = without_generic(table, generic_values(table, MODEL))
    assert [cleared["email_key"].value(row) for row in range(5)] == [None, None, None, "own@x.fr", None]
    assert [cleared["last_name_key"].value(row) for row in range(5)] == ["B", "D", "F", "H", "J"]
    assert [table["email_key"].value(row) for row in range(3)] == [SHOP] * 3


@settings(max_examples=60, deadline=None)
@given(records=persons(at_most=14), data=st.data())
def test_the_verdict_is_a_count_of_names_and_does_not_hang_on_the_order(
    records: list[Record], data: st.DataObject
) -> None:
    names: dict[str, set[tuple[str | None, str | None]]] = {}
    for record in records:
        name = (record["first_name_key"], record["last_name_key"])
        if record["email_key"] and any(name):
            names.setdefault(record["email_key"], set()).add(name)
    expected = {mailbox for mailbox, carried in names.items() if len(carried) > 2}
    assert generic(records)["email_key"] == expected
    assert generic(data.draw(st.permutations(records)))["email_key"] == expected


@pytest.mark.parametrize(
    ("dates", "nobodys"),
    [
        pytest.param({"1980-01-01": 30, "1980-03-12": 2}, {"1980-01-01"}, id="a day everybody has"),
        pytest.param({"1980-01-01": 19, "1980-03-12": 2}, set(), id="too few records to tell"),
        pytest.param(dict.fromkeys(EVERY_DAY, 25), set(), id="all days of a large file"),
        pytest.param({"--01-01": 500, "1980": 500, "1980-01": 500}, set(), id="partial dates are never judged"),
        pytest.param({}, set(), id="no dates"),
    ],
)  # fmt: skip
def test_days_far_too_common_are_nobodys(dates: dict[str, int], nobodys: set[str]) -> None:
    records = [person("JEAN", "MARTIN", birth_date=date) for date, count in dates.items() for _ in range(count)]
    assert generic(records, dates=["birth_date"])["birth_date"] == nobodys


def test_without_dates_in_the_model_no_day_is_judged() -> None:
    assert "birth_date" not in generic([person("JEAN", "MARTIN", birth_date="1980-01-01")] * 50)
