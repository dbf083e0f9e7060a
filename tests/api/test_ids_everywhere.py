"""An id that was given out once answers for ever, by whatever route and in whatever place it is asked with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import update

from rcu.api.app import ROUTERS
from rcu.domain.keys import Terms
from rcu.store.tables import customers, memberships, records
from tests.api.conftest import Api
from tests.api.test_customers import stored
from tests.api.test_history import decide, first_instant
from tests.api.test_keys import in_store
from tests.conftest import NOW

UNKNOWN: Final = "00000000-0000-7000-8000-000000000000"
PARTS: Final[Mapping[str, Mapping[str, str]]] = {
    "": {"fields": "scores", "expand": "events"},
    "/household": {},
    "/records": {"limit": "7"},
    "/events": {"kind": "order", "since": "2024-01-01T00:00:00Z", "limit": "3"},
    "/consents": {},
    "/explanation": {},
}
"""What there is of a customer by its present id, with what it is asked with."""
LATER: Final = {"as_of": "2100-01-01T00:00:00Z"}
STATES: Final = ("current", "merged", "split", "erased", "unknown")


@dataclass(frozen=True, slots=True)
class Ids:
    """A store with ids of every kind: the people by what became of their ids, and where these lead."""

    api: Api
    people: Mapping[str, dict[str, Any]]
    leads: Mapping[str, list[str]]

    def __getitem__(self, state: str) -> str:
        return self.people[state]["customer_id"] if state in self.people else UNKNOWN

    def record(self, state: str) -> str:
        """The record an id was born with."""
        if state not in self.people:
            return "till:nobody"
        born = next(one for one in self.people[state]["records"] if one["record_id"] == self[state])
        return f"{born['source']}:{born['native_id']}"


@pytest.fixture
def ids(api: Api) -> Ids:
    everybody = stored(api)
    home = next(one for one in everybody if one["household"])
    others = [one for one in everybody if not one["household"] and one["golden"].get("loyalty_number")]
    one, split = [each for each in others if len(each["records"]) > 1][:2]
    near, merged, erased = [each for each in others if len(each["records"]) == 1][:3]
    told = Ids(api, {"current": home, "merged": merged, "split": split, "erased": erased}, {})
    decide(api, "merge", near["customer_id"], merged["customer_id"])
    oldest = told.record("split")
    decide(api, "merge", one["customer_id"], oldest)
    keys = [f"{each['source']}:{each['native_id']}" for each in split["records"]]
    decide(api, "split", split["customer_id"], groups=[[next(key for key in keys if key != oldest)]])
    _erase(api, erased["customer_id"])
    candidates = api.client().get(f"/v1/customers/{split['customer_id']}").json()["candidates"]
    assert candidates[0] == one["customer_id"]
    now = {"current": [home["customer_id"]], "merged": [near["customer_id"]], "split": candidates}
    return Ids(api, told.people, now)


def _erase(api: Api, customer_id: str) -> None:
    mine = records.select().with_only_columns(records.c.record_id).where(records.c.birth_id == customer_id)
    with api.store.begin() as connection:
        connection.execute(customers.delete().where(customers.c.customer_id == customer_id))
        connection.execute(memberships.delete().where(memberships.c.record_id.in_(mine)))
        connection.execute(update(records).where(records.c.birth_id == customer_id).values(erased_at=NOW))


def refused(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].removeprefix("urn:rcu:problem:")


def leads_on(client: TestClient, answer: Any, path: str, asked: Mapping[str, str]) -> None:
    """Whether an answer leads to an address, asked in the same way, and may be kept by nobody."""
    location = urlsplit(answer.headers["location"])
    assert (answer.status_code, location.path) == (307, path)
    assert {name: one for name, (one,) in parse_qs(location.query).items()} == asked
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {"status": "merged", "customer_id": path.split("/")[3]}
    assert client.get(answer.headers["location"]).status_code in (200, 404)


def test_the_table_has_every_route_of_one_customer() -> None:
    routes = [route.path for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    known = {path.partition("{customer_id}")[2] for path in routes if "{customer_id}" in path}
    assert known == {*PARTS, "/history"}


def test_every_part_of_a_customer_is_found_by_any_id_it_had(ids: Ids) -> None:
    client = ids.api.client()
    for part, asked in PARTS.items():
        for write in (str.lower, str.upper):
            told = {state: client.get(f"/v1/customers/{write(ids[state])}{part}", params=asked) for state in STATES}
            assert told["current"].status_code == 200, part
            leads_on(client, told["merged"], f"/v1/customers/{ids.leads['merged'][0]}{part}", asked)
            assert refused(told["split"]) == (409, "several-customers"), part
            assert told["split"].json()["candidates"] == ids.leads["split"]
            assert refused(told["erased"]) == (410, "erased"), part
            assert refused(told["unknown"]) == (404, "not-found"), part


def test_what_was_is_found_by_any_id_and_leads_where_it_led_then(ids: Ids) -> None:
    client = ids.api.client()
    for part in ("", "/household"):
        later = {state: client.get(f"/v1/customers/{ids[state]}{part}", params=LATER) for state in STATES}
        assert later["current"].status_code == 200
        for state in ("merged", "split"):
            leads_on(client, later[state], f"/v1/customers/{ids.leads[state][0]}{part}", LATER)
        assert refused(later["erased"]) == (410, "erased")
        assert refused(later["unknown"]) == (404, "not-found")
    fields = {"as_of": first_instant(), "fields": "golden"}
    for state in ("current", "merged", "split"):
        then = client.get(f"/v1/customers/{ids[state]}", params=fields)
        assert then.json() == {"customer_id": ids[state], "golden": ids.people[state]["golden"]}
    for state, became in {"current": "current", "merged": "merged", "split": "split"}.items():
        told = client.get(f"/v1/customers/{ids[state]}/history").json()
        assert (told["customer_id"], told["state"]) == (ids[state], became)
        assert told["customers"] == ids.leads[state]
        assert told["versions"]
    assert refused(client.get(f"/v1/customers/{ids['erased']}/history")) == (410, "erased")
    assert refused(client.get(f"/v1/customers/{UNKNOWN}/history")) == (404, "not-found")


def test_a_household_of_then_leaves_out_who_was_erased_since(ids: Ids) -> None:
    client, (one, *others) = ids.api.client(), ids.people["current"]["household"]["members"]
    _erase(ids.api, others[0])
    told = client.get(f"/v1/customers/{one}/household", params=LATER)
    assert [each["customer_id"] for each in told.json()["members"]] == [one, *others[1:]]


@pytest.mark.parametrize("path", ["decisions", "decisions/preview"])
def test_a_decision_names_any_id_but_one_that_is_nobodys_or_of_several(ids: Ids, path: str) -> None:
    client = ids.api.client()

    def asked(about: str) -> Any:
        body = {"kind": "confirm", "about": [about], "reason": "seen the papers"}
        return client.post(f"/v1/{path}", json=body)

    assert {asked(ids[state]).status_code for state in ("current", "merged")} <= {200, 201}
    several = asked(ids["split"])
    assert refused(several) == (409, "several-customers")
    assert several.json()["candidates"] == ids.leads["split"]
    assert asked(ids.record("split")).status_code in (200, 201), "a record is in one place"
    for erased in (ids["erased"], ids.record("erased")):
        assert refused(asked(erased)) == (410, "erased")
    assert refused(asked(UNKNOWN)) == (404, "not-found")
    body = {"kind": "confirm", "about": [ids["current"]], "expected": {ids["merged"]: 1}, "reason": "seen the papers"}
    assert refused(client.post(f"/v1/{path}", json=body)) == (409, "conflict")


def test_lists_are_narrowed_by_any_id(ids: Ids) -> None:
    client = ids.api.client()
    for path in ("decisions", "decisions:export"):
        told = {state: client.get(f"/v1/{path}", params={"about": ids[state]}) for state in STATES}
        assert [one.status_code for one in told.values()] == [200, 200, 200, 200, 404]
        assert refused(told["unknown"]) == (404, "not-found")
        assert all('"merge"' in told[state].text for state in ("merged", "split"))
    for path in ("cases", "cases:export"):
        asked = {"state": "any", "customer": ids.leads["split"][0]}
        mine = client.get(f"/v1/{path}", params=asked).content
        for name in (ids["split"], ids["split"].upper()):
            assert client.get(f"/v1/{path}", params={**asked, "customer": name}).content == mine
        for state in ("erased", "unknown"):
            assert client.get(f"/v1/{path}", params={**asked, "customer": ids[state]}).status_code == 200
    ids.api.accesses()
    shown = client.get("/v1/access-log", params={"customer_id": ids["merged"].upper()})
    assert shown.json()["accesses"] == []
    client.get(f"/v1/customers/{ids['merged']}", params={"as_of": first_instant()})
    ids.api.accesses()
    (entry,) = client.get("/v1/access-log", params={"customer_id": ids["merged"]}).json()["accesses"]
    assert entry["customer_id"] == ids["merged"], "what was shown of an id stays under it"


def test_the_record_an_id_was_born_with_and_its_number_find_whose_it_is(ids: Ids) -> None:
    client = ids.api.client()
    asked = [{"type": "record", "value": ids.record(state)} for state in STATES]
    found = client.post("/v1/customers/lookup", json={"identifiers": asked}).json()["results"]
    assert [one["status"] for one in found] == ["found", "found", "found", "erased", "not_found"]
    names = [one["customer"]["customer_id"] for one in found[:3]]
    assert names == [ids.leads[state][0] for state in STATES[:3]]
    for state, name in zip(STATES[:3], names, strict=True):
        path = f"/v1/records/{ids.record(state).replace(':', '/', 1)}/customer"
        assert client.get(path).json()["customer_id"] == name
    gone, nobody = (client.get(f"/v1/records/{ids.record(one).replace(':', '/', 1)}/customer") for one in STATES[3:])
    assert (refused(gone), refused(nobody)) == ((410, "erased"), (404, "not-found"))
    number = ids.people["merged"]["golden"]["loyalty_number"]
    assert client.get(f"/v1/loyalty-numbers/{number}/customer").json()["customer_id"] == ids.leads["merged"][0]
    number = ids.people["erased"]["golden"]["loyalty_number"]
    assert refused(client.get(f"/v1/loyalty-numbers/{number}/customer")) == (404, "not-found")


def test_a_key_held_to_stores_is_told_of_no_customer_of_others(ids: Ids) -> None:
    everybody = {one["customer_id"]: one for one in stored(ids.api)}
    first, *others = ids.leads["split"]
    in_store(ids.api, everybody[first], "HERE")
    for one in (*others, ids.leads["merged"][0]):
        in_store(ids.api, everybody[one], "THERE")
    till = ids.api.client(terms=Terms(stores=frozenset({"HERE"})))
    for part, asked in PARTS.items():
        told = till.get(f"/v1/customers/{ids['split']}{part}", params=asked)
        leads_on(till, told, f"/v1/customers/{first}{part}", asked)
        assert refused(till.get(f"/v1/customers/{ids['merged']}{part}")) == (404, "not-found")
    told = till.get(f"/v1/customers/{ids['split']}/history").json()
    assert (told["state"], told["customers"]) == ("merged", [first])
