"""What becomes of cases when those there should be are beside those there are; the same for a few as for all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from rcu.domain.cases import GONE, CaseEvent, Stake
from rcu.matching.model import MatchModel
from rcu.services.casework import Wanted, records_named, worded
from rcu.store import cases as rows
from rcu.store import nearby
from rcu.store.cases import Event, StoredCase
from rcu.store.engine import Transaction

_MATERIAL: Final = 0.2
"""A priority that moved by less is written, and not told."""


@dataclass(slots=True)
class Settled:
    """What is to be written.

    Attributes:
        fresh: cases that never were before.
        again: cases that were closed, and are to be open.
        other: cases that wait and say something else now.
        gone: cases that wait and have no reason any more.
    """

    fresh: list[Wanted] = field(default_factory=list[Wanted])
    again: list[tuple[StoredCase, Wanted]] = field(default_factory=list[tuple[StoredCase, Wanted]])
    other: list[tuple[StoredCase, Wanted]] = field(default_factory=list[tuple[StoredCase, Wanted]])
    gone: list[StoredCase] = field(default_factory=list[StoredCase])

    @property
    def count(self) -> int:
        """How many cases are to be written."""
        return len(self.fresh) + len(self.again) + len(self.other) + len(self.gone)

    @property
    def to_word(self) -> list[Wanted]:
        """Those whose evidence is to be put in words."""
        return [*self.fresh, *(one for _, one in self.again), *(one for old, one in self.other if _says_else(old, one))]


def _says_else(stored: StoredCase, wanted: Wanted) -> bool:
    return stored.fingerprint != wanted.fingerprint


def settle(wanted: Mapping[str, Wanted], stored: Iterable[StoredCase]) -> Settled:
    """Compare; what somebody closed by hand stays closed while its evidence is the same."""
    found, known = Settled(), {one.name: one for one in stored}
    for name, one in wanted.items():
        there = known.get(name)
        if there is None:
            found.fresh.append(one)
        elif not there.waits:
            if not there.by_hand or _says_else(there, one):
                found.again.append((there, one))
        elif _says_else(there, one) or (there.priority, there.revenue_minor) != (one.priority, one.revenue_minor):
            found.other.append((there, one))
    found.gone = [one for name, one in known.items() if one.waits and name not in wanted]
    return found


class Words:
    """Puts evidence into words; what it needs is read at once."""

    def __init__(
        self, connection: Transaction, wanted: Collection[Wanted], stakes: Mapping[int, Stake], model: MatchModel
    ) -> None:
        named = {record for one in wanted for record in records_named(one.draft)}
        self._keys = nearby.keys_of(connection, named)
        self._stakes, self._model = stakes, model

    def of(self, one: Wanted) -> str:
        """The evidence of a case, JSON."""
        return orjson.dumps(worded(one.draft, self._keys, self._stakes, self._model)).decode()


def fresh_row(one: Wanted, words: Words) -> dict[str, Any]:
    """A new case as it is written."""
    return {
        "name": one.name,
        "kind": one.draft.kind.value,
        "subject": one.subject,
        "fingerprint": one.fingerprint,
        "evidence": words.of(one),
        "priority": one.priority,
        "revenue_minor": one.revenue_minor,
    }


def write_changes(connection: Transaction, settled: Settled, words: Words, now: datetime) -> None:
    """Write what became of cases that were there before."""
    changed = [_row(old, one, words.of(one)) for old, one in settled.again]
    changed += [_row(old, one, words.of(one) if _says_else(old, one) else old.evidence) for old, one in settled.other]
    rows.change_cases(connection, changed, now)
    rows.reopen_cases(connection, [old.case_id for old, _ in settled.again], now)
    rows.close_cases(connection, [old.case_id for old in settled.gone], now)
    about = {old.case_id: one.draft.clusters for old, one in settled.again}
    about |= {old.case_id: one.draft.clusters for old, one in settled.other if _says_else(old, one)}
    rows.put_customers(connection, about, stood=about)
    rows.add_events(connection, list(_events(settled)), now)


def _row(old: StoredCase, one: Wanted, evidence: str) -> dict[str, Any]:
    told = {"fingerprint": one.fingerprint, "evidence": evidence, "priority": one.priority}
    return {**told, "number": old.case_id, "revenue_minor": one.revenue_minor, "more": int(_says_else(old, one))}


def _events(settled: Settled) -> Iterable[Event]:
    for old, _ in settled.again:
        yield Event(old.case_id, CaseEvent.REOPENED)
    for old, one in settled.other:
        if _says_else(old, one):
            yield Event(old.case_id, CaseEvent.EVIDENCE)
        if abs(old.priority - one.priority) > _MATERIAL * max(old.priority, one.priority):
            yield Event(old.case_id, CaseEvent.PRIORITY, f"{old.priority:g} to {one.priority:g}")
    for old in settled.gone:
        yield Event(old.case_id, CaseEvent.CLOSED, GONE)
