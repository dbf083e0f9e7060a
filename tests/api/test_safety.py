"""Who may see what, and that errors tell nothing they should not."""

from __future__ import annotations

import pytest

from rcu.services import keys
from rcu.services.keys import SCOPES
from tests.api.conftest import Api
from tests.api.test_customers import joined
from tests.conftest import NOW

UNKNOWN = "00000000-0000-7000-8000-000000000000"
LOOKUP = "/v1/customers/lookup"
OPEN = ("/health/live", "/health/ready", "/openapi.json")


def test_no_route_is_open_but_health_and_the_openapi_document(api: Api) -> None:
    stranger = api.stranger()
    for route in api.app.openapi()["paths"]:
        url = route.replace("{customer_id}", UNKNOWN).replace("{source}", "till").replace("{native_id}", "1")
        url = url.replace("{decision_id}", "1").replace("{key_id}", "1")
        method = next(iter(api.app.openapi()["paths"][route])).upper()
        status = stranger.request(method, url, json=None if method == "GET" else {}).status_code
        assert status == (200 if url in OPEN else 401), url
    assert stranger.get("/openapi.json").status_code == 200
    assert stranger.get("/docs").status_code == 404


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic cmN1OnJjdQ==", "Bearer \x00"])
def test_a_bad_key_is_no_key(api: Api, header: str) -> None:
    answer = api.stranger().get(f"/v1/customers/{UNKNOWN}", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_revoked_key_is_no_key_two_seconds_later(api: Api) -> None:
    seconds = [0.0]
    api.app.state.keys = keys.KnownKeys(api.store, seconds=2.0, clock=lambda: seconds[0])
    client = api.client()
    assert client.get("/v1/changes").status_code == 200
    keys.revoke_key(api.store, "test 1", NOW)
    seconds[0] = 2.0
    assert client.get("/v1/changes").status_code == 401


def test_a_key_is_not_looked_up_for_every_request(api: Api) -> None:
    client = api.client()
    client.get("/v1/changes")
    with api.queries() as seen:
        client.get("/v1/changes")
    assert not [one for one in seen if "api_keys" in one]


def test_a_key_is_stored_only_as_a_digest(api: Api) -> None:
    made = keys.create_key(api.store, "secret", scopes=SCOPES, now=NOW)
    assert all(made not in str(one) for one in keys.list_keys(api.store))
    assert len(made) > 43


MEMBERS = {
    "identity": {"customer_id", "golden", "provenance", "household", "records"},
    "contact": {"customer_id", "contact_points"},
    "consent": {"customer_id"},
    "orders": {"customer_id", "aggregates"},
    "scores": {"customer_id", "scores"},
}


@pytest.mark.parametrize("scope", list(MEMBERS))
def test_members_outside_a_key_s_scopes_are_absent(api: Api, scope: str) -> None:
    document = api.client(scope).get(f"/v1/customers/{joined(api)['customer_id']}").json()
    assert set(document) == MEMBERS[scope]


def test_identity_without_contact_shows_no_way_to_reach_anybody(api: Api) -> None:
    customer = joined(api)
    answer = api.client("identity").get(f"/v1/customers/{customer['customer_id']}")
    hidden = [customer["golden"][name] for name in ("email", "mobile", "landline") if customer["golden"].get(name)]
    hidden += [record["address"]["street"] for record in customer["records"] if record.get("address", {}).get("street")]
    assert hidden
    assert all(value not in answer.text for value in hidden)


def test_contact_without_consent_shows_no_consents(api: Api) -> None:
    customer = next(one for one in [joined(api)] if any(point["consents"] for point in one["contact_points"]))
    url = f"/v1/customers/{customer['customer_id']}"
    assert all("consents" not in point for point in api.client("contact").get(url).json()["contact_points"])
    both = api.client("contact", "consent").get(url).json()["contact_points"]
    assert both == customer["contact_points"]


def test_the_feed_needs_its_scope_and_profiles_need_theirs(api: Api) -> None:
    assert api.client("identity").get("/v1/changes").status_code == 403
    assert api.client("changes").get(f"/v1/customers/{UNKNOWN}").status_code == 403


@pytest.mark.parametrize(
    ("method", "url", "body", "status"),
    [
        pytest.param("GET", f"/v1/customers/{UNKNOWN}", None, 404, id="an id never given"),
        pytest.param("GET", "/v1/customers/marie.durand@example.org", None, 422, id="not an id"),
        pytest.param("GET", "/v1/records/till/nobody/customer", None, 404, id="a record never delivered"),
        pytest.param("GET", "/v1/customers?limit=0", None, 422, id="a page of nothing"),
        pytest.param("GET", "/v1/nowhere", None, 404, id="no such route"),
        pytest.param("PUT", "/v1/customers", None, 405, id="no such method"),
        pytest.param("POST", "/v1/customers/lookup", b"{", 422, id="broken JSON"),
        pytest.param("POST", "/v1/customers/lookup", b"\xff\xfe", 422, id="not UTF-8"),
        pytest.param("POST", "/v1/customers/lookup", b'{"identifiers":[]}', 422, id="no identifier"),
        pytest.param(
            "POST", LOOKUP, b'{"identifiers":[{"type":"iban","value":"FR7630001007941234567890185"}]}', 422,
            id="no such type",
        ),
        pytest.param(
            "POST", LOOKUP, b'{"identifiers":[' + b",".join(101 * [b'{"type":"email","value":"a@b.fr"}']) + b"]}", 422,
            id="too many",
        ),
        pytest.param("GET", "/v1/changes?after=-1", None, 422, id="before the beginning"),
    ],
)  # fmt: skip
def test_errors_are_problem_documents_that_repeat_nothing(
    api: Api, method: str, url: str, body: bytes | None, status: int
) -> None:
    answer = api.client().request(method, url, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:rcu:problem:")
    for secret in ("marie.durand", "FR7630001007941234567890185", "nobody", "a@b.fr"):
        assert secret not in answer.text


def test_an_unmigrated_database_is_live_but_not_ready(databases) -> None:
    from rcu.api.app import create_app
    from rcu.store import schema

    store = databases.open()
    schema.downgrade(store)
    from fastapi.testclient import TestClient

    client = TestClient(create_app(store))
    assert client.get("/health/live").json() == {"status": "ok"}
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert "rcu db upgrade" in answer.json()["hint"]


def test_operation_ids_are_there_and_unique(api: Api) -> None:
    operations = [one["operationId"] for path in api.app.openapi()["paths"].values() for one in path.values()]
    assert len(operations) == len(set(operations)) == 69


@pytest.mark.parametrize(
    ("path", "knows"),
    [
        ("/v1/customers/lookup", "POST"),
        ("/v1/customers/search", "POST"),
        ("/v1/decisions", "GET, POST"),
        ("/v1/records/till/1/customer", "GET"),
        ("/v1/records/till/1", "PUT"),
    ],
)
def test_an_address_names_the_methods_it_knows(api: Api, path: str, knows: str) -> None:
    answer = api.client().request("DELETE", path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == knows
    if "GET" not in knows:
        assert api.client().get(path).status_code == 405


@pytest.mark.parametrize("given", [0, 0.5, True, "2026-03-01", "0", "2026-03-01T10:15:00", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_with_its_offset_is_refused(api: Api, given: object) -> None:
    client = api.client()
    assert client.get("/v1/access-log", params={"after": str(given)}).status_code == 422
    assert client.get("/v1/cases", params={"due_before": str(given)}).status_code == 422
    assert client.post("/v1/cases/1/due", json={"at": given}).status_code == 422


@pytest.mark.parametrize(("name", "given"), [("expected", False), ("expected", "1"), ("text", 1)])
def test_a_value_of_another_type_is_refused(api: Api, name: str, given: object) -> None:
    asked = {"text": "seen", name: given}
    assert api.client().post("/v1/cases/1/comment", json=asked).status_code == 422
