"""Customers over HTTP: by id, by record, by identifiers, page by page."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest
from jsonschema_rs import Draft202012Validator
from sqlalchemy import func, select, update

from rcu.api.schemas import CustomerPage, LookupResponse, Profile
from rcu.api.schemas.parts import ExpandedProfile
from rcu.services.listing import customers_page
from rcu.store import carriers
from rcu.store.tables import memberships, records
from tests.api.conftest import Api
from tests.conftest import NOW
from tests.spying import statements


def stored(api: Api) -> list[dict]:
    page = customers_page(api.store, cursor=None, limit=100_000)
    return [orjson.loads(profile.profile) for profile in page.profiles]


def joined(api: Api) -> dict:
    """A customer that all three sources know."""
    return next(one for one in stored(api) if len({record["source"] for record in one["records"]}) == 3)


def test_a_profile_by_id_is_the_document_as_stored(api: Api) -> None:
    page = customers_page(api.store, cursor=None, limit=1)
    answer = api.client().get(f"/v1/customers/{page.profiles[0].customer_id}")
    assert answer.status_code == 200
    assert answer.content == page.profiles[0].profile.encode()
    assert answer.headers["cache-control"].startswith("private")


def test_every_stored_document_is_what_the_interface_declares(api: Api) -> None:
    for document in stored(api):
        Profile.model_validate(document)


def test_a_joined_customer_shows_golden_fields_provenance_records_contacts_and_aggregates(api: Api) -> None:
    document = api.client().get(f"/v1/customers/{joined(api)['customer_id']}").json()
    assert {record["source"] for record in document["records"]} == {"till", "shop", "email"}
    assert document["golden"]["last_name"]
    keys = {f"{record['source']}:{record['native_id']}" for record in document["records"]}
    assert document["provenance"]["identity"]["record"] in keys
    assert document["contact_points"][0]["value"] == document["golden"]["email"]
    assert document["scores"]["data_quality"]["reason"]


def test_the_customer_of_a_record_is_found_by_source_and_native_id(api: Api) -> None:
    document = joined(api)
    client = api.client()
    for record in document["records"]:
        answer = client.get(f"/v1/records/{record['source']}/{record['native_id']}/customer")
        assert answer.json()["customer_id"] == document["customer_id"]


def test_the_customer_of_a_loyalty_number_is_found_and_several_are_named(api: Api) -> None:
    client = api.client()
    person = next(one for one in stored(api) if one["golden"].get("loyalty_number"))
    number = person["golden"]["loyalty_number"]
    found = client.get(f"/v1/loyalty-numbers/{number}/customer")
    by_id = client.get(f"/v1/customers/{person['customer_id']}")
    assert (found.content, found.headers["etag"]) == (by_id.content, by_id.headers["etag"])
    again = client.get(f"/v1/loyalty-numbers/{number}/customer", headers={"If-None-Match": by_id.headers["etag"]})
    assert again.status_code == 304
    assert client.get("/v1/loyalty-numbers/none%2Fsuch/customer").status_code == 404
    body = {"first_name": "ODILE", "last_name": "ZYGMUNT", "birth_date": "1951-01-02", "loyalty_number": number}
    other = client.put("/v1/records/till/ZZ1", json=body).json()["customer_id"]
    shared = client.get(f"/v1/loyalty-numbers/{number}/customer")
    assert (shared.status_code, shared.json()["type"]) == (409, "urn:rcu:problem:several-customers")
    assert shared.json()["candidates"] == [person["customer_id"], other]
    assert {one.customer_id for one in api.accesses()[-2:]} == {person["customer_id"], other}


def test_an_id_that_was_given_to_a_record_leads_to_its_customer(api: Api) -> None:
    """The birth id of any record answers for ever: when another record is older, as a redirect."""
    document = joined(api)
    others = [one["record_id"] for one in document["records"] if one["record_id"] != document["customer_id"]]
    assert others
    client = api.client()
    for record_id in others:
        answer = client.get(f"/v1/customers/{record_id}")
        assert answer.status_code == 307
        assert answer.headers["location"] == f"/v1/customers/{document['customer_id']}"
        assert client.get(answer.headers["location"]).json() == document


def test_an_etag_spares_the_second_answer_and_changes_with_the_document(api: Api) -> None:
    document = joined(api)
    client = api.client()
    url = f"/v1/customers/{document['customer_id']}"
    etag = client.get(url).headers["etag"]
    assert not etag.startswith("W/")
    again = client.get(url, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(url, headers={"If-None-Match": '"other"'}).status_code == 200
    assert api.client("identity").get(url).headers["etag"] != etag


def test_an_email_finds_its_customer_however_it_is_written(api: Api) -> None:
    document = joined(api)
    email = document["golden"]["email"]
    asked = [
        {"type": "email", "value": value}
        for value in (email, f"  {email.upper()} ", "albertine.never.seen@gmail.com", "nonsense")
    ]
    answer = api.client().post("/v1/customers/lookup", json={"identifiers": asked})
    results = LookupResponse.model_validate(answer.json()).results
    assert [result.status for result in results[2:]] == ["not_found", "invalid"]
    for result in results[:2]:
        ids = [result.customer.customer_id] if result.customer else result.customer_ids
        assert document["customer_id"] in (ids or [])


def test_lookups_by_phone_loyalty_number_and_record_agree(api: Api) -> None:
    document = next(one for one in stored(api) if one["golden"].get("mobile") and one["golden"].get("loyalty_number"))
    record = document["records"][0]
    national = "0" + document["golden"]["mobile"][3:]
    asked = [
        {"type": "phone", "value": " ".join(national[i : i + 2] for i in range(0, 10, 2))},
        {"type": "loyalty_number", "value": document["golden"]["loyalty_number"]},
        {"type": "record", "value": f"{record['source']}:{record['native_id']}"},
    ]
    results = api.client().post("/v1/customers/lookup", json={"identifiers": asked}).json()["results"]
    for result in results:
        ids = [result["customer"]["customer_id"]] if result["status"] == "found" else result["customer_ids"]
        assert document["customer_id"] in ids


def look_up(api: Api, *asked: tuple[str, str]) -> list[dict]:
    body = {"identifiers": [{"type": kind, "value": value} for kind, value in asked]}
    answer = api.client().post("/v1/customers/lookup", json=body)
    LookupResponse.model_validate(answer.json())
    return answer.json()["results"]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_hash_finds_what_the_value_finds(api: Api) -> None:
    points = [point for one in stored(api)[:40] for point in one["contact_points"]][:100]
    assert {point["kind"] for point in points} == {"email", "mobile", "landline"}
    kinds = ["email" if point["kind"] == "email" else "phone" for point in points]
    told = look_up(api, *((kind, point["value"]) for kind, point in zip(kinds, points, strict=True)))
    assert {"found"} <= {one["status"] for one in told} <= {"found", "ambiguous"}
    hashes = [(f"{kind}_sha256", sha256(point["value"])) for kind, point in zip(kinds, points, strict=True)]
    assert look_up(api, *hashes) == told
    assert look_up(api, *((kind, f" {text.upper()} ") for kind, text in hashes)) == told
    bare = [(kind, sha256(point["value"].removeprefix("+"))) for (kind, _), point in zip(hashes, points, strict=True)]
    assert look_up(api, *bare) == told
    crossed = [("phone_sha256" if kind == "email_sha256" else "email_sha256", text) for kind, text in hashes]
    assert {one["status"] for one in look_up(api, *crossed)} == {"not_found"}
    nothing = ("email_sha256", "marie@mail.example.fr"), ("phone_sha256", "0" * 63), ("email_sha256", "f" * 64)
    wrong = look_up(api, *nothing)
    assert [one["status"] for one in wrong] == ["invalid", "invalid", "not_found"]


def test_a_hash_is_of_what_a_record_says_now_and_of_its_shortest_form(api: Api) -> None:
    client = api.client()
    body = {"first_name": "ODILE", "last_name": "ZYGMUNT", "email": "Odile.Zygmunt+shop@googlemail.com"}
    name = client.put("/v1/records/till/ZZ1", json=body).json()["customer_id"]
    written, shortest, other = (
        ("email_sha256", sha256(text))
        for text in ("odile.zygmunt+shop@googlemail.com", "odilezygmunt@gmail.com", "odile.zygmunt@gmail.com")
    )
    found = look_up(api, written, shortest, other)
    assert [one["status"] for one in found] == ["found", "found", "not_found"]
    assert found[0]["customer"]["customer_id"] == name
    client.put("/v1/records/till/ZZ1", json=body | {"email": None, "mobile": "06 51 23 47 89"})
    phone = ("phone_sha256", sha256("33651234789"))
    assert [one["status"] for one in look_up(api, written, shortest, phone)] == ["not_found", "not_found", "found"]


def test_a_record_of_somebody_erased_says_so_and_many_are_looked_up_at_once(api: Api, monkeypatch) -> None:
    gone = next(one for one in stored(api) if len(one["records"]) == 1)
    here = [f"{one['source']}:{one['native_id']}" for person in stored(api)[:30] for one in person["records"]]
    name = f"{gone['records'][0]['source']}:{gone['records'][0]['native_id']}"
    with api.store.begin() as connection:
        mine = records.select().with_only_columns(records.c.record_id).where(records.c.birth_id == gone["customer_id"])
        connection.execute(memberships.delete().where(memberships.c.record_id.in_(mine)))
        connection.execute(update(records).where(records.c.birth_id == gone["customer_id"]).values(erased_at=NOW))
    asked = [("record", one) for one in (name, "till:nobody", "nothing", *here[:40])]
    seen = statements(api.store.engine, monkeypatch)
    told = look_up(api, *asked)
    assert len([one for one in seen if "records" in one]) <= 3
    assert [one["status"] for one in told[:3]] == ["erased", "not_found", "invalid"]
    assert {one["status"] for key, one in zip(asked[3:], told[3:], strict=True) if key[1] != name} == {"found"}
    answer = api.client().get(f"/v1/records/{name.replace(':', '/', 1)}/customer")
    assert (answer.status_code, answer.json()["type"]) == (410, "urn:rcu:problem:erased")


def test_a_landline_of_a_household_is_ambiguous(api: Api) -> None:
    owners: dict[str, set[str]] = {}
    for document in stored(api):
        for point in document["contact_points"]:
            if point["kind"] == "landline":
                owners.setdefault(point["value"], set()).add(document["customer_id"])
    shared, expected = next((number, ids) for number, ids in owners.items() if len(ids) > 1)
    answer = api.client().post("/v1/customers/lookup", json={"identifiers": [{"type": "phone", "value": shared}]})
    result = answer.json()["results"][0]
    assert result["status"] == "ambiguous"
    assert set(result["customer_ids"]) == expected


@pytest.mark.parametrize("looked_at", [1, 2])
def test_of_an_identifier_of_more_records_than_are_looked_at_first_all_customers_are_found(
    api: Api, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    asked = [
        {"type": kind, "value": value}
        for document in stored(api)
        for kind, value in (("email", document["golden"].get("email")), ("phone", document["golden"].get("landline")))
        if value
    ][:100]

    def answers() -> list[dict[str, Any]]:
        return list(api.client().post("/v1/customers/lookup", json={"identifiers": asked}).json()["results"])

    monkeypatch.setattr(carriers, "_OLDEST", 10_000)
    expected = answers()
    monkeypatch.setattr(carriers, "_OLDEST", looked_at)
    assert answers() == expected
    assert "ambiguous" in {one["status"] for one in expected}


def test_records_that_wait_for_a_run_do_not_hide_those_that_were_matched(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = select(records.c.email_key, func.min(records.c.record_id)).where(records.c.email_key.is_not(None))
    with api.store.begin() as connection:
        email, oldest = connection.execute(shared.group_by(records.c.email_key).having(func.count() > 1)).first()
        connection.execute(memberships.delete().where(memberships.c.record_id == oldest))
    monkeypatch.setattr(carriers, "_OLDEST", 1)
    answer = api.client().post("/v1/customers/lookup", json={"identifiers": [{"type": "email", "value": email}]})
    assert answer.json()["results"][0]["status"] == "found"


@pytest.mark.parametrize("limit", [1, 7, 500])
def test_pages_give_every_customer_once(api: Api, limit: int) -> None:
    client = api.client()
    found: list[str] = []
    cursor = None
    while True:
        answer = client.get("/v1/customers", params={"limit": limit} | ({"cursor": cursor} if cursor else {}))
        page = CustomerPage.model_validate(answer.json())
        found += [one.customer_id for one in page.customers]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == [one["customer_id"] for one in stored(api)]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("cursor", ["x", "Yzk6MQ", "YzE6LTE", "é", "YzE6OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk"])
def test_a_cursor_of_somebody_else_is_refused(api: Api, cursor: str) -> None:
    answer = api.client().get("/v1/customers", params={"cursor": cursor})
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:rcu:problem:invalid-cursor"


def test_the_change_feed_tells_every_customer_and_goes_on_from_where_one_was(api: Api) -> None:
    client = api.client()
    first = client.get("/v1/changes", params={"limit": 10}).json()
    assert [change["sequence"] for change in first["changes"]] == list(range(1, 11))
    assert {change["kind"] for change in first["changes"]} == {"created"}
    rest = client.get("/v1/changes", params={"after": first["next_after"], "limit": 1000}).json()
    assert len(first["changes"]) + len(rest["changes"]) == len(stored(api))
    end = client.get("/v1/changes", params={"after": rest["next_after"]}).json()
    assert (end["changes"], end["next_after"]) == ([], rest["next_after"])


ROUTES = {
    "customer by id": (lambda one, _record: ("GET", f"/v1/customers/{one['customer_id']}", None), 1),
    "customer of a record": (
        lambda _one, record: ("GET", f"/v1/records/{record['source']}/{record['native_id']}/customer", None),
        1,
    ),
    "page of 5": (lambda _one, _record: ("GET", "/v1/customers?limit=5", None), 1),
    "page of 100": (lambda _one, _record: ("GET", "/v1/customers?limit=100", None), 1),
    "changes": (lambda _one, _record: ("GET", "/v1/changes?limit=100", None), 1),
    "lookup of 2 emails": (lambda one, _record: ("POST", "/v1/customers/lookup", 2 * [one["golden"]["email"]]), 1),
    "lookup of 50 emails": (lambda one, _record: ("POST", "/v1/customers/lookup", 50 * [one["golden"]["email"]]), 1),
}


@pytest.mark.parametrize("name", list(ROUTES))
def test_a_route_takes_as_many_queries_however_much_it_gives(api: Api, name: str) -> None:
    document = joined(api)
    make, expected = ROUTES[name]
    method, url, emails = make(document, document["records"][0])
    body = {"identifiers": [{"type": "email", "value": email} for email in emails]} if emails else None
    client = api.client()
    client.request(method, url, json=body)
    with api.queries() as seen:
        assert client.request(method, url, json=body).status_code == 200
    statements = [statement for statement in seen if not statement.startswith(("BEGIN", "PRAGMA"))]
    assert len(statements) == expected, statements  # the key is known from the request before


def test_a_record_that_was_not_matched_yet_has_no_customer(api: Api) -> None:
    record = joined(api)["records"][0]
    with api.store.begin() as connection:
        mine = records.c.native_id == record["native_id"], records.c.source == record["source"]
        found = records.select().with_only_columns(records.c.record_id).where(*mine)
        connection.execute(memberships.delete().where(memberships.c.record_id.in_(found)))
    assert api.client().get(f"/v1/records/{record['source']}/{record['native_id']}/customer").status_code == 404


def test_what_is_left_of_chosen_fields_is_what_the_document_says(api: Api) -> None:
    path = f"/v1/customers/{joined(api)['customer_id']}"
    told = api.app.openapi()
    schema = told["paths"]["/v1/customers/{customer_id}"]["get"]["responses"]["200"]["content"]["application/json"]
    for chosen in ("scores.rfm", "records.source", "contact_points.value", "aggregates", "golden"):
        body = api.client().get(path, params={"fields": chosen}).json()
        Draft202012Validator({**schema["schema"], "components": told["components"]}).validate(body)


def test_fields_are_chosen_by_their_paths(api: Api) -> None:
    person, client = joined(api), api.client()
    url = f"/v1/customers/{person['customer_id']}"
    record = person["records"][0]
    chosen = "golden.first_name,contact_points.value,scores,household,records.source"
    whole, some = client.get(url), client.get(url, params={"fields": chosen})
    assert some.json() == {
        "customer_id": person["customer_id"],
        "golden": {"first_name": person["golden"]["first_name"]},
        "contact_points": [{"value": one["value"]} for one in person["contact_points"]],
        "scores": person["scores"],
        "household": person["household"],
        "records": [{"source": one["source"]} for one in person["records"]],
    }
    assert some.headers["etag"] != whole.headers["etag"]
    again = client.get(url, params={"fields": chosen}, headers={"If-None-Match": some.headers["etag"]})
    assert again.status_code == 304
    assert client.get(url, params={"fields": "scores"}).headers["etag"] != some.headers["etag"]
    of_record = f"/v1/records/{record['source']}/{record['native_id']}/customer"
    assert client.get(of_record, params={"fields": chosen}).content == some.content
    assert client.get(url, params={"fields": "golden,golden.email"}).json()["golden"] == person["golden"]
    assert client.get(url, params={"fields": "provenance.identity"}).json()["provenance"].keys() == {"identity"}
    narrow = api.client("identity").get(url, params={"fields": "golden.email,scores"})
    assert narrow.json() == {"customer_id": person["customer_id"], "golden": {}}
    merged = next(one["record_id"] for one in person["records"] if one["record_id"] != person["customer_id"])
    moved = client.get(f"/v1/customers/{merged}", params={"fields": "scores", "expand": "events"})
    assert moved.headers["location"] == f"{url}?fields=scores&expand=events"


@pytest.mark.parametrize("fields", ["iban", "golden.shoe_size", "golden.", "", "customer_id.x", ",".join(["a"] * 101)])
def test_a_field_that_is_none_is_refused_with_those_there_are(api: Api, fields: str) -> None:
    url = f"/v1/customers/{joined(api)['customer_id']}"
    answer = api.client().get(url, params={"fields": fields})
    assert answer.status_code == 422
    assert "shoe_size" not in answer.text
    if fields == "golden.shoe_size":
        assert answer.json()["detail"].startswith("fields of golden are record_kind, civility")


def test_a_till_has_household_and_newest_events_in_one_call(api: Api) -> None:
    home = next(one for one in stored(api) if one["household"] and one["aggregates"]["orders"])
    url = f"/v1/customers/{home['customer_id']}"
    client = api.client()
    asked = client.get(url, params={"expand": "household,events"})
    told = ExpandedProfile.model_validate(asked.json())
    assert told.expanded
    assert asked.json()["expanded"]["household"] == client.get(f"{url}/household").json()
    assert asked.json()["expanded"]["events"] == client.get(f"{url}/events", params={"limit": 20}).json()
    assert {name: value for name, value in asked.json().items() if name != "expanded"} == home
    assert "etag" not in asked.headers
    members = {one.customer_id for one in api.accesses() if one.operation == "getCustomer"}
    assert members == set(home["household"]["members"])
    alone = next(one for one in stored(api) if not one["household"])
    told = client.get(
        f"/v1/customers/{alone['customer_id']}", params={"expand": "household", "fields": "scores"}
    ).json()
    assert (told.keys(), told["expanded"]) == ({"customer_id", "scores", "expanded"}, {"household": None})
    narrow = api.client("scores").get(url, params={"expand": "household,events"})
    assert narrow.json()["expanded"] == {}
    for wrong in ({"expand": "segments"}, {"expand": "events", "as_of": "2026-03-01T10:15:00Z"}):
        assert client.get(url, params=wrong).status_code == 422
