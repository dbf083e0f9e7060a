"""The review queue: who looks at what, until when, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from rcu.domain.cases import USUAL_RULES, CaseEvent, CaseKind, CaseRules, CaseState
from rcu.domain.decisions import DecisionKind
from rcu.errors import Conflict, InputError, NotFound
from rcu.matching.model import MatchModel
from rcu.services import deciding
from rcu.services.cursors import read_ranked_cursor, write_cursor
from rcu.store import cases as case_rows
from rcu.store import queue as rows
from rcu.store.cases import Event
from rcu.store.engine import Store, Transaction
from rcu.store.queue import Happening, QueuedCase, Wish

_CURSOR: Final = "q1"
Clock = Callable[[], datetime]

_OF_PAIR: Final = (DecisionKind.MERGE, DecisionKind.NOT_SAME)
_OF_ONE: Final = (DecisionKind.CONFIRM, DecisionKind.SPLIT)
ALLOWED: Final[Mapping[CaseKind, tuple[DecisionKind, ...]]] = {
    CaseKind.POSSIBLE_MATCH: _OF_PAIR,
    CaseKind.RIVALS: _OF_PAIR,
    CaseKind.CONTRADICTION: _OF_ONE,
    CaseKind.WEAKEST_LINK: _OF_ONE,
    CaseKind.DECISION_CHANGED: (DecisionKind.UNDO,),
    CaseKind.IDENTIFIER_GENERIC: (*_OF_PAIR, *_OF_ONE),
    CaseKind.LARGE_CLUSTER: _OF_ONE,
}
"""What a case of each kind can be decided by."""

EXPLAINED: Final[Mapping[CaseKind, str]] = {
    CaseKind.POSSIBLE_MATCH: "these two customers may be one person",
    CaseKind.RIVALS: "this customer may be one of several others, and none of them is clearly nearer",
    CaseKind.CONTRADICTION: "records of this customer contradict each other",
    CaseKind.WEAKEST_LINK: "what holds this customer together became weaker",
    CaseKind.DECISION_CHANGED: "records of a decision say something else than when it was taken",
    CaseKind.IDENTIFIER_GENERIC: "so many names carry one number or mailbox that it is nobody's any more",
    CaseKind.LARGE_CLUSTER: "this customer has implausibly many records",
}


@dataclass(frozen=True, slots=True)
class CaseShown:
    """A case as somebody reads it.

    Attributes:
        case: as it is stored.
        state: closed, deferred, or open: also one whose date has come.
        customers: the customers it is about, with their version.
        evidence: keys of records, ids and words.
    """

    case: QueuedCase
    state: CaseState
    customers: Mapping[str, int]
    evidence: Mapping[str, Any]

    @property
    def allowed(self) -> tuple[DecisionKind, ...]:
        """What it can be decided by."""
        return () if self.state is CaseState.CLOSED else ALLOWED[self.case.kind]

    @property
    def explanation(self) -> str:
        """Why it is there, in words."""
        return EXPLAINED[self.case.kind]


def cases(
    store: Store, wish: Wish, *, clock: Clock, cursor: str | None = None, limit: int = 50
) -> tuple[list[CaseShown], str | None]:
    """The next cases, the highest priority and then the oldest first; with the cursor to go on from.

    Raises:
        InvalidCursor: when the cursor is not one this service gave out.
    """
    now = clock()
    after = None if cursor is None else read_ranked_cursor(_CURSOR, cursor)
    with store.read() as connection:
        found = rows.page(connection, wish, now=now, after=after, limit=limit + 1)
        shown = _shown(connection, found[:limit], now)
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return shown, None if last is None else write_cursor(_CURSOR, last.case_id, last.priority)


def _shown(connection: Transaction, found: Sequence[QueuedCase], now: datetime) -> list[CaseShown]:
    about = rows.customers_of(connection, [one.case_id for one in found])
    return [CaseShown(one, _state(one, now), about[one.case_id], orjson.loads(one.evidence)) for one in found]


def _state(one: QueuedCase, now: datetime) -> CaseState:
    back = one.state is CaseState.DEFERRED and one.deferred_until is not None and one.deferred_until <= now
    return CaseState.OPEN if back else one.state


def case(store: Store, case_id: int, *, clock: Clock) -> tuple[CaseShown, list[Happening]]:
    """One case, and what happened to it, the oldest first.

    Raises:
        NotFound: there is no such case.
    """
    with store.read() as connection:
        found = _found(rows.one_case(connection, case_id), case_id)
        (shown,) = _shown(connection, [found], clock())
        return shown, rows.events_of(connection, case_id)


def _found(one: QueuedCase | None, case_id: int) -> QueuedCase:
    if one is None:
        raise NotFound("case", str(case_id))
    return one


@dataclass(frozen=True, slots=True)
class Review:
    """What people do with cases: in whose name, in which store.

    Attributes:
        store: where the cases are.
        actor: who does it.
        clock: when.
    """

    store: Store
    actor: str
    clock: Clock

    def assign(self, case_id: int, to: str | None, *, expected: int | None = None) -> CaseShown:
        """Give a case to somebody; to nobody, take it away.

        Raises:
            NotFound: there is no such case.
            Conflict: it is closed, or not at the expected version any more. So it is with all that follow.
        """
        return self._put(case_id, {"assigned_to": to}, CaseEvent.ASSIGNED, to or "nobody", expected=expected)

    def due(self, case_id: int, at: datetime | None, *, expected: int | None = None) -> CaseShown:
        """Say until when a case is to be looked at; None: whenever."""
        return self._put(case_id, {"due_at": at}, CaseEvent.DUE, _told(at), expected=expected)

    def defer(
        self, case_id: int, until: datetime, *, reason: str | None = None, expected: int | None = None
    ) -> CaseShown:
        """Put a case off: it is not in the queue until then, and back by itself.

        Raises:
            InputError: the instant is past, or the reason is empty.
        """
        if until <= self.clock():
            raise InputError("a case is put off until some time to come")
        if reason is not None:
            _check_words(reason)
        values = {"state": CaseState.DEFERRED.value, "deferred_until": until}
        told = _told(until) if reason is None else f"{_told(until)}: {reason}"
        return self._put(case_id, values, CaseEvent.DEFERRED, told, expected=expected)

    def resume(self, case_id: int, *, reason: str | None = None, expected: int | None = None) -> CaseShown:
        """Take a case back into the queue before the date it is put off to.

        Raises:
            Conflict: it is not put off (any more).
        """
        if reason is not None:
            _check_words(reason)
        values = {"state": CaseState.OPEN.value, "deferred_until": None}
        return self._put(case_id, values, CaseEvent.RESUMED, reason, expected=expected)

    def comment(self, case_id: int, text: str) -> CaseShown:
        """Say something about a case; closed ones too."""
        _check_words(text)
        return self._put(case_id, {}, CaseEvent.COMMENT, text, closed=True)

    def close(self, case_id: int, reason: str, *, expected: int | None = None) -> CaseShown:
        """Close a case: it stays so until its evidence changes."""
        _check_words(reason)
        values = {
            "state": CaseState.CLOSED.value,
            "closed_at": self.clock(),
            "closed_why": reason,
            "by_hand": True,
        }
        return self._put(case_id, values, CaseEvent.CLOSED, reason, expected=expected)

    def _put(
        self, case_id: int, values: Mapping[str, Any], event: CaseEvent, detail: str | None, *,
        expected: int | None = None, closed: bool = False,
    ) -> CaseShown:  # fmt: skip
        now = self.clock()
        with self.store.changing() as connection:
            found = _found(rows.one_case(connection, case_id, hold=True), case_id)
            _check(found, expected, closed=closed)
            if event is CaseEvent.RESUMED and _state(found, now) is not CaseState.DEFERRED:
                raise Conflict(f"case {case_id} is not put off")
            rows.put(connection, case_id, values, now)
            case_rows.add_events(connection, [Event(case_id, event, detail, self.actor)], now)
            (shown,) = _shown(connection, [_found(rows.one_case(connection, case_id), case_id)], now)
        return shown

    def decide(self, case_id: int, ask: CaseDecision, model: MatchModel) -> deciding.Decided:
        """Decide what a case asks; when its reason goes with that, it closes by itself.

        Raises:
            NotFound: there is no such case.
            InputError: a case of this kind is not decided so, or what is named is no customer of it.
            Conflict: the case is closed or changed since it was looked at, or as in `deciding.decide`.
        """
        shown, _ = case(self.store, case_id, clock=self.clock)
        _check(shown.case, ask.expected, closed=False)
        if ask.kind not in shown.allowed:
            allowed = ", ".join(one.value for one in shown.allowed)
            raise InputError(f"a case of {shown.case.kind.value} is decided by: {allowed}")
        done = self._undo(shown, ask, model) if ask.kind is DecisionKind.UNDO else self._decide(shown, ask, model)
        told = f"{ask.kind.value}: decision {done.decision.decision_id}"
        self._put(case_id, {}, CaseEvent.DECIDED, told, closed=True)
        return done

    def _undo(self, shown: CaseShown, ask: CaseDecision, model: MatchModel) -> deciding.Decided:
        number = int(shown.case.subject)
        return deciding.undo(
            self.store, number, actor=self.actor, reason=ask.reason, clock=self.clock, model=model, rules=ask.rules
        )

    def _decide(self, shown: CaseShown, ask: CaseDecision, model: MatchModel) -> deciding.Decided:
        about = ask.about or tuple(shown.customers)
        if not set(about) <= shown.customers.keys():
            raise InputError("what is named is not a customer of the case", hint="look at the case again")
        if ask.kind in _OF_ONE and len(about) != 1:
            raise InputError(f"{ask.kind.value} is about one customer", hint="name which of the case's")
        if shown.case.kind in (CaseKind.RIVALS, CaseKind.IDENTIFIER_GENERIC) and not ask.about:
            raise InputError(
                "this is not about all customers of the case", hint="name those that it is about (about, --about)"
            )
        told = deciding.Ask(
            ask.kind,
            about,
            self.actor,
            ask.reason,
            ask.groups,
            {one: shown.customers[one] for one in about},
            ask.supersede,
        )
        return deciding.decide(
            self.store, told, clock=self.clock, model=model, rules=ask.rules, four_eyes=ask.four_eyes
        )


@dataclass(frozen=True, slots=True)
class CaseDecision:
    """How a case is decided.

    Attributes:
        kind: merge, not_same, confirm, split; undo where a decision's records changed.
        reason: why.
        about: some of the case's customers; by default all of them.
        groups: of a split, the records that leave together.
        supersede: take back the decisions that stand in the way.
        expected: the version of the case that was looked at.
        four_eyes: what needs a second person.
        rules: where cases begin.
    """

    kind: DecisionKind
    reason: str
    about: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    supersede: bool = False
    expected: int | None = None
    four_eyes: deciding.FourEyes | None = None
    rules: CaseRules = USUAL_RULES


def _check(found: QueuedCase, expected: int | None, *, closed: bool) -> None:
    if expected is not None and found.version != expected:
        msg = f"case {found.case_id} changed since it was looked at: it is at version {found.version}"
        raise Conflict(msg, hint="look at it again")
    if found.state is CaseState.CLOSED and not closed:
        raise Conflict(f"case {found.case_id} is closed", hint="it opens again by itself when its evidence changes")


def _check_words(text: str) -> None:
    if not text.strip():
        raise InputError("nothing was said", hint="a few words that somebody will understand in a year")


def _told(at: datetime | None) -> str:
    return "no date" if at is None else at.isoformat()
