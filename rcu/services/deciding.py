"""Stewards decide: these are one person, these are not, these go together; and take it back.

A decision is a fact that is added and never changed; the customers it touches are worked out with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rcu.domain.cases import USUAL_RULES, CaseRules
from rcu.domain.causes import Cause, CauseKind
from rcu.domain.decisions import (
    Decision,
    DecisionKind,
    State,
    concerned,
    contradicting,
    in_force,
    links_in_force,
    states,
)
from rcu.domain.overrides import overrides_in_force
from rcu.errors import Conflict, InputError, NotFound
from rcu.matching.model import MatchModel
from rcu.services.asking import Ask, AskAbout, FourEyes
from rcu.services.changing import changing, work_out
from rcu.services.overriding import sets_of
from rcu.services.rematching import Rematching
from rcu.services.standing import standing_state
from rcu.services.subjects import Subjects
from rcu.store import decisions as rows
from rcu.store import overrides as override_rows
from rcu.store.engine import Store, Transaction
from rcu.store.locks import Locks

Clock = Callable[[], datetime]


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


def decide(
    store: Store, ask: Ask, *,
    clock: Clock, model: MatchModel, rules: CaseRules = USUAL_RULES, four_eyes: FourEyes | None = None,
) -> Decided:  # fmt: skip
    """Write a decision, when it can hold beside those in force, and work it out.

    Args:
        store: where the customers are.
        ask: what is wanted.
        clock: when.
        model: the model in use, for a store that no run has seen yet.
        rules: where cases begin.
        four_eyes: what needs a second person.

    Raises:
        InputError: the request makes no sense.
        NotFound: a record or customer does not exist.
        Erased: a person was erased.
        SeveralCustomers: the customer of an id is part of several others today.
        ContradictsDecisions: earlier decisions say otherwise and are not to be superseded.
        Conflict: a customer changed since it was looked at.
    """
    _check_words(ask.actor, ask.reason)

    def take(connection: Transaction, locks: Locks) -> Decided:
        done = write(connection, ask, clock(), four_eyes)
        state = standing_state(connection, model, rules)
        now = done.decision.decided_at
        matching = Rematching(connection, state.model, locks)
        also, cause = put_in_force(connection, done), _cause(done.decision)
        if ask.kind is not DecisionKind.COMMENT:
            also |= concerned(done.after, done.decision.decision_id, *done.superseded)
        work_out(connection, matching, state, changed={}, also=also, now=now, cause=cause)
        counts = State.AWAITS_APPROVAL if done.decision.needs_approval else State.IN_FORCE
        return Decided(done.decision, counts, done.superseded)

    return changing(store, take)


def _cause(decision: Decision) -> Cause:
    kinds = {DecisionKind.UNDO: CauseKind.UNDO, DecisionKind.APPROVE: CauseKind.APPROVE}
    return Cause(kinds.get(decision.kind, CauseKind.DECISION), decision.decision_id, decision.actor)


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
    """Let links and overrides in force follow the log; give the records to which others are tied now."""
    ends = rows.put_links(connection, links_in_force(taken.before), links_in_force(taken.after))
    before, after = overrides_in_force(taken.before), overrides_in_force(taken.after)
    return ends | override_rows.put(connection, before, after)


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
    found = Subjects(connection, ask)
    together, apart = found.links()
    waits = ask.kind is DecisionKind.MERGE and four_eyes is not None and found.weighty(four_eyes)
    contents = {one.record_id: one.content_hash for one in found.all}
    sets = sets_of(connection, sorted(contents), ask.setting) if ask.setting else {}
    return Decision(0, ask.kind, ask.actor, ask.reason, now, None, waits, together, apart, contents, sets)


def undo(
    store: Store, decision_id: int, *,
    actor: str, reason: str, clock: Clock, model: MatchModel, rules: CaseRules = USUAL_RULES,
) -> Decided:  # fmt: skip
    """Take a decision back, also after later ones and after whatever happened to its records.

    Raises:
        NotFound: there is no such decision.
        Conflict: it was taken back already, or what comes back into force contradicts another decision.
    """
    return _about(store, AskAbout(DecisionKind.UNDO, decision_id, actor, reason), clock, model, rules)


def approve(
    store: Store, decision_id: int, *,
    actor: str, reason: str, clock: Clock, model: MatchModel, rules: CaseRules = USUAL_RULES,
) -> Decided:  # fmt: skip
    """Give a decision effect that another person took.

    Raises:
        NotFound: there is no such decision.
        Conflict: it waits for nobody, or for somebody else than who took it, or contradicts another by now.
    """
    return _about(store, AskAbout(DecisionKind.APPROVE, decision_id, actor, reason), clock, model, rules)


def _about(store: Store, ask: AskAbout, clock: Clock, model: MatchModel, rules: CaseRules) -> Decided:
    """Write a decision about another one, and work out what it changes."""
    _check_words(ask.actor, ask.reason)

    def take(connection: Transaction, locks: Locks) -> Decided:
        done = write_about(connection, ask, clock())
        state = standing_state(connection, model, rules)
        matching = Rematching(connection, state.model, locks)
        also = put_in_force(connection, done) | concerned(done.before, ask.decision_id)
        now, cause = done.decision.decided_at, _cause(done.decision)
        work_out(connection, matching, state, changed={}, also=also, now=now, cause=cause)
        return Decided(done.decision, State.IN_FORCE)

    return changing(store, take)


def write_about(connection: Transaction, ask: AskAbout, now: datetime) -> Taken:
    """Write an undo or an approval into the log, when what comes of it can hold.

    Raises:
        NotFound, Conflict: as `undo` and `approve`.
    """
    rows.one_at_a_time(connection)
    before = rows.every_decision(connection)
    told = next((one for one in before if one.decision_id == ask.decision_id), None)
    if told is None:
        raise NotFound("decision", str(ask.decision_id))
    state = states(before)[told.decision_id]
    if state is State.UNDONE:
        raise Conflict(f"decision {ask.decision_id} was taken back already")
    if ask.kind is DecisionKind.APPROVE:
        _check_approval(told, state, ask.actor)
    wanted = Decision(0, ask.kind, ask.actor, ask.reason, now, about=ask.decision_id, records=told.records)
    written = rows.add(connection, wanted)
    _check_revived(before, [*before, written])
    return Taken(written, before, [*before, written])


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
