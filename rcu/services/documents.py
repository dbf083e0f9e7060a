"""The profile document: one JSON object a customer, written once and handed out as stored.

Its bytes are a function of the records, events and consents of the customer, the scores of all and the household it
belongs to; nothing in it depends on when it was written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import pandas as pd

_CONTACTS: Final = (("email", "email", "email_key"), ("mobile", "phone", "mobile"), ("landline", "phone", "landline"))
_ADDRESS: Final = (
    "address_complement", "building", "street", "place", "postcode", "city", "cedex", "commune_insee", "country",
)  # fmt: skip
_GOLDEN: Final = (
    "record_kind", "civility", "gender", "first_name", "last_name", "birth_name", "company", "birth_date",
    "email", "mobile",
    "landline", "loyalty_number",
)  # fmt: skip
_OF_RECORD: Final = (
    "store", "record_kind", "civility", "first_name", "last_name", "birth_name", "company", "birth_date", "email",
    "mobile",
    "landline", "loyalty_number",
)  # fmt: skip
_BEST_FIRST: Final = ("valid", "repaired", "suspect", "junk", "missing")
_NO_ORDERS: Final[Mapping[str, Any]] = {"orders": [], "last_email_click_at": None}


@dataclass(frozen=True, slots=True)
class Household:
    """People at one address with one surname: its id is that of its oldest member."""

    household_id: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the documents of some clusters are made of, by cluster_id."""

    customer_ids: Mapping[int, str]
    golden: Mapping[int, Mapping[str, Any]]
    provenance: Mapping[int, Mapping[str, Any]]
    records: Mapping[int, Sequence[Mapping[str, Any]]]
    consents: Mapping[int, Sequence[Mapping[str, Any]]]
    aggregates: Mapping[int, Mapping[str, Any]]
    scores: Mapping[int, Mapping[str, Any]]
    households: Mapping[int, Household]


def rows_by_cluster(frame: pd.DataFrame, columns: Sequence[str]) -> dict[int, list[dict[str, Any]]]:
    """The rows of a frame as dictionaries without missing values, by its column cluster_id, in the frame's order."""
    values = [_plain(frame[name]) for name in columns]
    found: dict[int, list[dict[str, Any]]] = {}
    for cluster, *row in zip(frame["cluster_id"].tolist(), *values, strict=True):
        found.setdefault(cluster, []).append(
            {name: value for name, value in zip(columns, row, strict=True) if value is not None}
        )
    return found


def _plain(column: pd.Series) -> list[Any]:
    """A column as Python values, None for missing, instants as text."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        text = column.dt.strftime("%Y-%m-%dT%H:%M:%SZ").astype(object)
        return text.where(column.notna(), None).tolist()
    return column.astype(object).where(column.notna(), None).tolist()


def document(parts: Parts, cluster: int) -> bytes:
    """The profile document of one customer."""
    golden = parts.golden[cluster]
    household = parts.households.get(cluster)
    records = parts.records[cluster]
    return orjson.dumps(
        {
            "customer_id": parts.customer_ids[cluster],
            "golden": _fields(golden, _GOLDEN) | {"address": _fields(golden, _ADDRESS) or None},
            "provenance": parts.provenance[cluster],
            "contact_points": _contact_points(golden, records, parts.consents.get(cluster, [])),
            "aggregates": parts.aggregates.get(cluster, _NO_ORDERS),
            "scores": parts.scores[cluster],
            "household": None
            if household is None
            else {"household_id": household.household_id, "members": household.members},
            "records": [_record(row) for row in sorted(records, key=lambda row: (row["source"], row["native_id"]))],
        }
    )


def digest(content: bytes) -> str:
    """The strong ETag of a document: the same for the same bytes, and for nothing else."""
    return hashlib.blake2b(content, digest_size=12).hexdigest()


def _fields(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names if row.get(name) is not None}


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"source": row["source"], "native_id": row["native_id"], "record_id": row["birth_id"]}
    told |= _fields(row, _OF_RECORD)
    address = _fields(row, _ADDRESS)
    if address:
        told["address"] = address
    told |= {name: True for name in ("is_guest", "deleted") if row.get(name)}
    return told | _fields(row, ("created_at", "updated_at"))


def _contact_points(
    golden: Mapping[str, Any], records: Sequence[Mapping[str, Any]], consents: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Every mailbox and number of the customer, the golden one of each kind first, with what is permitted there."""
    points: list[dict[str, Any]] = []
    for column, kind, key in _CONTACTS:
        found: dict[str, dict[str, Any]] = {}
        for row in records:
            if row.get(column) is None or row.get(key) is None:
                continue
            point = found.setdefault(row[key], {"kind": column, "value": row[column], "records": []})
            point["records"].append(f"{row['source']}:{row['native_id']}")
            point["value"] = min(point["value"], row[column])
        best = golden.get(key)
        for value in sorted(found, key=lambda value: (value != best, value)):
            point = found[value]
            point["records"].sort()
            point["quality"] = min(
                (row.get(f"{column}_quality", "missing") for row in records if row.get(key) == value),
                key=_BEST_FIRST.index,
            )
            point["consents"] = [
                _consent(entry)
                for entry in consents
                if entry["contact_kind"] == kind and entry.get("contact_key") == value
            ]
            points.append(point)
    return points


def _consent(entry: Mapping[str, Any]) -> dict[str, Any]:
    told = _fields(entry, ("channel", "purpose", "state", "basis", "evidence", "occurred_at"))
    return told | {"record": f"{entry['source']}:{entry['native_id']}"}
