"""The feed and webhooks over HTTP: waiting, filters, what is gone, and who may do what."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from rcu.domain.changes import ChangeKind
from rcu.services import keys
from rcu.services.following import FeedWatch, forget_changes, newest_change
from rcu.store import publishing
from rcu.store.publishing import Told
from tests.api.conftest import Api
from tests.conftest import NOW

URL = "https://shop.example/rcu"


def announce(api: Api, *kinds: ChangeKind) -> None:
    with api.store.begin() as connection:
        publishing.announce(connection, [Told("c", kind, 1) for kind in kinds], NOW)


def test_a_page_says_how_far_the_feed_goes(api: Api) -> None:
    newest = newest_change(api.store)
    page = api.client("changes").get("/v1/changes", params={"limit": 1}).json()
    assert (page["oldest"], page["newest"], page["next_after"]) == (1, newest, 1)


def test_only_some_kinds_are_given_and_the_rest_is_gone_past(api: Api) -> None:
    before = newest_change(api.store)
    announce(api, ChangeKind.UPDATED, ChangeKind.MERGED, ChangeKind.CONSENT_CHANGED, ChangeKind.UPDATED)
    page = api.client("changes").get("/v1/changes", params={"after": before, "kinds": "merged,consent_changed"}).json()
    assert [one["kind"] for one in page["changes"]] == ["merged", "consent_changed"]
    assert page["next_after"] == before + 4


@pytest.mark.parametrize("query", ["kinds=", "kinds=deleted", "kinds=merged,,created", "wait=31", "wait=-1", "wait=x"])
def test_what_cannot_be_asked_for_is_refused(api: Api, query: str) -> None:
    assert api.client("changes").get(f"/v1/changes?{query}").status_code == 422


def test_what_is_not_kept_any_more_is_gone_and_says_what_to_do(api: Api) -> None:
    newest = newest_change(api.store)
    forget_changes(api.store, NOW + timedelta(days=1))
    answer = api.client("changes").get("/v1/changes", params={"after": 0})
    assert answer.status_code == 410
    problem = answer.json()
    assert problem["type"] == "urn:rcu:problem:changes-gone"
    assert (problem["oldest"], problem["newest"]) == (newest + 1, newest)
    assert f"after={newest}" in problem["hint"]
    assert api.client("changes").get("/v1/changes", params={"after": newest}).json()["changes"] == []


def test_who_waits_is_answered_when_something_comes_and_holds_nothing_meanwhile(api: Api) -> None:
    asked = threading.Event()

    def newest() -> int:
        asked.set()
        return newest_change(api.store)

    api.app.state.feed_watch = FeedWatch(newest)
    key = keys.create_key(api.store, "waiting", scopes=frozenset({"changes"}), now=NOW)
    before = newest_change(api.store)

    async def waiting() -> list[dict[str, Any]]:
        transport = httpx2.ASGITransport(app=api.app)
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://rcu", headers=headers) as client:
            many = [client.get("/v1/changes", params={"after": before, "wait": 30}) for _ in range(60)]
            work = asyncio.gather(*many)
            assert await asyncio.to_thread(asked.wait, 60)
            pool = api.store.engine.pool
            assert pool.checkedout() <= 41  # type: ignore[attr-defined]  # those that are just being asked for
            await asyncio.to_thread(announce, api, ChangeKind.UPDATED)
            return [answer.json() for answer in await work]

    found = asyncio.run(waiting())
    assert {page["next_after"] for page in found} == {before + 1}
    assert all(len(page["changes"]) == 1 for page in found)


# Webhooks


def made(api: Api, **more: Any) -> dict[str, Any]:
    answer = api.client("admin").post("/v1/webhooks", json={"url": URL, **more})
    assert answer.status_code == 201
    return answer.json()


def test_a_webhook_is_made_and_its_secret_is_shown_once(api: Api) -> None:
    one = made(api, kinds=["merged", "created"], description="the shop")
    assert one["secret"].startswith("whsec_")
    assert (one["kinds"], one["state"], one["last_sequence"]) == (
        ["created", "merged"],
        "enabled",
        newest_change(api.store),
    )
    client = api.client("admin")
    shown = client.get(f"/v1/webhooks/{one['webhook_id']}").json()
    assert shown == {name: value for name, value in one.items() if name != "secret"}
    assert client.get("/v1/webhooks").json() == {"webhooks": [shown]}
    assert one["secret"] not in client.get("/v1/webhooks").text


def test_a_webhook_is_changed_disabled_enabled_and_deleted(api: Api) -> None:
    client, number = api.client("admin"), made(api)["webhook_id"]
    at = f"/v1/webhooks/{number}"
    changed = client.patch(at, json={"kinds": ["split"], "url": URL + "/2"}).json()
    assert (changed["kinds"], changed["url"]) == (["split"], URL + "/2")
    assert client.patch(at, json={"kinds": []}).json()["kinds"] == []
    disabled = client.post(f"{at}/disable", json={"reason": "moving"}).json()
    assert (disabled["state"], disabled["disabled_why"]) == ("disabled", "moving")
    assert client.post(f"{at}/test").status_code == 409
    enabled = client.post(f"{at}/enable", json={"after": 2}).json()
    assert (enabled["state"], enabled["disabled_why"], enabled["last_sequence"]) == ("enabled", None, 2)
    assert client.delete(at).status_code == 204
    assert client.get(at).status_code == 404


def test_a_secret_is_replaced(api: Api) -> None:
    one = made(api)
    answer = api.client("admin").post(f"/v1/webhooks/{one['webhook_id']}/rotate").json()
    assert answer["secret"] != one["secret"]
    assert answer["former_until"] is not None


def test_deliveries_are_listed_page_by_page_and_made_again(api: Api) -> None:
    client, number = api.client("admin"), made(api)["webhook_id"]
    at = f"/v1/webhooks/{number}"
    sent = [client.post(f"{at}/test").json()["delivery_id"] for _ in range(3)]
    first = client.get(f"{at}/deliveries", params={"limit": 2}).json()
    assert [one["delivery_id"] for one in first["deliveries"]] == sent[:0:-1]
    rest = client.get(f"{at}/deliveries", params={"cursor": first["next_cursor"]}).json()
    assert ([one["delivery_id"] for one in rest["deliveries"]], rest["next_cursor"]) == (sent[:1], None)
    assert client.get(f"{at}/deliveries", params={"state": "delivered"}).json()["deliveries"] == []
    again = client.post(f"{at}/replay", json={"delivery_id": sent[0]})
    assert (again.status_code, again.json()["delivery"]["delivery_id"]) == (202, sent[0])
    assert client.post(f"{at}/replay", json={"sequence": 1}).json()["webhook"]["last_sequence"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        pytest.param("POST", "", {"url": "http://10.0.0.1/"}, 422, id="a private address"),
        pytest.param("POST", "", {"url": URL, "kinds": ["deleted"]}, 422, id="no such kind"),
        pytest.param("POST", "", {"url": URL, "after": 10**9}, 422, id="a change that is not there yet"),
        pytest.param("GET", "/99", None, 404, id="no such webhook"),
        pytest.param("PATCH", "/99", {}, 404, id="no such webhook to change"),
        pytest.param("DELETE", "/99", None, 404, id="no such webhook to delete"),
        pytest.param("POST", "/99/enable", {}, 404, id="no such webhook to enable"),
        pytest.param("POST", "/1/replay", {}, 422, id="nothing to tell again"),
        pytest.param("POST", "/1/replay", {"sequence": 1, "delivery_id": 1}, 422, id="too much to tell again"),
        pytest.param("POST", "/1/replay", {"delivery_id": 99}, 404, id="no such delivery"),
        pytest.param("GET", "/1/deliveries?cursor=x", None, 400, id="a cursor of somebody else"),
    ],
)
def test_what_cannot_be_done_with_a_webhook_is_a_problem(
    api: Api, method: str, path: str, body: Any, status: int
) -> None:
    made(api)
    answer = api.client("admin").request(method, f"/v1/webhooks{path}", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("scope", ["changes", "identity", "records", "steward"])
def test_webhooks_need_the_scope_admin(api: Api, scope: str) -> None:
    client = api.client(scope)
    assert client.get("/v1/webhooks").status_code == 403
    assert client.post("/v1/webhooks", json={"url": URL}).status_code == 403
