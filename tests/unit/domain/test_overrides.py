"""What people set that holds, as a function of the log."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rcu.domain.decisions import Decision, DecisionKind
from rcu.domain.overrides import Override, latest, overrides_in_force

AT = datetime(2026, 1, 2, tzinfo=UTC)
Held = dict[int, dict[str, int]]


def sets(number: int, *records: int, **values: str | None) -> Decision:
    said = {group: {group: value} for group, value in values.items()}
    return Decision(number, DecisionKind.OVERRIDE, "anne", "x", AT, records=dict.fromkeys(records, 0), sets=said)


def undo(number: int, about: int, *records: int) -> Decision:
    return Decision(number, DecisionKind.UNDO, "anne", "x", AT, about, records=dict.fromkeys(records, 0))


@pytest.mark.parametrize(
    ("log", "held"),
    [
        pytest.param([], {}, id="nothing was set"),
        pytest.param([sets(1, 7, 3, 5, email="a")], {3: {"email": 1}}, id="it is tied to the oldest record"),
        pytest.param(
            [sets(1, 3, email="a", mobile="b"), sets(2, 3, email=None)],
            {3: {"email": 2, "mobile": 1}},
            id="the latest of each group",
        ),
        pytest.param([sets(1, 3, email="a"), undo(2, 1, 3)], {}, id="taken back"),
        pytest.param(
            [sets(1, 3, email="a"), sets(2, 3, email="b"), undo(3, 2, 3)], {3: {"email": 1}}, id="the one before"
        ),
        pytest.param([sets(1, 3, email="a"), undo(2, 1, 3), undo(3, 2, 3)], {3: {"email": 1}}, id="an undo undone"),
        pytest.param([sets(1, 3, email="a"), sets(2, 4, email="b")], {3: {"email": 1}, 4: {"email": 2}}, id="two"),
    ],
)
def test_what_holds(log: list[Decision], held: Held) -> None:
    found = overrides_in_force(log)
    told = {at: {group: one.decision_id for group, one in overrides.items()} for at, overrides in found.items()}
    assert told == held


def test_of_records_that_came_together_the_latest_of_each_group_holds() -> None:
    first, second, third = (Override(number, "anne", {}) for number in (1, 2, 3))
    several = [{"email": third, "mobile": first}, {"email": second, "mobile": second}]
    assert latest(several) == latest(several[::-1]) == {"email": third, "mobile": second}
