"""Cases around a few customers, opened and closed in the transaction that changes them.

Most customers have nothing to ask: then it is one statement that says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

import orjson

from rcu.domain.cases import CaseEvent, CaseKind, CaseRules
from rcu.domain.decisions import Decision, DecisionKind, in_force
from rcu.services.arrivals import OpenedCase
from rcu.services.casework import (
    ChangedDecision,
    Draft,
    Facts,
    Quality,
    Wanted,
    drafted,
    generic_subject,
    gone_generic,
    valued,
    weakened,
)
from rcu.services.rematching import Rematched, Rematching
from rcu.services.settling import Settled, Words, fresh_row, settle, write_changes
from rcu.store import casefacts, nearby
from rcu.store import cases as rows
from rcu.store import decisions as decision_rows
from rcu.store.casefacts import Glance
from rcu.store.cases import Event, StoredCase
from rcu.store.engine import Transaction
from rcu.store.later import Later
from rcu.store.locks import name_of
from rcu.store.secrets import made_subject_secret

PAIRS: Final = frozenset({CaseKind.POSSIBLE_MATCH, CaseKind.RIVALS})


class Casing:
    """Opens and closes the cases around the customers that one transaction touches.

    What there is around them is asked when this is made, and waited for when it runs.
    """

    def __init__(
        self, connection: Transaction, matching: Rematching, rules: CaseRules, now: datetime, found: Rematched
    ) -> None:
        """`found` says who is whom: every record of the customers that are touched."""
        self._connection, self._locks, self._now = connection, matching.locks, now
        self._model, self._turned = matching.model, matching.turned
        self._rules = rules
        self._line = self._model.match_weight + self._rules.weak_bits
        self._found = found
        self._touched = set(found.after.values()) | {one for one in found.before.values() if one is not None}
        self._seen = self._glance(self._touched)

    def run(self) -> list[OpenedCase]:
        """Open and close; give those that were opened.

        Raises:
            Contended: another transaction is at work on a customer that asks about the same ones.
        """
        touched = self._touched
        owners, seen, stored = self._around(touched)
        drafts = self._drafts(touched, owners, seen, stored)
        mine = [one for one in stored if self._asked(one, owners)]
        if not (drafts or mine or self._turned):
            return []
        if not self._turned:
            return self._settle(drafts, mine)
        secret = made_subject_secret(self._connection, self._now)
        return self._settle([*drafts, *self._generic(secret)], [*mine, *self._once_generic(secret)])

    def _around(self, touched: set[int]) -> tuple[set[int], Glance, list[StoredCase]]:
        """The touched customers and those who ask about them: who they are, what there is, which cases wait.

        Who asks is locked first, and where others write everything is looked at again: it may have changed meanwhile.
        """
        owners, seen = set(touched), self._seen.told()
        while True:
            stored = rows.by_id(self._connection, seen.cases)
            asking = {pair[1] for pair in seen.links if touched.intersection(pair)}
            asking |= {max(one.clusters) for one in stored if one.kind in PAIRS and touched & one.clusters}
            if asking <= owners:
                return owners, seen, stored
            self._locks.take(name_of("customer", one) for one in asking - owners)
            fresh = self._glance(asking - owners if self._locks.alone else owners | asking).told()
            seen = seen.beside(fresh) if self._locks.alone else fresh
            owners |= asking

    def _glance(self, clusters: Collection[int]) -> Later[Glance]:
        return casefacts.glance(self._connection, clusters, most=self._rules.most_records, line=self._line)

    def _asked(self, one: StoredCase, owners: set[int]) -> bool:
        """Whether it is among those there should be, if it should be."""
        if one.kind is CaseKind.IDENTIFIER_GENERIC:
            return False
        return one.kind is CaseKind.DECISION_CHANGED or max(one.clusters) in owners

    # what there should be

    def _drafts(self, touched: set[int], owners: set[int], seen: Glance, stored: list[StoredCase]) -> list[Draft]:
        weak = {one: quality[1] for one, quality in seen.quality.items() if quality[1] < self._line}
        fell = self._fallen(touched, weak, seen, stored)
        asked = {
            one for one, (records, _, against) in seen.quality.items() if against or records > self._rules.most_records
        }
        confirmed = self._confirmed(asked | fell.keys())
        facts = Facts(
            links={pair: link for pair, link in seen.links.items() if pair not in seen.apart},
            quality={one: Quality(*seen.quality[one]) for one in asked},
            confirmed=confirmed,
            changed=self._changed(seen, stored),
        )  # fmt: skip
        drafts = drafted(facts, self._rules, self._model.match_weight, of=owners)
        return drafts + [draft for one, draft in fell.items() if one not in confirmed]

    def _fallen(
        self, touched: set[int], weak: Mapping[int, float], seen: Glance, stored: list[StoredCase]
    ) -> dict[int, Draft]:
        """The customers whose weakest link fell, or fell before and did not rise since."""
        sizes = Counter(one for one in self._found.before.values() if one is not None)
        told = {next(iter(one.clusters)): one for one in stored if one.kind is CaseKind.WEAKEST_LINK}
        found: dict[int, Draft] = {}
        for cluster, weight in weak.items():
            before, case = seen.weak.get(cluster), told.get(cluster)
            if case is not None and weight <= (said := orjson.loads(case.evidence))["weight"]:
                found[cluster] = weakened(cluster, weight, said["before"])
            elif cluster in touched and (sizes[cluster] > 1 if before is None else weight < before):
                found[cluster] = weakened(cluster, weight, before)
        other = {one: weight for one, weight in weak.items() if one in touched and seen.weak.get(one) != weight}
        rows.put_weak(self._connection, (seen.weak.keys() & touched) - weak.keys(), other)
        return found

    def _confirmed(self, clusters: Collection[int]) -> frozenset[int]:
        """Those of some customers whose records, exactly these, somebody confirmed."""
        if not clusters:
            return frozenset()
        members = nearby.members_of(self._connection, clusters)
        decisions = decision_rows.decisions_about(self._connection, record_ids=members)
        return confirmed_of(decisions, members)

    def _changed(self, seen: Glance, stored: list[StoredCase]) -> list[ChangedDecision]:
        """The decisions in force around here whose records changed."""
        numbers = seen.decisions | {int(one.subject) for one in stored if one.kind is CaseKind.DECISION_CHANGED}
        if not numbers:
            return []
        self._locks.take(name_of("decision", one) for one in numbers)
        decisions = decision_rows.decisions_about(self._connection, numbers=numbers)
        said = casefacts.changed_since(self._connection, numbers)
        subjects = decision_rows.subjects_by_id(self._connection, {at for one in decisions for at in one.records})
        clusters = {one.record_id: one.cluster_id for one in subjects if one.cluster_id is not None}
        return [one for one in changed_of(decisions, said, clusters) if one.decision_id in numbers]

    # values that turned

    def _generic(self, secret: bytes) -> list[Draft]:
        before, after = self._found.before, self._found.after
        return [
            gone_generic(column, generic_subject(column, value, secret), carriers, before, after)
            for column, new, _ in self._turned
            for value in sorted(new)
            if (carriers := [
                record
                for record, row in self._found.values.items()
                if row[column] == value and record in self._found.after
            ])
        ]  # fmt: skip

    def _once_generic(self, secret: bytes) -> list[StoredCase]:
        """The cases of values that are somebody's again."""
        names = {
            f"{CaseKind.IDENTIFIER_GENERIC.value}:{generic_subject(column, value, secret)}"
            for column, _, gone in self._turned
            for value in gone
        }
        return [one for one in rows.by_name(self._connection, names) if one.waits]

    # writing

    def _settle(self, drafts: list[Draft], stored: list[StoredCase]) -> list[OpenedCase]:
        stakes = casefacts.stakes_of(self._connection, {cluster for one in drafts for cluster in one.clusters})
        wanted = valued(drafts, stakes)
        closed = rows.by_name(self._connection, wanted.keys() - {one.name for one in stored})
        settled = settle(wanted, [*stored, *closed])
        if not settled.count:
            return []
        words = Words(self._connection, settled.to_word, stakes, self._model)
        return self._write(settled, words)

    def _write(self, settled: Settled, words: Words) -> list[OpenedCase]:
        numbers = rows.open_cases(self._connection, [fresh_row(one, words) for one in settled.fresh], self._now)
        rows.put_customers(self._connection, {numbers[one.name]: one.draft.clusters for one in settled.fresh})
        rows.add_events(self._connection, [Event(one, CaseEvent.OPENED) for one in numbers.values()], self._now)
        write_changes(self._connection, settled, words, self._now)
        opened = [_opened(numbers[one.name], one) for one in settled.fresh]
        return opened + [_opened(old.case_id, one) for old, one in settled.again]


def _opened(number: int, one: Wanted) -> OpenedCase:
    return OpenedCase(number, one.draft.kind, one.draft.clusters)


def confirmed_of(decisions: Collection[Decision], members: Mapping[int, int]) -> frozenset[int]:
    """The customers whose records, exactly these, a decision in force confirms.

    Args:
        decisions: all decisions about the records of these customers, with what was decided about them.
        members: the customer of each record.
    """
    sizes = Counter(members.values())
    found: set[int] = set()
    for one in in_force(decisions):
        clusters = {members.get(record) for record in one.records}
        if one.kind is DecisionKind.CONFIRM and len(clusters) == 1:
            cluster = clusters.pop()
            if cluster is not None and sizes[cluster] == len(one.records):
                found.add(cluster)
    return frozenset(found)


_ABOUT_PEOPLE: Final = frozenset(DecisionKind) - {DecisionKind.COMMENT, DecisionKind.UNDO, DecisionKind.APPROVE}


def changed_of(
    decisions: Collection[Decision], said: Collection[casefacts.Said], clusters: Mapping[int, int]
) -> list[ChangedDecision]:
    """The decisions in force of which records say something else by now.

    Args:
        decisions: decisions with all that was decided about them.
        said: what records say by now.
        clusters: the customer of each record; a record no run has seen yet is nobody's.
    """
    changed: dict[int, dict[int, int]] = {}
    for one in said:
        changed.setdefault(one.decision_id, {})[one.record_id] = one.content_hash
    return [
        ChangedDecision(
            one.decision_id,
            one.kind.value,
            changed[one.decision_id],
            frozenset(clusters[record] for record in one.records if record in clusters),
        )
        for one in in_force(decisions)
        if one.kind in _ABOUT_PEOPLE and one.decision_id in changed
    ]
