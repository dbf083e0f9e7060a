"""What is in force follows from the facts alone; what cannot hold together is named."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcu.domain.decisions import Decision, DecisionKind, Pair, State, across, chain, contradicting, in_force, states

AT = datetime(2026, 1, 2, tzinfo=UTC)


def decision(
    number: int, kind: DecisionKind = DecisionKind.COMMENT, *, about: int | None = None, waits: bool = False,
    together: tuple[Pair, ...] = (), apart: tuple[Pair, ...] = (),
) -> Decision:  # fmt: skip
    return Decision(number, kind, "anne", "why", AT, about, waits, together, apart)


def undo(number: int, about: int) -> Decision:
    return decision(number, DecisionKind.UNDO, about=about)


def approve(number: int, about: int) -> Decision:
    return decision(number, DecisionKind.APPROVE, about=about)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param([decision(1)], "i", id="one"),
        pytest.param([decision(1), undo(2, 1)], "ui", id="undone"),
        pytest.param([decision(1), undo(2, 1), undo(3, 2)], "iui", id="the undo undone"),
        pytest.param([decision(1), undo(2, 1), undo(3, 2), undo(4, 3)], "uiui", id="and that one, too"),
        pytest.param([decision(1, waits=True)], "w", id="waits"),
        pytest.param([decision(1, waits=True), approve(2, 1)], "ii", id="approved"),
        pytest.param([decision(1, waits=True), approve(2, 1), undo(3, 2)], "wui", id="the approval undone"),
        pytest.param([decision(1, waits=True), approve(2, 1), undo(3, 1)], "uii", id="approved, then undone"),
    ],
)
def test_what_came_later_decides_about_what_came_before(facts: list[Decision], expected: str) -> None:
    letters = {State.IN_FORCE: "i", State.UNDONE: "u", State.AWAITS_APPROVAL: "w"}
    found = states(facts)
    assert "".join(letters[found[one.decision_id]] for one in facts) == expected
    assert states(reversed(facts)) == found


def test_records_are_tied_to_the_oldest_and_kept_apart_across_groups() -> None:
    assert chain([7, 3, 9, 3]) == ((3, 7), (3, 9))
    assert chain([5]) == ()
    assert tuple(sorted(across([[1, 2], [3], [4]]))) == ((1, 3), (1, 4), (2, 3), (2, 4), (3, 4))


def numbers(found: tuple[Decision, ...]) -> list[int]:
    return [one.decision_id for one in found]


def test_a_merge_names_what_keeps_its_records_apart_and_what_ties_them() -> None:
    standing = [decision(1, together=((1, 2),)), decision(2, apart=((1, 4),)), decision(3, apart=((8, 9),))]
    assert numbers(contradicting(decision(0, together=((2, 4),)), standing)) == [1, 2]
    assert contradicting(decision(0, together=((2, 5),)), standing) == ()


def test_keeping_apart_names_the_chain_that_ties_them() -> None:
    standing = [
        decision(1, together=((1, 2), (1, 3))),
        decision(2, together=((3, 4),)),
        decision(3, together=((5, 6),)),
    ]
    assert numbers(contradicting(decision(0, apart=((2, 4),)), standing)) == [1, 2]
    assert contradicting(decision(0, apart=((2, 6),)), standing) == ()


PAIRS = st.tuples(st.integers(1, 7), st.integers(1, 7)).filter(lambda pair: pair[0] < pair[1])


def can_hold(decisions: list[Decision]) -> bool:
    """By plain sets: no cannot-link inside what must-links connect."""
    group = {record: {record} for record in range(1, 8)}
    for one in decisions:
        for left, right in one.together:
            joined = group[left] | group[right]
            for record in joined:
                group[record] = joined
    return all(right not in group[left] for one in decisions for left, right in one.apart)


@st.composite
def logs(draw: st.DrawFn) -> list[Decision]:
    links = draw(st.lists(st.tuples(st.lists(PAIRS, max_size=2), st.lists(PAIRS, max_size=2)), max_size=6))
    return [decision(at + 1, together=tuple(must), apart=tuple(cannot)) for at, (must, cannot) in enumerate(links)]


@given(log=logs(), must=st.lists(PAIRS, max_size=2), cannot=st.lists(PAIRS, max_size=2))
def test_a_decision_is_contradicted_exactly_when_it_cannot_hold(
    log: list[Decision], must: list[Pair], cannot: list[Pair]
) -> None:
    standing: list[Decision] = []
    for one in log:  # as the service builds it: nothing that cannot hold is ever in force
        if can_hold([*standing, one]):
            standing.append(one)
    new = decision(99, together=tuple(must), apart=tuple(cannot))
    against = contradicting(new, standing)
    if can_hold([*standing, new]):
        assert against == ()
    elif can_hold([new]):
        assert against
    assert set(numbers(against)) <= set(numbers(tuple(standing)))
    left = list(standing)
    while against:
        left = [one for one in left if one not in against]
        against = contradicting(new, left)
    assert can_hold([*left, new]) or not can_hold([new])


def test_only_what_counts_is_in_force() -> None:
    facts = [decision(1), decision(2), undo(3, 1), decision(4, waits=True)]
    assert [one.decision_id for one in in_force(facts)] == [2, 3]
