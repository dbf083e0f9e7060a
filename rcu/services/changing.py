"""A transaction about a few records: begun again where another was in its way, worked out and published at its end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeVar

from rcu.domain.causes import Cause
from rcu.errors import Conflict
from rcu.services.casing import Casing
from rcu.services.rematching import Rematched, Rematching
from rcu.services.republishing import Republished, Republishing
from rcu.services.standing import State
from rcu.store import marks, nearby, publishing
from rcu.store.engine import Store, Transaction
from rcu.store.locks import Contended, Locks

T = TypeVar("T")
_TRIES: Final = 20


def changing(store: Store, work: Callable[[Transaction, Locks], T], *, keep: bool = True) -> T:
    """Do some work in a transaction beside others like it; what is done is not kept unless `keep`.

    Raises:
        Conflict: a run over everything is at work, or too many others write about the same people.
    """
    foreseen: frozenset[int] = frozenset()
    alone = False
    for _ in range(_TRIES):
        try:
            with store.changing(keep=keep, alone=alone) as connection:
                return work(connection, Locks(connection, foreseen=foreseen, alone=alone))
        except Contended as contended:
            foreseen, alone = contended.names, alone or contended.alone
    raise Conflict("too many others write about the same people", hint="try again in a moment")


def work_out(  # noqa: PLR0913  # what there is to say of a change; all but three by name
    connection: Transaction,
    rematching: Rematching,
    state: State,
    *,
    changed: Mapping[int, Mapping[str, Any] | None],
    also: Collection[int] = (),
    outdated: AbstractSet[int] = frozenset(),
    marked: Collection[int] | None = None,
    now: datetime,
    cause: Cause | None = None,
) -> tuple[Rematched, Republished]:
    """Match, project and announce what changed; the last thing in a transaction.

    Args:
        connection: the transaction, in which the records are written already.
        rematching: what matches in this transaction.
        state: what the last run left.
        changed: record_id to what the record said when it was last matched; None for one that never was.
        also: records that something was decided about, those whose links of people changed among them.
        outdated: records of customers whose profile is outdated.
        marked: which of these records wait for what is done here, when that is known; else any.
        now: the instant of the change.
        cause: what brings it about.
    """
    if not (changed or also or outdated):
        return Rematched(), Republished()
    unmarked = {*changed, *outdated} if marked is None else set(marked)
    marks.unmark(connection, unmarked)
    found = rematching.run(changed, also=also) if changed or also else Rematched()
    found = found.beside(nearby.whole_clusters(connection, outdated - found.after.keys()))
    casing = Casing(connection, rematching, state.rules, now, found)
    touched = {record for record in (*changed, *also, *outdated) if record in found.after}
    republishing = Republishing(connection, state.basis, rematching.locks, now=now, cause=cause)
    published = republishing.run(found, touched)
    nearby.forget_before(connection, unmarked)
    cases = casing.run()
    publishing.announce(connection, published.changes, now)
    return found, replace(published, cases=cases)
