"""A run: match what changed, work out the customers it touches, and publish all of it or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Final

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa

from rcu.insight.scores import RFM, freshness
from rcu.matching.arrays import Bools, Index
from rcu.matching.blocking import LeftOut
from rcu.matching.model import MatchModel
from rcu.services import projection as project_
from rcu.services.documents import Household, digest, document
from rcu.services.identity import Identity, changed_quality, resolve
from rcu.services.projection import Projection
from rcu.store import identity as identity_rows
from rcu.store import profiles as profile_rows
from rcu.store import runs as run_rows
from rcu.store.engine import Store

Clock = Callable[[], datetime]
_NOT_MATCHED: Final = -1


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did.

    `customers` is how many there are now; `left_out` are the blocks too large to be compared, by rule; `seconds` by
    step.
    """

    run_id: int
    records: int = 0
    touched: int = 0
    links: int = 0
    refused_links: int = 0
    customers: int = 0
    created: int = 0
    updated: int = 0
    merged: int = 0
    split: int = 0
    left_out: tuple[LeftOut, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)


class _Stopwatch:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step] = round(self.seconds.get(step, 0.0) + now - self._since, 3)
        self._since = now


@dataclass(frozen=True, slots=True)
class _Plan:
    """What has to be written: memberships, clusters to project, clusters that are no more, those of another quality."""

    memberships: pd.DataFrame
    moved: Bools
    affected: Index
    gone: Index
    before: Index
    requalified: Index


def run(store: Store, model: MatchModel, *, clock: Clock, progress: Callable[[str], None] | None = None) -> RunReport:
    """Match, project and publish everything that changed since the last run.

    Raises:
        Conflict: when another import or run is at work.
    """
    tell = progress or (lambda _step: None)
    with store.writer_lock():
        store.drop_leftovers()
        return _run(store, model, clock, tell)


def _run(store: Store, model: MatchModel, clock: Clock, tell: Callable[[str], None]) -> RunReport:
    watch = _Stopwatch()
    with store.begin() as connection:
        last = run_rows.last_done(connection)
        run_id = run_rows.start(connection, "run", model=model.fingerprint(), now=clock())
    tell("matching")
    identity = resolve(store, model, everything=last is None or last.model != model.fingerprint())
    watch.lap("match")
    tell("golden records")
    plan = _plan(store, identity)
    outcome = _outcome(store, plan, previous=None if last is None else last.as_of)
    watch.lap("project")
    tell("publishing")
    return _publish(store, run_id, identity, plan, outcome, clock=clock, watch=watch)


def _plan(store: Store, identity: Identity) -> _Plan:
    stored = identity_rows.stored_memberships(store)
    before = np.full(len(identity.record_ids), _NOT_MATCHED, dtype=np.int64)
    before[np.searchsorted(identity.record_ids, stored["record_id"].to_numpy())] = stored["cluster_id"].to_numpy()
    moved = before != identity.cluster_ids
    standing = np.unique(identity.cluster_ids)
    left_behind = np.unique(before[moved & (before != _NOT_MATCHED)])
    affected = np.union1d(identity.cluster_ids[moved | identity.to_project], np.intersect1d(left_behind, standing))
    return _Plan(
        memberships=pd.DataFrame({"record_id": identity.record_ids, "cluster_id": identity.cluster_ids}),
        moved=moved,
        affected=affected,
        gone=np.setdiff1d(left_behind, standing),
        before=before,
        requalified=changed_quality(store, identity),
    )


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Documents and scores of the customers that are written, and what stood before."""

    documents: pd.DataFrame
    aggregates: pd.DataFrame
    scores: pd.DataFrame
    standing: pd.DataFrame
    customer_ids: dict[int, str]
    as_of: datetime | None


def _outcome(store: Store, plan: _Plan, *, previous: datetime | None) -> _Outcome:
    """Project the affected customers, then those whose scores or household change because of them."""
    as_of = profile_rows.latest_instant(store)
    standing = profile_rows.standing_customers(store).to_pandas().set_index("cluster_id")
    first = project_.project(store, _members_of(plan, plan.affected))
    others = standing.loc[~standing.index.isin(np.union1d(plan.affected, plan.gone))]
    summary = project_.stacked([others[list(first.summary.columns)], first.summary])
    stored = profile_rows.standing_aggregates(store).to_pandas()
    table = project_.stacked([stored.loc[stored["cluster_id"].isin(others.index)], first.table])
    found = project_.population_rfm(table)
    disturbed = _disturbed(store, others, summary, found, standing, plan, (previous, as_of))
    projections = [first]
    if len(disturbed):
        projections.append(project_.project(store, _members_of(plan, disturbed)))
    now = pd.Timestamp(as_of) if as_of else pd.Timestamp(0, tz="UTC")
    written = np.union1d(plan.affected, disturbed)
    shared = project_.households(
        summary.loc[summary["household_key"].isin(set(summary["household_key"].reindex(written).dropna()))]
    )
    documents, score_rows = _documents(projections, found, now, shared)
    return _Outcome(
        documents=documents,
        aggregates=project_.stacked([projection.table for projection in projections]),
        scores=score_rows,
        standing=standing,
        customer_ids=project_.by_cluster(summary["customer_id"]),
        as_of=as_of,
    )


def _members_of(plan: _Plan, clusters: Index) -> pd.DataFrame:
    chosen = np.isin(plan.memberships["cluster_id"].to_numpy(), clusters)
    return plan.memberships.loc[chosen]


def _disturbed(
    store: Store,
    others: pd.DataFrame,
    summary: pd.DataFrame,
    found: pd.DataFrame,
    standing: pd.DataFrame,
    plan: _Plan,
    instants: tuple[datetime | None, datetime | None],
) -> Index:
    """Customers nothing happened to, whose scores or household changed all the same."""
    if others.empty:
        return np.empty(0, dtype=np.int64)
    stored = profile_rows.standing_scores(store).to_pandas()
    columns = ["cluster_id", "name", "value", "reason"]
    before = stored.loc[stored["name"].isin(RFM) & stored["cluster_id"].isin(others.index), columns]
    after = found.loc[found["cluster_id"].isin(others.index), columns]
    differing = pd.concat([before, after]).drop_duplicates(columns, keep=False)["cluster_id"].to_numpy(dtype=np.int64)
    aged = others.index[_aged(others["last_seen_at"], *instants)].to_numpy(dtype=np.int64)
    touched = np.union1d(plan.affected, plan.gone)
    keys = {
        *standing["household_key"].reindex(touched).dropna(),
        *summary["household_key"].reindex(plan.affected).dropna(),
    }
    return np.unique(np.concatenate([differing, aged, _moved_households(standing, summary, keys, others.index)]))


def _aged(last_seen: pd.Series, previous: datetime | None, as_of: datetime | None) -> Bools:
    if previous == as_of or previous is None or as_of is None:
        return np.zeros(len(last_seen), dtype=bool)
    return freshness(last_seen, pd.Timestamp(previous)) != freshness(last_seen, pd.Timestamp(as_of))


def _moved_households(standing: pd.DataFrame, summary: pd.DataFrame, keys: set[str], others: pd.Index) -> Index:
    before = project_.households(standing.loc[standing["household_key"].isin(keys)])
    after = project_.households(summary.loc[summary["household_key"].isin(keys)])
    nobody: Household | None = None
    changed = {
        cluster for cluster in before.keys() | after.keys() if before.get(cluster, nobody) != after.get(cluster, nobody)
    }
    return np.array(sorted(changed.intersection(others.tolist())), dtype=np.int64)


def _documents(
    projections: list[Projection], found: pd.DataFrame, now: pd.Timestamp, shared: dict[int, Household]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Profile documents (cluster_id, customer_id, profile, digest, household_key, last_seen_at) and score rows."""
    frames: list[pd.DataFrame] = []
    score_rows: list[pd.DataFrame] = []
    for projection in projections:
        quality = project_.quality(projection, now)
        parts = project_.parts(projection, found, quality, shared)
        contents = [document(parts, cluster) for cluster in projection.summary.index.tolist()]
        digests = [digest(content) for content in contents]
        frames.append(projection.summary.assign(profile=[content.decode() for content in contents], digest=digests))
        score_rows.append(project_.score_rows(found, quality))
    return project_.stacked(frames).reset_index(), project_.stacked(score_rows)


def _publish(
    store: Store, run_id: int, identity: Identity, plan: _Plan, outcome: _Outcome, *, clock: Clock, watch: _Stopwatch
) -> RunReport:
    """Write everything in one transaction; numbers of the change feed are taken last."""
    documents, changes = _changed(plan, outcome)
    written = pa.table({"cluster_id": pa.array(outcome.documents["cluster_id"].to_numpy(dtype=np.int64))})
    moved = plan.memberships.loc[plan.moved]
    report = _report(run_id, identity, changes)
    with ExitStack() as staging:
        touched = staging.enter_context(
            store.staged(pa.table({"record_id": pa.array(identity.record_ids[identity.touched])}))
        )
        links = staging.enter_context(store.staged(identity.links))
        requalified = staging.enter_context(store.staged(pa.table({"cluster_id": pa.array(plan.requalified)})))
        quality = staging.enter_context(store.staged(_quality_rows(identity, plan)))
        members = staging.enter_context(store.staged(pa.Table.from_pandas(moved, preserve_index=False)))
        customers = staging.enter_context(store.staged(_customer_table(documents)))
        projected = staging.enter_context(store.staged(written))
        sums = staging.enter_context(store.staged(profile_rows.aggregate_rows(outcome.aggregates)))
        scored = staging.enter_context(store.staged(profile_rows.score_rows(outcome.scores)))
        gone = staging.enter_context(store.staged(pa.table({"cluster_id": pa.array(plan.gone)})))
        announced = staging.enter_context(store.staged(_change_table(changes)))
        watch.lap("stage")
        now = clock()
        with store.begin() as connection:
            identity_rows.replace_links(connection, touched, links)
            identity_rows.replace_verdicts(connection, identity.verdicts)
            identity_rows.put_memberships(connection, members)
            identity_rows.replace_quality(connection, requalified, quality)
            profile_rows.replace_aggregates(connection, projected, sums)
            profile_rows.replace_scores(connection, projected, scored)
            profile_rows.drop_customers(connection, gone)
            profile_rows.put_customers(connection, customers, now)
            identity_rows.clear_marks(connection)
            watch.lap("publish")
            summary = orjson.dumps(asdict(report) | {"seconds": watch.seconds}).decode()
            run_rows.finish(connection, run_id, as_of=outcome.as_of, summary=summary, now=now)
            profile_rows.announce(connection, announced, len(changes), now)
    watch.lap("publish")
    return replace(report, seconds=watch.seconds)


def _quality_rows(identity: Identity, plan: _Plan) -> pa.Table:
    """The quality of the clusters whose quality changed and that still are."""
    return identity.quality.filter(np.isin(identity.quality["cluster_id"].to_numpy(), plan.requalified))


def _changed(plan: _Plan, outcome: _Outcome) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The documents whose bytes differ from what stands, with their version, and the changes to announce."""
    documents = outcome.documents.set_index("cluster_id")
    before = outcome.standing.reindex(documents.index)
    differs = documents["digest"] != before["digest"]
    version = before["version"].fillna(0).astype(np.int64) + 1
    changed = documents.assign(version=version).loc[differs].sort_index()
    created = before["digest"].isna().loc[changed.index]
    split = changed.index.isin(plan.memberships.loc[plan.moved & (plan.before >= 0), "cluster_id"])
    kind = np.select([created & split, created], ["split", "created"], default="updated")
    told = pd.DataFrame(
        {"customer_id": changed["customer_id"], "kind": kind, "version": changed["version"], "now_customer_id": None}
    )
    return changed.reset_index(), pd.concat([told, _merged(plan, outcome)], ignore_index=True)


def _merged(plan: _Plan, outcome: _Outcome) -> pd.DataFrame:
    """Customers that are part of another one now: the record they were named after moved to its cluster."""
    now = plan.memberships.set_index("record_id")["cluster_id"].reindex(plan.gone)
    told = pd.DataFrame(
        {
            "customer_id": outcome.standing["customer_id"].reindex(plan.gone).to_numpy(),
            "kind": "merged",
            "version": pd.array([None] * len(now), dtype="Int64"),
            "now_customer_id": now.map(outcome.customer_ids).to_numpy(),
        }
    )
    return told.loc[told["customer_id"].notna()]


def _customer_table(documents: pd.DataFrame) -> pa.Table:
    names = ["cluster_id", "customer_id", "version", "digest", "profile", "household_key", "last_seen_at"]
    types = [pa.int64(), pa.string(), pa.int64(), pa.string(), pa.string(), pa.string(), pa.timestamp("us", tz="UTC")]
    return pa.Table.from_pandas(
        documents[names], schema=pa.schema(list(zip(names, types, strict=True))), preserve_index=False
    )


def _change_table(changes: pd.DataFrame) -> pa.Table:
    schema = pa.schema(
        [
            ("position", pa.int64()),
            ("customer_id", pa.string()),
            ("kind", pa.string()),
            ("version", pa.int64()),
            ("now_customer_id", pa.string()),
        ]
    )
    numbered = changes.assign(position=np.arange(1, len(changes) + 1), version=changes["version"].astype("Int64"))
    return pa.Table.from_pandas(numbered[schema.names], schema=schema, preserve_index=False)


def _report(run_id: int, identity: Identity, changes: pd.DataFrame) -> RunReport:
    kinds = changes["kind"].value_counts()
    return RunReport(
        run_id=run_id,
        records=len(identity.record_ids),
        touched=int(identity.touched.sum()),
        links=identity.links.num_rows,
        refused_links=identity.refused,
        customers=len(np.unique(identity.cluster_ids)),
        created=int(kinds.get("created", 0)),
        updated=int(kinds.get("updated", 0)),
        merged=int(kinds.get("merged", 0)),
        split=int(kinds.get("split", 0)),
        left_out=identity.left_out,
    )
