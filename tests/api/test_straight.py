"""A record that is sent as nearly all are is answered without FastAPI's dependencies, and as with them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi import Request, Response

from rcu.api.bodies import BoundedRoute
from rcu.api.routes import records
from tests.api.conftest import Api

MARIE = {"first_name": "Marie", "last_name": "DURAND", "phone": "06 39 98 12 34", "updated_at": "2026-03-01T10:15:00Z"}
JSON = {"content-type": "application/json"}


@pytest.fixture
def straight(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each request was answered the short way."""
    seen: list[bool] = []
    way = records._PutRoute.straight

    async def watched(self: Any, request: Request, body: bytes) -> Response | None:
        seen.append(True)
        answer = await way(self, request, body)
        seen[-1] = answer is not None
        return answer

    monkeypatch.setattr(records._PutRoute, "straight", watched)
    return seen


def test_a_record_goes_the_short_way_once_its_key_is_known(api: Api, straight: list[bool]) -> None:
    client = api.client("records")
    answers = [client.put(f"/v1/records/till/{name}", json=MARIE) for name in ("S1", "S1", "S%2F2")]
    assert straight == [False, True, True]
    assert [one.status_code for one in answers] == [201, 200, 201]
    assert [one.json()["record"] for one in answers] == ["till:S1", "till:S1", "till:S/2"]
    assert answers[0].headers.items() >= {("cache-control", "private, no-store")}
    assert answers[1].headers.keys() == answers[0].headers.keys()


CASES = [
    pytest.param("till/S1", json.dumps(MARIE), JSON, True, id="a record"),
    pytest.param("till/S1", json.dumps({**MARIE, "email": None, "city": ""}), JSON, True, id="null and empty text"),
    pytest.param("till/S1", "{}", JSON, True, id="nothing said"),
    pytest.param("nowhere/S1", json.dumps(MARIE), JSON, True, id="a source that is not connected"),
    pytest.param("till/S1", "", JSON, False, id="no body"),
    pytest.param("till/S1", "{", JSON, False, id="no JSON"),
    pytest.param("till/S1", '{"city": "\\ud800"}', JSON, False, id="half a letter"),
    pytest.param("till/S1", '{"city": NaN}', JSON, False, id="no text"),
    pytest.param("till/S1", "[]", JSON, False, id="no object"),
    pytest.param("till/S1", '{"colour": "red"}', JSON, False, id="an unknown field"),
    pytest.param("till/S1", '{"city": 1}', JSON, False, id="a number"),
    pytest.param("till/S1", '{"deleted": "yes"}', JSON, False, id="text for a flag"),
    pytest.param("till/S1", '{"updated_at": 1772360100}', JSON, False, id="a number for a time"),
    pytest.param("till/S1", '{"city": "\\u0000"}', JSON, False, id="a NUL character"),
    pytest.param("till/%20S1", json.dumps(MARIE), JSON, False, id="a key with a blank before it"),
    pytest.param("till/S1", json.dumps(MARIE), {"content-type": "text/plain"}, False, id="another type"),
    pytest.param(
        "till/S1", json.dumps(MARIE), {"content-type": "application/json; charset=utf-8"}, False, id="more said"
    ),
    pytest.param("till/S1", json.dumps(MARIE), {**JSON, "if-match": '"x"'}, False, id="if what is there is known"),
    pytest.param("till/S1", json.dumps(MARIE), {**JSON, "if-none-match": "*"}, False, id="if nothing is there"),
    pytest.param("till/S1", json.dumps(MARIE), {**JSON, "x-on-behalf-of": "a b"}, False, id="for whom, and no word"),
    pytest.param("till/S1", json.dumps(MARIE), {**JSON, "x-purpose": ""}, False, id="for nothing"),
    pytest.param("till/S1?dry_run=true", json.dumps(MARIE), JSON, False, id="a dry run"),
    pytest.param("till/S1?profile=maybe", json.dumps(MARIE), JSON, False, id="a wrong query"),
]


@pytest.mark.parametrize(("path", "body", "headers", "short"), CASES)
def test_both_ways_answer_alike(
    api: Api, straight: list[bool], monkeypatch: pytest.MonkeyPatch, *, path: str, body: str, headers: Any, short: bool
) -> None:
    client = api.client("records")
    client.put("/v1/records/till/S1", json=MARIE)
    answers = [client.put(f"/v1/records/{path}", content=body, headers=headers)]
    assert straight[1:] == [short]
    monkeypatch.setattr(records._PutRoute, "answer", BoundedRoute.answer)
    client.put("/v1/records/till/S1", json=MARIE)
    answers.append(client.put(f"/v1/records/{path}", content=body, headers=headers))
    told = [{**one.json(), "version": 0, "content": "", "happened": "", "request_id": ""} for one in answers]
    assert told[0] == told[1]
    assert answers[0].status_code == answers[1].status_code


@pytest.mark.parametrize("scopes", [("identity",), ("steward",)])
def test_a_key_that_may_not_is_refused_either_way(api: Api, straight: list[bool], scopes: tuple[str, ...]) -> None:
    client = api.client(*scopes)
    assert [client.put("/v1/records/till/S1", json=MARIE).status_code for _ in range(2)] == [403, 403]
    assert straight == [False, False]
