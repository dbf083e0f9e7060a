"""A request that is sent again under its Idempotency-Key is done once, and answered as the first time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from rcu.services import decided, deciding
from rcu.services.repeating import Answered, KeyReused, Repeats, UnderWay
from tests.api.conftest import Api
from tests.api.test_customers import joined

KEY = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}


def comment(api: Api, client: TestClient, reason: str = "seen", **headers: str) -> Response:
    customer = joined(api)["customer_id"]
    asked = {"kind": "comment", "about": [customer], "reason": reason}
    return client.post("/v1/decisions", json=asked, headers={**KEY, **headers})


def count(api: Api) -> int:
    return len(decided.decisions(api.store, None))


def test_a_decision_that_is_sent_twice_is_taken_once(api: Api) -> None:
    client = api.client()
    first, again = comment(api, client), comment(api, client)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert count(api) == 1


def test_quotes_around_it_make_no_difference(api: Api) -> None:
    client = api.client()
    comment(api, client)
    assert comment(api, client, **{"Idempotency-Key": f'"{KEY["Idempotency-Key"]}"'}).headers["idempotency-replayed"]


def test_another_request_under_the_same_key_is_refused(api: Api) -> None:
    client = api.client()
    comment(api, client)
    other = comment(api, client, "seen again")
    assert (other.status_code, other.json()["type"]) == (422, "urn:rcu:problem:idempotency-key-reused")
    assert count(api) == 1


def test_what_another_caller_chose_is_another_key(api: Api) -> None:
    comment(api, api.client())
    assert "idempotency-replayed" not in comment(api, api.client()).headers
    assert count(api) == 2


def test_what_was_refused_may_be_sent_again_under_the_same_key(api: Api) -> None:
    client = api.client()
    asked = {"kind": "comment", "about": ["till:nobody"], "reason": "seen"}
    assert client.post("/v1/decisions", json=asked, headers=KEY).status_code == 404
    assert client.post("/v1/decisions", json={"kind": "comment"}, headers=KEY).status_code == 422
    assert comment(api, client).status_code == 201


@pytest.mark.parametrize("given", ["short", "with a blank in it", "x" * 201, ""])
def test_a_key_that_is_none_is_refused(api: Api, given: str) -> None:
    answer = comment(api, api.client(), **{"Idempotency-Key": given})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert count(api) == 0


def test_without_an_api_key_nothing_is_kept(api: Api) -> None:
    asked = {"kind": "comment", "about": ["till:1"], "reason": "seen"}
    assert api.stranger().post("/v1/decisions", json=asked, headers=KEY).status_code == 401


def test_a_batch_is_answered_with_what_happened_the_first_time(api: Api) -> None:
    client = api.client("records")
    records = {"records": [{"source": "till", "native_id": "N1", "last_name": "DURAND"}]}
    first, again = (client.post("/v1/records:batch", json=records, headers=KEY) for _ in range(2))
    assert first.json()["results"][0]["content"] == "new"
    assert again.content == first.content


def test_what_people_are_is_not_kept(api: Api) -> None:
    records = {"records": [{"source": "till", "native_id": "N1", "last_name": "DURAND"}]}
    client = api.client()
    assert client.post("/v1/records:batch?profile=true", json=records, headers=KEY).status_code == 422
    assert client.post("/v1/records:batch?profile=false", json=records, headers=KEY).status_code == 200


def test_the_header_is_told_of_where_it_is_taken(api: Api) -> None:
    paths = api.app.openapi()["paths"]
    taking = {
        path
        for path, methods in paths.items()
        for told in methods.values()
        if any(one["name"] == "Idempotency-Key" for one in told.get("parameters", ()))
    }
    assert {"/v1/decisions", "/v1/records:batch", "/v1/cases/{case_id}/close"} <= taking
    assert {"/v1/decisions/preview", "/v1/cases", "/v1/customers/lookup"} & taking == set()


def test_previews_are_worked_out_each_time(api: Api) -> None:
    client = api.client()
    customer = joined(api)["customer_id"]
    asked = {"kind": "comment", "about": [customer], "reason": "seen"}
    for _ in range(2):
        assert "idempotency-replayed" not in client.post("/v1/decisions/preview", json=asked, headers=KEY).headers


def test_a_failure_of_the_service_is_not_kept(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    client = TestClient(api.app, headers=api.client().headers, raise_server_exceptions=False)

    def failing(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(deciding, "decide", failing)
        assert comment(api, client).status_code == 500
    assert comment(api, client).status_code == 201


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_a_request_that_is_under_way_is_not_begun_twice_until_its_process_must_have_died(api: Api) -> None:
    clock = Clock()
    repeats = Repeats(api.store, clock)
    assert repeats.begin("a", "what") is None
    with pytest.raises(UnderWay):
        repeats.begin("a", "what")
    clock.now += timedelta(minutes=6)
    assert repeats.begin("a", "what") is None
    with pytest.raises(UnderWay):
        repeats.begin("a", "what")
    repeats.finish("a", Answered(201, "application/json", "{}"))
    assert repeats.begin("a", "what") == Answered(201, "application/json", "{}")


def test_answers_are_kept_for_a_day(api: Api) -> None:
    clock = Clock()
    repeats = Repeats(api.store, clock)
    repeats.begin("a", "what")
    repeats.finish("a", Answered(200, "application/json", "1"))
    clock.now += timedelta(hours=23)
    with pytest.raises(KeyReused):
        repeats.begin("a", "something else")
    clock.now += timedelta(hours=2)
    assert repeats.begin("a", "something else") is None
