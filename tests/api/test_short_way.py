"""Reads on the short way are answered as by their routes, to the byte, and written down alike."""

from __future__ import annotations

from typing import Any

import pytest

from rcu.api import straight
from rcu.domain.keys import Rate, Terms
from tests.api.conftest import Api
from tests.api.test_customers import stored

KEPT = ("etag", "cache-control", "content-type", "location", "ratelimit", "ratelimit-policy", "retry-after")


def requests(api: Api) -> dict[str, tuple[str, str, dict[str, str], Any]]:
    """Requests of all sorts: method, path, headers, body."""
    everybody = stored(api)
    one = next(each for each in everybody if each["golden"].get("email"))
    path = f"/v1/customers/{one['customer_id']}"
    tag = api.client().get(path).headers["etag"]
    client = api.client()
    pair = [each["customer_id"] for each in everybody[-2:]]
    client.post("/v1/decisions", json={"kind": "merge", "about": pair, "reason": "the same"})
    email = {"type": "email", "value": one["golden"]["email"].upper()}
    lookup = "/v1/customers/lookup"
    return {
        "a profile": ("GET", path, {}, None),
        "one that is known": ("GET", path, {"If-None-Match": tag}, None),
        "an id in capitals": ("GET", path.upper().replace("/V1/CUSTOMERS", "/v1/customers"), {}, None),
        "an id that was merged": ("GET", f"/v1/customers/{pair[1]}", {}, None),
        "an id nobody has": ("GET", "/v1/customers/00000000-0000-7000-8000-000000000000", {}, None),
        "no id": ("GET", "/v1/customers/nobody", {}, None),
        "a purpose": ("GET", path, {"X-Purpose": "till", "X-On-Behalf-Of": "anne"}, None),
        "no purpose": ("GET", path, {"X-Purpose": "to look at people"}, None),
        "some fields": ("GET", f"{path}?fields=golden.last_name", {}, None),
        "no key": ("GET", path, {"Authorization": "Bearer nonsense"}, None),
        "a mailbox": ("POST", lookup, {}, {"identifiers": [email]}),
        "several": ("POST", lookup, {}, {"identifiers": [email, {"type": "phone", "value": "x"}, email]}),
        "many": ("POST", lookup, {}, {"identifiers": [email] * 30}),
        "no identifier": ("POST", lookup, {}, {"identifiers": []}),
        "no such type": ("POST", lookup, {}, {"identifiers": [email, {"type": "name", "value": "x"}]}),
        "no text": ("POST", lookup, {}, {"identifiers": [{"type": "phone", "value": 612345678}]}),
        "nothing": ("POST", lookup, {}, {"identifiers": [{"type": "phone", "value": ""}]}),
        "a long one": ("POST", lookup, {}, {"identifiers": [{"type": "record", "value": "x:" + "é" * 318}]}),
        "one too long": ("POST", lookup, {}, {"identifiers": [{"type": "record", "value": "x:" + "é" * 319}]}),
        "a NUL": ("POST", lookup, {}, {"identifiers": [{"type": "record", "value": "x:\0"}]}),
        "a member more": ("POST", lookup, {}, {"identifiers": [email | {"of": "x"}]}),
        "one more beside": ("POST", lookup, {}, {"identifiers": [email], "of": "x"}),
        "a list": ("POST", lookup, {}, [email]),
        "no list": ("POST", lookup, {}, {"identifiers": email}),
        "no body": ("POST", lookup, {}, None),
    }


@pytest.mark.parametrize(
    "scopes", [("identity", "contact", "consent", "orders", "scores"), ("identity",), ("changes",)]
)
def test_an_answer_is_the_same_on_either_way(
    api: Api, scopes: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = requests(api)
    client = api.client(*scopes, terms=Terms(purpose="test"))
    client.get("/v1/customers?limit=1")  # the key is known from here on
    calls = 0

    async def never(*_: Any) -> None:
        nonlocal calls
        calls += 1

    def answers() -> list[Any]:
        api.accesses()
        before = len(api.accesses())
        found = []
        for name, (method, path, headers, body) in asked.items():
            answer = client.request(method, path, headers=headers, json=body)
            told = answer.json() if answer.content else None
            if isinstance(told, dict):
                told.pop("request_id", None)
            found.append((name, answer.status_code, told, {one: answer.headers.get(one) for one in KEPT}))
        log = [(one.operation, one.purpose, one.actor, one.customer_id, one.field_groups) for one in api.accesses()]
        return [found, sorted(log[before:], key=str)]

    short = answers()
    monkeypatch.setattr(straight, "_profile", never)
    monkeypatch.setattr(straight, "_lookup", never)
    assert short == answers()
    assert calls == 21


def test_a_request_is_counted_once_on_whichever_way_it_goes(api: Api) -> None:
    everybody = stored(api)
    client = api.client("identity", terms=Terms(rate=Rate(per_second=1, burst=6)))
    path = f"/v1/customers/{everybody[0]['customer_id']}"
    left = [client.get(one).headers["ratelimit"] for one in (path, path, f"{path}?fields=golden", path)]
    assert [one.split(";")[1] for one in left] == ["r=5", "r=4", "r=3", "r=2"]
    assert client.get("/v1/customers/00000000-0000-7000-8000-000000000000").headers["ratelimit"].split(";")[1] == "r=1"
    assert [client.get(path).status_code for _ in range(2)] == [200, 429]
