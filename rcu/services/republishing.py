"""The customers around a few records that changed: projected and written in the transaction that changes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from rcu.domain.causes import Cause
from rcu.domain.changes import ChangeKind
from rcu.domain.households import Household
from rcu.insight.scores import ScoreBasis
from rcu.services.arrivals import OpenedCase
from rcu.services.projecting import household_of
from rcu.services.projection import Material, Projected, Written, materials, project_one, written
from rcu.services.rematching import Rematched
from rcu.store import history
from rcu.store import nearby as nearby_rows
from rcu.store import publishing as rows
from rcu.store.engine import Transaction
from rcu.store.later import Later
from rcu.store.locks import Locks, name_of
from rcu.store.publishing import Standing, Told


@dataclass(frozen=True, slots=True)
class Republished:
    """What became of customers.

    Attributes:
        versions: customer id and version of every customer that was worked out, by cluster_id.
        changes: what is to be announced.
        cases: cases that were opened.
    """

    versions: Mapping[int, tuple[str, int]] = field(default_factory=dict[int, tuple[str, int]])
    changes: Sequence[Told] = ()
    cases: Sequence[OpenedCase] = ()


class Republishing:
    """Projects and writes the customers of one transaction; announcing is left to its end."""

    def __init__(
        self, connection: Transaction, basis: ScoreBasis, locks: Locks, *, now: datetime, cause: Cause | None = None
    ) -> None:
        self._connection, self._basis, self._locks, self._now = connection, basis, locks, now
        self._cause = cause

    def run(self, found: Rematched, touched: Collection[int]) -> Republished:
        """Write the customers that changed members, or have a touched record.

        Raises:
            Contended: another transaction is at work on the same household.
        """
        moved = found.moved
        left = {before for record in moved if (before := found.before[record]) is not None}
        there = set(found.after.values())
        affected = {found.after[record] for record in (*moved, *touched)} | (left & there)
        gone = left - there
        members = {record: cluster for record, cluster in found.after.items() if cluster in affected}
        made, asked = materials(self._connection, members), rows.standing(self._connection, affected | gone)
        projected, standing = _projected(made), asked.told()
        households = self._households(projected, standing, gone)
        return self._write(projected, households, standing, gone=gone, found=found)

    def _households(
        self, projected: dict[int, Projected], standing: dict[int, Standing], gone: Collection[int]
    ) -> dict[int, Household]:
        """Everybody's household; the customers that are to be written because of theirs join the others.

        Such a customer may turn out to be of another household itself, where an import has changed its records and no
        run has taken them on: then it goes on from there.
        """
        while True:
            stored, now = self._people(projected, standing, gone)
            changed = {
                cluster
                for key, people in now.items()
                if [one.cluster_id for one in stored.get(key, ())] != sorted(people)
                for cluster in people
            }
            others = self._others(changed - projected.keys())
            projected |= others
            standing |= {
                one.cluster_id: one for people in stored.values() for one in people if one.cluster_id in others
            }
            if all(one.household_key == standing[cluster].household_key for cluster, one in others.items()):
                return {cluster: home for people in now.values() for cluster, home in _households(people).items()}

    def _people(
        self, projected: Mapping[int, Projected], standing: Mapping[int, Standing], gone: Collection[int]
    ) -> tuple[Mapping[str, Sequence[Standing]], dict[str, dict[int, str]]]:
        """Who is stored in the households that customers leave or enter, and who is in them now."""
        mine = projected.keys() | gone
        keys = {standing[one].household_key for one in mine if one in standing}
        keys |= {one.household_key for one in projected.values()}
        named = {key for key in keys if key}
        held = self._locks.taking(name_of("household", key) for key in named)
        asked = rows.in_households(self._connection, named)
        held.told()
        stored = asked.told()
        now: dict[str, dict[int, str]] = {key: {} for key in named}
        for key, people in stored.items():
            now[key] |= {one.cluster_id: one.customer_id for one in people if one.cluster_id not in mine}
        for one in projected.values():
            if one.household_key:
                now[one.household_key][one.cluster_id] = one.customer_id
        return stored, now

    def _others(self, clusters: set[int]) -> dict[int, Projected]:
        if not clusters:
            return {}
        self._locks.take(name_of("customer", one) for one in clusters)
        return _projected(materials(self._connection, nearby_rows.members_of(self._connection, clusters)))

    def _write(
        self, projected: Mapping[int, Projected], households: Mapping[int, Household],
        standing: Mapping[int, Standing], *, gone: Collection[int], found: Rematched,
    ) -> Republished:  # fmt: skip
        made = {
            cluster: written(one, self._basis, households.get(cluster)) for cluster, one in sorted(projected.items())
        }
        versions: dict[int, tuple[str, int]] = {}
        told: list[Told] = []
        changed: dict[int, dict[str, object]] = {}
        parted = {cluster for record, cluster in found.moved.items() if found.before[record] is not None}
        last = self._last_versions(made.keys() - standing.keys(), found)
        for cluster, document in made.items():
            before, one = standing.get(cluster), projected[cluster]
            version = before.version if before else last.get(cluster, 0)
            if before is None or before.digest != document.digest:
                version += 1
                kind = ChangeKind.UPDATED if before else ChangeKind.SPLIT if cluster in parted else ChangeKind.CREATED
                told.append(Told(one.customer_id, kind, version))
                if before and before.consents_digest != document.consents:
                    told.append(Told(one.customer_id, ChangeKind.CONSENT_CHANGED, version))
                changed[cluster] = _row(one, document, version)
            versions[cluster] = one.customer_id, version
        self._remember(standing, changed.keys() | set(gone), found)
        rows.drop(self._connection, gone)
        rows.put(self._connection, list(changed.values()), self._now, cause=self._cause)
        rows.replace(
            self._connection,
            made.keys() & standing.keys(),
            sums=[row for one in projected.values() for row in one.sums],
            scored=[row for document in made.values() for row in document.scores],
        )
        told += _merged(gone, standing, found, versions)
        return Republished(versions, told)

    def _last_versions(self, new: Collection[int], found: Rematched) -> dict[int, int]:
        """The last versions of customers that come back; who is named after a record that was in no cluster is new."""
        return history.last_versions(self._connection, [one for one in new if found.before.get(one) is not None])

    def _remember(self, standing: Mapping[int, Standing], ending: AbstractSet[int], found: Rematched) -> None:
        """Keep the documents that end here, and where records were that moved."""
        history.keep(self._connection, standing.keys() & ending, self._cause, self._now)
        left = {record: former for record in found.moved if (former := found.before[record]) is not None}
        history.keep_moves(self._connection, left, self._now)


def _projected(made: Later[dict[int, Material]]) -> dict[int, Projected]:
    return {cluster: project_one(cluster, material) for cluster, material in made.told().items()}


def _row(one: Projected, document: Written, version: int) -> dict[str, object]:
    return {
        "cluster_id": one.cluster_id,
        "customer_id": one.customer_id,
        "version": version,
        "digest": document.digest,
        "consents_digest": document.consents,
        "profile": document.profile.decode(),
        "household_key": one.household_key,
        "last_seen_at": one.last_seen_at,
    }


def _households(people: Mapping[int, str]) -> dict[int, Household]:
    """The household of some customers who share a key; nobody is one alone."""
    return dict.fromkeys(people, household_of(people.items())) if len(people) > 1 else {}


def _merged(
    gone: Collection[int], standing: Mapping[int, Standing], found: Rematched, versions: Mapping[int, tuple[str, int]]
) -> list[Told]:
    """Customers that are part of another one now: the record they were named after moved to its cluster."""
    return [
        Told(standing[cluster].customer_id, ChangeKind.MERGED, now_customer_id=versions[found.after[cluster]][0])
        for cluster in sorted(gone)
        if cluster in standing
    ]
