"""Verify: work identity, golden records, aggregates and scores out from nothing, and compare with what is stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rcu.matching.model import MatchModel
from rcu.services import projection as project_
from rcu.services.documents import digest, document
from rcu.services.identity import Identity, changed_quality, resolve
from rcu.services.projection import Projection
from rcu.store import identity as identity_rows
from rcu.store import profiles as profile_rows
from rcu.store import recount as recount_rows
from rcu.store.engine import Store


@dataclass(frozen=True, slots=True)
class Verification:
    """How many things differ from a rebuild; all zero is what is wanted.

    `waiting` are records that changed since the last run: run first. `recount` compares the stored aggregates with a
    recount from the lines of each order, outside the code that makes them.
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

    @property
    def differences(self) -> int:
        """Everything that differs."""
        stored = self.memberships + self.quality + self.profiles + self.aggregates + self.scores
        return self.waiting + stored + self.recount


def verify(store: Store, model: MatchModel) -> Verification:
    """Rebuild everything on the side and count the differences; nothing is written but staged rows."""
    identity = resolve(store, model, everything=True)
    memberships = pd.DataFrame({"record_id": identity.record_ids, "cluster_id": identity.cluster_ids})
    rebuilt = project_.project(store, memberships)
    found = project_.population_rfm(rebuilt.table)
    as_of = profile_rows.latest_instant(store)
    quality = project_.quality(rebuilt, pd.Timestamp(as_of) if as_of else pd.Timestamp(0, tz="UTC"))
    return Verification(
        records=len(identity.record_ids),
        customers=len(rebuilt.summary),
        waiting=int(identity.to_project.sum()),
        memberships=_memberships(store, identity),
        quality=len(changed_quality(store, identity)),
        profiles=_profiles(store, rebuilt, found, quality),
        aggregates=_table(profile_rows.standing_aggregates(store).to_pandas(), rebuilt.table),
        scores=_table(profile_rows.standing_scores(store).to_pandas(), project_.score_rows(found, quality)),
        recount=_table(
            recount_rows.recount(store).to_pandas(), _sums(profile_rows.standing_aggregates(store).to_pandas())
        ),
    )


def _memberships(store: Store, identity: Identity) -> int:
    stored = identity_rows.stored_memberships(store).to_pandas().set_index("record_id")["cluster_id"]
    return int((stored.reindex(identity.record_ids).to_numpy() != identity.cluster_ids).sum())


def _profiles(store: Store, rebuilt: Projection, found: pd.DataFrame, quality: pd.DataFrame) -> int:
    parts = project_.parts(rebuilt, found, quality, project_.households(rebuilt.summary))
    digests = pd.Series({cluster: digest(document(parts, cluster)) for cluster in rebuilt.summary.index.tolist()})
    stored = profile_rows.standing_profiles(store).to_pandas().set_index("cluster_id")["profile"]
    written = stored.map(lambda text: digest(str(text).encode()))
    every = digests.index.union(written.index)
    return int((digests.reindex(every) != written.reindex(every)).sum())


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
