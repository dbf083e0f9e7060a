"""Real time: records one by one or a few together, matched, projected and published in the transaction that takes them.

It is the batch's road for few records: the same cleaning, kernel, model and clustering, on what the records can touch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import uuid_utils

from rcu.cleaning import CleaningSettings
from rcu.domain.cases import USUAL_RULES, CaseRules
from rcu.domain.causes import Cause, CauseKind
from rcu.domain.records import STANDARD_COLUMNS
from rcu.errors import InputError, NotFound
from rcu.matching.model import MatchModel
from rcu.services.arrivals import Content, Given, NotAsExpected, Upserted, tag_of
from rcu.services.changing import changing, work_out
from rcu.services.frames import record_row
from rcu.services.rematching import Rematched, Rematching
from rcu.services.republishing import Republished
from rcu.services.standing import standing_state
from rcu.services.telling import Telling
from rcu.store import nearby, publishing
from rcu.store import upserting as rows
from rcu.store.engine import Store, Transaction
from rcu.store.locks import Locks, name_of

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A record as it was sent, and as it is to be stored."""

    given: Given
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RealTime:
    """How records are taken: cleaned so, with this clock, under the model of the last run (before any, this one).

    `rules` say where cases begin.
    """

    store: Store
    model: MatchModel
    cleaning: CleaningSettings = field(default_factory=CleaningSettings)
    clock: Clock = lambda: datetime.now(UTC)
    rules: CaseRules = USUAL_RULES
    sources: set[str] = field(default_factory=set[str], repr=False)
    """Those that were seen to be connected; a source stays."""

    def upsert(
        self, given: Sequence[Given], *, dry_run: bool = False, profiles: bool = False, actor: str | None = None
    ) -> list[Upserted]:
        """Take records and say what became of each; all of them or, on an error, none.

        Args:
            given: records, each key once.
            dry_run: write nothing, and say what would happen.
            profiles: give the profile documents too.
            actor: who sends them, for the history.

        Raises:
            NotFound: a source is not connected.
            InputError: a record is named twice.
            NotAsExpected: what is stored of one is not what it may replace.
            Conflict: a run over everything is at work, or too many others write about the same people.
        """
        cleaned = [self.clean(one) for one in given]
        return self.take(cleaned, dry_run=dry_run, profiles=profiles, actor=actor)

    def take(
        self, cleaned: Sequence[Cleaned], *, dry_run: bool = False, profiles: bool = False, actor: str | None = None
    ) -> list[Upserted]:
        """Take records that were cleaned, as `upsert`."""
        if len({one.given.key for one in cleaned}) < len(cleaned):
            raise InputError("a record is named twice", hint="send each record once, as it is now")
        return changing(
            self.store,
            lambda connection, locks: _Taking(self, connection, locks, cleaned, actor).run(profiles=profiles),
            keep=not dry_run,
        )

    def check_sources(self, connection: Transaction, named: set[str]) -> None:
        """See that sources are connected.

        Raises:
            NotFound: one is not.
        """
        new = named - self.sources
        unknown = rows.unknown_sources(connection, sorted(new)) if new else []
        if unknown:
            raise NotFound("source", ", ".join(unknown))
        self.sources.update(new)

    def clean(self, one: Given) -> Cleaned:
        """Standardise a record."""
        row = record_row(
            one.fields,
            store=one.store,
            is_guest=one.is_guest,
            deleted=one.deleted,
            created_at=one.created_at,
            updated_at=one.updated_at,
            settings=self.cleaning,
        )
        return Cleaned(one, row)


@dataclass(slots=True)
class _Taken:
    """A record that was sent, as it is to be stored, beside what is stored of it."""

    given: Given
    row: dict[str, Any]
    before: Mapping[str, Any] | None
    record_id: int = 0

    def __post_init__(self) -> None:
        if self.before is not None:
            self.record_id = self.before["record_id"]

    @property
    def content(self) -> Content:
        """What it says, beside what is stored: the rule of imports."""
        if self.before is None:
            return Content.NEW
        if self.before["content_hash"] == self.row["content_hash"]:
            return Content.UNCHANGED
        then, now = self.before["updated_at"], self.row["updated_at"]
        newer = then is None or now is None or now > then
        same_instant = now == then and self.row["content_hash"] > self.before["content_hash"]
        return Content.CHANGED if newer or same_instant else Content.OLDER

    @property
    def as_expected(self) -> bool:
        """Whether what is stored is what its sender takes it to be."""
        condition = self.given.only_if
        return condition is None or condition.holds(
            None if self.before is None else tag_of(self.before["content_hash"])
        )

    @property
    def tag(self) -> str | None:
        """The tag of what is stored of it after all; what somebody else sent is not told."""
        return None if self.content is Content.OLDER else tag_of(self.row["content_hash"])

    @property
    def now(self) -> Mapping[str, Any]:
        """What is stored of it after all."""
        return {**(self.before or dict.fromkeys(STANDARD_COLUMNS)), **(self.row if self.writes else {})}

    @property
    def writes(self) -> bool:
        """Whether its row is written."""
        return self.content in (Content.NEW, Content.CHANGED)

    @property
    def counts(self) -> bool:
        """Whether it is to be matched: it was written, or imported and not matched since."""
        return self.writes or (self.before is not None and bool(self.before["to_match"]))

    @property
    def told(self) -> Mapping[str, Any]:
        """What is stored of it after all, with its number, key and cluster."""
        cluster = None if self.before is None else self.before["cluster_id"]
        key = self.given.key
        own = {"record_id": self.record_id, "source": key.source, "native_id": key.native_id, "cluster_id": cluster}
        return {**self.now, **own}

    @property
    def was_marked(self) -> bool:
        """Whether it waited for a run."""
        return self.before is not None and bool(self.before["to_match"] or self.before["to_project"])

    @property
    def was_matched(self) -> bool:
        """Whether it is in a cluster."""
        return self.before is not None and self.before["cluster_id"] is not None


class _Taking:
    """One transaction that takes records."""

    def __init__(
        self, how: RealTime, connection: Transaction, locks: Locks, cleaned: Sequence[Cleaned], actor: str | None
    ) -> None:
        self._cause = Cause(CauseKind.RECORD, actor=actor)
        self._how, self._connection, self._locks, self._cleaned = how, connection, locks, cleaned
        self._stored = rows.stored(connection, [one.given.key for one in cleaned])
        self._now = how.clock()
        self._state = standing_state(connection, how.model, how.rules)
        self._rematching = Rematching(connection, self._state.model, locks)

    def run(self, *, profiles: bool) -> list[Upserted]:
        """Take them."""
        self._how.check_sources(self._connection, {one.given.key.source for one in self._cleaned})
        taken = self._locked()
        changed = self._write(taken)
        self._rematching.know({one.record_id: one.told for one in taken if one.record_id in changed})
        marked = {one.record_id for one in taken if one.was_marked}
        found, published = work_out(
            self._connection, self._rematching, self._state,
            changed=changed, marked=marked, now=self._now, cause=self._cause,
        )  # fmt: skip
        return self._told(taken, found, published, profiles=profiles)

    def _locked(self) -> list[_Taken]:
        """The records beside what is stored of them, which nobody else changes from here on."""
        stored = self._stored.told()
        found = [_Taken(one.given, one.row, stored.get(one.given.key)) for one in self._cleaned]
        if not all(one.as_expected for one in found):
            raise NotAsExpected
        moving = [one for one in found if one.counts]
        if moving:
            told = [row for one in moving for row in (one.now, one.before) if row is not None]
            foreseen = self._rematching.foresee(told)
            self._locks.take(foreseen | {name_of("record", one.given.key) for one in moving})
            known = [one for one in moving if one.before is not None]  # a new one is seen to be when it is written
            self._rematching.read_ahead()
            again = rows.stored(self._connection, [one.given.key for one in known], hold=True).told()
            if any(again.get(one.given.key) != one.before for one in known):
                self._locks.give_up()
        return found

    def _write(self, taken: Sequence[_Taken]) -> dict[int, Mapping[str, Any] | None]:
        """Write what is new; give the records to be matched, with what they said when they last were."""
        new = {one.given.key: one for one in taken if one.content is Content.NEW}
        born = {key: {**one.row, "birth_id": str(uuid_utils.uuid7())} for key, one in new.items()}
        numbers = rows.put_new(self._connection, born, self._now)
        if len(numbers) < len(new):  # an import was faster
            self._locks.give_up()
        for key, one in new.items():
            one.record_id = numbers[key]
        rows.put_changed(self._connection, {one.record_id: one.row for one in taken if one.content is Content.CHANGED})
        known = [one for one in taken if one.counts and one.content is not Content.NEW]
        said = nearby.said_before(self._connection, [one.record_id for one in known], STANDARD_COLUMNS)
        former = {one.record_id: said.get(one.record_id, one.before) if one.was_matched else None for one in known}
        return {**dict.fromkeys(numbers.values()), **former}

    def _told(
        self, taken: Sequence[_Taken], found: Rematched, published: Republished, *, profiles: bool
    ) -> list[Upserted]:
        cluster_of = {one.record_id: found.after[one.record_id] for one in taken if one.record_id in found.after}
        cluster_of |= {
            one.record_id: one.before["cluster_id"]
            for one in taken
            if one.before is not None and one.record_id not in cluster_of
        }
        clusters = set(cluster_of.values())
        standing = publishing.standing(self._connection, clusters - published.versions.keys()).told()
        versions = {cluster: (one.customer_id, one.version) for cluster, one in standing.items()}
        versions |= published.versions
        if clusters - versions.keys():  # what nothing was written about became part of another customer meanwhile
            self._locks.give_up()
        documents = publishing.profiles_of(self._connection, clusters) if profiles else {}
        telling = Telling(self._connection, self._state.model, found, published)
        told = telling.of([(one.record_id, one.given.key, one.content) for one in taken], cluster_of, versions)
        return [
            replace(one, profile=documents.get(cluster_of[at.record_id]), tag=at.tag)
            for one, at in zip(told, taken, strict=True)
        ]
