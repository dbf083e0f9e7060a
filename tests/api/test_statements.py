"""What each operation asks of the database: as often as it is told here, and no more for many than for one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final, TypeAlias

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from rcu.api.app import ROUTERS
from rcu.matching.model import DEFAULT_MODEL
from rcu.services.keys import KnownKeys
from tests.api.conftest import Api
from tests.api.test_customers import joined, stored
from tests.api.test_scopes import _waiting_merge
from tests.spying import statements

Request: TypeAlias = tuple[str, str, Any]
WORDS: Final = {"reason": "seen the papers"}
MARIE: Final = {"first_name": "Marie", "last_name": "DURAND", "email": "marie.durand@mail.example.fr"}
VISIT: Final = {"source": "shop", "kind": "visit", "occurred_at": "2025-06-01T10:00:00Z", "visitor": "v-1"}
ORDER: Final = {
    "source": "shop",
    "kind": "order",
    "occurred_at": "2025-06-01T10:00:00Z",
    "currency": "EUR",
    "amount": "5",
}
HOOK: Final = {"url": "https://shop.example/rcu"}


class Counted:
    """A caller whose statements are counted: those of looking its key up and of the access log are none."""

    def __init__(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        api.app.state.keys = KnownKeys(api.store, seconds=3600.0, used=api.app.state.key_uses.used)
        self.client = api.client()
        self.client.get("/v1/changes")  # the key is known from here on
        self._seen = statements(api.store.engine, monkeypatch)

    def ask(self, request: Request) -> list[str]:
        """The statements of a request."""
        self._seen.clear()
        method, path, body = request
        answer = self.client.request(method, path, json=body)
        assert answer.status_code < 300, (path, answer.text)
        return [one for one in self._seen if not one.startswith(("BEGIN", "PRAGMA"))]

    def cost(self, method: str, path: str, body: object = None) -> int:
        """How many they are."""
        return len(self.ask((method, path, body)))


@pytest.fixture
def counted(api: Api, monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(api, monkeypatch)


def made(client: TestClient, path: str, body: Any = None) -> dict[str, Any]:
    answer = client.post(f"/v1/{path}", json=body)
    assert answer.status_code < 300, answer.text
    return answer.json()


def get(operation: str, path: str) -> tuple[str, Request]:
    return operation, ("GET", path, None)


def post(operation: str, path: str, body: Any = None) -> tuple[str, Request]:
    return operation, ("POST", f"/v1/{path}", body)


def of_customers(api: Api) -> Iterator[tuple[str, Request]]:
    """What reads customers."""
    one = joined(api)
    home = next(each for each in stored(api) if each["household"])
    name, record = one["customer_id"], one["records"][0]
    yield get("getCustomer", f"/v1/customers/{name}")
    yield get("getHousehold", f"/v1/customers/{home['customer_id']}/household")
    yield get("getCustomerHistory", f"/v1/customers/{name}/history")
    for part in ("Records", "Events", "Consents", "Explanation"):
        yield get(f"getCustomer{part}", f"/v1/customers/{name}/{part.lower()}")
    yield get("getCustomerOfRecord", f"/v1/records/{record['source']}/{record['native_id']}/customer")
    yield get("getCustomerOfLoyaltyNumber", f"/v1/loyalty-numbers/{one['golden']['loyalty_number']}/customer")
    yield post("lookupCustomers", "customers/lookup", looked_up([one]))
    yield post("searchCustomers", "customers/search", {"text": one["golden"]["last_name"]})


def of_stewards(api: Api) -> Iterator[tuple[str, Request]]:
    """What reads and changes who is who."""
    client = api.client()
    client.put("/v1/records/till/S0", json=MARIE)
    (undone, approved) = _waiting_merge(api)
    merge = {"kind": "merge", "about": [each["customer_id"] for each in stored(api)][:2], **WORDS}
    cases = [each["case_id"] for each in client.get("/v1/cases?kind=possible_match").json()["cases"]]
    yield get("getCase", f"/v1/cases/{cases[0]}")
    yield post("previewDecision", "decisions/preview", merge)
    yield post("previewUndo", f"decisions/{undone}/undo/preview", WORDS)
    yield post("previewApproval", f"decisions/{approved}/approve/preview", WORDS)
    yield "putRecord", ("PUT", "/v1/records/till/S1", MARIE)
    yield post("putRecords", "records:batch", {"records": [{"source": "till", "native_id": "S2", **MARIE}]})
    yield post("putEvents", "events:batch", {"events": [{**VISIT, "native_id": "1"}]})
    yield post("closeCase", f"cases/{cases[1]}/close", WORDS)
    yield post("assignCase", f"cases/{cases[0]}/assign", {"assigned_to": "paul"})
    yield post("setCaseDue", f"cases/{cases[0]}/due", {"at": "2030-01-01T00:00:00Z"})
    yield post("deferCase", f"cases/{cases[0]}/defer", {"at": "2999-01-01T00:00:00Z"})
    yield post("resumeCase", f"cases/{cases[0]}/resume", {})
    yield post("commentCase", f"cases/{cases[0]}/comment", {"text": "she moved"})
    yield post("decideCase", f"cases/{cases[0]}/decide", {"kind": "not_same", **WORDS})
    yield post("decide", "decisions", merge)
    yield post("undoDecision", f"decisions/{undone}/undo", WORDS)
    yield post("approveDecision", f"decisions/{approved}/approve", WORDS)


def of_admins(api: Api) -> Iterator[tuple[str, Request]]:
    """What reads and changes what runs the reference; and its lists."""
    client = api.client()
    hook = made(client, "webhooks", HOOK)["webhook_id"]
    sent = made(client, f"webhooks/{hook}/test")["delivery_id"]
    key = made(client, "keys", {"name": "till", "scopes": ["identity"]})["key_id"]
    (row, other) = [each["quarantine_id"] for each in client.get("/v1/quarantine?source=till&limit=2").json()["rows"]]
    yield get("live", "/health/live")
    yield get("ready", "/health/ready")
    for operation, path in LISTS.items():
        yield get(operation, path.format(hook=hook))
    yield get("getModel", f"/v1/models/{DEFAULT_MODEL}")
    yield post("compareModel", f"models/{DEFAULT_MODEL}/comparison")
    yield get("getKey", f"/v1/keys/{key}")
    yield get("getWebhook", f"/v1/webhooks/{hook}")
    yield get("getRun", "/v1/runs/1")
    yield get("getQuarantinedRow", f"/v1/quarantine/{row}")
    yield post("adoptModel", f"models/{DEFAULT_MODEL}/adopt")
    yield post("createKey", "keys", {"name": "shop", "scopes": ["identity"]})
    yield post("rotateKey", f"keys/{key}/rotate", {})
    yield post("expireKey", f"keys/{key}/expire", {"at": None})
    yield post("revokeKey", f"keys/{key}/revoke")
    yield post("createWebhook", "webhooks", HOOK)
    yield "updateWebhook", ("PATCH", f"/v1/webhooks/{hook}", {"description": "the shop"})
    yield post("testWebhook", f"webhooks/{hook}/test")
    yield post("replayWebhook", f"webhooks/{hook}/replay", {"delivery_id": sent})
    yield post("rotateWebhookSecret", f"webhooks/{hook}/rotate")
    yield post("disableWebhook", f"webhooks/{hook}/disable", {"reason": "moving"})
    yield post("enableWebhook", f"webhooks/{hook}/enable", {})
    yield "deleteWebhook", ("DELETE", f"/v1/webhooks/{hook}", None)
    yield post("replayQuarantine", "quarantine:replay", {"rows": [{"quarantine_id": row}]})
    yield post("dropQuarantine", "quarantine:drop", {"ids": [other]})


LISTS: Final = {
    "listCustomers": "/v1/customers",
    "exportCustomers": "/v1/customers:export",
    "listChanges": "/v1/changes",
    "exportChanges": "/v1/changes:export",
    "listDecisions": "/v1/decisions",
    "exportDecisions": "/v1/decisions:export",
    "listCases": "/v1/cases",
    "exportCases": "/v1/cases:export",
    "listModels": "/v1/models",
    "listKeys": "/v1/keys",
    "listAccesses": "/v1/access-log",
    "exportAccesses": "/v1/access-log:export",
    "listWebhooks": "/v1/webhooks",
    "listDeliveries": "/v1/webhooks/{hook}/deliveries",
    "listRuns": "/v1/runs",
    "listSources": "/v1/sources",
    "listQuarantine": "/v1/quarantine",
    "countQuarantine": "/v1/quarantine/counts",
}


def looked_up(people: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A lookup by record, loyalty number and mailbox of each."""
    asked: list[dict[str, str]] = []
    for one in people:
        record, golden = one["records"][0], one["golden"]
        told = {"record": f"{record['source']}:{record['native_id']}", "email": golden.get("email")}
        told |= {"loyalty_number": golden.get("loyalty_number")}
        asked += [{"type": kind, "value": value} for kind, value in told.items() if value]
    return {"identifiers": asked[:100]}


READS: Final[dict[str, int | tuple[int, int]]] = {
    "live": 0,
    "ready": (1, 2),
    "getCustomer": 1,
    "getHousehold": 2,
    "getCustomerHistory": 4,
    "getCustomerRecords": 2,
    "getCustomerEvents": 2,
    "getCustomerConsents": 3,
    "getCustomerExplanation": 6,
    "getCustomerOfRecord": 1,
    "getCustomerOfLoyaltyNumber": 1,
    "lookupCustomers": 3,  # by three types
    "searchCustomers": (6, 7),
    "listCustomers": 1,
    "exportCustomers": 1,
    "listChanges": 1,
    "exportChanges": 2,
    "listDecisions": 7,
    "exportDecisions": 7,
    "listCases": 2,
    "exportCases": 2,
    "listModels": 3,
    "listKeys": 1,
    "listAccesses": 1,
    "exportAccesses": 1,
    "listWebhooks": 2,
    "listDeliveries": 3,
    "listRuns": 1,
    "listSources": 1,
    "listQuarantine": 1,
    "countQuarantine": 1,
    "getCase": 3,
    "getModel": 1,
    "compareModel": (0, 5),  # what it reads as a whole is not asked for in this way
    "getKey": 2,
    "getWebhook": 2,
    "getRun": 1,
    "getQuarantinedRow": 1,
}
"""So many statements exactly; two numbers are those of SQLite and PostgreSQL."""
AT_MOST: Final[dict[str, int]] = {
    "previewDecision": 45,
    "previewUndo": 35,
    "previewApproval": 35,
    "putRecord": 30,
    "putRecords": 30,
    "putEvents": 30,
    "decide": 50,
    "undoDecision": 45,
    "approveDecision": 40,
    "assignCase": 6,
    "setCaseDue": 6,
    "deferCase": 6,
    "resumeCase": 6,
    "commentCase": 6,
    "closeCase": 6,
    "decideCase": 50,
    "adoptModel": 3,
    "createKey": 5,
    "rotateKey": 5,
    "expireKey": 3,
    "revokeKey": 4,
    "createWebhook": 5,
    "updateWebhook": 3,
    "deleteWebhook": 3,
    "enableWebhook": 8,
    "disableWebhook": 3,
    "rotateWebhookSecret": 6,
    "replayWebhook": 7,
    "testWebhook": 4,
    "replayQuarantine": 40,
    "dropQuarantine": 2,
}
"""So many at most: what is written depends on what is there."""


def test_every_operation_asks_the_database_as_often_as_it_is_told(api: Api, counted: Counted) -> None:
    known = {route.operation_id for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)}
    assert READS.keys() | AT_MOST.keys() == known
    found: dict[str, int] = {}
    asked: dict[str, list[str]] = {}
    for operation, request in chain(of_customers(api), of_stewards(api), of_admins(api)):
        asked[operation] = counted.ask(request)
        found[operation] = len(asked[operation])
    assert found.keys() == known
    which = api.store.engine.dialect.name != "sqlite"
    exact = {name: told if isinstance(told, int) else told[which] for name, told in READS.items()}
    assert {name: found[name] for name in exact} == exact
    assert {name: asked[name] for name, most in AT_MOST.items() if found[name] > most} == {}


# --- one and many -----------------------------------------------------------------------------------------------------

HOME: Final = {"last_name": "QUEMENEUR", "address_line": "4 RUE DES LILAS", "postcode": "29200", "city": "BREST"}
FEW_MORE: Final = 2
"""Among many there may be what there is not with one: a pair to weigh, a case, another way to look."""
NAMES: Final = ("YANN", "GAELLE", "MALO", "NOLWENN", "ENORA")


def paged(name: str, hook: int) -> list[tuple[str, str, str]]:
    """Lists, asked for one and for many."""
    more = {"listDeliveries": f"/v1/webhooks/{hook}/deliveries"}
    lists = {one: path for one, path in LISTS.items() if "export" not in one} | more
    lists |= {part: f"/v1/customers/{name}/{part}" for part in ("history", "records", "events")}
    unbounded = {"listModels", "listKeys", "listWebhooks", "listSources"}
    return [
        (one, f"{path}?limit=1", f"{path}?limit={200 if one in ('history', 'records', 'events') else 500}")
        for one, path in lists.items()
        if one not in unbounded
    ]


def test_a_page_of_many_costs_what_a_page_of_one_does(api: Api, counted: Counted) -> None:
    client, people = api.client(), stored(api)
    hook = made(client, "webhooks", HOOK)["webhook_id"]
    mine = joined(api)
    for count in range(4):
        made(client, f"webhooks/{hook}/test")
        told = {"kind": "override", "about": [mine["customer_id"]], **WORDS, "fields": {"city": f"BREST {count}"}}
        number = made(client, "decisions", told)["decision_id"]
        made(client, f"decisions/{number}/undo", WORDS)
    for name, one, many in paged(mine["customer_id"], hook):
        assert counted.cost("GET", many) == counted.cost("GET", one) > 0, name
    lookups = [looked_up(some) for some in ([mine], [mine, *people[:60]])]
    assert len(lookups[1]["identifiers"]) == 100
    few, many = (counted.cost("POST", "/v1/customers/lookup", one) for one in lookups)
    assert few == many
    few, many = (counted.cost("POST", "/v1/customers/search", {"text": "mar", "limit": one}) for one in (1, 20))
    assert many <= few + FEW_MORE  # where few are found it looks in another way
    expanded = [
        counted.cost("GET", f"/v1/customers/{mine['customer_id']}/events?expand=lines&limit={one}") for one in (1, 200)
    ]
    assert expanded[0] == expanded[1]


def test_what_has_no_pages_costs_the_same_when_there_is_more_of_it(api: Api, counted: Counted) -> None:
    client, people = api.client(), [one["customer_id"] for one in stored(api)]
    later = "as_of=2100-01-01T00:00:00Z"
    ids = [
        client.put(f"/v1/records/till/H{at}", json={**HOME, "first_name": name}).json()
        for at, name in enumerate(NAMES[:2])
    ]
    home = f"/v1/customers/{ids[0]['customer_id']}"
    paths = [f"{home}/household", f"{home}/household?{later}", f"{home}?expand=household"]
    paths += [path for name, path in LISTS.items() if "export" in name]
    paths += [LISTS[name] for name in ("listKeys", "listWebhooks", "listModels")]

    def grow(start: int, end: int) -> None:
        for at in range(start, end):
            made(client, "keys", {"name": f"till {at}", "scopes": ["identity"]})
            made(client, "webhooks", HOOK)
            made(client, "decisions", {"kind": "merge", "about": people[3 * at : 3 * at + 2], **WORDS})
        client.get("/v1/customers?limit=5")
        api.accesses()

    grow(0, 1)
    few = {path: counted.cost("GET", path) for path in paths}
    grow(1, 8)
    for at, name in enumerate(NAMES[2:], 2):
        client.put(f"/v1/records/till/H{at}", json={**HOME, "first_name": name})
    assert len(client.get(paths[0]).json()["members"]) == len(NAMES)
    assert {path: counted.cost("GET", path) for path in paths} == few
    merged = people[1:24:3]
    told = ({"kind": "comment", "about": some, **WORDS} for some in (merged[:1], merged))
    one, many = (counted.cost("POST", "/v1/decisions/preview", body) for body in told)
    assert many <= one + FEW_MORE


def test_a_batch_of_many_costs_what_a_batch_of_one_does(api: Api, counted: Counted) -> None:
    people = [one for one in stored(api) if any(each["source"] == "shop" for each in one["records"])][:20]
    shop = [next(each["native_id"] for each in one["records"] if each["source"] == "shop") for one in people]

    def sent(path: str, member: str, some: Sequence[dict[str, Any]]) -> int:
        return counted.cost("POST", f"/v1/{path}", {member: some})

    records = [
        {"source": "till", "native_id": f"S{at}", "first_name": "ODILE", "last_name": f"ZYGMUNT{chr(65 + at)}"}
        for at in range(21)
    ]
    orders = [{**ORDER, "native_id": f"W{at}", "record": shop[at % len(shop)]} for at in range(21)]
    for path, member, every in (("records:batch", "records", records), ("events:batch", "events", orders)):
        few, many = (sent(path, member, some) for some in (every[:1], every[1:]))
        assert many <= few + FEW_MORE, path
    ids = [one["customer_id"] for one in stored(api)]
    few, many = (
        counted.cost("POST", "/v1/decisions/preview", {"kind": "merge", "about": some, **WORDS})
        for some in (ids[:10], ids[:50])
    )
    assert many <= few + FEW_MORE
