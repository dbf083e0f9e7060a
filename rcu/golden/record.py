"""The golden record of each cluster: the surviving values, and the provenance of each group of fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from rcu.golden.survivorship import GROUPS, Group, rank_group

BECAUSE: Final[Mapping[str, str]] = {
    "live": "its record was deleted at the source",
    "usable": "it is not complete enough to use",
    "source_rank": "its source is trusted less",
    "recency": "it is older",
    "completeness": "it has fewer fields",
    "key": "all else is equal",
}
"""Why a value was beaten, by the preference that decided."""


@dataclass(frozen=True, slots=True)
class GoldenRecords:
    """What survived, and why.

    `fields` has one row a cluster (index cluster_id), the columns of all groups and, for scoring, the quality and
    key columns of the records they came from; `provenance` holds, by cluster, group name to who won and who lost.
    """

    fields: pd.DataFrame
    provenance: Mapping[int, dict[str, Any]]


_COMPANIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "identity": ("last_name_key", "name_quality"),
    "birth_date": ("birth_date_quality",),
    "address": ("street_key", "street_number", "street_suffix", "address_quality"),
    "email": ("email_key", "email_quality"),
    "mobile": ("mobile_quality",),
    "landline": ("landline_quality",),
}
"""Columns that go with a group without being shown."""


def golden_records(members: pd.DataFrame) -> GoldenRecords:
    """Make the golden record of every cluster among `members` (see `survivorship.rank_group` for its columns)."""
    clusters = pd.Index(np.unique(members["cluster_id"].to_numpy()), name="cluster_id")
    parts: list[pd.DataFrame] = []
    provenance: dict[int, dict[str, Any]] = {int(cluster): {} for cluster in clusters}
    for group in GROUPS:
        ranked = rank_group(members, group)
        survivors = ranked.loc[ranked["standing"] == 0].set_index("cluster_id")
        parts.append(survivors[[*group.fields, *_COMPANIONS.get(group.name, ())]].reindex(clusters))
        for cluster, told in _provenance(ranked, group):
            provenance[cluster][group.name] = told
    return GoldenRecords(pd.concat(parts, axis=1), provenance)


def _provenance(ranked: pd.DataFrame, group: Group) -> Iterator[tuple[int, dict[str, Any]]]:
    """For each cluster: the record that gave the group, those that say the same, and those it beat, with why."""
    names = (ranked["source"] + ":" + ranked["native_id"]).tolist()
    values = list(
        zip(*(ranked[field].astype(object).where(ranked[field].notna(), None) for field in group.fields), strict=True)
    )
    places, clusters, why = ranked["standing"].tolist(), ranked["cluster_id"].tolist(), ranked["decided_by"].tolist()
    start = 0
    for end in [*np.flatnonzero(ranked["standing"].to_numpy() == 0)[1:].tolist(), len(places)]:
        if end == start:
            continue
        best = values[start]
        told: dict[str, Any] = {"record": names[start]}
        same = [names[row] for row in range(start + 1, end) if values[row] == best]
        beat = [
            {"record": names[row], "values": _present(group, values[row]), "because": BECAUSE[why[row]]}
            for row in range(start + 1, end)
            if values[row] != best
        ]
        if same:
            told["same"] = same
        if beat:
            told["beat"] = beat
        yield clusters[start], told
        start = end


def _present(group: Group, values: tuple[Any, ...]) -> dict[str, Any]:
    return {field: value for field, value in zip(group.fields, values, strict=True) if value is not None}
