"""What runs the reference, over HTTP: runs, sources, refused rows."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from rcu.domain.keys import Terms
from rcu.services.runreport import read_report
from rcu.store import runs as run_rows
from rcu.store.tables import runs
from tests.api.conftest import Api
from tests.conftest import NOW


def test_runs_are_listed_the_newest_first_page_by_page_with_what_they_did(api: Api) -> None:
    admin = api.client("admin")
    with api.store.begin() as connection:  # one that was killed, found out by one that works
        for kind in ("run", "run"):
            run_rows.start(connection, kind, model=api.road.model.fingerprint(), now=NOW)
    with api.queries() as asked:
        listed = admin.get("/v1/runs").json()
    assert len([one for one in asked if "FROM runs" in one]) == 1
    assert [one["status"] for one in listed["runs"]] == ["running", "killed", "done"]
    assert [one["summary"] is None for one in listed["runs"]] == [True, True, False]
    done = listed["runs"][-1]
    assert done["model"] == api.road.model.fingerprint()
    assert done["as_of"] < done["started_at"] == "2026-01-02T03:04:05Z"
    assert 0 < done["summary"]["created"] == done["summary"]["customers"] <= done["summary"]["records"]
    assert {"match", "project"} <= set(done["summary"]["seconds"])
    first = admin.get("/v1/runs", params={"limit": 2}).json()
    rest = admin.get("/v1/runs", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert first["runs"] + rest["runs"] == listed["runs"]
    assert rest["next_cursor"] is None
    assert admin.get("/v1/runs", params={"status": "done"}).json()["runs"] == [done]
    assert admin.get(f"/v1/runs/{done['run_id']}").json() == done
    assert admin.get("/v1/runs/999").status_code == 404
    assert admin.get("/v1/runs", params={"cursor": "nonsense"}).status_code == 400
    assert admin.get("/v1/runs", params={"status": "failed"}).status_code == 422


@pytest.mark.parametrize(
    ("told", "known"),
    [
        pytest.param(None, None, id="it was killed"),
        pytest.param("{}", None, id="it has published, and not ended"),
        pytest.param('{"run_id": 9, "records": 3, "wishes": 1}', 3, id="another version kept more"),
    ],
)
def test_what_a_run_did_is_told_as_far_as_it_is_known(api: Api, told: str | None, known: int | None) -> None:
    with api.store.begin() as connection:
        connection.execute(update(runs).values(summary=told))
    (run,) = api.client("admin").get("/v1/runs").json()["runs"]
    assert (run["summary"] and run["summary"]["records"]) == known
    report = read_report(run["run_id"], orjson.dumps({"left_out": [{"rule": "a", "blocks": 1, "records": 2}]}).decode())
    assert report is not None
    assert (report.run_id, report.left_out[0].records) == (run["run_id"], 2)


def test_sources_are_listed_by_trust_without_how_they_are_read(api: Api) -> None:
    with api.queries() as asked:
        answer = api.client("admin").get("/v1/sources")
    assert not [one for one in asked if "records" in one], "nothing is counted"
    assert [(one["name"], one["kind"], one["rank"]) for one in answer.json()["sources"]] == [
        ("shop", "prestashop", 10),
        ("till", "flatfile", 20),
        ("email", "flatfile", 30),
    ]
    assert answer.json()["sources"][0] == {
        "name": "shop",
        "kind": "prestashop",
        "rank": 10,
        "events_of_deleted": "keep",
        "created_at": "2026-01-02T03:04:05Z",
    }
    assert "till_clients" not in answer.text


# --- quarantine -------------------------------------------------------------------------------------------------------


def listed(client: TestClient, **asked: str) -> list[dict[str, Any]]:
    answer = client.get("/v1/quarantine", params={"limit": 500, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


def test_refused_rows_are_listed_the_newest_first_by_source_reason_and_file_and_counted(api: Api) -> None:
    admin = api.client()
    with api.queries() as asked:
        rows = listed(admin)
    assert len([one for one in asked if "FROM quarantine" in one]) == 1
    assert not [one for one in asked if "quarantine.raw" in one]
    assert [one["quarantine_id"] for one in rows] == sorted((one["quarantine_id"] for one in rows), reverse=True)
    pages, cursor = [], None
    while cursor is not None or not pages:
        page = admin.get("/v1/quarantine", params={"limit": 30, **({"cursor": cursor} if cursor else {})}).json()
        pages.append(page["rows"])
        cursor = page["next_cursor"]
    assert [row for page in pages for row in page] == rows
    assert [len(page) for page in pages[:-1]] == [30] * (len(pages) - 1)
    for name in ("source", "reason", "file"):
        for value in {row[name] for row in rows}:
            assert listed(admin, **{name: value}) == [row for row in rows if row[name] == value]
    told = admin.get("/v1/quarantine/counts").json()
    counted = {(one["source"], one["file"], one["reason"]): one["rows"] for one in told["counts"]}
    assert counted == {
        key: len([row for row in rows if (row["source"], row["file"], row["reason"]) == key]) for key in counted
    }
    assert sum(counted.values()) == len(rows)
    assert list(counted.values()) == sorted(counted.values(), reverse=True)
    assert admin.get("/v1/quarantine/counts", params={"limit": 1}).json() == {
        "counts": told["counts"][:1],
        "more": True,
    }
    for wrong in ({"limit": 501}, {"status": "closed"}, {"file": ""}):
        assert admin.get("/v1/quarantine", params=wrong).status_code == 422
    for wrong in ({"cursor": "dTE6MQ"}, {"source": "\0"}):  # a cursor of runs, no text
        assert admin.get("/v1/quarantine", params=wrong).status_code == 400


def test_what_a_refused_row_holds_is_shown_one_by_one_to_who_may_see_people_of_all_stores(api: Api) -> None:
    everything = api.client()
    (first, *_) = listed(everything, source="till", reason="bad_date")
    path = f"/v1/quarantine/{first['quarantine_id']}"
    answer = everything.get(path)
    assert answer.headers["cache-control"] == "private, no-store"
    row = answer.json().pop("row")
    assert answer.json() == first | {"row": row}
    held = [value for value in row.values() if len(value) > 6]
    assert held
    assert not [value for value in held if value in everything.get("/v1/quarantine?limit=500").text]
    some = (
        api.client("admin"), api.client("admin", "contact"), api.client("admin", "identity"),
        api.client("admin", "contact", "identity", terms=Terms(stores=frozenset({"M001"}))),
    )  # fmt: skip
    for client in some:
        assert client.get(path).json() == first, "absent, not null"
    assert api.client("admin", "contact", "identity").get(path).json()["row"] == row
    assert api.client("contact", "identity").get(path).status_code == 403
    assert everything.get("/v1/quarantine/999999").status_code == 404
    assert api.accesses() == []


def test_rows_are_taken_again_corrected_or_as_they_are_once(api: Api) -> None:
    admin = api.client()
    dated = listed(admin, source="till", file="CLIENTS_20251231.csv", reason="bad_date")
    numbers = [one["quarantine_id"] for one in dated]
    row = admin.get(f"/v1/quarantine/{numbers[0]}").json()["row"]
    fixed = {"quarantine_id": numbers[0], "row": row | {dated[0]["field"]: "01/02/2024 10:00:00"}}
    asked = {"rows": [fixed, *({"quarantine_id": one} for one in numbers[1:]), {"quarantine_id": 999_999}]}
    key = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
    done, again = (admin.post("/v1/quarantine:replay", json=asked, headers=key) for _ in range(2))
    assert done.status_code == 200, done.text
    assert (again.content, again.headers["idempotency-replayed"]) == (done.content, "true")
    assert done.json()["replayed"] == len(numbers)
    (file,) = done.json()["files"]
    assert (file["rows_read"], file["rows_accepted"], file["new_records"]) == (len(numbers), 1, 1)
    assert {one["quarantine_id"] for one in listed(admin, status="replayed") if one["resolved_at"]} == set(numbers)
    left = listed(admin, source="till", reason="bad_date", file="CLIENTS_20251231.csv")
    assert len(left) == file["rows_refused"] == len(numbers) - 1
    assert {one["quarantine_id"] for one in left}.isdisjoint(numbers)
    assert admin.post("/v1/quarantine:replay", json=asked).json() == {"replayed": 0, "files": []}
    assert admin.get(f"/v1/records/till/{row['CODE_CLIENT']}/customer").status_code == 404, "no run has taken it on"
    api.road.run()
    assert admin.get(f"/v1/records/till/{row['CODE_CLIENT']}/customer").status_code == 200


@pytest.mark.parametrize(
    ("reason", "correction"),
    [
        pytest.param("bad_date", {"NO_SUCH_COLUMN": "x"}, id="a column the file has not"),
        pytest.param("bad_date", {"NOM": "a;b"}, id="what separates values"),
        pytest.param("bad_date", {"NOM": "\u4e2d"}, id="a character the file cannot have"),
        pytest.param("missing_key", {"lastname": "\ud800"}, id="half a character"),
        pytest.param("missing_key", "]}, {", id="text that ends its file"),
        pytest.param("bad_date", "", id="text that is no row"),
    ],
)
def test_a_correction_that_cannot_be_written_is_refused_and_nothing_is_taken(
    api: Api, reason: str, correction: dict[str, str] | str
) -> None:
    admin = api.client()
    source = "till" if reason == "bad_date" else "shop"
    file = "CLIENTS_20251231.csv" if source == "till" else "customers.json"
    before = listed(admin, status="any")
    number = listed(admin, source=source, file=file, reason=reason)[0]["quarantine_id"]
    row = admin.get(f"/v1/quarantine/{number}").json()["row"]
    asked = {
        "rows": [{"quarantine_id": number, "row": correction if isinstance(correction, str) else row | correction}]
    }
    answer = admin.post(
        "/v1/quarantine:replay", content=json.dumps(asked), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:rcu:problem:invalid-input")
    assert listed(admin, status="any") == before


def test_replays_that_make_no_sense_are_refused_and_one_beside_a_run_waits(api: Api) -> None:
    admin = api.client()
    number = listed(admin)[0]["quarantine_id"]
    one = {"quarantine_id": number}
    for rows in ([], [one, one], [{"quarantine_id": 0}], [{**one, "row": 7}], [{**one, "raw": "x"}], [one] * 501):
        assert admin.post("/v1/quarantine:replay", json={"rows": rows}).status_code == 422
    with api.store.writer_lock():
        answer = admin.post("/v1/quarantine:replay", json={"rows": [one]})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:rcu:problem:conflict")
    assert listed(admin)[0]["quarantine_id"] == number


def test_rows_that_are_given_up_stay_on_record(api: Api) -> None:
    admin = api.client("admin")
    before = listed(admin)
    ids = [one["quarantine_id"] for one in before[:3]]
    assert admin.post("/v1/quarantine:drop", json={"ids": [*ids, 999_999]}).json() == {"dropped": 3}
    assert admin.post("/v1/quarantine:drop", json={"ids": ids}).json() == {"dropped": 0}
    assert listed(admin) == before[3:]
    assert [one["quarantine_id"] for one in listed(admin, status="dropped")] == ids
    for wrong in ([], ["1"], [0], [1] * 501):
        assert admin.post("/v1/quarantine:drop", json={"ids": wrong}).status_code == 422
