"""Keys over HTTP: made, rotated, ended; rates; whom a key that is held to stores sees."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from rcu.domain.keys import Rate, Terms
from rcu.matching.model import DEFAULT_MODEL
from rcu.services import keys
from rcu.store.tables import api_keys, events, records
from tests.api.conftest import Api
from tests.api.test_cases import ACTIONS
from tests.api.test_customers import joined, stored
from tests.conftest import NOW

MAKE = {"name": "till M001", "scopes": ["identity", "records"]}


def test_a_key_is_made_shown_rotated_and_revoked(api: Api) -> None:
    admin = api.client("admin")
    terms = {"purpose": "checkout", "rate": {"per_second": 5, "burst": 20}, "stores": ["M002", "M001"]}
    made = admin.post("/v1/keys", json=MAKE | terms | {"expires_at": "2199-01-01T00:00:00+01:00"})
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    told = made.json()
    assert told["secret"].startswith("rcu_")
    assert {name: told[name] for name in terms} == terms | {"stores": ["M001", "M002"]}
    assert told["expires_at"] == "2198-12-31T23:00:00Z"
    path = f"/v1/keys/{told['key_id']}"
    rotated = admin.post(path + "/rotate", json={}).json()
    assert rotated["secret"] != told["secret"]
    assert [bool(one["expires_at"]) for one in rotated["secrets"]] == [True, False]
    for secret in (told["secret"], rotated["secret"]):
        assert api.caller(secret).get("/v1/customers?limit=1").status_code == 200
    shown = admin.get(path)
    assert rotated["secret"] not in shown.text
    assert told["key_id"] in [one["key_id"] for one in admin.get("/v1/keys").json()["keys"]]
    assert admin.post(path + "/revoke").json()["revoked_at"]
    assert admin.post(path + "/revoke").status_code == 404
    assert admin.post(path + "/rotate", json={}).status_code == 409
    assert admin.post(path + "/expire", json={"at": None}).status_code == 409


def test_a_secret_that_was_replaced_ends_when_it_was_to(api: Api) -> None:
    seconds = [0.0]
    now = [NOW]
    api.app.state.keys = keys.KnownKeys(api.store, seconds=2.0, clock=lambda: seconds[0], now=lambda: now[0])
    first = keys.create_key(api.store, "till", scopes=frozenset({"changes"}), now=NOW)
    second = keys.rotate_key(api.store, "till", now=NOW, until=NOW + timedelta(seconds=1))

    def statuses() -> list[int]:
        return [api.caller(one).get("/v1/changes").status_code for one in (first, second)]

    assert statuses() == [200, 200]
    seconds[0], now[0] = 0.9, NOW + timedelta(seconds=0.9)
    assert statuses() == [200, 200]
    seconds[0], now[0] = 1.0, NOW + timedelta(seconds=1)  # though it is remembered for two seconds otherwise
    assert statuses() == [401, 200]


@pytest.mark.parametrize("revoked", [False, True])
def test_a_key_that_is_asked_for_is_found_anew_behind_the_answers(api: Api, *, revoked: bool) -> None:
    seconds = [0.0]
    known = keys.KnownKeys(api.store, seconds=2.0, clock=lambda: seconds[0], now=lambda: NOW)
    key = keys.create_key(api.store, "till", scopes=frozenset({"changes"}), now=NOW)
    assert known.remembered(key) is None
    found = known.find(key)
    if revoked:
        keys.revoke_key(api.store, "till", now=NOW)
    seconds[0] = 0.9
    assert known.remembered(key) == found
    seconds[0] = 1.1
    assert known.remembered(key) == found
    known.close()  # waits for what is found anew
    seconds[0] = 2.1
    assert known.remembered(key) == (None if revoked else found)
    seconds[0] = 3.1
    assert known.remembered(key) is None


def test_a_key_ends_in_time_and_can_be_given_more(api: Api) -> None:
    now = [NOW]
    api.app.state.keys = keys.KnownKeys(api.store, seconds=0.0, now=lambda: now[0])
    ends = Terms(expires_at=NOW + timedelta(hours=1))
    client = api.client("changes", terms=ends)
    assert client.get("/v1/changes").status_code == 200
    now[0] = NOW + timedelta(hours=1)
    assert client.get("/v1/changes").status_code == 401
    key = keys.expire_key(api.store, "test 1", None)
    assert key.terms.expires_at is None
    assert client.get("/v1/changes").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        pytest.param({"scopes": []}, 422, id="no scope"),
        pytest.param({"scopes": ["everything"]}, 422, id="no such scope"),
        pytest.param({"name": " x"}, 422, id="a blank before the name"),
        pytest.param({"purpose": "to look at people"}, 422, id="a purpose of several words"),
        pytest.param({"rate": {"per_second": 3, "burst": 10}}, 422, id="a burst that is no multiple"),
        pytest.param({"rate": {"per_second": 0, "burst": 0}}, 422, id="a rate of nothing"),
        pytest.param({"stores": []}, 422, id="no store"),
        pytest.param({"expires_at": "2001-01-01T00:00:00Z"}, 422, id="ended before it is made"),
        pytest.param({"expires_at": "2199-01-01T00:00:00"}, 422, id="no offset"),
        pytest.param({"expires_at": "9999-12-31T23:59:59-14:00"}, 422, id="after the last year"),
        pytest.param({"name": "test 1"}, 409, id="a name that is taken"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(api: Api, wrong: dict, status: int) -> None:
    admin = api.client("admin")
    answer = admin.post("/v1/keys", json=MAKE | wrong)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert [one.name for one in keys.list_keys(api.store)] == ["test 1"]


def test_a_rate_is_told_and_held_to_with_when_to_come_again(api: Api) -> None:
    client = api.client("changes", terms=Terms(rate=Rate(1, 3)))
    answers = [client.get("/v1/changes") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert {one.headers["ratelimit-policy"] for one in answers} == {'"key";q=3;w=3'}
    assert [one.headers["ratelimit"].split(";")[1] for one in answers] == ["r=2", "r=1", "r=0", "r=0"]
    refused = answers[-1]
    assert 1 <= int(refused.headers["retry-after"]) <= 3
    assert refused.json()["type"] == "urn:rcu:problem:rate-exceeded"
    assert api.client("changes").get("/v1/changes").headers.keys().isdisjoint({"ratelimit", "ratelimit-policy"})


def test_the_short_way_of_records_counts_once_too(api: Api) -> None:
    client = api.client("records", terms=Terms(rate=Rate(1, 4)))
    answers = [client.put("/v1/records/till/S1", json={"last_name": "DURAND"}) for _ in range(5)]
    assert [one.status_code for one in answers] == [201, 200, 200, 200, 429]
    assert [one.headers["ratelimit"].split(";")[1] for one in answers] == ["r=3", "r=2", "r=1", "r=0", "r=0"]


def test_when_a_key_was_last_used_is_written_behind_the_answers_once_a_minute(api: Api) -> None:
    now, seconds = [NOW], [100.0]
    uses = api.app.state.key_uses
    clock = {"clock": lambda: seconds[0], "now": lambda: now[0]}
    api.app.state.keys = keys.KnownKeys(api.store, seconds=2.0, used=uses.used, **clock)
    client = api.client("changes")

    def used_after(more: float) -> object:
        seconds[0], now[0] = seconds[0] + more, now[0] + timedelta(seconds=more)
        assert client.get("/v1/changes").status_code == 200
        uses.write_now()
        return keys.show_key(api.store, "test 1").key.last_used_at

    assert used_after(0) == NOW
    assert used_after(30) == NOW
    assert used_after(31) == NOW + timedelta(seconds=61)


def in_store(api: Api, customer: dict, store: str | None) -> None:
    """Let a store be that of a customer's first record and of no other, and none of its events be anywhere."""
    with api.store.begin() as connection:
        mine = select(records.c.record_id).where(
            records.c.birth_id.in_([one["record_id"] for one in customer["records"]])
        )
        connection.execute(update(records).where(records.c.record_id.in_(mine)).values(store=None))
        connection.execute(update(events).where(events.c.record_id.in_(mine)).values(store=None))
        first = records.c.birth_id == customer["records"][0]["record_id"]
        connection.execute(update(records).where(first).values(store=store))


def test_a_key_held_to_stores_sees_their_customers_and_no_other(api: Api) -> None:
    mine = joined(api)
    other = next(one for one in stored(api) if one["customer_id"] != mine["customer_id"] and one["golden"].get("email"))
    in_store(api, mine, "HERE")
    in_store(api, other, "THERE")
    till = api.client(terms=Terms(stores=frozenset({"HERE", "ELSEWHERE"})))
    for customer, status in ((mine, 200), (other, 404)):
        record = customer["records"][-1]
        path = f"/v1/customers/{customer['customer_id']}"
        assert till.get(path).status_code == status
        assert till.get(path + "/history").status_code == status
        assert till.get(path, params={"as_of": "2100-01-01T00:00:00Z"}).status_code == status
        assert till.get(f"/v1/records/{record['source']}/{record['native_id']}/customer").status_code == status
        asked = [
            {"type": "record", "value": f"{record['source']}:{record['native_id']}"},
            {"type": "email", "value": customer["golden"]["email"]},
        ]
        results = till.post("/v1/customers/lookup", json={"identifiers": asked}).json()["results"]
        assert {one["status"] for one in results} == {"found" if status == 200 else "not_found"}
    listed = till.get("/v1/customers?limit=500").json()["customers"]
    assert [one["customer_id"] for one in listed] == [mine["customer_id"]]
    assert other["customer_id"] not in {one.customer_id for one in api.accesses()}


def test_who_bought_in_a_store_is_its_customer(api: Api) -> None:
    with api.store.begin() as connection:
        bought = select(events.c.record_id).where(events.c.kind == "order", events.c.record_id.is_not(None)).limit(1)
        record = connection.execute(bought).scalar_one()
        connection.execute(update(events).where(events.c.record_id == record).values(store="HERE"))
        name = connection.execute(select(records.c.birth_id).where(records.c.record_id == record)).scalar_one()
    till = api.client(terms=Terms(stores=frozenset({"HERE"})))
    assert till.get(f"/v1/customers/{name}").status_code in (200, 307)
    with api.store.begin() as connection:
        connection.execute(update(events).where(events.c.record_id == record).values(kind="email_click"))
    assert till.get(f"/v1/customers/{name}").status_code == 404


def test_of_a_household_a_key_sees_the_members_of_its_stores(api: Api) -> None:
    home = next(one for one in stored(api) if one["household"])
    members = [one for one in stored(api) if one["customer_id"] in home["household"]["members"]]
    for place, one in enumerate(members):
        in_store(api, one, "HERE" if place == 0 else "THERE")
    till = api.client(terms=Terms(stores=frozenset({"HERE"})))
    paths = [f"/v1/customers/{one['customer_id']}/household" for one in members]
    for more in ({}, {"as_of": "2100-01-01T00:00:00Z"}):
        shown = till.get(paths[0], params=more).json()["members"]
        assert [one["customer_id"] for one in shown] == [members[0]["customer_id"]]
        assert till.get(paths[1], params=more).status_code == 404


def test_a_record_that_is_sent_shows_no_profile_of_another_store(api: Api) -> None:
    other = next(one for one in stored(api) if one["golden"].get("email") and len(one["records"]) > 1)
    in_store(api, other, "THERE")
    till = api.client(terms=Terms(stores=frozenset({"HERE"})))
    golden = other["golden"]
    said = {name: golden[name] for name in ("first_name", "last_name", "email") if golden.get(name)}
    path = "/v1/records/till/S1?profile=true"
    assert "customer" not in till.put(path, json=said).json()
    assert till.put(path, json=said | {"store": "HERE"}).json()["customer"]["customer_id"]


def test_a_key_held_to_stores_costs_no_more_statements(api: Api) -> None:
    mine = joined(api)
    in_store(api, mine, "HERE")
    till = api.client(terms=Terms(stores=frozenset({"HERE"}), rate=Rate(100, 100), purpose="checkout"))
    path = f"/v1/customers/{mine['customer_id']}"
    till.get(path)
    with api.queries() as asked:
        assert till.get(path).status_code == 200
    assert len([one for one in asked if not one.startswith(("BEGIN", "PRAGMA"))]) == 1


def test_what_tells_of_all_stores_is_not_for_a_key_held_to_some(api: Api) -> None:
    free = api.client()
    till = api.client(terms=Terms(stores=frozenset({"HERE"})))
    paths = ("changes", "changes:export", "cases", "cases:export", "cases/1", "decisions", "decisions:export")
    for path in paths:
        assert free.get(f"/v1/{path}").status_code == 200, path
        answer = till.get(f"/v1/{path}")
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:rcu:problem:forbidden"), path
        assert "stores" in answer.json()["detail"]
    acts = {f"cases/1/{one}": body for one, body in ACTIONS.items()}
    for path, body in {**acts, f"models/{DEFAULT_MODEL}/comparison": None}.items():
        assert till.post(f"/v1/{path}", json=body).status_code == 403, path


def test_keys_are_listed_without_their_digests(api: Api) -> None:
    api.client("identity")
    told = api.client("admin").get("/v1/keys").text
    assert "digest" not in told
    with api.store.read() as connection:
        assert len(connection.execute(select(api_keys.c.name)).all()) == 2
