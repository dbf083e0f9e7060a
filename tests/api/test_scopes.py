"""Every cell of the table of scopes, operations and fields: without a key, without the scope, fields shown or not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from rcu.api.schemas import Profile
from rcu.services.keys import READS, SCOPES
from tests.api.conftest import Api
from tests.api.test_customers import joined, stored
from tests.conftest import NOW
from tools.scopes import FIELDS, ORDER, PAGE, Operation, fields, operations, page, seen

UNKNOWN = "00000000-0000-7000-8000-000000000000"
PLACES = {
    "{customer_id}": UNKNOWN,
    "{source}": "till",
    "{native_id:path}": "nobody",
    "{number:path}": "0",
    "{model_id}": "none",
    "{case_id}": "1",
    "{decision_id}": "1",
    "{key_id}": "999999",
    "{webhook_id}": "999999",
    "{delivery_id}": "999999",
    "{run_id}": "999999",
    "{quarantine_id}": "999999",
}


def test_the_page_of_scopes_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tools.scopes"


def test_the_table_has_every_scope_and_every_operation_that_needs_a_key(api: Api) -> None:
    assert set(ORDER) == SCOPES
    told = {one["operationId"] for path in api.app.openapi()["paths"].values() for one in path.values()}
    assert {one.name for one in operations()} == told - {"live", "ready"}


def test_the_fields_of_the_table_are_those_of_the_profile() -> None:
    def names(model: type[BaseModel]) -> set[str]:
        return set(model.model_fields)

    assert set(FIELDS) == names(Profile)
    assert {one for one in fields(FIELDS) if "." not in one} == names(Profile)
    documented = {"golden": "Golden", "records": "SourceRecord"}
    from rcu.api import schemas

    for member, model in documented.items():
        inner = {one.partition(".")[2] for one in fields(FIELDS) if one.startswith(f"{member}.")}
        assert inner == names(getattr(schemas, model)), member


def url(operation: Operation) -> str:
    found = operation.path
    for place, value in PLACES.items():
        found = found.replace(place, value)
    assert "{" not in found, f"say in PLACES what stands for it: {found}"
    return found


def test_every_operation_answers_401_without_a_key_and_403_without_its_scopes(api: Api) -> None:
    callers = {scope: api.client(scope) for scope in sorted(SCOPES)}
    stranger = api.stranger()
    for one in operations():
        body = None if one.method == "GET" else {}
        assert stranger.request(one.method, url(one), json=body).status_code == 401, one.name
        for scope, caller in callers.items():
            status = caller.request(one.method, url(one), json=body).status_code
            assert (status == 403) is not one.allowed(frozenset({scope})), (one.name, scope, status)
            assert status not in (401, 405), (one.name, scope)


def profile_of(answer: Any) -> dict[str, Any]:
    """The first profile of an answer, wherever it stands."""
    content = answer.json()
    for way in (["customers", 0], ["results", 0, "customer"], ["members", 0], ["after", 0], ["customer"]):
        found = content
        for step in way:
            there = step in found if isinstance(found, dict) else isinstance(found, list) and len(found) > step
            found = found[step] if there else None
            if found is None:
                break
        if found is not None:
            return found
    return content


def asks(api: Api) -> dict[str, tuple[str, str, Any]]:
    """A request of each operation that answers with profiles, of people with every member."""
    one = joined(api)
    home = next(each for each in stored(api) if each["household"])
    two = next(each for each in stored(api) if each["customer_id"] != one["customer_id"])
    record = one["records"][0]
    name = f"{record['source']}:{record['native_id']}"
    words = {"reason": "the same"}
    put = {"first_name": "Marie", "last_name": "DURAND", "email": "marie.durand@mail.example.fr"}
    waits = _waiting_merge(api)
    return {
        "getCustomer": ("GET", f"/v1/customers/{one['customer_id']}", None),
        "getCustomerOfRecord": ("GET", f"/v1/records/{record['source']}/{record['native_id']}/customer", None),
        "getCustomerOfLoyaltyNumber": ("GET", f"/v1/loyalty-numbers/{one['golden']['loyalty_number']}/customer", None),
        "listCustomers": ("GET", "/v1/customers?limit=1", None),
        "lookupCustomers": ("POST", "/v1/customers/lookup", {"identifiers": [{"type": "record", "value": name}]}),
        "getHousehold": ("GET", f"/v1/customers/{home['customer_id']}/household", None),
        "putRecord": ("PUT", "/v1/records/till/S1?profile=true", put),
        "putRecords": (
            "POST", "/v1/records:batch?profile=true", {"records": [{"source": "till", "native_id": "S1", **put}]},
        ),
        "previewDecision": (
            "POST", "/v1/decisions/preview",
            {"kind": "merge", "about": [one["customer_id"], two["customer_id"]], "supersede": True, **words},
        ),
        "previewUndo": ("POST", f"/v1/decisions/{waits[0]}/undo/preview", words),
        "previewApproval": ("POST", f"/v1/decisions/{waits[1]}/approve/preview", words),
    }  # fmt: skip


def _waiting_merge(api: Api) -> tuple[int, int]:
    """A merge in force, and one that waits for a second person."""
    from rcu.services.asking import FourEyes

    ids = [each["customer_id"] for each in stored(api)][-6:]
    client = api.client()
    made = []
    for about, eyes in ((ids[:2], FourEyes()), (ids[2:4], FourEyes(1))):
        api.app.state.four_eyes = eyes
        answer = client.post("/v1/decisions", json={"kind": "merge", "about": about, "reason": "the same"})
        made.append(answer.json()["decision_id"])
    api.app.state.four_eyes = FourEyes()
    return made[0], made[1]


def test_every_operation_that_shows_profiles_shows_what_the_scopes_open_and_no_other(api: Api) -> None:
    requests = asks(api)
    assert set(requests) == {one.name for one in operations() if one.profiles}
    reading = sorted(READS - {"changes", "history"})
    for one in (one for one in operations() if one.profiles):
        method, path, body = requests[one.name]
        everything = profile_of(api.client().request(method, path, json=body))
        there = {field for field in fields(everything) if field in set(fields(FIELDS))}
        assert {"golden", "records", "aggregates", "scores"} <= there, one.name
        needed = {"records", "events", "steward"} & {scope for group in one.groups for scope in group}
        for scope in reading:
            scopes = frozenset({scope, *needed}) | (frozenset({"identity"}) if one.name == "getHousehold" else set())
            told = profile_of(api.client(*scopes).request(method, path, json=body))
            shown = set(fields(told))
            assert shown & there >= {field for field in there & seen(scopes) if "." not in field}, (one.name, scope)
            assert shown <= seen(scopes), (one.name, scope)
            assert None not in told.values() or scope in ("identity", "scores"), "absent, not null"


@pytest.mark.parametrize("part", ["", "/household"])
def test_what_was_needs_the_scope_history(api: Api, part: str) -> None:
    home = next(each for each in stored(api) if each["household"])
    path = f"/v1/customers/{home['customer_id']}{part}"
    then = {"as_of": f"{NOW.replace(year=NOW.year + 1):%Y-%m-%dT%H:%M:%SZ}"}
    without, with_it = api.client("identity"), api.client("identity", "history")
    assert without.get(path).status_code == 200
    assert without.get(path, params=then).status_code == 403
    assert with_it.get(path, params=then).status_code == 200
    assert with_it.get(path + "/history").status_code == (404 if part else 200)
