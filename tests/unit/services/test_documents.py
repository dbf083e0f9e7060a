"""The bytes of a profile are a function of what it is made of, and show what there is and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.domain.households import Household
from rcu.domain.records import STANDARD_COLUMNS
from rcu.insight.scores import ScoreBasis
from rcu.services.documents import digest
from rcu.services.projection import Material, project_one, written

OLD, NEW = datetime(2023, 5, 1, 8, tzinfo=UTC), datetime(2025, 5, 1, 8, tzinfo=UTC)
ANNE = "anne@x.fr"
Rows = Sequence[Mapping[str, Any]]

RECORDS: Rows = [
    {"record_id": 1, "source": "shop", "native_id": "7", "rank": 10, "updated_at": NEW, "first_name": "Anne",
     "last_name": "Martin", "name_quality": "valid", "email": "Anne@x.fr", "email_key": ANNE,
     "email_quality": "repaired"},
    {"record_id": 2, "source": "till", "native_id": "C1", "rank": 20, "updated_at": OLD, "first_name": "ANNE",
     "last_name": "Martin", "store": "M1", "email": "anne@x.fr", "email_key": ANNE, "email_quality": "valid",
     "mobile": "+33612345678", "mobile_quality": "valid", "street": "12 rue des Lilas", "postcode": "35000",
     "city": "Rennes"},
    {"record_id": 3, "source": "till", "native_id": "C2", "rank": 20, "updated_at": None, "deleted": True,
     "last_name": "Martin", "email": "a.martin@y.fr", "email_key": "a.martin@y.fr", "email_quality": "suspect"},
]  # fmt: skip
CONSENTS: Rows = [
    {
        "source": "till",
        "native_id": "C1",
        "contact_key": ANNE,
        "channel": "email",
        "state": "denied",
        "occurred_at": OLD,
    },
    {
        "source": "shop",
        "native_id": "7",
        "contact_key": ANNE,
        "channel": "email",
        "state": "granted",
        "occurred_at": NEW,
    },
    {
        "source": "shop",
        "native_id": "7",
        "contact_key": ANNE,
        "channel": "sms",
        "state": "granted",
        "occurred_at": None,
    },
    {
        "source": "till",
        "native_id": "C1",
        "contact_key": "+33612345678",
        "contact_kind": "phone",
        "channel": "sms",
        "state": "granted",
        "occurred_at": NEW,
    },
    {
        "source": "till",
        "native_id": "C2",
        "contact_key": None,
        "channel": "email",
        "state": "denied",
        "occurred_at": OLD,
    },
]
CELLS: Rows = [
    {"kind": "order", "channel": "store", "store": "M1", "currency": "EUR", "count": 2, "amount_minor": 3000},
    {"kind": "order", "channel": "online", "store": None, "currency": "EUR", "count": 1, "amount_minor": 999},
    {"kind": "return", "channel": "store", "store": "M1", "currency": "EUR", "count": 1, "amount_minor": -500},
    {"kind": "email_click", "channel": "email", "store": None, "currency": None, "count": 4, "amount_minor": 0},
]
HOUSEHOLD = Household("id 1", ("id 1", "id 2"))


BASIS = ScoreBasis(as_of=NEW, currency="EUR", recency=(0.0,) * 4, frequency=(1.0, 2.0, 3.0, 4.0), monetary=(1e9,) * 4)

RECORD = dict.fromkeys((*STANDARD_COLUMNS, "store", "address_updated_at")) | {
    "is_guest": False, "deleted": False, "created_at": OLD,
}  # fmt: skip
CONSENT = {"contact_kind": "email", "purpose": "marketing", "basis": None, "evidence": None}
CELL = {"first_at": OLD, "last_at": NEW}


def material(records: Rows = RECORDS, consents: Rows = CONSENTS, cells: Rows = CELLS) -> Material:
    """What a customer is made of, as the store gives it."""
    return Material(
        [RECORD | {"birth_id": f"birth {row['source']}:{row['native_id']}"} | row for row in records],
        [CONSENT | row for row in consents],
        [CELL | row for row in cells],
    )


def profile(
    records: Rows = RECORDS, consents: Rows = CONSENTS, cells: Rows = CELLS, household: Household | None = HOUSEHOLD
) -> bytes:
    """The document of a customer made of these."""
    return written(project_one(1, material(records, consents, cells)), BASIS, household).profile


def told(**parts: Any) -> dict[str, Any]:
    return orjson.loads(profile(**parts))


@settings(max_examples=30, deadline=None)
@given(st.permutations(RECORDS), st.permutations(CONSENTS), st.permutations(CELLS))
def test_the_bytes_are_the_same_in_any_order_of_records_consents_and_sums(
    records: Rows, consents: Rows, cells: Rows
) -> None:
    assert profile(records, consents, cells) == profile()


def test_the_document_is_one_json_object_in_one_order() -> None:
    assert list(told()) == [
        "customer_id", "golden", "provenance", "contact_points", "aggregates", "scores", "household", "records",
    ]  # fmt: skip
    assert orjson.dumps(told()) == profile()


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({"records": [dict(RECORDS[0]) | {"first_name": "Ann"}, *RECORDS[1:]]}, id="a name"),
        pytest.param({"records": RECORDS[:2]}, id="a record less"),
        pytest.param({"consents": CONSENTS[:1]}, id="a consent"),
        pytest.param({"cells": [dict(CELLS[0]) | {"amount_minor": 3001}, *CELLS[1:]]}, id="a cent"),
        pytest.param({"household": Household("id 1", ("id 1", "id 2", "id 3"))}, id="somebody of the household"),
    ],
)
def test_whatever_changes_shows_in_the_digest(parts: dict[str, Any]) -> None:
    assert digest(profile(**parts)) != digest(profile())


def test_the_digest_is_a_function_of_the_bytes() -> None:
    assert digest(b"x") == digest(bytes(bytearray(b"x")))
    assert digest(b"x") != digest(b"X")


def test_what_nobody_knows_is_absent() -> None:
    golden = told()["golden"]
    assert golden == {
        "first_name": "Anne", "last_name": "Martin", "email": "Anne@x.fr", "mobile": "+33612345678",
        "address": {"street": "12 rue des Lilas", "postcode": "35000", "city": "Rennes"},
    }  # fmt: skip


def test_records_come_by_key_and_say_what_is_odd_about_them() -> None:
    records = told()["records"]
    assert [(one["source"], one["native_id"], one["record_id"]) for one in records] == [
        ("shop", "7", "birth shop:7"), ("till", "C1", "birth till:C1"), ("till", "C2", "birth till:C2"),
    ]  # fmt: skip
    assert [one.get("deleted") for one in records] == [None, None, True]
    assert records[0]["updated_at"] == "2025-05-01T08:00:00Z"
    assert "updated_at" not in records[2]


def test_contact_points_are_told_once_with_their_best_quality_and_all_their_records() -> None:
    points = told()["contact_points"]
    assert [(one["kind"], one["value"], one["quality"], one["records"]) for one in points] == [
        ("email", "Anne@x.fr", "valid", ["shop:7", "till:C1"]),
        ("email", "a.martin@y.fr", "suspect", ["till:C2"]),
        ("mobile", "+33612345678", "valid", ["till:C1"]),
    ]


def test_the_golden_mailbox_comes_first() -> None:
    newer = dict(RECORDS[2]) | {"updated_at": datetime(2025, 12, 1, tzinfo=UTC), "deleted": False}
    assert told()["contact_points"][0]["value"] == "Anne@x.fr"
    assert told(records=[*RECORDS[:2], newer])["contact_points"][0]["value"] == "a.martin@y.fr"


def test_each_contact_point_has_the_consents_given_for_it_and_no_other() -> None:
    consents = {
        one["value"]: [(c["channel"], c["state"], c["record"]) for c in one["consents"]]
        for one in told()["contact_points"]
    }
    assert consents == {
        "Anne@x.fr": [("email", "granted", "shop:7"), ("sms", "granted", "shop:7")],
        "a.martin@y.fr": [],
        "+33612345678": [("sms", "granted", "till:C1")],
    }


def test_money_is_text_and_what_there_is_none_of_is_null() -> None:
    orders = told()["aggregates"]["orders"][0]
    assert (orders["net_revenue"], orders["average_basket"]) == ("34.99", "13.33")
    nothing = told(cells=[], household=None)
    assert nothing["aggregates"] == {"orders": [], "last_email_click_at": None}
    assert nothing["scores"]["rfm"] is None
    assert nothing["household"] is None


def test_instants_are_told_in_utc_to_the_second() -> None:
    last = NEW.replace(microsecond=999_999)
    found = told(cells=[dict(CELLS[0]) | {"last_at": last}, dict(CELLS[3]) | {"last_at": last}])["aggregates"]
    assert found["last_email_click_at"] == found["orders"][0]["last_order_at"] == "2025-05-01T08:00:00Z"


def test_a_customer_who_only_returned_is_not_scored_as_a_buyer() -> None:
    assert told(cells=CELLS[2:3])["scores"]["rfm"] is None
