"""What customers were, over HTTP: any id, at any instant, cut to the key's scopes."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest
from sqlalchemy import update

from rcu.api.schemas import CustomerHistory
from rcu.services.listing import customers_page
from rcu.services.looking_back import read_instant
from rcu.store.tables import customers, memberships, records
from tests.api.conftest import Api
from tests.api.test_parts import PARTS
from tests.conftest import NOW

SECRETS = ("golden", "mobile", "last_name")


def url(name: str) -> str:
    return f"/v1/customers/{name}"


def at(moment: str) -> dict[str, str]:
    return {"as_of": moment}


@pytest.fixture
def two(api: Api) -> tuple[Api, dict, dict]:
    """Two customers of several records each, the older first."""
    page = customers_page(api.store, cursor=None, limit=1000)
    several = [orjson.loads(one.profile) for one in page.profiles]
    chosen = [one for one in several if len(one["records"]) > 1]
    return api, chosen[0], chosen[1]


def decide(api: Api, kind: str, *about: str, **more: object) -> int:
    body = {"kind": kind, "about": about, "reason": "seen the papers", **more}
    answer = api.client().post("/v1/decisions", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["decision_id"]


def first_instant() -> str:
    """A moment after the exports were taken and before anything else: the clock of the test stood still then."""
    return f"{NOW + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"


def test_a_profile_as_of_an_instant_is_the_document_of_then(two: tuple[Api, dict, dict]) -> None:
    api, one, other = two
    client = api.client()
    before = client.get(url(one["customer_id"]))
    decide(api, "merge", one["customer_id"], other["customer_id"])
    now = client.get(url(one["customer_id"]))
    assert now.content != before.content
    then = client.get(url(one["customer_id"]), params=at(first_instant()))
    assert (then.status_code, then.content) == (200, before.content)
    assert then.headers["etag"] == before.headers["etag"]
    narrow = api.client("scores", "history").get(url(one["customer_id"]), params=at(first_instant()))
    assert set(narrow.json()) == {"customer_id", "scores"}


def test_an_id_leads_where_it_led_at_that_instant(two: tuple[Api, dict, dict]) -> None:
    api, one, other = two
    decide(api, "merge", one["customer_id"], other["customer_id"])
    client = api.client()
    (latest, *_) = client.get(url(one["customer_id"]) + "/history").json()["versions"]
    merged = client.get(url(other["customer_id"]), params=at(latest["from_at"]))
    assert merged.status_code == 307
    assert merged.json() == {"status": "merged", "customer_id": one["customer_id"]}
    followed = client.get(merged.headers["location"])
    assert followed.content == client.get(url(one["customer_id"])).content
    assert client.get(url(other["customer_id"]), params=at(first_instant())).status_code == 200


def test_an_id_whose_customer_is_part_of_several_names_them(two: tuple[Api, dict, dict]) -> None:
    api, one, other = two
    ends = [f"{record['source']}:{record['native_id']}" for record in other["records"]]
    oldest = next(
        at for at, record in zip(ends, other["records"], strict=True) if record["record_id"] == other["customer_id"]
    )
    decide(api, "merge", one["customer_id"], oldest)
    away = next(end for end in ends if end != oldest)
    decide(api, "split", other["customer_id"], groups=[[away]])
    answer = api.client().get(url(other["customer_id"]))
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:rcu:problem:several-customers"
    candidates = answer.json()["candidates"]
    assert candidates[0] == one["customer_id"]
    assert len(candidates) >= 2
    assert all(api.client().get(url(name)).status_code == 200 for name in candidates)
    for part in PARTS:
        told = api.client().get(f"{url(other['customer_id'])}/{part}")
        assert (told.status_code, told.json()["candidates"]) == (409, candidates)
    told = api.client().get(url(other["customer_id"]) + "/history").json()
    assert (told["state"], told["customers"]) == ("split", candidates)


def test_who_was_erased_is_gone(two: tuple[Api, dict, dict]) -> None:
    api, one, _ = two
    mine = records.select().with_only_columns(records.c.record_id).where(records.c.birth_id == one["customer_id"])
    with api.store.begin() as connection:
        connection.execute(customers.delete().where(customers.c.customer_id == one["customer_id"]))
        connection.execute(memberships.delete().where(memberships.c.record_id.in_(mine)))
        connection.execute(update(records).where(records.c.birth_id == one["customer_id"]).values(erased_at=NOW))
    for path in ("", "/history", f"?as_of={first_instant()}", *(f"/{part}" for part in PARTS)):
        answer = api.client().get(url(one["customer_id"]) + path)
        assert (answer.status_code, answer.json()["type"]) == (410, "urn:rcu:problem:erased")


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        pytest.param("2026-01-02T09:00:00", 422, id="no offset"),
        pytest.param("2026-01-02", 422, id="a day"),
        pytest.param("1767340800", 422, id="a number"),
        pytest.param("x" * 41, 422, id="too long"),
        pytest.param("2020-01-02T09:00:00Z", 404, id="before it was there"),
        pytest.param("2026-01-02T09:00:00Z", 200, id="UTC"),
        pytest.param("2026-01-02T10:00:00+01:00", 200, id="an offset"),
    ],
)
def test_an_instant_needs_its_offset(two: tuple[Api, dict, dict], moment: str, status: int) -> None:
    api, one, _ = two
    answer = api.client().get(url(one["customer_id"]), params=at(moment))
    assert answer.status_code == status
    if status == 422:
        assert moment not in answer.text


def test_a_history_is_what_the_interface_declares_and_says_who_and_what(two: tuple[Api, dict, dict]) -> None:
    api, one, other = two
    number = decide(api, "merge", one["customer_id"], other["customer_id"])
    answer = api.client().get(url(one["customer_id"]) + "/history")
    assert answer.headers["cache-control"] == "private, no-store"
    told = CustomerHistory.model_validate(answer.json())
    latest, first = told.versions
    assert latest.cause is not None
    assert (latest.cause.kind, latest.cause.number) == ("decision", number)
    assert latest.cause.actor is not None
    assert latest.cause.actor.startswith("key ")
    assert (first.cause and first.cause.kind, first.kind) == ("run", "created")
    assert set(latest.joined) == {f"{record['source']}:{record['native_id']}" for record in other["records"]}
    assert first.until_at == latest.from_at
    gone = CustomerHistory.model_validate(api.client().get(url(other["customer_id"]) + "/history").json())
    assert (gone.state, gone.customers) == ("merged", [one["customer_id"]])
    assert gone.versions[0].merged is not None
    assert gone.versions[0].merged.customer_id == one["customer_id"]


def test_a_history_shows_contacts_only_to_who_may_see_them(two: tuple[Api, dict, dict]) -> None:
    api, one, other = two
    decide(api, "merge", one["customer_id"], other["customer_id"])
    values = {point["value"] for point in other["contact_points"]} - {point["value"] for point in one["contact_points"]}
    assert values
    seen = api.client("contact", "history").get(url(one["customer_id"]) + "/history").text
    assert any(value in seen for value in values)
    for scope in ("identity", "orders", "scores", "consent"):
        hidden = api.client(scope, "history").get(url(one["customer_id"]) + "/history").text
        assert not [value for value in values if value in hidden], scope


def test_a_history_goes_page_by_page_and_knows_its_own_cursors(two: tuple[Api, dict, dict]) -> None:
    api, one, other = two
    number = decide(api, "merge", one["customer_id"], other["customer_id"])
    assert api.client().post(f"/v1/decisions/{number}/undo", json={"reason": "no"}).status_code == 201
    client, found, cursor = api.client(), [], None
    while True:
        params = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = client.get(url(one["customer_id"]) + "/history", params=params).json()
        found += [version["version"] for version in page["versions"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == [3, 2, 1]
    foreign = client.get("/v1/customers", params={"limit": 1}).json()["next_cursor"]
    for wrong in ("x", foreign):
        answer = client.get(url(one["customer_id"]) + "/history", params={"cursor": wrong})
        assert answer.json()["type"] == "urn:rcu:problem:invalid-cursor"


@pytest.mark.parametrize("rest", ["", "/history"])
def test_a_key_that_reads_nothing_looks_back_at_nothing(two: tuple[Api, dict, dict], rest: str) -> None:
    api, one, _ = two
    assert api.client("records").get(url(one["customer_id"]) + rest).status_code == 403
    unknown = "0190b2c4-0000-7000-8000-000000000000"
    assert api.client().get(url(unknown) + rest).status_code == 404


def test_looking_back_takes_few_statements(two: tuple[Api, dict, dict]) -> None:
    api, one, other = two
    decide(api, "merge", one["customer_id"], other["customer_id"])
    client = api.client()
    for path, most in ((f"?as_of={first_instant()}", 6), ("/history", 4)):
        with api.queries() as seen:
            assert client.get(url(one["customer_id"]) + path).status_code == 200
        asked = [statement for statement in seen if not statement.startswith(("BEGIN", "PRAGMA"))]
        assert len(asked) <= most, asked


def test_instants_of_a_history_can_be_asked_for_again(two: tuple[Api, dict, dict]) -> None:
    api, one, other = two
    decide(api, "merge", one["customer_id"], other["customer_id"])
    client = api.client()
    for version in client.get(url(one["customer_id"]) + "/history").json()["versions"]:
        assert read_instant(version["from_at"])
        assert client.get(url(one["customer_id"]), params=at(version["from_at"])).status_code == 200
