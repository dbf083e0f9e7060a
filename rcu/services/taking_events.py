"""Events a few at a time: written, joined to the people they are of, and counted before the answer goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from rcu.domain.causes import Cause, CauseKind
from rcu.domain.events import GivenEvent, Refused, Taken
from rcu.errors import InputError
from rcu.services.changing import changing, work_out
from rcu.services.event_rows import amounts, event_rows, line_rows
from rcu.services.projection import EVENT_KINDS
from rcu.services.rematching import Rematching
from rcu.services.standing import standing_state
from rcu.services.upserting import RealTime
from rcu.store import happenings as rows
from rcu.store.engine import Transaction
from rcu.store.happenings import EventKey, Owner
from rcu.store.locks import Locks, name_of

AHEAD: Final = timedelta(days=1)
"""A clock may be wrong by so much; what is said to happen later is not taken."""
_STRIPES: Final = 32
"""So many parts of a source's events, and of its visitors, are locked each as a whole."""


@dataclass(frozen=True, slots=True)
class TakenEvent:
    """What became of one event.

    Attributes:
        given: the event.
        taken: what it says, beside what was stored; or that it was refused.
        why: why it was refused.
        record: native id of the record it is of; None: nobody's.
        by_visitor: it names nobody, and is whose its visitor was.
        customer_id: the customer that record belongs to; None while it waits for a run.
    """

    given: GivenEvent
    taken: Taken
    why: Refused | None = None
    record: str | None = None
    by_visitor: bool = False
    customer_id: str | None = None


def take_events(how: RealTime, given: Sequence[GivenEvent], *, actor: str | None = None) -> list[TakenEvent]:
    """Take events and say what became of each; those that cannot be taken are refused by themselves.

    An event that is sent again is replaced; so is one that an import brought. What is taken counts in the profiles of
    those it is of when this returns; of a record that waits for a run it counts after the run.

    Args:
        how: how records are taken.
        given: events, each once.
        actor: who sends them, for the history.

    Raises:
        NotFound: a source is not connected.
        InputError: an event is named twice.
        Conflict: a run over everything is at work, or too many others write about the same people.
    """
    if len({one.key for one in given}) < len(given):
        raise InputError("an event is named twice", hint="send each event once, as it is now")
    return changing(how.store, lambda connection, locks: _Taking(how, connection, locks, actor).run(given))


class _Taking:
    """One transaction that takes events."""

    def __init__(self, how: RealTime, connection: Transaction, locks: Locks, actor: str | None) -> None:
        self._how, self._connection, self._locks = how, connection, locks
        self._now = how.clock()
        self._cause = Cause(CauseKind.RECORD, actor=actor)

    def run(self, given: Sequence[GivenEvent]) -> list[TakenEvent]:
        """Take them."""
        self._how.check_sources(self._connection, {one.source for one in given})
        owners = rows.owners(self._connection, {one.owner for one in given if one.owner is not None})
        self._lock(given, owners)
        stored = rows.stored(self._connection, [one.key for one in given])
        orders = rows.stored(self._connection, {(one.source, one.related) for one in given if one.related is not None})
        refused = {one.key: why for one in given if (why := self._refusal(one, owners, {*orders, *_keys(given)}))}
        good = [one for one in given if one.key not in refused]
        written = self._write(good, owners, stored)
        whose = rows.whose(self._connection, [one.key for one in good])
        told: list[TakenEvent] = []
        for one in given:
            if one.key in refused:
                told.append(TakenEvent(one, Taken.REFUSED, refused[one.key]))
                continue
            done = TakenEvent(one, written[one.key])
            mine = whose.get(one.key)
            told.append(
                done
                if mine is None
                else replace(done, record=mine.record, by_visitor=mine.by_visitor, customer_id=mine.customer_id)
            )
        return told

    def _lock(self, given: Sequence[GivenEvent], owners: Mapping[Any, Owner]) -> None:
        """Have nobody else write the same events or visitors, or the customers that are named."""
        names = {name_of("event", one.source, _stripe(one.native_id)) for one in given}
        names |= {name_of("visitor", one.source, _stripe(one.visitor)) for one in given if one.visitor}
        names |= {name_of("customer", one.cluster_id) for one in owners.values() if one.cluster_id is not None}
        self._locks.take(names)

    def _refusal(self, one: GivenEvent, owners: Mapping[Any, Owner], orders: set[EventKey]) -> Refused | None:
        if one.owner is not None and one.owner not in owners:
            return Refused.UNKNOWN_RECORD
        if one.related is not None and (one.source, one.related) not in orders:
            return Refused.UNKNOWN_ORDER
        return Refused.IN_THE_FUTURE if one.occurred_at > self._now + AHEAD else None

    def _write(
        self, given: Sequence[GivenEvent], owners: Mapping[Any, Owner], stored: Mapping[EventKey, Mapping[str, Any]]
    ) -> dict[EventKey, Taken]:
        """Write what is new or different, and bring those it is of, or was, up to date."""
        made, lines = event_rows(given), line_rows(given)
        for one in given:
            owner = None if one.owner is None else owners[one.owner].record_id
            made[one.key] |= {**amounts(one), "record_id": owner, "visitor_id": one.visitor, "by_visitor": False}
        there = rows.lines_of(self._connection, [stored[key]["event_id"] for key in lines if key in stored])
        content = {key: _content(row, stored.get(key), lines.get(key), there) for key, row in made.items()}
        put = {key: row for key, row in made.items() if content[key] is not Taken.UNCHANGED}
        numbers = rows.put(self._connection, [_kept(row, stored.get(key)) for key, row in put.items()])
        rows.replace_lines(self._connection, {numbers[key]: lines[key] for key in put if key in lines})
        touched = {row["record_id"] for row in put.values() if row["kind"] in EVENT_KINDS}
        touched |= {stored[key]["record_id"] for key in put if key in stored and stored[key]["kind"] in EVENT_KINDS}
        touched |= self._join([*put.values(), *(stored[key] for key in put if key in stored)])
        self._publish(touched - {None})
        return content

    def _join(self, written: Sequence[Mapping[str, Any]]) -> set[int]:
        """Have the events of visitors that were told of be whose they are by now."""
        found: set[int] = set()
        for source in sorted({row["source"] for row in written}):
            visitors = {row["visitor_id"] for row in written if row["source"] == source and row["visitor_id"]}
            found |= rows.join_visitors(self._connection, source, visitors)
        return found

    def _publish(self, records: set[int]) -> None:
        """Write the profiles of the customers that some records belong to; those without one wait for a run."""
        clusters = rows.clusters_of(self._connection, records)
        if self._locks.take(name_of("customer", one) for one in clusters.values()):
            clusters = rows.clusters_of(self._connection, records)
            self._locks.take(name_of("customer", one) for one in clusters.values())
        if clusters:
            state = standing_state(self._connection, self._how.model, self._how.rules)
            matching = Rematching(self._connection, state.model, self._locks)
            outdated = frozenset(clusters)
            work_out(
                self._connection, matching, state,
                changed={}, outdated=outdated, marked=(), now=self._now, cause=self._cause,
            )  # fmt: skip


def _keys(given: Sequence[GivenEvent]) -> set[EventKey]:
    return {one.key for one in given}


def _stripe(text: str) -> int:
    return name_of(text) % _STRIPES


def _content(
    row: Mapping[str, Any],
    stored: Mapping[str, Any] | None,
    lines: Sequence[Mapping[str, Any]] | None,
    there: Mapping[int, set[int]],
) -> Taken:
    if stored is None:
        return Taken.NEW
    said = {line["content_hash"] for line in lines or ()}
    same_lines = lines is None or said == there.get(stored["event_id"], set())
    named = None if stored["by_visitor"] else stored["record_id"]
    now = (row["content_hash"], row["record_id"], row["visitor_id"])
    before = (stored["content_hash"], named, stored["visitor_id"])
    return Taken.UNCHANGED if same_lines and now == before else Taken.CHANGED


def _kept(row: dict[str, Any], stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """A row as it is to be stored: the sum of its lines stays where nothing is said of them."""
    if stored is None or not row["sums_lines"] or row["amount_minor"] is not None:
        return row
    return {**row, "amount_minor": stored["amount_minor"], "discount_minor": stored["discount_minor"]}
