"""Projection: clusters of records to golden records, aggregates, scores and profile documents."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from rcu.golden.record import GoldenRecords, golden_records
from rcu.insight.aggregates import aggregate_documents, aggregate_table
from rcu.insight.scores import data_quality, freshness, rfm
from rcu.privacy.consent import effective_consents
from rcu.services.documents import Household, Parts, rows_by_cluster
from rcu.store import profiles as rows
from rcu.store.engine import Store

_RECORD_COLUMNS: Final = (
    "birth_id", "source", "native_id", "store", "is_guest", "deleted", "created_at", "updated_at", "record_kind",
    "civility",
    "first_name", "last_name", "birth_name", "company", "birth_date", "loyalty_number", "email", "email_key", "mobile",
    "landline", "address_complement", "building", "street", "place", "postcode", "city", "cedex", "commune_insee",
    "country", "email_quality", "mobile_quality", "landline_quality",
)  # fmt: skip
_CONSENT_COLUMNS: Final = (
    "source", "native_id", "contact_kind", "contact_key", "channel", "purpose", "state", "basis", "evidence",
    "occurred_at",
)  # fmt: skip
_SEEN_KINDS: Final = ("order", "return", "email_click")


@dataclass(frozen=True, slots=True)
class Projection:
    """What can be said of some clusters by themselves, before they are seen among all the others.

    `members`, `consents`: rows by cluster. `table`: rows of the table `aggregates`. `summary`: one row a cluster
    (index cluster_id): customer_id, household_key, last_seen_at.
    """

    members: pd.DataFrame
    golden: GoldenRecords
    consents: pd.DataFrame
    table: pd.DataFrame
    cells: pd.DataFrame
    summary: pd.DataFrame


def project(store: Store, memberships: pd.DataFrame) -> Projection:
    """Read the records, consents and events of the given memberships (record_id, cluster_id) and work them out."""
    with store.staged(pa.Table.from_pandas(memberships, preserve_index=False)) as staged:
        members = rows.members(store, staged).to_pandas()
        entries = rows.consent_entries(store, staged).to_pandas()
        cells = rows.event_cells(store, staged).to_pandas()
    golden = golden_records(members)
    return Projection(
        members=members,
        golden=golden,
        consents=effective_consents(entries),
        table=aggregate_table(cells),
        cells=cells,
        summary=_summary(members, golden, cells),
    )


def _summary(members: pd.DataFrame, golden: GoldenRecords, cells: pd.DataFrame) -> pd.DataFrame:
    oldest = members.drop_duplicates("cluster_id").set_index("cluster_id")
    seen = pd.concat(
        [
            members[["cluster_id", "updated_at"]].rename(columns={"updated_at": "at"}),
            cells.loc[cells["kind"].isin(_SEEN_KINDS), ["cluster_id", "last_at"]].rename(columns={"last_at": "at"}),
        ]
    )
    return pd.DataFrame(
        {
            "customer_id": oldest["birth_id"],
            "household_key": household_keys(golden.fields),
            "last_seen_at": seen.groupby("cluster_id")["at"].max(),
        }
    )


def household_keys(fields: pd.DataFrame) -> pd.Series:
    """A digest of surname and address, None where either is not known: people who share it are one household."""
    parts = fields[["last_name_key", "postcode", "street_key", "street_number", "street_suffix"]]
    known = parts[["last_name_key", "postcode", "street_key"]].notna().all(axis=1)
    text = parts.fillna("").agg("|".join, axis=1) if len(parts) else pd.Series(dtype=object)
    keys = [
        hashlib.blake2b(value.encode(), digest_size=12).hexdigest() if here else None
        for value, here in zip(text, known, strict=True)
    ]
    return pd.Series(keys, index=fields.index, dtype=object)


def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate, leaving out empty frames, whose column types say nothing."""
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled) if filled else frames[0]


def by_cluster(column: pd.Series) -> dict[int, str]:
    """A column of text as a dictionary by cluster_id."""
    return dict(zip(column.index.tolist(), column.tolist(), strict=True))


def population_rfm(table: pd.DataFrame) -> pd.DataFrame:
    """RFM of all buyers in the currency most of them buy in; empty without orders."""
    if table.empty:
        return pd.DataFrame({"cluster_id": [], "name": [], "value": [], "reason": []})
    counts = table["currency"].value_counts()
    main = min(counts.index[counts == counts.max()])
    return rfm(table.loc[table["currency"] == main])


def households(summary: pd.DataFrame) -> dict[int, Household]:
    """The households of two members and more, by cluster_id, from the keys of all customers (index cluster_id)."""
    keyed = summary.loc[summary["household_key"].notna(), ["household_key", "customer_id"]].sort_index()
    shared = keyed.loc[keyed.duplicated("household_key", keep=False)]
    found: dict[int, Household] = {}
    for _, group in shared.groupby("household_key", sort=False):
        ids = tuple(group["customer_id"])
        household = Household(ids[0], ids)
        found.update(dict.fromkeys(group.index.tolist(), household))
    return found


def quality(projection: Projection, as_of: pd.Timestamp) -> pd.DataFrame:
    """The data-quality score of each projected customer, see `insight.scores.data_quality`."""
    fields = projection.golden.fields
    has = {
        "name": (fields["first_name"].notna() & fields["last_name"].notna()) | fields["company"].notna(),
        "email": fields["email"].notna(),
        "mobile": fields["mobile"].notna(),
        "address": fields["street"].notna() & fields["postcode"].notna(),
        "birth_date": fields["birth_date"].notna(),
    }
    good = {name: fields[f"{name}_quality"].isin(["valid", "repaired"]) for name in has}
    fresh = freshness(projection.summary["last_seen_at"].reindex(fields.index), as_of)
    return data_quality(pd.DataFrame(has), pd.DataFrame(good), fresh)


def score_rows(found: pd.DataFrame, quality_: pd.DataFrame) -> pd.DataFrame:
    """Rows of the table `scores` for the projected customers: RFM, and data quality."""
    mine = found.loc[found["cluster_id"].isin(quality_.index)]
    own = pd.DataFrame(
        {
            "cluster_id": quality_.index,
            "name": "data_quality",
            "value": quality_["value"].to_numpy(dtype=float),
            "reason": quality_["reason"].to_numpy(),
        }
    )
    return pd.concat([mine, own]).astype({"cluster_id": np.int64, "value": float})


def parts(
    projection: Projection, found: pd.DataFrame, quality_: pd.DataFrame, shared: Mapping[int, Household]
) -> Parts:
    """Everything the documents of the projected customers are made of."""
    fields = projection.golden.fields.reset_index()
    golden = rows_by_cluster(fields, [name for name in fields.columns if name != "cluster_id"])
    documents = aggregate_documents(projection.cells)
    return Parts(
        customer_ids=by_cluster(projection.summary["customer_id"]),
        golden={cluster: row[0] for cluster, row in golden.items()},
        provenance=projection.golden.provenance,
        records=rows_by_cluster(projection.members, _RECORD_COLUMNS),
        consents=rows_by_cluster(projection.consents, _CONSENT_COLUMNS) if len(projection.consents) else {},
        aggregates=documents,
        scores=_score_documents(found, quality_),
        households=shared,
    )


def _score_documents(found: pd.DataFrame, quality_: pd.DataFrame) -> dict[int, dict[str, Any]]:
    documents: dict[int, dict[str, Any]] = {
        cluster: {"rfm": None, "data_quality": row}
        for cluster, row in zip(quality_.index.tolist(), quality_.to_dict("records"), strict=True)
    }
    mine = found.loc[found["cluster_id"].isin(quality_.index)]
    for cluster, name, value, reason in zip(
        mine["cluster_id"].tolist(), mine["name"].tolist(), mine["value"].tolist(), mine["reason"].tolist(), strict=True
    ):
        scores = documents[cluster]
        scores["rfm"] = scores["rfm"] or {}
        scores["rfm"][name.removeprefix("rfm_")] = {"value": int(value), "reason": reason}
    return documents
