"""The access log: who was shown whom, for what; and the ids of requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from rcu.domain.keys import Terms
from rcu.services import keys
from rcu.services.accesses import access_log
from rcu.store.accesses import Access
from tests.api.conftest import Api
from tests.api.test_customers import joined, stored

UNKNOWN = "00000000-0000-7000-8000-000000000000"


def told(accesses: list[Access]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.operation, one.customer_id, one.field_groups) for one in accesses]


def test_every_read_of_a_person_is_written_down_with_what_was_shown(api: Api) -> None:
    one = joined(api)
    name, record = one["customer_id"], one["records"][0]
    home = next(each for each in stored(api) if each["household"])
    key = f"{record['source']}:{record['native_id']}"
    client = api.client("identity", "scores", "history")
    shown = ("identity", "scores")
    client.get(f"/v1/customers/{name}")
    client.get(f"/v1/customers/{name}", params={"as_of": "2100-01-01T00:00:00Z"})
    client.get(f"/v1/customers/{name}/history")
    client.get(f"/v1/records/{record['source']}/{record['native_id']}/customer")
    client.post("/v1/customers/lookup", json={"identifiers": [{"type": "record", "value": key}] * 2})
    client.get(f"/v1/customers/{home['customer_id']}/household")
    page = client.get("/v1/customers?limit=3").json()["customers"]
    assert told(api.accesses()) == [
        ("getCustomer", name, shown),
        ("getCustomer", name, ("history", *shown)),
        ("getCustomerHistory", name, ("history", *shown)),
        ("getCustomerOfRecord", name, shown),
        ("lookupCustomers", name, shown),
        *(("getHousehold", member, shown) for member in home["household"]["members"]),
        *(("listCustomers", one["customer_id"], shown) for one in page),
    ]


def test_who_and_what_for_comes_from_the_request_and_else_from_the_key(api: Api) -> None:
    name = joined(api)["customer_id"]
    client = api.client("identity", terms=Terms(purpose="checkout"))
    headers = {"X-Purpose": "complaint-4711", "X-On-Behalf-Of": "anne.b", "X-Request-Id": "call-1"}
    began = datetime.now(UTC)
    client.get(f"/v1/customers/{name}")
    client.get(f"/v1/customers/{name}", headers=headers)
    api.client("scores").get(f"/v1/customers/{name}")
    first, second, third = api.accesses()
    assert (first.key_name, first.actor, first.purpose) == ("test 1", None, "checkout")
    assert (second.actor, second.purpose, second.request_id) == ("anne.b", "complaint-4711", "call-1")
    assert (third.key_name, third.purpose) == ("test 2", None)
    assert began - timedelta(seconds=1) < first.at <= second.at <= third.at <= datetime.now(UTC)


@pytest.mark.parametrize("header", ["X-Purpose", "X-On-Behalf-Of"])
@pytest.mark.parametrize("value", ["to look at people", "marie.durand@example.org", "é".encode(), "x" * 61, "-x"])
def test_a_purpose_that_is_no_word_is_refused_before_anything_is_read(api: Api, header: str, value: str) -> None:
    client = api.client()
    client.get("/v1/changes")
    with api.queries() as asked:
        answer = client.get(f"/v1/customers/{joined(api)['customer_id']}", headers={header: value})
    assert answer.status_code == 422
    assert str(value) not in answer.text
    assert api.accesses() == []
    assert asked


def test_what_shows_nobody_is_not_written_down(api: Api) -> None:
    one = joined(api)
    client = api.client()
    client.get(f"/v1/customers/{UNKNOWN}")
    merged = next(each["record_id"] for each in one["records"] if each["record_id"] != one["customer_id"])
    assert client.get(f"/v1/customers/{merged}").status_code == 307
    client.post("/v1/customers/lookup", json={"identifiers": [{"type": "email", "value": "nobody@example.org"}]})
    client.get("/v1/changes")
    client.put("/v1/records/till/S1", json={"last_name": "DURAND"})
    assert api.accesses() == []


def test_an_answer_that_the_caller_has_already_is_read_again(api: Api) -> None:
    path = f"/v1/customers/{joined(api)['customer_id']}"
    client = api.client("identity")
    etag = client.get(path).headers["etag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert len(api.accesses()) == 2


def test_profiles_of_previews_and_records_are_written_down(api: Api) -> None:
    ids = [one["customer_id"] for one in stored(api)][:2]
    client = api.client("steward", "records", "scores")
    merge = {"kind": "merge", "about": ids, "reason": "the same"}
    assert client.post("/v1/decisions/preview", json=merge).status_code == 200
    put = client.put("/v1/records/till/S1?profile=true", json={"last_name": "DURAND"}).json()
    found = told(api.accesses())
    assert {one[1] for one in found if one[0] == "previewDecision"} == set(ids)
    assert found[-1] == ("putRecord", put["customer_id"], ("scores",))


def test_ids_that_a_lookup_tells_are_written_down_without_fields(api: Api) -> None:
    owners: dict[str, set[str]] = {}
    for document in stored(api):
        for point in document["contact_points"]:
            if point["kind"] == "landline":
                owners.setdefault(point["value"], set()).add(document["customer_id"])
    shared, several = next((number, ids) for number, ids in owners.items() if len(ids) > 1)
    api.client().post("/v1/customers/lookup", json={"identifiers": [{"type": "phone", "value": shared}]})
    assert {(one.customer_id, one.field_groups) for one in api.accesses()} == {(one, ()) for one in several}


def test_the_log_is_read_by_customer_by_key_and_from_an_instant_page_by_page(api: Api) -> None:
    ids = [one["customer_id"] for one in stored(api)][:3]
    callers = [api.client("identity"), api.client("scores")]
    for name in ids:
        for caller in callers:
            caller.get(f"/v1/customers/{name}")
    written = api.accesses()
    admin = api.client("admin")

    def log(**asked: object) -> dict:
        answer = admin.get("/v1/access-log", params=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert [one["customer_id"] for one in log()["accesses"]] == [one.customer_id for one in reversed(written)]
    assert [one["key_name"] for one in log(customer_id=ids[0].upper())["accesses"]] == ["test 2", "test 1"]
    assert {one["field_groups"][0] for one in log(key="test 2")["accesses"]} == {"scores"}
    assert log(after=written[3].at.isoformat())["accesses"] == log()["accesses"][:2]
    page = log(limit=4)
    rest = log(limit=4, cursor=page["next_cursor"])
    assert page["accesses"] + rest["accesses"] == log()["accesses"]
    assert rest["next_cursor"] is None
    assert admin.get("/v1/access-log", params={"cursor": "nonsense"}).status_code == 400
    assert admin.get("/v1/access-log", params={"after": "0001-01-01T00:00:00+14:00"}).status_code == 422


def test_a_read_that_cannot_be_written_down_is_refused(api: Api) -> None:
    full = access_log(api.store, every=3600.0)
    full._most, full._patience = 1, 0.05
    full._write = lambda _connection, _entries: 1 / 0
    api.app.state.accesses.close()
    api.app.state.accesses = full
    client = api.client("identity")
    path = f"/v1/customers/{joined(api)['customer_id']}"
    assert client.get(path).status_code == 200
    assert client.get(path).status_code == 503


def test_a_read_waits_for_no_statement_of_the_log(api: Api) -> None:
    client = api.client("identity")
    client.get("/v1/customers?limit=1")
    with api.queries() as asked:
        assert client.get("/v1/customers?limit=100").status_code == 200
    assert not [one for one in asked if "access_log" in one]


def test_a_server_that_ends_writes_down_what_was_read(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from rcu import config
    from rcu.api.app import from_environment

    name = joined(api)["customer_id"]
    key = keys.create_key(api.store, "till", scopes=frozenset({"identity"}), now=datetime.now(UTC))
    monkeypatch.setenv("RCU_DATABASE_URL", api.store.engine.url.render_as_string(hide_password=False))
    config.settings.cache_clear()
    with TestClient(from_environment(), headers={"Authorization": f"Bearer {key}"}) as client:
        assert client.get(f"/v1/customers/{name}").status_code == 200
    config.settings.cache_clear()
    assert told(api.accesses()) == [("getCustomer", name, ("identity",))]
    assert keys.show_key(api.store, "till").key.last_used_at is not None


# --- ids of requests --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param("call-4711", True, id="a word"),
        pytest.param("0197f3a2-8c41-7d10-9f6e-2b5f0c1d3e4a", True, id="a UUID"),
        pytest.param("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", True, id="a trace"),
        pytest.param("", False, id="nothing"),
        pytest.param("two words", False, id="two words"),
        pytest.param("x" * 101, False, id="too long"),
        pytest.param("<script>", False, id="no word"),
    ],
)
def test_a_request_keeps_a_sensible_id_and_gets_one_otherwise(api: Api, given: str, kept: bool) -> None:
    answer = api.stranger().get("/health/live", headers={"X-Request-Id": given})
    assert (answer.headers["x-request-id"] == given) is kept
    assert answer.headers["x-request-id"]
    assert len(answer.headers.get_list("x-request-id")) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/customers", 401),
        ("GET", "/nowhere", 404),
        ("DELETE", "/v1/customers", 405),
        ("PUT", "/v1/records/till/S1", 413),
    ],
)
def test_every_problem_tells_the_id_of_its_request(api: Api, method: str, path: str, status: int) -> None:
    caller = api.stranger() if status == 401 else api.client()
    answer = caller.request(method, path, content=b" " * 1_000_001 if status == 413 else None)
    assert answer.status_code == status
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_an_error_of_the_service_says_nothing_but_the_id(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from rcu.services import reading

    def broken(*_asked: object, **_more: object) -> None:
        raise RuntimeError("marie.durand@example.org")

    monkeypatch.setattr(reading, "customer", broken)
    headers = dict(api.client().headers)
    client = TestClient(api.app, headers=headers, raise_server_exceptions=False)
    answer = client.get(f"/v1/customers/{UNKNOWN}")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["type"] == "urn:rcu:problem:internal"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "marie" not in answer.text
