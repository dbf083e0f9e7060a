"""The cases of all customers at once: for a run over everything, and for verifying."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rcu.domain.cases import CaseKind, CaseRules, Stake
from rcu.domain.decisions import Decision, DecisionKind
from rcu.matching.arrays import Index
from rcu.matching.model import MatchModel
from rcu.services.casework import (
    Draft,
    Facts,
    Pair,
    Quality,
    drafted,
    generic_subject,
    gone_generic,
    valued,
    weakened,
)
from rcu.services.casing import changed_of, confirmed_of
from rcu.services.identity import Identity
from rcu.services.settling import Settled, Words, fresh_row, settle, write_changes
from rcu.store import casefacts
from rcu.store import cases as rows
from rcu.store import decisions as decision_rows
from rcu.store import identity as identity_rows
from rcu.store.engine import Store, Transaction
from rcu.store.nearby import StoredLink
from rcu.store.secrets import subject_secret


@dataclass(frozen=True, slots=True)
class Before:
    """How it was before a run over everything.

    Attributes:
        clusters: the cluster of each record, by place in `Identity.record_ids`; -1 for one that was in none.
        quality: `stored_quality`, if its weights can be compared with those of now.
        generic: the values that were nobody's.
    """

    clusters: Index
    quality: pd.DataFrame | None
    generic: Mapping[str, frozenset[str]]


class Recasing:
    """Works out the cases of all customers."""

    def __init__(
        self, store: Store, identity: Identity, model: MatchModel, *,
        rules: CaseRules, customer_ids: Mapping[int, str], sums: pa.Table,
    ) -> None:  # fmt: skip
        """`sums` has cluster_id and net_revenue_minor of every customer and currency."""
        self._store, self._identity, self._model = store, identity, model
        self._customer_ids, self._sums = customer_ids, sums
        self._rules = rules
        self.line = model.match_weight + self._rules.weak_bits
        with store.read() as connection:
            self._stored = rows.every_case(connection)
            self._decisions = decision_rows.every_decision(connection)
            self._said = casefacts.changed_since(connection)
            self._secret = subject_secret(connection)

    def settled(self, before: Before | None = None) -> Recased:
        """What is to be written so that there are the cases there should be.

        Args:
            before: how it was, where what happened since may open cases.
        """
        quality = self._identity.quality.to_pandas().set_index("cluster_id")
        confirmed = self._confirmed()
        drafts = drafted(self._facts(quality, confirmed), self._rules, self._model.match_weight)
        weak = quality.loc[quality["weakest_weight"] < self.line, "weakest_weight"]
        fell = self._still_weak(weak) | ({} if before is None else self._fallen(weak, before))
        drafts += [draft for cluster, draft in fell.items() if cluster not in confirmed]
        drafts += [] if before is None else self._generic(before)
        stakes = self._stakes({cluster for one in drafts for cluster in one.clusters})
        wanted = valued(drafts, stakes)
        kept = self._still_generic() - wanted.keys()
        settled = settle(wanted, [one for one in self._stored if one.name not in kept])
        return Recased(settled, stakes, self._model, self.line)

    def _clusters_of(self, records: Collection[int]) -> dict[int, int]:
        ids = np.array(sorted(records), dtype=np.int64)
        known = self._identity.record_ids
        places = np.searchsorted(known, ids)
        return dict(zip(ids.tolist(), self._identity.cluster_ids[places].tolist(), strict=True))

    # what follows from what is there

    def _facts(self, quality: pd.DataFrame, confirmed: frozenset[int]) -> Facts:
        asked = quality.loc[(quality["contradictions"] > 0) | (quality["records"] > self._rules.most_records)]
        columns = ("records", "weakest_weight", "contradictions")
        told = zip(asked.index.tolist(), *(asked[name].tolist() for name in columns), strict=True)
        about = {record for one in self._decisions for record in one.records}
        return Facts(
            links=self._links(),
            quality={cluster: Quality(*found) for cluster, *found in told},
            confirmed=confirmed,
            changed=changed_of(self._decisions, self._said, self._clusters_of(about)),
        )

    def _links(self) -> dict[Pair, StoredLink]:
        """The heaviest link of each two customers that people do not keep apart."""
        found = self._between(self._identity.links)
        found = found.sort_values(["weight", "left_id", "right_id"], ascending=[False, True, True])
        found = found.drop_duplicates(["older", "younger"])
        decided = self._identity.decided
        apart = self._between(decided.filter(pc.invert(decided["together"])))
        kept = set(zip(apart["older"].tolist(), apart["younger"].tolist(), strict=True))
        pairs = zip(found["older"].tolist(), found["younger"].tolist(), strict=True)
        own = ("left_id", "right_id", "weight", "pattern")
        links = zip(*(found[name].tolist() for name in own), strict=True)
        return {pair: StoredLink(*link) for pair, link in zip(pairs, links, strict=True) if pair not in kept}

    def _between(self, table: pa.Table) -> pd.DataFrame:
        """Links of records, those between two customers, with the customers."""
        ids, clusters = self._identity.record_ids, self._identity.cluster_ids
        ends = [clusters[np.searchsorted(ids, table[name].to_numpy())] for name in ("left_id", "right_id")]
        between = ends[0] != ends[1]
        found = table.filter(pa.array(between)).to_pandas()
        older, younger = np.minimum(*ends)[between], np.maximum(*ends)[between]
        return found.assign(older=older, younger=younger)

    def _confirmed(self) -> frozenset[int]:
        confirms: list[Decision] = [one for one in self._decisions if one.kind is DecisionKind.CONFIRM]
        if not confirms:
            return frozenset()
        clusters = set(self._clusters_of({record for one in confirms for record in one.records}).values())
        mine = np.isin(self._identity.cluster_ids, np.array(sorted(clusters), dtype=np.int64))
        ids, found = self._identity.record_ids[mine].tolist(), self._identity.cluster_ids[mine].tolist()
        return confirmed_of(self._decisions, dict(zip(ids, found, strict=True)))

    def _still_weak(self, weak: pd.Series) -> dict[int, Draft]:
        """The customers whose weakest link fell some time, and did not rise since."""
        found: dict[int, Draft] = {}
        for one in self._stored:
            if one.kind is CaseKind.WEAKEST_LINK and one.waits:
                (cluster,), said = one.clusters, orjson.loads(one.evidence)
                if cluster in weak.index and (weight := float(weak[cluster])) <= said["weight"]:
                    found[cluster] = weakened(cluster, weight, said["before"])
        return found

    def _still_generic(self) -> set[str]:
        """The names of cases about values that are nobody's still; those that are closed stay so."""
        asked = [one for one in self._stored if one.kind is CaseKind.IDENTIFIER_GENERIC]
        found = self._identity.generic.items() if asked else ()
        subjects = {generic_subject(column, value, self._secret) for column, values in found for value in values}
        return {one.name for one in asked if not one.waits or one.subject in subjects}

    # what happened

    def _fallen(self, weak: pd.Series, before: Before) -> dict[int, Draft]:
        if before.quality is None:
            return {}
        then = before.quality.set_index("cluster_id")["weakest_weight"].reindex(weak.index)
        fell = weak[(weak < then).to_numpy()]
        told = {cluster: float(then[cluster]) for cluster in fell.index.tolist()}
        return {
            cluster: weakened(cluster, float(weight), told[cluster] if told[cluster] < self.line else None)
            for cluster, weight in zip(fell.index.tolist(), fell.tolist(), strict=True)
        }

    def _generic(self, before: Before) -> list[Draft]:
        found: list[Draft] = []
        identifiers = {one.column for one in self._model.identifiers}
        for column, values in self._identity.generic.items():
            new = values - before.generic.get(column, frozenset()) if column in identifiers else frozenset[str]()
            if new:
                carriers = identity_rows.carriers(self._store, column, sorted(new))
                found += [self._parting(column, value, carriers[value], before) for value in sorted(carriers)]
        return found

    def _parting(self, column: str, value: str, carriers: list[int], before: Before) -> Draft:
        ids, clusters = self._identity.record_ids, self._identity.cluster_ids
        mine = np.isin(ids, carriers)
        former = before.clusters[mine]
        near = mine | np.isin(before.clusters, former[former >= 0])
        then = [None if one < 0 else one for one in before.clusters[near].tolist()]
        was = dict(zip(ids[near].tolist(), then, strict=True))
        now = dict(zip(ids[near].tolist(), clusters[near].tolist(), strict=True))
        return gone_generic(column, generic_subject(column, value, self._secret), carriers, was, now)

    # what is at stake

    def _stakes(self, clusters: set[int]) -> dict[int, Stake]:
        revenue = self._sums.group_by("cluster_id").aggregate([("net_revenue_minor", "max")]).to_pandas()
        highest = revenue.set_index("cluster_id")["net_revenue_minor_max"]
        wanted = sorted(clusters)
        reach = self._reach(wanted)
        money = highest.reindex(wanted).fillna(0).astype(np.int64).tolist()
        return {
            cluster: Stake(self._customer_ids[cluster], minor, reach[cluster])
            for cluster, minor in zip(wanted, money, strict=True)
        }

    def _reach(self, clusters: list[int]) -> dict[int, int]:
        mine = np.isin(self._identity.cluster_ids, np.array(clusters, dtype=np.int64))
        reached = casefacts.reached(self._store).to_pandas().set_index("record_id")
        found = reached.loc[self._identity.record_ids[mine]].groupby(self._identity.cluster_ids[mine]).any()
        kinds = found.sum(axis=1).astype(int)
        return dict(zip(kinds.index.tolist(), kinds.tolist(), strict=True))


@dataclass(slots=True)
class Recased:
    """What becomes of the cases of all customers."""

    settled: Settled
    _stakes: Mapping[int, Stake]
    _model: MatchModel
    _line: float
    _staged: tuple[Any, Any] | None = None
    _words: Words | None = None

    @contextmanager
    def staged(self, store: Store) -> Generator[Recased]:
        """Stage what is new, for `write`."""
        with store.read() as connection:
            self._words = Words(connection, self.settled.to_word, self._stakes, self._model)
        fresh = self.settled.fresh
        with ExitStack() as staging:
            if fresh:
                found = pa.Table.from_pylist([fresh_row(one, self._words) for one in fresh])
                about = [(one.name, cluster) for one in fresh for cluster in one.draft.clusters]
                names, clusters = zip(*about, strict=True)
                customers = pa.table({"name": pa.array(names), "cluster_id": pa.array(clusters, pa.int64())})
                self._staged = (
                    staging.enter_context(store.staged(found)),
                    staging.enter_context(store.staged(customers)),
                )
            yield self

    def write(self, connection: Transaction, now: datetime) -> None:
        """Write it, in the transaction that publishes what it follows from."""
        assert self._words is not None  # noqa: S101  # staged
        if self._staged is not None:
            rows.open_staged(connection, *self._staged, now)
        write_changes(connection, self.settled, self._words, now)
        rows.refill_weak(connection, self._line)
