"""What people decided about records: facts that are only ever added to, and what follows from all of them.

A decision ties records together (must-link) or keeps them apart (cannot-link). It is taken back by another one, an
`undo`, which can be taken back itself; one that asks for a second person has no effect until an `approve`. So what is
in force is a function of the facts, whatever else happened in between.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

Pair = tuple[int, int]
"""Two record ids, the lower first."""


class DecisionKind(StrEnum):
    """What somebody decided.

    MERGE: these are one person. NOT_SAME: these are not. SPLIT: of one customer's records, which go together.
    CONFIRM: a customer's records do belong together. COMMENT: nothing but words. OVERRIDE: what fields of a golden
    record are. UNDO and APPROVE: of another decision.
    """

    MERGE = "merge"
    NOT_SAME = "not_same"
    SPLIT = "split"
    CONFIRM = "confirm"
    COMMENT = "comment"
    OVERRIDE = "override"
    UNDO = "undo"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True)
class Decision:
    """One fact.

    Attributes:
        decision_id: rises with time.
        kind: what was decided.
        actor: who decided.
        reason: in that person's words.
        decided_at: when.
        about: the decision that is undone or approved.
        needs_approval: without effect until another person approves it.
        together: must-links.
        apart: cannot-links.
        records: the records it is about, with the hash of what each said then.
        sets: of an override, by group of fields, the standard columns as they are to be; None empties one.
    """

    decision_id: int
    kind: DecisionKind
    actor: str
    reason: str
    decided_at: datetime
    about: int | None = None
    needs_approval: bool = False
    together: tuple[Pair, ...] = ()
    apart: tuple[Pair, ...] = ()
    records: Mapping[int, int] = field(default_factory=dict[int, int])
    sets: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict[str, Mapping[str, str | None]])


class State(StrEnum):
    """Whether a decision counts."""

    IN_FORCE = "in_force"
    AWAITS_APPROVAL = "awaits_approval"
    UNDONE = "undone"


def states(decisions: Iterable[Decision]) -> dict[int, State]:
    """The state of every decision, by id: what came later decides about what came before."""
    undone: set[int] = set()
    approved: set[int] = set()
    found: dict[int, State] = {}
    for decision in sorted(decisions, key=lambda one: -one.decision_id):
        if decision.decision_id in undone:
            found[decision.decision_id] = State.UNDONE
            continue
        waits = decision.needs_approval and decision.decision_id not in approved
        found[decision.decision_id] = State.AWAITS_APPROVAL if waits else State.IN_FORCE
        if decision.about is not None:
            (undone if decision.kind is DecisionKind.UNDO else approved).add(decision.about)
    return found


def in_force(decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions that count, the oldest first."""
    every = list(decisions)
    state = states(every)
    counted = (one for one in every if state[one.decision_id] is State.IN_FORCE)
    return sorted(counted, key=lambda one: one.decision_id)


def links_in_force(decisions: Iterable[Decision]) -> dict[Pair, bool]:
    """What the decisions that count say of pairs of records: True for together, False for apart."""
    counted = in_force(decisions)
    apart = {link: False for decision in counted for link in decision.apart}
    return apart | {link: True for decision in counted for link in decision.together}


def concerned(log: Iterable[Decision], *numbers: int) -> set[int]:
    """The records that some decisions are about, and those that these are about."""
    by_number = {one.decision_id: one for one in log}
    found: set[int] = set()
    waiting = list(numbers)
    while waiting:
        one = by_number[waiting.pop()]
        found |= one.records.keys()
        waiting += [] if one.about is None else [one.about]
    return found


def pair(one: int, other: int) -> Pair:
    """Two record ids as a pair."""
    return (one, other) if one < other else (other, one)


def chain(records: Sequence[int]) -> tuple[Pair, ...]:
    """The must-links that tie records to the oldest of them."""
    oldest, *others = sorted(set(records))
    return tuple(pair(oldest, other) for other in others)


def across(groups: Sequence[Iterable[int]]) -> tuple[Pair, ...]:
    """The cannot-links between the records of different groups."""
    members = [sorted(set(group)) for group in groups]
    return tuple(
        pair(one, other)
        for place, group in enumerate(members)
        for later in members[place + 1 :]
        for one in group
        for other in later
    )


def contradicting(decision: Decision, standing: Sequence[Decision]) -> tuple[Decision, ...]:
    """The decisions in force with which a new one cannot hold, the oldest first; none when it can.

    It cannot when records that all must-links tie together, by whatever way, are to be kept apart. Of a chain of
    must-links each decision is named that one shortest way needs.
    """
    every = [*standing, decision]
    ties = _Ties(every)
    near = ties.reachable(end for link in (*decision.together, *decision.apart) for end in link)
    found: dict[int, Decision] = {}
    for other in every:
        for one, two in other.apart:
            way = ties.way(one, two) if {one, two} <= near else None
            needed = {} if way is None else {at.decision_id: at for at in (*way, other)}
            if decision.decision_id in needed:
                found |= needed
    found.pop(decision.decision_id, None)
    return tuple(found[number] for number in sorted(found))


class _Ties:
    """What must-links connect."""

    def __init__(self, decisions: Iterable[Decision]) -> None:
        self._next: dict[int, list[tuple[int, Decision]]] = {}
        for decision in decisions:
            for one, other in decision.together:
                self._next.setdefault(one, []).append((other, decision))
                self._next.setdefault(other, []).append((one, decision))

    def reachable(self, starts: Iterable[int]) -> set[int]:
        """The records that must-links connect with some, these included."""
        found = set(starts)
        waiting = list(found)
        while waiting:
            new = {other for other, _ in self._next.get(waiting.pop(), ())} - found
            found |= new
            waiting.extend(new)
        return found

    def way(self, start: int, end: int) -> list[Decision] | None:
        """The decisions along a shortest chain of must-links between two records."""
        came: dict[int, tuple[int, Decision] | None] = {start: None}
        waiting = deque([start])
        while waiting and end not in came:
            at = waiting.popleft()
            for other, decision in self._next.get(at, ()):
                if other not in came:
                    came[other] = (at, decision)
                    waiting.append(other)
        if end not in came:
            return None
        found: list[Decision] = []
        step = came[end]
        while step is not None:
            found.append(step[1])
            step = came[step[0]]
        return found
