"""Everything worked out from nothing: the first run, and one with another model; published in one transaction."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa

from rcu.domain.cases import CaseRules
from rcu.domain.causes import Cause, CauseKind
from rcu.domain.households import Household
from rcu.insight.scores import ScoreBasis, aged, rescored, score_basis
from rcu.matching.arrays import Bools, Index
from rcu.matching.model import MatchModel
from rcu.services.customer_rows import DOCUMENTS
from rcu.services.identity import Identity, changed_quality, resolve
from rcu.services.projecting import SUMMARY, buyers, households, latest_instant, projecting, stacked
from rcu.services.projection import standing_basis
from rcu.services.recasing import Before, Recased, Recasing
from rcu.services.runreport import Clock, RunReport, Stopwatch, Tell
from rcu.store import history
from rcu.store import identity as identity_rows
from rcu.store import profiles as profile_rows
from rcu.store import runs as run_rows
from rcu.store.engine import Store, Transaction
from rcu.store.filling import first_filling
from rcu.store.identity import Whole
from rcu.store.secrets import made_subject_secret

_NOT_MATCHED: Final = -1


@dataclass(frozen=True, slots=True)
class _Plan:
    """What has to be written: memberships, clusters to project, clusters that are no more, those of another quality."""

    memberships: pd.DataFrame
    moved: Bools
    affected: Index
    gone: Index
    before: Index
    requalified: Index

    @property
    def standing(self) -> bool:
        """Whether any record was matched before."""
        return bool((self.before != _NOT_MATCHED).any())


def rebuild(
    store: Store, model: MatchModel, run_id: int, *, rules: CaseRules, clock: Clock, watch: Stopwatch, tell: Tell
) -> RunReport:
    """Match all records, project the customers that differ from what is stored, and publish them with the run.

    Nothing else may change while this is at work, see `Store.standstill`.
    """
    with store.begin() as connection:
        last = run_rows.last_done(connection)
        made_subject_secret(connection, clock())
    tell("matching")
    identity = resolve(store, model)
    watch.lap("match")
    tell("golden records")
    plan = _plan(store, identity)
    outcome = _outcome(store, plan, before=standing_basis(last))
    watch.lap("project")
    tell("cases")
    recasing = Recasing(store, identity, model, rules=rules, customer_ids=outcome.customer_ids, sums=outcome.sums)
    cases = recasing.settled(_before(store, plan, same_model=last is not None and last.model == model.fingerprint()))
    watch.lap("cases")
    tell("publishing")
    return _publish(store, run_id, identity, plan, outcome, cases=cases, clock=clock, watch=watch)


def _before(store: Store, plan: _Plan, *, same_model: bool) -> Before | None:
    """How it was; None before the first run. Weights of another model say nothing beside those of this one."""
    if not plan.standing:
        return None
    quality = identity_rows.stored_quality(store).to_pandas() if same_model else None
    return Before(plan.before, quality, identity_rows.generic(store))


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
    """Documents (`customer_rows.DOCUMENTS`), aggregates and scores of customers that are written; what stood before.

    `sums` are the aggregates of all customers. `basis` is what the scores are measured against from now on;
    `last_versions` are those of customers that are no more at present, by cluster_id.
    """

    documents: pa.Table
    aggregates: pa.Table
    scores: pa.Table
    standing: pd.DataFrame
    customer_ids: dict[int, str]
    sums: pa.Table
    basis: ScoreBasis
    last_versions: pd.Series


def _outcome(store: Store, plan: _Plan, *, before: ScoreBasis | None) -> _Outcome:
    """Project the affected customers, then those whose scores or household change because of them."""
    standing = profile_rows.standing_customers(store).to_pandas().set_index("cluster_id")
    others = standing.loc[~standing.index.isin(np.union1d(plan.affected, plan.gone))]
    stored = profile_rows.standing_aggregates(store)
    untouched = stored.filter(np.isin(stored["cluster_id"].to_numpy(), others.index.to_numpy()))
    affected = _members_of(plan, plan.affected)
    with projecting(store, len(affected)) as work:
        projected, found = work.project(affected)
        summary = stacked([others[list(SUMMARY)], projected])
        everyone = pa.concat_tables([untouched, found])
        basis = score_basis(buyers(everyone), latest_instant(store, _latest(summary)))
        rescored = rescored_customers(others, untouched, before, basis)
        disturbed = np.union1d(rescored, _moved_households(standing, summary, plan, others.index))
        _, again = work.project(_members_of(plan, disturbed))
        shared = _shared(summary, np.union1d(plan.affected, disturbed))
        written = list(work.write(basis, shared))
    aggregates = pa.concat_tables([found, again])
    documents = pa.concat_tables([DOCUMENTS.empty_table(), *(piece for piece, _ in written)])
    scores = pa.concat_tables([profile_rows.score_rows([]), *(piece for _, piece in written)])
    last = history.every_last_version(store).to_pandas().set_index("cluster_id")["version"]
    return _Outcome(documents, aggregates, scores, standing, _customer_ids(summary), everyone, basis, last)


def _members_of(plan: _Plan, clusters: Index) -> pd.DataFrame:
    chosen = np.isin(plan.memberships["cluster_id"].to_numpy(), clusters)
    return plan.memberships.loc[chosen]


def _latest(summary: pd.DataFrame) -> datetime | None:
    """When a customer was last seen, of all of them."""
    found = summary["last_seen_at"].max()
    return None if pd.isna(found) else found.to_pydatetime()


def _customer_ids(summary: pd.DataFrame) -> dict[int, str]:
    return dict(zip(summary.index.tolist(), summary["customer_id"].tolist(), strict=True))


def rescored_customers(others: pd.DataFrame, table: pa.Table, before: ScoreBasis | None, after: ScoreBasis) -> Index:
    """Customers nothing happened to who have other scores on the new basis; all, where the old one is not known."""
    clusters = others.index.to_numpy(dtype=np.int64)
    if before is None:
        return clusters
    last_seen = others["last_seen_at"].to_numpy(dtype="datetime64[us]")
    older = clusters[aged(last_seen, before.as_of, after.as_of)]
    return np.union1d(older, table["cluster_id"].to_numpy()[rescored(buyers(table), before, after)])


def _moved_households(standing: pd.DataFrame, summary: pd.DataFrame, plan: _Plan, others: pd.Index) -> Index:
    """Customers nothing happened to whose household is another one."""
    keys = {
        *standing["household_key"].reindex(np.union1d(plan.affected, plan.gone)).dropna(),
        *summary["household_key"].reindex(plan.affected).dropna(),
    }
    before = households(standing.loc[standing["household_key"].isin(keys)])
    after = households(summary.loc[summary["household_key"].isin(keys)])
    changed = {cluster for cluster in before.keys() | after.keys() if before.get(cluster) != after.get(cluster)}
    return np.array(sorted(changed.intersection(others.tolist())), dtype=np.int64)


def _shared(summary: pd.DataFrame, clusters: Index) -> dict[int, Household]:
    """The households of some customers."""
    keys = set(summary["household_key"].reindex(clusters).dropna())
    return households(summary.loc[summary["household_key"].isin(keys)])


def _publish(
    store: Store, run_id: int, identity: Identity, plan: _Plan, outcome: _Outcome, *,
    cases: Recased, clock: Clock, watch: Stopwatch,
) -> RunReport:  # fmt: skip
    """Write everything in one transaction; numbers of the change feed are taken last."""
    documents, changes = _changed(plan, outcome)
    moved = plan.memberships.loc[plan.moved]
    report = _report(run_id, identity, changes)
    with ExitStack() as staging:
        whole = {table: staging.enter_context(store.staged(rows)) for table, rows in whole_tables(identity).items()}
        requalified = staging.enter_context(store.staged(pa.table({"cluster_id": pa.array(plan.requalified)})))
        quality = staging.enter_context(store.staged(_quality_rows(identity, plan)))
        members = staging.enter_context(store.staged(pa.Table.from_pandas(moved, preserve_index=False)))
        customers = staging.enter_context(store.staged(documents))
        projected = staging.enter_context(store.staged(outcome.documents.select(["cluster_id"])))
        sums = staging.enter_context(store.staged(outcome.aggregates))
        scored = staging.enter_context(store.staged(outcome.scores))
        gone = staging.enter_context(store.staged(pa.table({"cluster_id": pa.array(plan.gone)})))
        recased = staging.enter_context(cases.staged(store))
        announced = staging.enter_context(store.staged(_change_table(changes)))
        watch.lap("stage")
        now = clock()
        with store.begin() as connection:
            with nullcontext() if plan.standing else first_filling(connection):
                for table, rows in whole.items():
                    identity_rows.refill(connection, table, rows)
                identity_rows.replace_generic(connection, identity.generic)
                history.keep_staged_moves(connection, members, now)
                identity_rows.put_memberships(connection, members)
                identity_rows.replace_quality(connection, requalified, quality)
                profile_rows.replace_aggregates(connection, projected, sums)
                profile_rows.replace_scores(connection, projected, scored)
                profile_rows.replace_customers(connection, gone, customers, now, cause=Cause(CauseKind.RUN, run_id))
                recased.write(connection, now)
                identity_rows.clear_marks(connection)
            _finish(connection, report, outcome.basis, watch=watch, now=now)
            profile_rows.announce(connection, announced, len(changes), now)
    watch.lap("publish")
    return replace(report, seconds=watch.seconds)


def _finish(connection: Transaction, report: RunReport, basis: ScoreBasis, *, watch: Stopwatch, now: datetime) -> None:
    summary = orjson.dumps(asdict(report) | {"seconds": watch.seconds}).decode()
    told = basis.to_json()
    run_rows.finish(connection, report.run_id, as_of=basis.as_of, score_basis=told, summary=summary, now=now)


def whole_tables(identity: Identity) -> dict[Whole, pa.Table]:
    """The tables that are filled anew."""
    return {
        Whole.LINKS: identity.links,
        Whole.BLOCKING_KEYS: identity.blocks,
        Whole.VALUE_COUNTS: identity.counts,
        Whole.STEWARD_LINKS: identity.decided,
    }


def _quality_rows(identity: Identity, plan: _Plan) -> pa.Table:
    """The quality of the clusters whose quality changed and that still are."""
    return identity.quality.filter(np.isin(identity.quality["cluster_id"].to_numpy(), plan.requalified))


def _changed(plan: _Plan, outcome: _Outcome) -> tuple[pa.Table, pd.DataFrame]:
    """The documents whose bytes differ from what stands, with their version, and the changes to announce."""
    found = outcome.documents.select(["cluster_id", "customer_id", "digest", "consents_digest"]).to_pandas()
    before = outcome.standing.reindex(found["cluster_id"]).reset_index()
    differs = (found["digest"] != before["digest"]).to_numpy(dtype=bool)
    found, before = found.loc[differs], before.loc[differs]
    last = pd.Series(outcome.last_versions.reindex(found["cluster_id"]).to_numpy(), index=before.index)
    version = before["version"].fillna(last).fillna(0).astype(np.int64) + 1
    created = before["digest"].isna()
    split = found["cluster_id"].isin(plan.memberships.loc[plan.moved & (plan.before >= 0), "cluster_id"])
    kind = np.select([created & split, created], ["split", "created"], default="updated")
    told = pd.DataFrame(
        {"customer_id": found["customer_id"], "kind": kind, "version": version, "now_customer_id": None}
    )
    told = told.iloc[np.argsort(found["cluster_id"].to_numpy(), kind="stable")].reset_index(drop=True)
    permits = ~created.to_numpy() & (found["consents_digest"] != before["consents_digest"]).to_numpy(dtype=bool)
    told = _with_consents(told, told["customer_id"].isin(found.loc[permits, "customer_id"]))
    documents = outcome.documents.filter(differs).append_column("version", pa.array(version, pa.int64()))
    return documents, pd.concat([told, _merged(plan, outcome)], ignore_index=True)


def _with_consents(told: pd.DataFrame, permits: pd.Series) -> pd.DataFrame:
    """The changes, each of a customer that permits something else followed by one that says so."""
    beside = told.loc[permits].assign(kind="consent_changed")
    return pd.concat([told, beside]).sort_index(kind="stable") if len(beside) else told


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
        touched=len(identity.record_ids),
        links=identity.links.num_rows,
        refused_links=identity.refused,
        customers=len(np.unique(identity.cluster_ids)),
        created=int(kinds.get("created", 0)),
        updated=int(kinds.get("updated", 0)),
        merged=int(kinds.get("merged", 0)),
        split=int(kinds.get("split", 0)),
        left_out=identity.left_out,
    )
