"""What one customer is made of, over HTTP: records, events, consents, and why the records are one person."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from rcu.api.schemas.parts import CustomerConsents, CustomerEvents, CustomerExplanation, CustomerRecords
from tests.api.conftest import Api
from tests.api.test_customers import joined, stored
from tests.spying import statements

PARTS = {
    "records": ("records", CustomerRecords),
    "events": ("orders", CustomerEvents),
    "consents": ("consent", CustomerConsents),
    "explanation": ("identity", CustomerExplanation),
}
UNKNOWN = "00000000-0000-7000-8000-000000000000"


def ask(client: Any, name: str, part: str, **params: object) -> Any:
    return client.get(f"/v1/customers/{name}/{part}", params=params)


def pages(client: Any, name: str, part: str, **params: object) -> list[dict[str, Any]]:
    """All pieces of a part, page after page."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        told = ask(client, name, part, **params, **cursor).json()
        found += told[part]
        if told["next_cursor"] is None:
            return found
        cursor = {"cursor": told["next_cursor"]}


def test_records_are_those_of_the_profile_with_what_cleaning_says(api: Api) -> None:
    person, client = joined(api), api.client()
    found = pages(client, person["customer_id"], "records", limit=1)
    assert len(found) == len(person["records"])
    told = {(one["source"], one["native_id"]): one for one in found}
    for record in person["records"]:
        mine = told[record["source"], record["native_id"]]
        for name in record.keys() - {"deleted"}:
            assert mine[name] == record[name], name
        assert {"name", "email"} <= mine["quality"].keys()
    narrow = ask(api.client("identity"), person["customer_id"], "records")
    CustomerRecords.model_validate(narrow.json())
    for record in narrow.json()["records"]:
        hidden = {"email", "mobile", "landline", "address", "other_phones", "email_suggestion"}
        assert not hidden & (record.keys() | record["quality"].keys() | record["notes"].keys())
    assert person["golden"]["email"] not in narrow.text
    assert ask(client, person["customer_id"], "records", cursor="x").status_code == 400


def test_events_add_up_to_the_aggregates(api: Api) -> None:
    client = api.client("orders")
    kinds: set[str] = set()
    for person in stored(api)[:60]:
        events = pages(client, person["customer_id"], "events", limit=200)
        assert [one["occurred_at"] for one in events] == sorted((one["occurred_at"] for one in events), reverse=True)
        sums: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, Decimal(0)])
        for one in events:
            kinds.add(one["kind"])
            if one["kind"] in ("order", "return") and not one["cancelled"]:
                sums[one["currency"], one["kind"]][0] += 1
                sums[one["currency"], one["kind"]][1] += Decimal(one["amount"])
        for told in person["aggregates"]["orders"]:
            orders, returns = (sums.pop((told["currency"], kind), [0, Decimal(0)]) for kind in ("order", "return"))
            assert (orders[0], returns[0]) == (told["orders"], told["returns"])
            assert str(orders[1] + returns[1]) == told["net_revenue"]
        assert not sums
    assert {"order", "return", "email_click"} <= kinds


def test_events_are_chosen_by_kind_and_time_and_go_page_by_page_with_their_lines(api: Api, monkeypatch) -> None:
    client = api.client()
    many = max(stored(api), key=lambda one: sum(told["orders"] for told in one["aggregates"]["orders"]))
    name = many["customer_id"]
    everything = pages(client, name, "events", limit=200)
    assert pages(client, name, "events", limit=2) == everything
    orders = [one for one in everything if one["kind"] == "order"]
    assert pages(client, name, "events", kind="order") == orders
    since = orders[len(orders) // 2]["occurred_at"]
    assert pages(client, name, "events", since=since) == [one for one in everything if one["occurred_at"] >= since]
    whole = pages(client, name, "events", expand="lines")
    CustomerEvents.model_validate({"customer_id": name, "events": whole, "next_cursor": None})
    bought = [one for one in whole if one["kind"] == "order" and one["record"].startswith("till:")]
    assert bought or any(one["lines"] for one in whole)
    for one in bought:
        assert sum((Decimal(line["amount"]) for line in one["lines"]), Decimal(0)) == Decimal(one["amount"])
    for wrong in ({"expand": "nothing"}, {"kind": "Order;"}, {"since": "yesterday"}, {"nonsense": 1}):
        assert ask(client, name, "events", **wrong).status_code == 422
    for cursor in ("x", "djE6MToxZTMwMA"):
        assert ask(client, name, "events", cursor=cursor).status_code == 400
    seen = statements(api.store.engine, monkeypatch)
    counts: list[int] = []
    for limit in (1, 200):
        seen.clear()
        assert ask(client, name, "events", expand="lines", limit=limit).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 5


def test_the_ledger_has_the_consents_of_the_profile_and_what_they_follow_from(api: Api) -> None:
    client = api.client()
    person = max(stored(api), key=lambda one: sum(len(point["consents"]) for point in one["contact_points"]))
    answer = ask(client, person["customer_id"], "consents")
    told = CustomerConsents.model_validate(answer.json())
    found = {(one.value, one.channel, one.purpose): one for one in told.consents}
    for point in person["contact_points"]:
        for said in point["consents"]:
            one = found[point["value"], said["channel"], said["purpose"]]
            (holds,) = (entry for entry in one.entries if entry.in_force)
            assert (one.state, holds.record, holds.occurred_at) == (
                said["state"], said["record"], said.get("occurred_at")
            )  # fmt: skip
    narrow = ask(api.client("consent"), person["customer_id"], "consents")
    assert len(narrow.json()["consents"]) == len(told.consents)
    assert all("value" not in one for one in narrow.json()["consents"])
    assert person["golden"]["email"] not in narrow.text


def test_an_explanation_tells_links_decisions_and_what_was_refused(api: Api, monkeypatch) -> None:
    client, person = api.client(), joined(api)
    name = person["customer_id"]
    before = CustomerExplanation.model_validate(ask(client, name, "explanation").json())
    keys = {f"{one['source']}:{one['native_id']}" for one in person["records"]}
    assert set(before.records) == keys
    assert [one.weight for one in before.links] == sorted((one.weight for one in before.links), reverse=True)
    assert any(one.joins and one.agrees and (one.probability or 0) > 0.9 for one in before.links)
    other = next(one for one in stored(api) if one["customer_id"] != name and one["household"])
    apart = {"kind": "not_same", "about": [name, other["customer_id"]], "reason": "seen the papers"}
    split = {"kind": "split", "about": [name], "groups": [[before.records[-1]]], "reason": "her sister's"}
    for body in (apart, split):
        assert client.post("/v1/decisions", json=body).status_code == 201
    seen = statements(api.store.engine, monkeypatch)
    after = CustomerExplanation.model_validate(ask(client, name, "explanation").json())
    assert len(seen) < 20
    assert {one.kind for one in after.decisions} == {"not_same", "split"}
    assert {one.reason for one in after.decisions} == {"seen the papers", "her sister's"}
    refused = {one.customer_id: one.because for one in after.refused}
    assert refused[other["customer_id"]] == ["a steward said they are not one person"]
    assert len(refused) == 2
    narrow = ask(api.client("identity"), name, "explanation").json()
    assert all("reason" not in one for one in narrow["decisions"])
    told = ask(client, name, "explanation").text
    assert all(value not in told for one in ("email", "mobile", "last_name") if (value := person["golden"].get(one)))


@pytest.mark.parametrize("part", PARTS)
def test_every_part_follows_an_id_wherever_it_went(api: Api, part: str) -> None:
    client = api.client()
    one, other = (person["customer_id"] for person in stored(api)[:2])
    assert client.post("/v1/decisions", json={"kind": "merge", "about": [one, other], "reason": "x"}).status_code == 201
    asked = {"events": {"kind": "order", "limit": 7}, "records": {"limit": 50}}.get(part, {})
    moved = ask(client, other, part, **asked)
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    assert moved.status_code == 307
    assert moved.headers["location"] == f"/v1/customers/{one}/{part}" + (f"?{query}" if query else "")
    here = client.get(moved.headers["location"])
    PARTS[part][1].model_validate(here.json())
    assert (here.status_code, here.json()["customer_id"]) == (200, one)
    assert ask(client, one.upper(), part).json()["customer_id"] == one
    assert ask(client, UNKNOWN, part).status_code == 404
    assert [access.customer_id for access in api.accesses()][-2:] == [one, one]
