"""What runs the reference, over HTTP: runs, sources."""

from __future__ import annotations

import orjson
import pytest
from sqlalchemy import update

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
