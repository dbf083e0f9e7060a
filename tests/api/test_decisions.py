"""Decisions over HTTP: taken, refused, listed, undone; only by keys that may."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from rcu.api.app import Options, create_app
from rcu.services.asking import FourEyes
from rcu.store.tables import memberships, records
from tests.api.conftest import Api

REASON = "the same, seen in the shop"


def names(api: Api) -> list[str]:
    """A record of each of the first three customers."""
    statement = select(records.c.source, records.c.native_id).join(
        memberships, memberships.c.cluster_id == records.c.record_id
    )
    with api.store.read() as connection:
        rows = connection.execute(statement.distinct().order_by(records.c.source, records.c.native_id).limit(3))
        return [f"{source}:{native_id}" for source, native_id in rows]


def test_a_decision_is_taken_refused_listed_and_undone(api: Api) -> None:
    client, (one, other, _) = api.client("steward"), names(api)
    merge = {"kind": "merge", "about": [one, other], "reason": REASON, "on_behalf_of": "anne"}
    taken = client.post("/v1/decisions", json=merge)
    assert (taken.status_code, taken.json()) == (
        201,
        {"decision_id": 1, "kind": "merge", "state": "in_force", "superseded": []},
    )
    refused = client.post("/v1/decisions", json={"kind": "not_same", "about": [one, other], "reason": "no"})
    assert (refused.status_code, refused.json()["decisions"]) == (409, [1])
    assert refused.headers["content-type"] == "application/problem+json"
    (told,) = client.get("/v1/decisions", params={"about": one}).json()["decisions"]
    assert (told["state"], told["reason"], told["actor"]) == ("in_force", REASON, "anne (by key test 1)")
    assert sorted(told["records"]) == sorted([one, other])
    assert client.post("/v1/decisions/1/undo", json={"reason": "oh"}).status_code == 201
    assert client.post("/v1/decisions/1/undo", json={"reason": "oh"}).status_code == 409
    assert client.post("/v1/decisions/9/undo", json={"reason": "oh"}).status_code == 404
    assert [one["state"] for one in client.get("/v1/decisions").json()["decisions"]] == ["in_force", "undone"]


def test_decisions_are_listed_page_by_page(api: Api) -> None:
    client, (one, *_) = api.client("steward"), names(api)
    for count in range(5):
        client.post("/v1/decisions", json={"kind": "comment", "about": [one], "reason": f"word {count}"})
    first = client.get("/v1/decisions", params={"limit": 3}).json()
    rest = client.get("/v1/decisions", params={"limit": 3, "before": first["next_before"]}).json()
    assert [one["decision_id"] for one in first["decisions"] + rest["decisions"]] == [5, 4, 3, 2, 1]
    assert rest["next_before"] is None
    for number, state in ((1, "undone"), (6, "in_force")):
        assert client.post(f"/v1/decisions/{number}/undo", json={"reason": "oh"}).status_code == 201
        (first,) = client.get("/v1/decisions", params={"limit": 1, "before": 2}).json()["decisions"]
        assert (first["decision_id"], first["state"]) == (1, state), "what came later counts, on whatever page it is"
    exported = client.get("/v1/decisions:export", params={"about": one}).text.splitlines()
    assert len(exported) == 7


@pytest.mark.parametrize("scope", ["identity", "contact", "changes"])
def test_a_key_that_reads_does_not_decide(api: Api, scope: str) -> None:
    client, (one, other, _) = api.client(scope), names(api)
    body = {"kind": "merge", "about": [one, other], "reason": REASON}
    assert client.post("/v1/decisions", json=body).status_code == 403
    assert client.get("/v1/decisions").status_code == 403
    assert client.post("/v1/decisions/1/approve", json={"reason": "x"}).status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"about": []}, id="nothing"),
        pytest.param({"about": ["nonsense", "till:x"]}, id="not a key"),
        pytest.param({"reason": ""}, id="no reason"),
        pytest.param({"reason": "   "}, id="an empty reason"),
        pytest.param({"kind": "undo"}, id="not a kind of its own"),
        pytest.param({"more": 1}, id="an unknown member"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_without_repeating_it(api: Api, change: dict[str, object]) -> None:
    client, (one, other, _) = api.client("steward"), names(api)
    answer = client.post("/v1/decisions", json={"kind": "merge", "about": [one, other], "reason": REASON} | change)
    assert answer.status_code == 422
    assert "nonsense" not in answer.text
    assert client.get("/v1/decisions").json()["decisions"] == []


def test_a_large_merge_over_http_waits_and_nobody_approves_their_own(api: Api) -> None:
    api.app = create_app(api.store, four_eyes=FourEyes(records=1), options=Options(behind_seconds=3600.0))
    anne, bruno, (one, other, _) = api.client("steward"), api.client("steward"), names(api)
    taken = anne.post("/v1/decisions", json={"kind": "merge", "about": [one, other], "reason": REASON})
    assert taken.json()["state"] == "awaits_approval"
    assert anne.post("/v1/decisions/1/approve", json={"reason": "yes"}).status_code == 409
    assert bruno.post("/v1/decisions/1/approve", json={"reason": "yes"}).status_code == 201


def test_a_preview_is_cut_to_the_scopes_of_the_key_and_decides_nothing(api: Api) -> None:
    everything, blind = api.client(), api.client("steward")
    one, other, _ = names(api)
    body = {"kind": "merge", "about": [one, other], "reason": REASON}
    shown = everything.post("/v1/decisions/preview", json=body).json()
    source, _, native_id = one.partition(":")
    assert everything.get(f"/v1/records/{source}/{native_id}/customer").json() in shown["before"]
    assert (len(shown["before"]), len(shown["after"])) == (2, 1)
    cut = blind.post("/v1/decisions/preview", json=body).json()
    assert [list(each) for each in cut["before"] + cut["after"]] == [["customer_id"]] * 3
    assert blind.get("/v1/decisions").json()["decisions"] == []
    assert api.client("identity").post("/v1/decisions/preview", json=body).status_code == 403


def test_an_undo_and_an_approval_are_previewed(api: Api) -> None:
    api.app = create_app(api.store, four_eyes=FourEyes(records=1), options=Options(behind_seconds=3600.0))
    anne, bruno, (one, other, _) = api.client(), api.client(), names(api)
    anne.post("/v1/decisions", json={"kind": "merge", "about": [one, other], "reason": REASON})
    approval = bruno.post("/v1/decisions/1/approve/preview", json={"reason": "yes"}).json()
    assert (len(approval["before"]), len(approval["after"])) == (2, 1)
    assert anne.post("/v1/decisions/1/approve/preview", json={"reason": "yes"}).status_code == 409, "her own"
    bruno.post("/v1/decisions/1/approve", json={"reason": "yes"})
    undo = anne.post("/v1/decisions/1/undo/preview", json={"reason": "oh"}).json()
    assert (undo["before"], undo["after"]) == (approval["after"], approval["before"])
    assert anne.post("/v1/decisions/9/undo/preview", json={"reason": "oh"}).status_code == 404


def test_fields_are_set_listed_and_refused_over_http(api: Api) -> None:
    client, (one, *_) = api.client(), names(api)
    source, _, native_id = one.partition(":")
    ask = {"kind": "override", "about": [one], "reason": REASON, "fields": {"first_name": "zoé", "birth_date": None}}
    assert client.post("/v1/decisions", json=ask).status_code == 201
    shown = client.get(f"/v1/records/{source}/{native_id}/customer").json()
    assert (shown["golden"]["first_name"], "birth_date" in shown["golden"]) == ("Zoé", False)
    assert shown["provenance"]["identity"]["actor"] == "key test 1"
    (told,) = client.get("/v1/decisions").json()["decisions"]
    assert told["fields"][0] == "birth_date"
    assert "first_name" in told["fields"]
    refused = client.post("/v1/decisions", json=ask | {"fields": {"email": "zoé at home"}})
    assert (refused.status_code, "zoé" in refused.text) == (422, False)
    assert client.post("/v1/decisions", json=ask | {"fields": {}}).status_code == 422
    assert client.post("/v1/decisions", json=ask | {"kind": "confirm"}).status_code == 422
