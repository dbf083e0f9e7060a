"""Verify: work identity, golden records, aggregates and scores out from nothing, and compare with what is stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from rcu.domain.cases import USUAL_RULES, CaseRules
from rcu.domain.overrides import overrides_in_force
from rcu.insight.scores import ScoreBasis, score_basis
from rcu.matching.model import MatchModel
from rcu.services.documents import digest
from rcu.services.identity import Identity, changed_quality, resolve
from rcu.services.projecting import buyers, households, latest_instant, projecting
from rcu.services.projection import standing_basis
from rcu.services.rebuilding import whole_tables
from rcu.services.recasing import Recasing
from rcu.store import decisions as decision_rows
from rcu.store import identity as identity_rows
from rcu.store import overrides as override_rows
from rcu.store import profiles as profile_rows
from rcu.store import recount as recount_rows
from rcu.store import runs as run_rows
from rcu.store.engine import Store


@dataclass(frozen=True, slots=True)
class Verification:
    """How many things differ from a rebuild; all zero is what is wanted.

    `waiting` are records that changed since the last run: run first. `recount` compares the stored aggregates with a
    recount from the lines of each order, outside the code that makes them. `kept` are rows of what matching keeps to
    go on from: links, blocks, counts, values that are nobody's, what people set. `cases` are those that should be there
    and are not, or the other way round; what somebody put off or closed is there.
    """

    records: int
    customers: int
    waiting: int
    memberships: int
    quality: int
    profiles: int
    aggregates: int
    scores: int
    recount: int
    kept: int
    cases: int

    @property
    def differences(self) -> int:
        """Everything that differs."""
        stored = self.memberships + self.quality + self.profiles + self.aggregates + self.scores + self.kept
        return self.waiting + stored + self.recount + self.cases


def verify(store: Store, model: MatchModel, rules: CaseRules = USUAL_RULES) -> Verification:
    """Rebuild everything on the side and count the differences; nothing is written, and others may go on writing.

    All of it is read as it was at one instant. Scores are measured against what they were measured against when they
    were stored; `rules` say where cases begin.
    """
    with store.snapshot() as still:
        return _verified(still, model, rules)


def _verified(store: Store, model: MatchModel, rules: CaseRules) -> Verification:
    identity = resolve(store, model)
    memberships = pd.DataFrame({"record_id": identity.record_ids, "cluster_id": identity.cluster_ids})
    with projecting(store, len(memberships)) as work:
        summary, sums = work.project(memberships)
        digests, scores = _written(work.write(_basis(store, sums), households(summary)))
    ids = dict(zip(summary.index.tolist(), summary["customer_id"].tolist(), strict=True))
    recasing = Recasing(store, identity, model, rules=rules, customer_ids=ids, sums=sums)
    stored = profile_rows.standing_aggregates(store).to_pandas()
    return Verification(
        records=len(identity.record_ids),
        customers=len(summary),
        waiting=int(identity.to_project.sum()),
        memberships=_memberships(store, identity),
        quality=len(changed_quality(store, identity)),
        profiles=_profiles(store, digests),
        aggregates=_table(stored, sums.to_pandas()),
        scores=_table(profile_rows.standing_scores(store).to_pandas(), scores.to_pandas()),
        recount=_table(recount_rows.recount(store).to_pandas(), _sums(stored)),
        kept=_kept(store, identity),
        cases=recasing.settled().settled.count,
    )


def _kept(store: Store, identity: Identity) -> int:
    """How many rows of what matching keeps are on one side only."""
    with store.read() as connection:
        overridden = overrides_in_force(decision_rows.every_decision(connection))
        set_ = override_rows.standing(connection) != {at: override_rows.content(one) for at, one in overridden.items()}
    differing = identity_rows.generic(store) != {name: found for name, found in identity.generic.items() if found}
    rebuilt = whole_tables(identity)
    return (
        int(differing)
        + int(set_)
        + sum(_alone(identity_rows.kept(store, table), rows) for table, rows in rebuilt.items())
    )


def _alone(stored: pa.Table, rebuilt: pa.Table) -> int:
    both = pd.concat([stored.to_pandas(), rebuilt.select(stored.column_names).to_pandas()])
    return int((~both.duplicated(keep=False)).sum())


def _basis(store: Store, sums: pa.Table) -> ScoreBasis:
    """What the stored scores are measured against; where that is not known, what a run would work out."""
    with store.read() as connection:
        standing = standing_basis(run_rows.last_done(connection))
    return standing or score_basis(buyers(sums), latest_instant(store, profile_rows.latest_seen(store)))


def _memberships(store: Store, identity: Identity) -> int:
    stored = identity_rows.stored_memberships(store).to_pandas().set_index("record_id")["cluster_id"]
    return int((stored.reindex(identity.record_ids).to_numpy() != identity.cluster_ids).sum())


def _written(customers: Iterable[tuple[pa.Table, pa.Table]]) -> tuple[dict[int, str], pa.Table]:
    """The digests by cluster_id, and the rows of scores; the documents themselves are let go."""
    digests: dict[int, str] = {}
    scores: list[pa.Table] = [profile_rows.score_rows([])]
    for documents, scored in customers:
        digests.update(zip(*(documents[name].to_numpy().tolist() for name in ("cluster_id", "digest")), strict=True))
        scores.append(scored)
    return digests, pa.concat_tables(scores)


def _profiles(store: Store, digests: dict[int, str]) -> int:
    """How many documents are not, byte for byte, the one that was rebuilt; some thousands are read at a time."""
    missing, differing = set(digests), 0
    for piece in profile_rows.standing_profiles(store):
        for cluster, text in zip(*(column.to_numpy().tolist() for column in piece.columns), strict=True):
            missing.discard(cluster)
            differing += digests.get(cluster) != digest(text.encode())
    return differing + len(missing)


def _sums(table: pd.DataFrame) -> pd.DataFrame:
    return table[["cluster_id", "currency", "orders", "returns", "net_revenue_minor"]]


def _table(stored: pd.DataFrame, rebuilt: pd.DataFrame) -> int:
    """How many rows are in one of two tables and not in the other, halved where both have the key."""
    columns = list(stored.columns)
    both = pd.concat([_comparable(stored), _comparable(rebuilt[columns])])
    alone = both.loc[~both.duplicated(columns, keep=False)]
    return len(alone.drop_duplicates(columns[:2]))


def _comparable(frame: pd.DataFrame) -> pd.DataFrame:
    plain = frame.copy()
    for name in plain.columns:
        if isinstance(plain[name].dtype, pd.DatetimeTZDtype):
            plain[name] = plain[name].astype("datetime64[us, UTC]")
        elif not pd.api.types.is_numeric_dtype(plain[name]):
            plain[name] = plain[name].astype(object)
        else:
            plain[name] = plain[name].astype(np.float64)
    return plain
