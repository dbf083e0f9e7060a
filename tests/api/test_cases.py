"""The review queue over HTTP: listed, taken, put off, decided; only by keys that may."""

from __future__ import annotations

import pytest

from rcu.services.cursors import write_cursor
from tests.api.conftest import Api

NAME = {"last_name": "MOREAUX", "first_name": "PAULETTE"}
ACTIONS = {
    "assign": {"assigned_to": "paul"},
    "due": {"at": "2030-01-01T00:00:00Z"},
    "defer": {"at": "2999-01-01T00:00:00Z"},
    "resume": {"reason": "she is here"},
    "comment": {"text": "she moved"},
    "close": {"reason": "two cousins"},
    "decide": {"kind": "merge", "reason": "she showed both cards"},
}


@pytest.fixture
def case_id(api: Api) -> int:
    """A case that a record opened."""
    client = api.client("records")
    whole = {**NAME, "birth_date": "1980-03-12", "address_line": "12 RUE DE LA PAIX", "postcode": "75002"}
    client.put("/v1/records/till/Q1", json=whole)
    (opened,) = client.put("/v1/records/till/Q2", json=NAME).json()["cases"]
    assert opened["kind"] == "possible_match"
    return opened["case_id"]


def test_a_case_goes_through_the_hands_of_a_steward(api: Api, case_id: int) -> None:
    client, at = api.client("steward"), f"/v1/cases/{case_id}"
    (entry,) = client.get("/v1/cases", params={"text": "till:Q2"}).json()["cases"]
    assert (entry["case_id"], entry["version"], entry["allowed"]) == (case_id, 1, ["merge", "not_same"])
    assert "PAULETTE" not in str(entry)
    assert client.post(f"{at}/assign", json={"assigned_to": "paul", "expected": 1}).json()["assigned_to"] == "paul"
    assert client.post(f"{at}/assign", json={"assigned_to": "anne", "expected": 1}).status_code == 409
    assert client.post(f"{at}/due", json={"at": "2030-01-01T00:00:00Z"}).status_code == 200
    assert client.post(f"{at}/comment", json={"text": "she moved", "on_behalf_of": "anne"}).status_code == 200
    assert client.post(f"{at}/resume", json={}).status_code == 409
    assert client.post(f"{at}/defer", json=ACTIONS["defer"] | {"reason": "on holiday"}).json()["state"] == "deferred"
    assert client.get("/v1/cases", params={"text": "till:Q2"}).json()["cases"] == []
    assert client.post(f"{at}/resume", json={"expected": 1}).status_code == 409
    back = client.post(f"{at}/resume", json={}).json()
    assert (back["state"], back["deferred_until"]) == ("open", None)
    assert client.post(f"{at}/decide", json={"kind": "confirm", "reason": "no"}).status_code == 422
    assert client.post(f"{at}/decide", json=ACTIONS["decide"]).status_code == 201
    told = client.get(at).json()
    assert told["case"]["state"] == "closed"
    kinds = ["opened", "assigned", "due", "comment", "deferred", "resumed", "closed", "decided"]
    assert [one["kind"] for one in told["events"]] == kinds


@pytest.mark.parametrize("action", ACTIONS)
def test_only_stewards_act_on_cases_and_only_on_those_there_are(api: Api, action: str) -> None:
    assert api.client("identity").post(f"/v1/cases/1/{action}", json=ACTIONS[action]).status_code == 403
    assert api.client("steward").post("/v1/cases/999999/" + action, json=ACTIONS[action]).status_code == 404


def test_what_is_done_with_a_case_stands_in_the_history_of_its_customers(api: Api, case_id: int) -> None:
    client = api.client("steward", "identity", "history")
    told = {"at": "2999-01-01T00:00:00Z", "reason": "on holiday", "on_behalf_of": "anne"}
    entry = client.post(f"/v1/cases/{case_id}/defer", json=told).json()
    client.post(f"/v1/cases/{case_id}/resume", json={"on_behalf_of": "anne"})
    for name in entry["customers"]:
        (version, *_) = client.get(f"/v1/customers/{name}/history").json()["versions"]
        acts = [(one["case_id"], one["kind"], one["event"], one["detail"]) for one in version["reviewed"]]
        until = "2999-01-01T00:00:00+00:00: on holiday"
        assert acts == [
            (case_id, "possible_match", "deferred", until), (case_id, "possible_match", "resumed", None)
        ]  # fmt: skip
        assert all("anne" in one["actor"] for one in version["reviewed"])
        (seen, *_) = api.client("identity", "history").get(f"/v1/customers/{name}/history").json()["versions"]
        assert seen["reviewed"] == []


def test_a_strange_cursor_is_refused(api: Api) -> None:
    assert api.client("steward").get("/v1/cases", params={"cursor": "x"}).status_code == 400
    assert api.client("identity").get("/v1/cases").status_code == 403


@pytest.mark.parametrize(
    "cursor",
    [
        pytest.param("nonsense", id="not one"),
        pytest.param(write_cursor("c1", 1), id="of customers"),
        pytest.param(write_cursor("q1", 1), id="without a rank"),
        pytest.param(write_cursor("q1", 2**64, 1.0), id="a number no database has"),
        pytest.param(write_cursor("q1", 1, float("inf")), id="a rank that is none"),
    ],
)
def test_a_cursor_that_is_none_of_the_queue_is_refused(api: Api, cursor: str) -> None:
    answer = api.client("steward").get("/v1/cases", params={"cursor": cursor})
    assert answer.status_code == 400
