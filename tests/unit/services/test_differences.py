"""What differs between two documents, as a table."""

from __future__ import annotations

from typing import Any

import pytest

from rcu.services.differences import Difference, differences, members


def document(**parts: Any) -> dict[str, Any]:
    """A document of which only some parts are spoken of."""
    return {"customer_id": "A", **parts}


def records(**said: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"source": "till", "native_id": name, "record_id": name, **fields} for name, fields in said.items()]


def point(value: str, *consents: dict[str, str]) -> dict[str, Any]:
    return {"kind": "email", "value": value, "quality": "valid", "records": ["till:A"], "consents": list(consents)}


NEWS = {"channel": "email", "purpose": "news"}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param(
            {"golden": {"first_name": "PAULE", "address": None}},
            {"golden": {"first_name": "PAUL", "address": None}},
            [Difference("identity", "first_name", None, "PAULE", "PAUL")],
            id="a golden field, in its group",
        ),
        pytest.param(
            {"golden": {"address": {"city": "PARIS"}}},
            {"golden": {"address": None}},
            [Difference("address", "city", None, "PARIS", None)],
            id="an address that went",
        ),
        pytest.param(
            {"provenance": {"email": {"record": "till:A", "beat": []}}},
            {"provenance": {"email": {"record": "shop:1", "beat": [{"record": "till:A"}]}}},
            [Difference("email", "given_by", None, "till:A", "shop:1")],
            id="the same value from another record",
        ),
        pytest.param(
            {"contact_points": [point("a@x.fr")]},
            {"contact_points": [point("b@x.fr")]},
            [
                Difference("contact_points", "email", "b@x.fr", None, "valid"),
                Difference("contact_points", "email", "a@x.fr", "valid", None),
            ],
            id="a mailbox for another",
        ),
        pytest.param(
            {"contact_points": [point("a@x.fr", {**NEWS, "state": "granted"})]},
            {"contact_points": [point("a@x.fr", {**NEWS, "state": "denied"})]},
            [Difference("consents", "email news", "a@x.fr", "granted", "denied")],
            id="a consent",
        ),
        pytest.param(
            {"aggregates": {"orders": [{"currency": "EUR", "orders": 1, "by_store": {}}], "last_email_click_at": None}},
            {"aggregates": {"orders": [{"currency": "EUR", "orders": 2, "by_store": {"M1": 1}}]}},
            [Difference("orders", "orders", "EUR", 1, 2)],
            id="orders",
        ),
        pytest.param(
            {"scores": {"rfm": None, "data_quality": {"value": 80, "reason": "old"}}},
            {"scores": {"rfm": {"recency": {"value": 5, "reason": "new"}}, "data_quality": {"value": 80}}},
            [Difference("scores", "recency", None, None, 5)],
            id="a score",
        ),
        pytest.param(
            {"household": None},
            {"household": {"household_id": "A", "members": ["A", "B"]}},
            [
                Difference("household", "household_id", None, None, "A"),
                Difference("household", "members", None, None, ["A", "B"]),
            ],
            id="a household",
        ),
        pytest.param(
            {"records": records(A={"mobile": "1", "address": {"city": "PARIS"}}, B={"mobile": "2"})},
            {"records": records(A={"mobile": "1", "address": {"city": "LYON"}}, C={"mobile": "3"})},
            [Difference("records", "city", "till:A", "PARIS", "LYON")],
            id="what a record says that stays; who came and left is told apart",
        ),
        pytest.param({"scores": {"rfm": None}}, {"scores": {"rfm": None}}, [], id="nothing"),
        pytest.param({}, {}, [], id="nothing that may be seen"),
    ],
)
def test_fields_that_differ_are_told_by_group_and_name(
    before: dict[str, Any], after: dict[str, Any], told: list[Difference]
) -> None:
    assert list(differences(document(**before), document(**after))) == told


def test_members_are_the_keys_of_records() -> None:
    assert members(document(records=records(A={}, B={}))) == ("till:A", "till:B")
    assert members(document()) == ()
