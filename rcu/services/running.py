"""A run: what changed since the last one is matched, projected and published, some hundred records at a time.

The first run, and one with another model, works everything out from nothing (`rebuilding`). Any other goes on from what
is stored; what it publishes is what a rebuild would. Between two pieces others may write.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from typing import Final

import orjson
import pyarrow as pa

from rcu.domain.cases import USUAL_RULES, CaseRules
from rcu.domain.causes import Cause, CauseKind
from rcu.insight.scores import ScoreBasis, aging, rescored, score_basis
from rcu.matching.model import MatchModel
from rcu.services.changing import work_out
from rcu.services.models import keep
from rcu.services.projecting import buyers, latest_instant
from rcu.services.projection import standing_basis
from rcu.services.rebuilding import rebuild
from rcu.services.rematching import Rematching
from rcu.services.runreport import Clock, RunReport, Stopwatch, Tell
from rcu.services.standing import State
from rcu.store import filling, marks, nearby, publishing
from rcu.store import profiles as profile_rows
from rcu.store import runs as run_rows
from rcu.store.engine import Store, Transaction
from rcu.store.locks import Locks

_PIECE: Final = 500
"""More would take less time in all, but others wait for each piece."""
_MOST_WAITING: Final = 3
"""Where more of ten records wait, working everything out takes less time."""


def run(
    store: Store, model: MatchModel, *,
    clock: Clock, rules: CaseRules = USUAL_RULES, progress: Tell | None = None, everything: bool = False,
) -> RunReport:  # fmt: skip
    """Match, project and publish everything that changed since the last run; or `everything` from nothing.

    `rules` say where cases begin.

    Raises:
        Conflict: when another import or run is at work.
    """
    tell = progress or (lambda _step: None)
    with store.writer_lock():
        store.drop_leftovers()
        with store.begin() as connection:
            filling.have_lookups(connection)
        keep(store, model, clock=clock)
        return _run(store, model, rules, clock, tell, everything=everything)


def _run(store: Store, model: MatchModel, rules: CaseRules, clock: Clock, tell: Tell, *, everything: bool) -> RunReport:
    watch = Stopwatch()
    with store.begin() as connection:
        last = run_rows.last_done(connection)
        run_id = run_rows.start(connection, "run", model=model.fingerprint(), now=clock())
        waiting = nearby.count_waiting(connection)
        few = nearby.more_records_than(connection, (10 * waiting - 1) // _MOST_WAITING)
    basis = None if last is None else standing_basis(last)
    known = last is not None and basis is not None and last.model == model.fingerprint()
    if everything or not known or basis is None or not few:
        with store.standstill():
            return rebuild(store, model, run_id, rules=rules, clock=clock, watch=watch, tell=tell)
    return _Changes(store, clock, watch, tell).run(run_id, State(model, basis, rules))


class _Changes:
    """A run that goes on from what is stored."""

    def __init__(self, store: Store, clock: Clock, watch: Stopwatch, tell: Tell) -> None:
        self._store, self._clock, self._watch, self._tell = store, clock, watch, tell
        self._counts: Counter[str] = Counter()
        self._cause: Cause | None = None

    def run(self, run_id: int, state: State) -> RunReport:
        """Work out what waits, measure scores anew, and work out the customers that changes."""
        self._cause = Cause(CauseKind.RUN, run_id)
        self._tell("matching")
        self._pieces(state)
        self._watch.lap("changes")
        self._tell("scores")
        state = self._measure(run_id, state)
        self._watch.lap("scores")
        self._pieces(state)
        self._watch.lap("rescored")
        with self._store.begin() as connection:
            report = RunReport(
                run_id=run_id,
                records=nearby.count_records(connection),
                customers=nearby.count_customers(connection),
                seconds=self._watch.seconds,
                touched=self._counts["touched"],
                links=self._counts["links"],
                refused_links=self._counts["refused_links"],
                created=self._counts["created"],
                updated=self._counts["updated"],
                merged=self._counts["merged"],
                split=self._counts["split"],
            )
            run_rows.tell(connection, run_id, orjson.dumps(asdict(report)).decode())
        return report

    def _pieces(self, state: State) -> None:
        while self._piece(state):
            pass

    def _piece(self, state: State) -> bool:
        with self._store.changing(alone=True) as connection:
            waiting = nearby.waiting(connection, _PIECE)
            if not waiting:
                return False
            to_match = [record for record, unmatched in waiting.items() if unmatched]
            said = nearby.said_before(connection, to_match, state.model.columns())
            now = nearby.values_of(connection, to_match, state.model.columns()).told()
            changed = {
                record: said.get(record, now[record] if now[record]["cluster_id"] is not None else None)
                for record in to_match
            }
            rematching = Rematching(connection, state.model, Locks(connection, alone=True))
            rematching.know(now)
            found, published = work_out(
                connection,
                rematching,
                state,
                changed=changed,
                outdated=waiting.keys() - changed.keys(),
                now=self._clock(),
                cause=self._cause,
            )
            self._counts.update(touched=len(changed), links=len(found.links), refused_links=found.refused)
            self._counts.update(Counter(one.kind for one in published.changes))
        return True

    def _measure(self, run_id: int, state: State) -> State:
        """Work out what scores are measured against from now on, and mark the customers that have others by it.

        Customers that others write meanwhile are marked, too.
        """
        with self._store.read() as connection:
            announced = publishing.last_sequence(connection)
        aggregates = profile_rows.standing_aggregates(self._store)
        seen = profile_rows.latest_seen(self._store)
        basis = score_basis(buyers(aggregates), latest_instant(self._store, seen))
        others = self._rescored(aggregates, state.basis, basis)
        with self._store.changing(alone=True) as connection:
            self._mark(connection, others, since=announced)
            now = self._clock()
            run_rows.finish(connection, run_id, as_of=basis.as_of, score_basis=basis.to_json(), summary="{}", now=now)
        return replace(state, basis=basis)

    def _rescored(self, aggregates: pa.Table, before: ScoreBasis, after: ScoreBasis) -> list[int]:
        """The customers that have other scores on the new basis."""
        aged = profile_rows.last_seen_within(self._store, aging(before.as_of, after.as_of))
        bought = aggregates["cluster_id"].to_numpy()[rescored(buyers(aggregates), before, after)]
        return sorted({*aged, *bought.tolist()})

    def _mark(self, connection: Transaction, customers: list[int], *, since: int) -> None:
        changed = publishing.changed_since(connection, since)
        marks.mark_some(connection, [*customers, *changed])
