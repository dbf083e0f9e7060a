"""The profile document: one JSON object a customer, written once and handed out as stored.

Its bytes are a function of the records, events and consents of the customer, the scores of all and the household it
belongs to; nothing in it depends on when it was written. What can be said of a customer by itself is serialised first
(`Fragments`); scores and household, which need all customers, are put between later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from rcu.domain.households import EXPLAINED, GROUPS_OF_REASON, Household

Row: TypeAlias = Mapping[str, Any]

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
_OF_CONSENT: Final = ("channel", "purpose", "state", "basis", "evidence", "occurred_at")
_PERMITTING: Final = ("channel", "purpose", "state", "basis")
_INSTANTS: Final = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS
"""Instants are shown as ISO 8601 in UTC, to the second."""

_BEST_FIRST: Final = ("valid", "repaired", "suspect", "junk", "missing")

RECORD_COLUMNS: Final = (
    "birth_id", "source", "native_id", "is_guest", "created_at", "updated_at", *_OF_RECORD, *_ADDRESS,
    "email_key", "email_quality", "mobile_quality", "landline_quality",
)  # fmt: skip
"""What a document needs of each record, beside whether it was deleted."""


@dataclass(frozen=True, slots=True)
class Fragments:
    """A document's JSON but for what stands between: up to the aggregates, and from the records on.

    `consents` is the digest of what it permits, see `permitted`.
    """

    before: bytes
    after: bytes
    consents: str


def fragments(
    customer_id: str,
    golden: Row,
    provenance: Row,
    *,
    records: Sequence[Row],
    consents: Sequence[Row],
    aggregates: Row,
) -> Fragments:
    """Serialise what can be said of one customer by itself.

    Args:
        customer_id: its id.
        golden: the columns of its golden record, None where nothing is known.
        provenance: see `golden.record`.
        records: its records: RECORD_COLUMNS and `deleted`; in any order.
        consents: those in force, in their order.
        aggregates: see `insight.aggregates`.
    """
    ordered = sorted(records, key=lambda row: (row["source"], row["native_id"]))
    points = _contact_points(golden, ordered, consents)
    before = orjson.dumps(
        {
            "customer_id": customer_id,
            "golden": _fields(golden, _GOLDEN) | {"address": _fields(golden, _ADDRESS) or None},
            "provenance": provenance,
            "contact_points": points,
            "aggregates": aggregates,
        },
        option=_INSTANTS,
    )
    after = orjson.dumps({"records": [_record(row) for row in ordered]}, option=_INSTANTS)
    # Cutting the braces also makes copies: what orjson gives keeps hold of several times its length.
    return Fragments(before[:-1], after[1:], permitted(points))


def permitted(points: Sequence[Row]) -> str:
    """A digest of what a document says may be done: by contact point, channel and purpose; empty where nothing is said.

    The same permission with another proof, of another day or from another record, is the same. The migration that
    brought the digests works them out in the same way.
    """
    said = [
        (point["kind"], point["value"], *(entry.get(name) for name in _PERMITTING))
        for point in points
        for entry in point["consents"]
    ]
    return digest(orjson.dumps(said)) if said else ""


def document(parts: Fragments, scores: Mapping[str, Any], household: Household | None) -> bytes:
    """The profile document of one customer."""
    told = None
    if household is not None:
        told = {
            "household_id": household.household_id,
            "members": household.members,
            "reason": {
                "code": household.reason,
                "says": EXPLAINED[household.reason],
                "groups": GROUPS_OF_REASON[household.reason],
            },
        }
    among_all = orjson.dumps({"scores": scores, "household": told})
    return b",".join((parts.before, among_all[1:-1], parts.after))


def digest(content: bytes) -> str:
    """The strong ETag of a document: the same for the same bytes, and for nothing else."""
    return hashlib.blake2b(content, digest_size=12).hexdigest()


def _fields(row: Row, names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name in names if (value := row[name]) is not None}


def _key(row: Row) -> str:
    return f"{row['source']}:{row['native_id']}"


def _record(row: Row) -> dict[str, Any]:
    told: dict[str, Any] = {"source": row["source"], "native_id": row["native_id"], "record_id": row["birth_id"]}
    told |= _fields(row, _OF_RECORD)
    address = _fields(row, _ADDRESS)
    if address:
        told["address"] = address
    for name in ("is_guest", "deleted"):
        if row[name]:
            told[name] = True
    return told | _fields(row, ("created_at", "updated_at"))


def _contact_points(golden: Row, records: Sequence[Row], consents: Sequence[Row]) -> list[dict[str, Any]]:
    """Every mailbox and number of the customer, the golden one of each kind first, with what is permitted there."""
    points: list[dict[str, Any]] = []
    for column, kind, key in _CONTACTS:
        found: dict[str, list[Row]] = {}
        for row in records:
            value = row[key]
            if value is not None and row[column] is not None:
                found.setdefault(value, []).append(row)
        best = golden[key]
        if best is not None:
            found.setdefault(best, [])
        for value in sorted(found, key=lambda value: (value != best, value)):
            point = _contact_point(column, found[value] or [golden], found[value])
            point["consents"] = [
                _consent(entry) for entry in consents if entry["contact_key"] == value and entry["contact_kind"] == kind
            ]
            points.append(point)
    return points


def _contact_point(column: str, said: Sequence[Row], carriers: Sequence[Row]) -> dict[str, Any]:
    """A mailbox or number as it is said to be; by the golden record alone where a steward set it."""
    qualities = (row[f"{column}_quality"] or "missing" for row in said)
    return {
        "kind": column,
        "value": min(row[column] for row in said),
        "records": sorted(_key(row) for row in carriers),
        "quality": min(qualities, key=_BEST_FIRST.index),
    }


def _consent(entry: Row) -> dict[str, Any]:
    return _fields(entry, _OF_CONSENT) | {"record": _key(entry)}
