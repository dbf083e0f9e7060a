"""Survivorship: which record of a cluster gives each group of fields, and what it beat.

Fields survive in groups, so that a golden record never mixes half of one address with half of another. The order of
preference is a rule per group; the last tie is broken by the record's key, so the result does not depend on the order
of arrival.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

_NEVER: Final = np.int64(-(2**62))
"""An instant before any other, in microseconds; it can be negated."""

Preference = Literal["usable", "live", "source_rank", "recency", "completeness"]


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that survive together.

    Attributes:
        name: how provenance calls the group.
        fields: standard columns, for display.
        needs: the group is present in a record when at least one of these is.
        order: preferences, the most important first.
    """

    name: str
    fields: tuple[str, ...]
    needs: tuple[str, ...]
    order: tuple[Preference, ...]


_BY_SOURCE: Final = ("live", "usable", "source_rank", "recency", "completeness")
_BY_RECENCY: Final = ("live", "usable", "recency", "source_rank", "completeness")

_ADDRESS: Final = (
    "address_complement", "building", "street", "place", "postcode", "city", "cedex", "commune_insee", "country",
)  # fmt: skip
GROUPS: Final = (
    Group(
        "identity",
        ("record_kind", "civility", "gender", "first_name", "last_name", "birth_name", "company"),
        ("first_name", "last_name", "company"),
        _BY_SOURCE,
    ),
    Group("birth_date", ("birth_date",), ("birth_date",), _BY_SOURCE),
    Group(
        "address",
        _ADDRESS,
        ("street", "place", "postcode", "city"),
        _BY_RECENCY,
    ),
    Group("email", ("email",), ("email",), _BY_RECENCY),
    Group("mobile", ("mobile",), ("mobile",), _BY_RECENCY),
    Group("landline", ("landline",), ("landline",), _BY_RECENCY),
    Group("loyalty_number", ("loyalty_number",), ("loyalty_number",), _BY_RECENCY),
)
"""People move and change their mailbox, so contact points follow recency; names follow the most trusted source."""


def rank_group(members: pd.DataFrame, group: Group) -> pd.DataFrame:
    """Order the records that have this group, within each cluster, the survivor first.

    Args:
        members: one row a record: cluster_id, source, native_id, rank (of the source, lower is better), deleted,
            updated_at, address_updated_at, and the standard columns.
        group: the group.

    Returns:
        The rows of `members` that have the group, sorted by cluster and preference, with a column `standing` (0 for the
        survivor) and `decided_by`: the first preference in which a row is worse than its cluster's survivor ("key"
        when only the last tie-break tells them apart).
    """
    present = members[list(group.needs)].notna().any(axis=1)
    rows = members.loc[present]
    keys = pd.DataFrame({name: _key(rows, group, name) for name in group.order}, index=rows.index)
    order = np.lexsort(
        (
            rows["native_id"].to_numpy(dtype=str),
            rows["source"].to_numpy(dtype=str),
            *(keys[name].to_numpy() for name in reversed(group.order)),
            rows["cluster_id"].to_numpy(),
        )
    )
    ranked, keys = rows.iloc[order], keys.iloc[order]
    cluster = ranked["cluster_id"].to_numpy()
    starts = np.flatnonzero(np.r_[True, cluster[1:] != cluster[:-1]]) if len(cluster) else np.empty(0, dtype=np.int64)
    first = np.repeat(starts, np.diff(np.r_[starts, len(cluster)]))
    return ranked.assign(standing=np.arange(len(ranked)) - first, decided_by=_decided_by(keys, first))


def _decided_by(keys: pd.DataFrame, first: np.ndarray) -> np.ndarray:
    """The name of the first preference that separates each row from its cluster's survivor."""
    values = keys.to_numpy()
    differs = values != values[first]
    names = np.array([*keys.columns, "key"], dtype=object)
    where = np.where(differs.any(axis=1), differs.argmax(axis=1), len(keys.columns))
    return names[where]


def _key(rows: pd.DataFrame, group: Group, preference: Preference) -> np.ndarray:
    """A number for each row, the smaller the better."""
    match preference:
        case "live":
            return rows["deleted"].to_numpy(dtype=np.int64)
        case "source_rank":
            return rows["rank"].to_numpy(dtype=np.int64)
        case "recency":
            return -_instants(rows, group)
        case "completeness":
            return -rows[list(group.fields)].notna().sum(axis=1).to_numpy(dtype=np.int64)
        case "usable":
            return (~_usable(rows, group)).astype(np.int64)


def _instants(rows: pd.DataFrame, group: Group) -> np.ndarray:
    """Microseconds since 1970 of the last word on this group; the oldest possible when there is none."""
    instant = rows["updated_at"]
    if group.name in {"address", "mobile", "landline"}:
        instant = rows["address_updated_at"].fillna(instant)
    numbers = instant.to_numpy(dtype="datetime64[us]").astype(np.int64)
    return np.where(instant.isna().to_numpy(), _NEVER, numbers)


def _usable(rows: pd.DataFrame, group: Group) -> np.ndarray:
    """Whether the group can be used as it is: a whole name, a whole address, a date with its year."""
    match group.name:
        case "identity":
            person = (rows["first_name"].str.len().fillna(0) > 1) & rows["last_name"].notna()
            return ((person & (rows["record_kind"] != "couple")) | rows["company"].notna()).to_numpy(dtype=bool)
        case "address":
            return (rows["street"].notna() & rows["postcode"].notna()).to_numpy(dtype=bool)
        case "birth_date":
            return (rows["birth_date"].str.len() == 10).to_numpy(dtype=bool)
        case _:
            return np.ones(len(rows), dtype=bool)
