"""Records over HTTP: who may, what is understood, and what comes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from sqlalchemy import func, select

from rcu.api.bodies import MOST_BYTES
from rcu.api.schemas import Profile, UpsertedRecord, UpsertedRecords
from rcu.domain.records import RAW_FIELDS, RecordKey
from rcu.errors import Conflict, NotFound
from rcu.services.arrivals import Content, Given, Happened, Reason, Upserted
from rcu.services.gathering import Gathering
from rcu.services.record_form import MOST_CHARACTERS, RecordForm
from rcu.services.upserting import Cleaned
from rcu.store.tables import changes, customers, records
from tests.api.conftest import Api

URL = "/v1/records/till/NEW-1"
BATCH = "/v1/records:batch"
NAMED = {"source": "till", "native_id": "NEW-1"}
ZOE = {
    "civility": "Mme",
    "first_name": "Zoé",
    "last_name": "QUILLEVERE",
    "birth_date": "12/03/1980",
    "email": "zoe.quillevere@mail.example.fr",
    "phone": "06 39 98 12 34",
}
"""Somebody none of the exports know."""
SECRETS = ("zoe", "zoé", "quillevere", "06 39 98", "0639981234", "1980")


# ---- what does not hang on matching: a stand-in for it


@dataclass
class Engine:
    """Stands in for matching: keeps what it was given, and answers the same each time."""

    seen: list[Given] = field(default_factory=list)
    asked: dict[str, bool] = field(default_factory=dict)
    content: Content = Content.NEW
    error: Exception | None = None
    profile: str | None = None

    def clean(self, one: Given) -> Cleaned:
        return Cleaned(one, {})

    def take(self, cleaned: Sequence[Cleaned], **how: Any) -> list[Upserted]:
        return self.upsert([one.given for one in cleaned], **how)

    def upsert(
        self, given: Sequence[Given], *, dry_run: bool = False, profiles: bool = False, actor: str | None = None
    ) -> list[Upserted]:
        assert actor is not None
        if self.error:
            raise self.error
        self.seen += given
        self.asked = {"dry_run": dry_run, "profiles": profiles}
        reason = Reason(RecordKey("shop", "7"), "c-2", 0.75, ("e-mail agrees",))
        return [
            Upserted(
                one.key, self.content, Happened.JOINED, "c-1", 3, merged=("c-9",), why=(reason,),
                profile=self.profile if profiles else None,
            )
            for one in given
        ]  # fmt: skip


@pytest.fixture
def engine(api: Api) -> Engine:
    api.app.state.real_time = Engine()
    api.app.state.gathering = Gathering(api.app.state.real_time)
    return api.app.state.real_time


def put(api: Api, body: object, **parameters: Any) -> Any:
    return api.client("records").put(URL, json=body, params=parameters)


def test_the_form_has_every_raw_field_and_the_batch_the_key_too() -> None:
    own = ("store", "is_guest", "deleted", "created_at", "updated_at")
    assert tuple(RecordForm.model_fields) == (*RAW_FIELDS, *own)


def test_what_is_sent_is_what_is_taken(api: Api, engine: Engine) -> None:
    body = {
        "first_name": "Zoé", "email": None, "city": "", "store": "LYON", "is_guest": True, "deleted": True,
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-03-01T10:15:00.1234567+01:00",
    }  # fmt: skip
    assert put(api, body).status_code == 201
    assert engine.seen == [
        Given(
            RecordKey("till", "NEW-1"),
            {"first_name": "Zoé", "email": None, "city": None},
            store="LYON",
            is_guest=True,
            deleted=True,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            updated_at=datetime(2026, 3, 1, 9, 15, 0, 123456, tzinfo=UTC),
        )
    ]
    assert engine.asked == {"dry_run": False, "profiles": False}


def test_the_answer_says_all_that_became_of_it(api: Api, engine: Engine) -> None:
    answer = put(api, {})
    assert answer.json() == {
        "record": "till:NEW-1",
        "content": "new",
        "happened": "joined",
        "customer_id": "c-1",
        "version": 3,
        "merged": ["c-9"],
        "split": [],
        "why": [{"record": "shop:7", "customer_id": "c-2", "probability": 0.75, "says": ["e-mail agrees"]}],
        "possible": [],
        "cases": [],
    }
    assert "no-store" in answer.headers["cache-control"]
    UpsertedRecord.model_validate(answer.json())


@pytest.mark.parametrize(
    ("content", "parameters", "status"),
    [
        pytest.param(Content.NEW, {}, 201, id="a new record is created"),
        pytest.param(Content.CHANGED, {}, 200, id="a changed one is not"),
        pytest.param(Content.UNCHANGED, {}, 200, id="nor one that says the same"),
        pytest.param(Content.NEW, {"dry_run": True}, 200, id="on a dry run nothing is created"),
    ],
)
def test_201_means_that_there_is_a_record_more(
    api: Api, engine: Engine, content: Content, parameters: dict[str, Any], status: int
) -> None:
    engine.content = content
    assert put(api, {}, **parameters).status_code == status
    assert engine.asked["dry_run"] is bool(parameters)


def test_a_batch_is_answered_in_its_order(api: Api, engine: Engine) -> None:
    body = {"records": [{"source": "till", "native_id": f"N/{at}", "first_name": "Zoé"} for at in range(500)]}
    answer = api.client("records").post(BATCH, json=body, params={"dry_run": True, "profile": True})
    assert (answer.status_code, engine.asked) == (200, {"dry_run": True, "profiles": True})
    assert [one["record"] for one in answer.json()["results"]] == [f"till:N/{at}" for at in range(500)]
    assert [str(one.key) for one in engine.seen] == [f"till:N/{at}" for at in range(500)]
    UpsertedRecords.model_validate(answer.json())


@pytest.mark.parametrize(
    "native_id",
    [
        pytest.param("C 1", id="a blank"),
        pytest.param("a/b", id="a slash"),
        pytest.param("a/customer", id="what ends as another route does"),
        pytest.param("/a/", id="slashes around it"),
        pytest.param("é:?#&=+%", id="everything that means something in an address"),
        pytest.param("x" * 200, id="as long as they may be"),
    ],
)
def test_a_native_id_may_hold_any_printable_character(api: Api, engine: Engine, native_id: str) -> None:
    url = f"/v1/records/till/{quote(native_id, safe='')}"
    assert api.client("records").put(url, json={}).status_code == 201
    assert engine.seen[-1].key == RecordKey("till", native_id)
    assert api.client("identity").get(url + "/customer").json()["detail"] == "no customer for this record"


@pytest.mark.parametrize(
    ("source", "native_id"),
    [
        pytest.param("till", "", id="none"),
        pytest.param("till", "a%09b", id="a tab"),
        pytest.param("till", "%20a", id="a blank before it"),
        pytest.param("till", "%E9", id="not UTF-8"),
        pytest.param("till", "x" * 201, id="too long"),
        pytest.param("t" * 201, "1", id="too long a source"),
    ],
)
def test_a_key_that_cannot_be_one_is_refused(api: Api, engine: Engine, source: str, native_id: str) -> None:
    answer = api.client("records").put(f"/v1/records/{source}/{native_id}", json={})
    assert (answer.status_code, engine.seen) == (422, [])


BAD = [
    pytest.param({"nickname": "zoe"}, "nickname", id="an unknown field"),
    pytest.param({"phone": 639981234}, "phone", id="a number where text belongs"),
    pytest.param({"last_name": "quillevere\0"}, "last_name", id="NUL"),
    pytest.param({"last_name": "quillevere" * 51}, "last_name", id="too long"),
    pytest.param({"loyalty_number": "1980" * 51}, "loyalty_number", id="a card number longer than any"),
    pytest.param({"is_guest": "yes"}, "is_guest", id="a flag that is none"),
    pytest.param({"deleted": None}, "deleted", id="a flag that is nothing"),
    pytest.param({"updated_at": "1980-03-01T10:15:00"}, "updated_at", id="a time without an offset"),
    pytest.param({"updated_at": "1980-03-01"}, "updated_at", id="a day"),
    pytest.param({"updated_at": 1_198_000_000}, "updated_at", id="a number of seconds"),
    pytest.param({"updated_at": "1198000000"}, "updated_at", id="the same as text"),
    pytest.param({"created_at": "1980-13-01T10:15:00Z"}, "created_at", id="no such month"),
    pytest.param({"created_at": "0001-01-01T00:00:00+14:00"}, "created_at", id="before the year 1"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "at"), BAD)
def test_what_cannot_be_understood_is_refused_without_repeating_it(
    api: Api, engine: Engine, body: dict[str, object], at: str
) -> None:
    client = api.client("records")
    alone = client.put(URL, json=body)
    among = client.post(BATCH, json={"records": [NAMED, NAMED | {"native_id": "2"} | body]})
    for answer, place in ((alone, f"body.{at}"), (among, f"body.records.1.{at}")):
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        assert [one["at"] for one in answer.json()["errors"]] == [place]
        assert [secret for secret in SECRETS if secret in answer.text.lower().replace("nickname", "")] == []
    assert engine.seen == []


def test_half_a_character_is_no_text(api: Api, engine: Engine) -> None:
    headers = {"Content-Type": "application/json"}
    answer = api.client("records").put(URL, content=b'{"last_name": "\\ud800"}', headers=headers)
    assert (answer.status_code, engine.seen) == (422, [])


@pytest.mark.parametrize("count", [pytest.param(0, id="none"), pytest.param(501, id="too many")])
def test_a_batch_has_1_to_500_records(api: Api, engine: Engine, count: int) -> None:
    body = {"records": [NAMED | {"native_id": str(at)} for at in range(count)]}
    assert api.client("records").post(BATCH, json=body).status_code == 422


def test_a_body_of_a_megabyte_is_read_and_a_larger_one_is_not(api: Api, engine: Engine) -> None:
    client, headers = api.client("records"), {"Content-Type": "application/json"}
    fits = b'{"records":[{"source":"till","native_id":"1"}]' + b" " * MOST_BYTES
    assert client.post(BATCH, content=fits[: MOST_BYTES - 1] + b"}", headers=headers).status_code == 200

    def unannounced() -> Iterator[bytes]:
        yield from (b" " * 100_000 for _ in range(11))

    for url, method in ((URL, "PUT"), (BATCH, "POST")):
        for content in (b" " * (MOST_BYTES + 1), unannounced()):
            answer = client.request(method, url, content=content, headers=headers)
            assert (answer.status_code, answer.json()["type"]) == (413, "urn:rcu:problem:too-large")
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("scope", ["identity", "contact", "changes", "steward"])
def test_a_key_without_the_scope_hands_in_nothing(api: Api, engine: Engine, scope: str) -> None:
    client = api.client(scope)
    assert client.put(URL, json=ZOE).status_code == 403
    assert client.post(BATCH, json={"records": [NAMED]}, params={"dry_run": True}).status_code == 403
    assert api.stranger().put(URL, json=ZOE).status_code == 401
    assert engine.seen == []


def test_a_key_that_only_writes_reads_nothing(api: Api, engine: Engine) -> None:
    client = api.client("records")
    assert client.get("/v1/customers").status_code == 403
    engine.profile = '{"customer_id":"c-1","golden":{"last_name":"x","email":"e"},"contact_points":[],"records":[]}'
    assert client.put(URL, json={}, params={"profile": True}).json()["customer"] == {"customer_id": "c-1"}
    both = api.client("records", "identity").put(URL, json={}, params={"profile": True}).json()["customer"]
    assert both == {"customer_id": "c-1", "golden": {"last_name": "x"}, "records": []}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(NotFound("source", "tell"), 404, id="a source that is not connected"),
        pytest.param(Conflict("a run over everything is at work"), 409, id="a run is at work"),
    ],
)
def test_errors_of_the_engine_are_problems(api: Api, engine: Engine, error: Exception, status: int) -> None:
    engine.error = error
    answer = put(api, ZOE)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


# ---- from end to end


def counted(api: Api) -> tuple[int, ...]:
    """How many records, customers and changes there are."""
    with api.store.read() as connection:
        return tuple(
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (records, customers, changes)
        )


def raw_of(api: Api, customer_of: str = "till") -> tuple[str, dict[str, Any]]:
    """A stored record with a mailbox and a full name: its key and its raw fields."""
    statement = (
        select(records.c.native_id, records.c.raw)
        .where(records.c.source == customer_of, records.c.email_quality == "valid", records.c.record_kind == "person")
        .where(records.c.first_name.is_not(None), records.c.mobile.is_not(None), records.c.birth_date.is_not(None))
        .order_by(records.c.record_id)
    )
    with api.store.read() as connection:
        native_id, raw = connection.execute(statement).first() or ("", "{}")
    return f"{customer_of}:{native_id}", orjson.loads(raw)


def test_somebody_new_is_a_new_customer_at_once(api: Api) -> None:
    client, before = api.client(), counted(api)
    answer = client.put(URL, json=ZOE)
    told = UpsertedRecord.model_validate(answer.json())
    assert (answer.status_code, told.content, told.happened, told.version) == (201, "new", "created", 1)
    profile = client.get(f"{URL}/customer").json()
    assert (profile["customer_id"], profile["golden"]["email"]) == (told.customer_id, ZOE["email"])
    (change,) = client.get("/v1/changes", params={"after": before[2]}).json()["changes"]
    assert (change["customer_id"], change["kind"], change["version"]) == (told.customer_id, "created", 1)


def test_the_same_again_changes_nothing(api: Api) -> None:
    client = api.client()
    first = client.put(URL, json=ZOE).json()
    counts = counted(api)
    answer = client.put(URL, json=ZOE)
    again = answer.json()
    assert (answer.status_code, again["content"], again["happened"]) == (200, "unchanged", "unchanged")
    assert (again["customer_id"], again["version"], counted(api)) == (first["customer_id"], 1, counts)


def test_a_dry_run_says_the_same_and_writes_nothing(api: Api) -> None:
    client, counts = api.client(), counted(api)
    answer = client.put(URL, json=ZOE, params={"dry_run": True})
    assert (answer.status_code, answer.json()["content"], answer.json()["happened"]) == (200, "new", "created")
    assert counted(api) == counts
    assert client.get(f"{URL}/customer").status_code == 404


def test_a_record_joins_the_customer_it_agrees_with_and_says_why_without_values(api: Api) -> None:
    client = api.client()
    known, raw = raw_of(api)
    source, native_id = known.split(":")
    customer = client.get(f"/v1/records/{source}/{native_id}/customer").json()["customer_id"]
    dry = client.put("/v1/records/shop/NEW-1", json=raw, params={"dry_run": True}).json()
    answer = client.put("/v1/records/shop/NEW-1", json=raw)
    told = answer.json()
    assert (told["happened"], told["customer_id"]) == ("joined", customer)
    assert (dry["happened"], dry["customer_id"]) == ("joined", customer)
    assert known in {one["record"] for one in told["why"]}
    assert all(one["says"] and one["probability"] > 0.5 for one in told["why"])
    values = [value for name, value in raw.items() if name in {"email", "phone", "mobile", "last_name", "birth_date"}]
    assert values
    assert [value for value in values if value.lower() in answer.text.lower()] == []


def test_a_batch_is_taken_whole_or_not_at_all(api: Api) -> None:
    client, counts = api.client(), counted(api)
    one = NAMED | ZOE
    unknown = client.post(BATCH, json={"records": [one, one | {"source": "nowhere", "native_id": "2"}]})
    twice = client.post(BATCH, json={"records": [one, one]})
    assert (unknown.status_code, twice.status_code, counted(api)) == (404, 422, counts)
    both = client.post(BATCH, json={"records": [one, one | {"source": "shop"}]}).json()["results"]
    assert [told["content"] for told in both] == ["new", "new"]
    assert both[0]["customer_id"] == both[1]["customer_id"]
    assert counted(api)[:2] == (counts[0] + 2, counts[1] + 1)


def test_what_is_older_than_what_is_stored_is_not_taken(api: Api) -> None:
    client = api.client()
    client.put(URL, json=ZOE | {"updated_at": "2026-03-02T00:00:00Z"})
    older = client.put(URL, json=ZOE | {"first_name": "Chloé", "updated_at": "2026-03-01T00:00:00Z"})
    assert (older.status_code, older.json()["content"]) == (200, "older")
    assert client.get(f"{URL}/customer").json()["golden"]["first_name"] == "Zoé"
    newer = client.put(URL, json=ZOE | {"first_name": "Chloé", "updated_at": "2026-03-02T01:00:00+02:00"})
    assert newer.json()["content"] == "older", "the offset counts: this is 23:00 of the day before"


def test_a_record_replaces_only_what_its_sender_knows(api: Api) -> None:
    client, path, marie = api.client("records"), "/v1/records/till/NEW1", {"first_name": "Marie", "last_name": "DURAND"}

    def put(headers: dict[str, str], **more: Any) -> Any:
        return client.put(path, json={**marie, **more}, headers=headers)

    assert put({"If-Match": "*"}).status_code == 412
    first = put({"If-None-Match": "*"})
    assert first.status_code == 201
    again = put({"If-None-Match": "*"}, city="LYON")
    assert (again.status_code, again.json()["type"]) == (412, "urn:rcu:problem:precondition-failed")
    known = first.headers["etag"]
    assert put({}).headers["etag"] == known
    second = put({"If-Match": f'"other", {known}'}, city="LYON")
    assert (second.json()["content"], second.headers["etag"] != known) == ("changed", True)
    for condition in ({"If-Match": known}, {"If-Match": f"W/{second.headers['etag']}"}):
        assert put(condition, city="PARIS").status_code == 412
    third = put({"If-Match": "*"}, city="PARIS", updated_at="2026-03-01T10:15:00Z")
    assert third.json()["content"] == "changed"
    older = put({"If-Match": third.headers["etag"]}, city="NANTES", updated_at="2026-02-01T10:15:00Z")
    assert (older.json()["content"], "etag" in older.headers) == ("older", False)
    dry = client.put(path, params={"dry_run": True}, json=marie, headers={"If-None-Match": "*"})
    assert dry.status_code == 412


def test_a_field_left_out_stays_and_null_takes_it_away(api: Api) -> None:
    client = api.client()
    client.put(URL, json=ZOE)
    silent = {name: value for name, value in ZOE.items() if name != "email"}
    client.put(URL, json=silent | {"store": "LYON"})
    assert client.get(f"{URL}/customer").json()["golden"]["email"] == ZOE["email"]
    client.put(URL, json=silent | {"email": None, "store": "PARIS"})
    assert "email" not in client.get(f"{URL}/customer").json()["golden"]


def test_the_profile_in_the_answer_is_the_one_that_is_served(api: Api) -> None:
    client = api.client()
    told = client.put(URL, json=ZOE, params={"profile": True}).json()
    Profile.model_validate(told["customer"])
    assert told["customer"] == client.get(f"/v1/customers/{told['customer_id']}").json()


def test_a_native_id_with_a_slash_is_found_again(api: Api) -> None:
    client, url = api.client(), "/v1/records/till/A%2F7%2Fcustomer"
    told = client.put(url, json=ZOE).json()
    assert told["record"] == "till:A/7/customer"
    assert client.get(f"{url}/customer").json()["customer_id"] == told["customer_id"]


def test_a_run_afterwards_finds_nothing_to_do(api: Api) -> None:
    client = api.client()
    client.put(URL, json=ZOE)
    client.put("/v1/records/shop/NEW-1", json=raw_of(api)[1])
    report = api.road.run()
    assert (report.created, report.merged, report.split) == (0, 0, 0)


def test_limits_are_those_of_the_reference() -> None:
    assert (MOST_CHARACTERS, MOST_BYTES) == (500, 1_000_000)
