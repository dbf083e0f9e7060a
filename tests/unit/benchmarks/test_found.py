"""Counting whether new records were put with their own person's."""

import pytest

from benchmarks.found import Found

BEFORE = ["ann", "ann", "ben"]


@pytest.mark.parametrize(
    ("person", "partners", "right", "wrong"),
    [
        ("ann", [0], 1, 0),
        ("ann", [0, 1], 1, 0),
        ("ann", [0, 2], 1, 1),
        ("ann", [2], 0, 1),
        ("ann", [], 0, 0),
        ("carl", [], 0, 0),
        ("carl", [1], 0, 1),
    ],
)
def test_a_record_counts_as_found_with_one_of_its_persons_and_as_wrong_with_anybody_elses(
    person, partners, right, wrong
):
    found = Found(BEFORE, [person])

    found.add(0, partners)

    assert found.told() == {"looked": 1, "there": int(person in BEFORE), "right": right, "wrong": wrong}
