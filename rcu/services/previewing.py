"""What a decision would do: the customers it touches, as they are and as they would be. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import orjson
import pandas as pd

from rcu.matching.arrays import Index
from rcu.matching.model import MatchModel
from rcu.services import projection as project_
from rcu.services.deciding import Ask, in_effect_with
from rcu.services.documents import document
from rcu.services.identity import Identity, resolve
from rcu.store import profiles as profile_rows
from rcu.store.engine import Store


@dataclass(frozen=True, slots=True)
class CustomerShown:
    """A customer as it is or would be; `profile` is its whole document."""

    customer_id: str
    records: tuple[str, ...]
    profile: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Preview:
    """The customers that a decision would change, before and after, the oldest first; none when it changes nothing."""

    before: tuple[CustomerShown, ...]
    after: tuple[CustomerShown, ...]


def preview(store: Store, model: MatchModel, ask: Ask, *, clock: Callable[[], datetime]) -> Preview:
    """Work out what a decision would do, on the side.

    Records that wait for a run are taken as the run will take them, before and after alike, so that what differs is
    the decision's doing.

    Raises:
        InputError, NotFound, ContradictsDecisions, Conflict: as `deciding.decide`.
    """
    wanted = in_effect_with(store, ask, clock=clock)
    one, other = resolve(store, model), resolve(store, model, decisions=wanted)
    rows = _changed(one.cluster_ids, other.cluster_ids)
    touched = [np.unique(found.cluster_ids[rows]) for found in (one, other)]
    outside = np.union1d(*touched)
    before, after = (_shown(store, *part, outside) for part in zip((one, other), touched, strict=True))
    return Preview(before, after)


def _changed(before: Index, after: Index) -> Index:
    """The rows of every cluster that is not the same set of records before and after."""
    ones, others = (np.unique(found, return_inverse=True)[1] for found in (before, after))
    both, shared = np.unique(np.stack([ones, others]), axis=1, return_counts=True)
    whole = (np.bincount(ones)[both[0]] == shared) & (np.bincount(others)[both[1]] == shared)
    return np.flatnonzero(np.isin(ones, both[0][~whole]))


def _shown(store: Store, identity: Identity, clusters: Index, outside: Index) -> tuple[CustomerShown, ...]:
    """Some clusters as documents, seen among all customers but those that are `outside`."""
    if not len(clusters):
        return ()
    chosen = np.isin(identity.cluster_ids, clusters)
    memberships = {"record_id": identity.record_ids[chosen], "cluster_id": identity.cluster_ids[chosen]}
    projection = project_.project(store, pd.DataFrame(memberships))
    standing = profile_rows.standing_customers(store).to_pandas().set_index("cluster_id")
    others = standing.loc[~standing.index.isin(outside)]
    stored = profile_rows.standing_aggregates(store).to_pandas()
    sums = project_.stacked([stored.loc[stored["cluster_id"].isin(others.index)], projection.table])
    summary = project_.stacked([others[list(projection.summary.columns)], projection.summary])
    as_of = profile_rows.latest_instant(store)
    quality = project_.quality(projection, pd.Timestamp(as_of) if as_of else pd.Timestamp(0, tz="UTC"))
    parts = project_.parts(projection, project_.population_rfm(sums), quality, project_.households(summary))
    return tuple(
        CustomerShown(
            customer_id=parts.customer_ids[cluster],
            records=tuple(f"{row['source']}:{row['native_id']}" for row in parts.records[cluster]),
            profile=orjson.loads(document(parts, cluster)),
        )
        for cluster in projection.summary.index.tolist()
    )
