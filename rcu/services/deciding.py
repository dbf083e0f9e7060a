"""Stewards decide: these are one person, these are not, these go together; and take it back.

A decision is a fact that is added and never changed; the customers it touches are worked out with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from rcu.domain.decisions import (
    Decision,
    DecisionKind,
    Pair,
    State,
    across,
    chain,
    concerned,
    contradicting,
    in_force,
    links_in_force,
    states,
)
from rcu.domain.records import CUSTOMER_ID, RecordKey
from rcu.errors import Conflict, InputError, NotFound
from rcu.matching.model import MatchModel
from rcu.services.changing import changing, work_out
from rcu.services.rematching import Rematching
from rcu.services.standing import standing_state
from rcu.store import decisions as rows
from rcu.store.decisions import Subject
from rcu.store.engine import Store, Transaction
from rcu.store.locks import Locks

Clock = Callable[[], datetime]

MOST_RECORDS: Final = 500
"""A decision about more records than this is refused: somebody chose the wrong customer."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody wants to decide.

    Attributes:
        kind: merge, not_same, split, confirm or comment.
        about: records (`source:native_id`) and customer ids; of a split, the one customer.
        actor: who decides.
        reason: why, in that person's words.
        groups: of a split, the records that leave, by the person they are; those not named stay.
        expected: the version of a customer that was looked at, by customer id.
        supersede: take back the decisions that stand in the way.
    """

    kind: DecisionKind
    about: tuple[str, ...]
    actor: str
    reason: str
    groups: tuple[tuple[str, ...], ...] = ()
    expected: Mapping[str, int] = field(default_factory=dict[str, int])
    supersede: bool = False


@dataclass(frozen=True, slots=True)
class FourEyes:
    """Merges that need a second person: of more records than this, or with more revenue (whole units of money)."""

    records: int | None = None
    revenue: int | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What was written: the decision, whether it counts already, and the decisions that were taken back for it."""

    decision: Decision
    state: State
    superseded: tuple[int, ...] = ()


class ContradictsDecisions(Conflict):
    """Earlier decisions say otherwise; `decisions` are their numbers."""

    def __init__(self, decisions: Sequence[Decision]) -> None:
        told = "; ".join(f"{one.decision_id} ({one.kind.value.replace('_', ' ')}, by {one.actor})" for one in decisions)
        super().__init__(
            f"this contradicts what was decided before: {told}",
            hint="undo these first, or supersede them openly",
        )
        self.decisions = tuple(one.decision_id for one in decisions)


def decide(store: Store, ask: Ask, *, clock: Clock, model: MatchModel, four_eyes: FourEyes | None = None) -> Decided:
    """Write a decision, when it can hold beside those in force, and work it out.

    Args:
        store: where the customers are.
        ask: what is wanted.
        clock: when.
        model: the model in use, for a store that no run has seen yet.
        four_eyes: what needs a second person.

    Raises:
        InputError: the request makes no sense.
        NotFound: a record or customer does not exist.
        ContradictsDecisions: earlier decisions say otherwise and are not to be superseded.
        Conflict: a customer changed since it was looked at.
    """
    _check_words(ask.actor, ask.reason)

    def take(connection: Transaction, locks: Locks) -> Decided:
        done = write(connection, ask, clock(), four_eyes)
        state = standing_state(connection, model)
        now = done.decision.decided_at
        matching = Rematching(connection, state.model, locks)
        also = put_in_force(connection, done)
        if ask.kind is not DecisionKind.COMMENT:
            also |= concerned(done.after, done.decision.decision_id, *done.superseded)
        work_out(connection, matching, state, changed={}, also=also, now=now)
        counts = State.AWAITS_APPROVAL if done.decision.needs_approval else State.IN_FORCE
        return Decided(done.decision, counts, done.superseded)

    return changing(store, take)


@dataclass(frozen=True, slots=True)
class Taken:
    """A decision that was written; `superseded` were taken back for it; the log as it was and as it is."""

    decision: Decision
    before: Sequence[Decision]
    after: Sequence[Decision]
    superseded: tuple[int, ...] = ()


def write(connection: Transaction, ask: Ask, now: datetime, four_eyes: FourEyes | None = None) -> Taken:
    """Write a decision into the log, when it can hold beside those in force.

    Raises:
        InputError, NotFound, ContradictsDecisions, Conflict: as `decide`.
    """
    rows.one_at_a_time(connection)
    draft = _drafted(connection, ask, now, four_eyes)
    before = rows.every_decision(connection)
    taken_back = [one.decision_id for one in _in_the_way(draft, in_force(before), ask)]
    reason = f"superseded: {ask.reason}"
    undone = [
        rows.add(connection, Decision(0, DecisionKind.UNDO, ask.actor, reason, now, about=number))
        for number in taken_back
    ]
    written = rows.add(connection, draft)
    return Taken(written, before, [*before, *undone, written], tuple(taken_back))


def put_in_force(connection: Transaction, taken: Taken) -> set[int]:
    """Let the links in force follow the log; give the records whose links differ."""
    return rows.put_links(connection, links_in_force(taken.before), links_in_force(taken.after))


def _in_the_way(draft: Decision, standing: Sequence[Decision], ask: Ask) -> list[Decision]:
    """The decisions to take back so that a new one can hold.

    Raises:
        ContradictsDecisions: there are some, and they are not to be superseded.
    """
    found: list[Decision] = []
    while against := contradicting(draft, [one for one in standing if one not in found]):
        if not ask.supersede:
            raise ContradictsDecisions(against)
        found += against
    return found


def _drafted(connection: Transaction, ask: Ask, now: datetime, four_eyes: FourEyes | None) -> Decision:
    _check_versions(rows.versions(connection, list(ask.expected)), ask.expected)
    found = _Subjects(connection, ask)
    together, apart = found.links()
    waits = ask.kind is DecisionKind.MERGE and four_eyes is not None and found.weighty(four_eyes)
    contents = {one.record_id: one.content_hash for one in found.all}
    return Decision(0, ask.kind, ask.actor, ask.reason, now, None, waits, together, apart, contents)


def undo(store: Store, decision_id: int, *, actor: str, reason: str, clock: Clock, model: MatchModel) -> Decided:
    """Take a decision back, also after later ones and after whatever happened to its records.

    Raises:
        NotFound: there is no such decision.
        Conflict: it was taken back already, or what comes back into force contradicts another decision.
    """
    told = Decision(0, DecisionKind.UNDO, actor, reason, clock(), about=decision_id)
    return _about(store, told, model)


def approve(store: Store, decision_id: int, *, actor: str, reason: str, clock: Clock, model: MatchModel) -> Decided:
    """Give a decision effect that another person took.

    Raises:
        NotFound: there is no such decision.
        Conflict: it waits for nobody, or for somebody else than who took it, or contradicts another by now.
    """
    told = Decision(0, DecisionKind.APPROVE, actor, reason, clock(), about=decision_id)
    return _about(store, told, model)


def _about(store: Store, wanted: Decision, model: MatchModel) -> Decided:
    """Write a decision about another one, and work out what it changes."""
    _check_words(wanted.actor, wanted.reason)
    number = wanted.about

    def take(connection: Transaction, locks: Locks) -> Decided:
        rows.one_at_a_time(connection)
        before = rows.every_decision(connection)
        told = next((one for one in before if one.decision_id == number), None)
        if told is None:
            raise NotFound("decision", str(number))
        state = states(before)[told.decision_id]
        if state is State.UNDONE:
            raise Conflict(f"decision {number} was taken back already")
        if wanted.kind is DecisionKind.APPROVE:
            _check_approval(told, state, wanted.actor)
        written = rows.add(connection, replace(wanted, records=told.records))
        _check_revived(before, [*before, written])
        ends = put_in_force(connection, Taken(written, before, [*before, written]))
        state_ = standing_state(connection, model)
        matching = Rematching(connection, state_.model, locks)
        also = ends | concerned(before, told.decision_id)
        work_out(connection, matching, state_, changed={}, also=also, now=wanted.decided_at)
        return Decided(written, State.IN_FORCE)

    return changing(store, take)


def _check_approval(told: Decision, state: State, actor: str) -> None:
    if state is not State.AWAITS_APPROVAL:
        msg = f"decision {told.decision_id} does not wait for approval"
        raise Conflict(msg)
    if told.actor == actor:
        msg = f"decision {told.decision_id} needs a second person: it is {actor}'s own"
        raise Conflict(msg)


def _check_revived(before: Sequence[Decision], after: Sequence[Decision]) -> None:
    """What comes into force must hold beside the rest."""
    counted = {one.decision_id for one in in_force(before)}
    standing = in_force(after)
    for one in standing:
        if one.decision_id not in counted:
            against = contradicting(one, [other for other in standing if other is not one])
            if against:
                raise ContradictsDecisions(against)


def _check_words(actor: str, reason: str) -> None:
    if not actor.strip():
        msg = "nobody is named who decides"
        raise InputError(msg, hint="every decision names its author")
    if not reason.strip():
        msg = "a decision needs a reason"
        raise InputError(msg, hint="a few words that somebody will understand in a year")


def _check_versions(found: Mapping[str, int], expected: Mapping[str, int]) -> None:
    for customer_id, version in expected.items():
        if found.get(customer_id) != version:
            msg = f"customer {customer_id} changed since it was looked at: it is not at version {version}"
            raise Conflict(msg, hint="look at it again before deciding")


class _Subjects:
    """The records that a request is about."""

    def __init__(self, connection: Transaction, ask: Ask) -> None:
        self._connection = connection
        self._ask = ask
        self._named = [self._find(text, f"number {at}") for at, text in enumerate(ask.about, 1)]
        self._groups = [[self._record(text, "of a group") for text in group] for group in ask.groups]
        self._check()
        clusters = {one.cluster_id for one in self._named if one.cluster_id is not None}
        self._members: dict[int, list[Subject]] = {}
        for one in rows.subjects_of_clusters(connection, clusters):
            self._members.setdefault(one.cluster_id or one.record_id, []).append(one)
        self.all = self._concerned()
        if len(self.all) > MOST_RECORDS:
            msg = f"this is about {len(self.all):,} records, more than the {MOST_RECORDS:,} one decision may touch"
            raise InputError(msg, hint="name single records instead of the whole customer")

    def _find(self, text: str, which: str) -> Subject:
        if CUSTOMER_ID.fullmatch(text):
            found = rows.subjects_born_as(self._connection, [text])
            if not found:
                raise NotFound("customer", f"{which} of those named")
            return found[0]
        return self._record(text, which)

    def _record(self, text: str, which: str) -> Subject:
        try:
            key = RecordKey.parse(text)
        except ValueError as error:
            raise InputError(str(error)) from None
        found = rows.subjects_by_key(self._connection, [key])
        if not found:
            raise NotFound("record", f"{which} of those named")
        return found[0]

    def _check(self) -> None:
        least = {DecisionKind.MERGE: 2, DecisionKind.NOT_SAME: 2}.get(self._ask.kind, 1)
        if len({one.record_id for one in self._named}) < least:
            msg = f"{self._ask.kind.value.replace('_', ' ')} needs {least} different records or customers"
            raise InputError(msg)
        if self._ask.kind is DecisionKind.SPLIT and (len(self._named) != 1 or not self._groups):
            msg = "a split needs one customer and at least one group of its records"
            raise InputError(msg, hint="name the records that leave; those not named stay")
        if self._ask.kind in (DecisionKind.UNDO, DecisionKind.APPROVE):
            msg = "undo and approve are about a decision, not about records"
            raise InputError(msg)

    def _whole(self, one: Subject) -> list[Subject]:
        """A customer's records at present; a record nobody matched yet is alone."""
        return self._members.get(one.cluster_id, [one]) if one.cluster_id is not None else [one]

    def _of(self, text: str, one: Subject) -> list[Subject]:
        """What a name stands for: a customer id for all its records, a record's key for itself."""
        return self._whole(one) if CUSTOMER_ID.fullmatch(text) else [one]

    def _concerned(self) -> list[Subject]:
        match self._ask.kind:
            case DecisionKind.NOT_SAME:
                found = [
                    at for text, one in zip(self._ask.about, self._named, strict=True) for at in self._of(text, one)
                ]
            case DecisionKind.MERGE | DecisionKind.COMMENT:
                found = list(self._named)
            case _:
                found = self._whole(self._named[0])
        return list({one.record_id: one for one in found}.values())

    def links(self) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
        """The must-links and cannot-links of the request."""
        match self._ask.kind:
            case DecisionKind.MERGE:
                return chain([one.record_id for one in self._named]), ()
            case DecisionKind.NOT_SAME:
                return (), across(self._apart())
            case DecisionKind.SPLIT:
                groups = self._parts()
                return tuple(link for group in groups for link in chain(group)), across(groups)
            case DecisionKind.CONFIRM:
                return chain([one.record_id for one in self.all]), ()
            case _:
                return (), ()

    def _apart(self) -> list[list[int]]:
        groups = [
            [at.record_id for at in self._of(text, one)] for text, one in zip(self._ask.about, self._named, strict=True)
        ]
        if len({record for group in groups for record in group}) < sum(map(len, groups)):
            msg = "a record cannot be another person than itself: two of the names stand for the same customer"
            raise InputError(msg, hint="name single records, or split the customer")
        return groups

    def _parts(self) -> list[list[int]]:
        """The groups that leave, and before them what stays."""
        own = [one.record_id for one in self._whole(self._named[0])]
        leaving = [[one.record_id for one in group] for group in self._groups]
        flat = [record for group in leaving for record in group]
        if not set(flat) <= set(own):
            msg = "a record of a group is not one of the customer's"
            raise InputError(msg, hint="look at the customer's records again")
        if len(set(flat)) < len(flat):
            msg = "a record is in two groups"
            raise InputError(msg)
        stays = [record for record in own if record not in set(flat)]
        groups = [group for group in [stays, *leaving] if group]
        if len(groups) < 2:
            msg = "a split needs records that stay or a second group"
            raise InputError(msg)
        return groups

    def weighty(self, limits: FourEyes) -> bool:
        """Whether a merge is of a size or value that needs a second person."""
        everyone = {one.record_id for at in self._named for one in self._whole(at)}
        if limits.records is not None and len(everyone) > limits.records:
            return True
        if limits.revenue is None:
            return False
        clusters = {one.cluster_id for one in self._named if one.cluster_id is not None}
        return rows.revenue_of(self._connection, clusters) > limits.revenue * 100
