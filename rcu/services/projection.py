"""Projection of one customer: its records, consents and events to a golden record, aggregates, scores and a document.

In two steps, since scores and households need all customers: `project_one` says what can be said of a customer by
itself, `written` sets it among the others. Runs (`services.projecting`) and real time use the same two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rcu.domain.households import Household
from rcu.domain.overrides import Override, latest
from rcu.golden.record import GOLDEN_COLUMNS, golden_record
from rcu.insight.aggregates import CLICK, ORDER, RETURN, Total, aggregate
from rcu.insight.scores import Details, ScoreBasis, data_quality, details, freshness, rfm
from rcu.privacy.consent import effective_consents
from rcu.services.documents import RECORD_COLUMNS, Fragments, Row, digest, document, fragments
from rcu.store import overrides
from rcu.store import profiles as rows
from rcu.store.engine import Transaction
from rcu.store.later import Later
from rcu.store.runs import LastRun

MEMBER_COLUMNS: Final = tuple(dict.fromkeys((*RECORD_COLUMNS, *GOLDEN_COLUMNS)))
"""Columns of the records that are read, beside those the store always gives."""

EVENT_KINDS: Final = (ORDER, RETURN, CLICK)
"""The kinds of events that are read: what a customer did, not what was sent to it."""


@dataclass(frozen=True, slots=True)
class Material:
    """Everything one customer is made of: rows as the store gives them, None where nothing is known.

    Attributes:
        members: its records, see `store.profiles.members_of`.
        consents: what was said of its contact points, see `store.profiles.consents_of`.
        cells: sums of its events that count, see `store.profiles.cells_of`.
    """

    members: list[Row]
    consents: list[Row]
    cells: list[Row]


def materials(connection: Transaction, memberships: Mapping[int, int]) -> Later[dict[int, Material]]:
    """Read what some customers are made of, in at most three statements; rows written in this transaction are seen.

    Args:
        connection: the transaction.
        memberships: record_id to cluster_id of every record of these customers.

    Returns:
        By cluster_id; members oldest record first.
    """
    asked = rows.members_of(connection, sorted(memberships), MEMBER_COLUMNS)

    def told() -> dict[int, Material]:
        found = {cluster: Material([], [], []) for cluster in memberships.values()}
        members = asked.told()
        heard = [row["record_id"] for row in members if row["has_consents"]]
        active = [row["record_id"] for row in members if row["has_events"] and not row["silent"]]
        consents, cells = rows.consents_of(connection, heard), rows.cells_of(connection, active, EVENT_KINDS)
        for row in members:
            found[memberships[row["record_id"]]].members.append(row)
        for row in consents.told():
            found[memberships[row["record_id"]]].consents.append(row)
        for row in cells.told():
            found[memberships[row["record_id"]]].cells.append(row)
        return found

    return Later(told)


@dataclass(frozen=True, slots=True)
class Projected:
    """What can be said of one customer by itself.

    Attributes:
        cluster_id: its number.
        customer_id: the birth id of its oldest record.
        household_key: people who share it are one household, see `household_key`.
        last_seen_at: the last update of a record, order, return or click.
        totals: what it bought and returned, by currency.
        details: what its golden record has to show.
        parts: its document without scores and household.
    """

    cluster_id: int
    customer_id: str
    household_key: str | None
    last_seen_at: datetime | None
    totals: tuple[Total, ...]
    details: Details
    parts: Fragments

    @property
    def sums(self) -> list[Row]:
        """Rows of the table `aggregates`."""
        return [
            {
                "cluster_id": self.cluster_id,
                "currency": total.currency,
                "orders": total.orders,
                "returns": total.returns,
                "net_revenue_minor": total.net_revenue_minor,
                "first_order_at": total.first_order_at,
                "last_order_at": total.last_order_at,
            }
            for total in self.totals
        ]


def project_one(cluster_id: int, material: Material) -> Projected:
    """Work out what can be said of one customer by itself; the order of the rows is of no consequence."""
    golden = golden_record(material.members, overrides_of(material.members))
    aggregates = aggregate(material.cells)
    customer_id: str = min(material.members, key=_record_id)["birth_id"]
    return Projected(
        cluster_id=cluster_id,
        customer_id=customer_id,
        household_key=household_key(golden.fields),
        last_seen_at=_last_seen(material),
        totals=aggregates.totals,
        details=details(golden.fields),
        parts=fragments(
            customer_id,
            golden.fields,
            golden.provenance,
            records=material.members,
            consents=effective_consents(material.consents),
            aggregates=aggregates.document,
        ),
    )


def overrides_of(members: Iterable[Row]) -> dict[str, Override]:
    """What people set for a customer with these records, by group of fields."""
    return latest([overrides.read(told) for row in members if (told := row.get("overrides")) is not None])


def _record_id(row: Row) -> int:
    return row["record_id"]


def _last_seen(material: Material) -> datetime | None:
    updates = [row["updated_at"] for row in material.members]
    events = [row["last_at"] for row in material.cells if row["kind"] in EVENT_KINDS]
    return max((at for at in (*updates, *events) if at is not None), default=None)


def household_key(golden: Row) -> str | None:
    """A digest of surname and address, None where either is not known: people who share it are one household."""
    known = (golden["last_name_key"], golden["postcode"], golden["street_key"])
    if None in known:
        return None
    text = "|".join((*known, golden["street_number"] or "", golden["street_suffix"] or ""))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class Written:
    """A customer as it is stored: the document, its digest, that of its consents, and rows of the table `scores`."""

    profile: bytes
    digest: str
    consents: str
    scores: list[Row]


def written(projected: Projected, basis: ScoreBasis, household: Household | None) -> Written:
    """Set a customer among the others: score it against a basis, name its household, and write the document."""
    quality = data_quality(projected.details, freshness(projected.last_seen_at, basis.as_of))
    bought = next((total for total in projected.totals if total.currency == basis.currency), None)
    scored = rfm(bought, basis) if bought else []
    told = {name.removeprefix("rfm_"): {"value": value, "reason": reason} for name, value, reason in scored}
    profile = document(projected.parts, {"rfm": told or None, "data_quality": quality}, household)
    named = [*scored, ("data_quality", quality["value"], quality["reason"])]
    return Written(
        profile, digest(profile), projected.parts.consents, [_score(projected.cluster_id, *one) for one in named]
    )


def _score(cluster_id: int, name: str, value: int, reason: str) -> Row:
    return {"cluster_id": cluster_id, "name": name, "value": float(value), "reason": reason}


def standing_basis(last: LastRun | None) -> ScoreBasis | None:
    """What the stored scores are measured against.

    Args:
        last: the last run, None before the first: whoever stands there was measured against nothing.

    Returns:
        None where the last run did not keep its basis, as those of earlier versions did not.
    """
    if last is None:
        return ScoreBasis()
    return None if last.score_basis is None else ScoreBasis.from_json(last.score_basis)
