"""Matching models over HTTP: listed, shown, compared, adopted."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from rcu.api.app import Options, create_app
from rcu.matching.model import load_model
from rcu.services.models import keep
from rcu.store.tables import match_models
from tests.api.conftest import Api
from tests.conftest import clock


def strict(api: Api) -> str:
    """A model of the registry that hardly ever joins."""
    model = load_model().model_copy(update={"name": "strict", "match_probability": 0.999_999})
    keep(api.store, model, clock=clock)
    return model.fingerprint()


def test_a_model_is_compared_with_the_customers_there_are(api: Api) -> None:
    client, model_id = api.client("steward"), strict(api)
    found = client.post(f"/v1/models/{model_id[:8]}/comparison", params={"limit": 2}).json()
    counts = found["counts"]
    assert found["model"] == {"id": model_id, "name": "strict", "version": found["model"]["version"]}
    assert sum(counts[name] for name in ("unchanged", "merged", "split", "rearranged")) == counts["customers"][0]
    assert (len(found["customers"]), found["more"]) == (2, True)
    assert all(one["change"] == "split" and one["keeps_id"] for one in found["customers"])
    named = {name for one in found["customers"] for name in (one["customer_id"], *one["becomes"])}
    assert {(one.operation, one.customer_id, one.field_groups) for one in api.accesses()} == {
        ("compareModel", name, ()) for name in named
    }
    mine = client.post(f"/v1/models/{load_model().name}/comparison")
    assert mine.status_code in (200, 404)


def test_only_stewards_compare_and_no_file_is_read(api: Api, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(load_model().to_json())
    assert api.client("identity").post("/v1/models/abcd/comparison").status_code == 403
    for name in ("abcd", "model.json", str(path).replace("/", "%2F"), "..%2Fmodel.json"):
        assert api.client("steward").post(f"/v1/models/{name}/comparison").status_code == 404


def test_models_are_listed_as_they_are_adopted_and_used_from_the_next_run_on(api: Api) -> None:
    caller, shipped, other = api.client("admin", "steward"), load_model().fingerprint(), strict(api)
    customers = caller.get("/v1/runs").json()["runs"][0]["summary"]["customers"]

    def used() -> list[str]:
        return [one["id"] for one in caller.get("/v1/models").json()["models"] if one["in_use"]]

    assert [one["id"] for one in caller.get("/v1/models").json()["models"]] == [shipped, other]
    assert (used(), caller.get("/v1/models").json()["adoptions"]) == ([shipped], [])
    key = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
    for_anne = {"on_behalf_of": "anne.b"}
    done, again = (caller.post(f"/v1/models/{other[:8]}/adopt", json=for_anne, headers=key) for _ in range(2))
    assert done.json() == {
        "id": other, "name": "strict", "version": load_model().version,
        "adopted_by": "anne.b (by key test 1)", "last_run_used": False,
    }  # fmt: skip
    assert (again.content, again.headers["idempotency-replayed"]) == (done.content, "true")
    assert used() == [other]
    back = caller.post(f"/v1/models/{shipped}/adopt")
    assert (back.json()["last_run_used"], back.json()["adopted_by"]) == (True, "key test 1")
    adoptions = caller.get("/v1/models").json()["adoptions"]
    assert [(one["model_id"], one["adopted_by"]) for one in adoptions] == [
        (shipped, "key test 1"),
        (other, "anne.b (by key test 1)"),
    ]
    caller.post(f"/v1/models/{other}/adopt")
    api.road.model = load_model().model_copy(update={"name": "strict", "match_probability": 0.999_999})
    api.road.run()
    (run, _) = caller.get("/v1/runs").json()["runs"]
    assert run["model"] == other
    assert run["summary"]["customers"] > customers


def test_a_model_is_shown_with_what_it_weighs(api: Api) -> None:
    steward, model = api.client("steward"), load_model()
    shown = steward.get(f"/v1/models/{model.name}").json()
    assert shown == steward.get(f"/v1/models/{model.fingerprint()[:6]}").json()
    assert (shown["id"], shown["in_use"], shown["learnt"]) == (model.fingerprint(), True, None)
    assert [one["name"] for one in shown["comparisons"]] == [one.name for one in model.comparisons]
    for told, comparison in zip(shown["comparisons"], model.comparisons, strict=True):
        strangers, household = comparison.log_ratios
        assert [one["says"] for one in told["levels"]] == [one.says for one in comparison.levels]
        assert [one["against_strangers"] for one in told["levels"]] == pytest.approx(strangers[:-1])
        assert [one["against_household"] for one in told["levels"]] == pytest.approx(household[:-1])
    assert shown["contradictions"] == [one.says for one in model.contradictions]


def test_only_what_is_listed_is_shown_and_adopted(api: Api, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(load_model().model_copy(update={"match_probability": 0.97}).to_json())
    of_settings = load_model(str(path)).fingerprint()
    caller = api.client()
    for name in ("abcd", "model.json", str(path).replace("/", "%2F"), of_settings):
        assert caller.get(f"/v1/models/{name}").status_code == 404
        assert caller.post(f"/v1/models/{name}/adopt").status_code == 404
    api.app = create_app(api.store, options=Options(behind_seconds=3600.0, default_model=str(path)))
    caller = api.client()
    listed = caller.get("/v1/models").json()["models"]
    assert [(one["id"], one["in_use"]) for one in listed][1:] == [(of_settings, True)]
    assert caller.get(f"/v1/models/{of_settings}").json()["in_use"]
    assert caller.post(f"/v1/models/{of_settings}/adopt").status_code == 200
    for one in ("gathering", "accesses", "key_uses"):
        getattr(api.app.state, one).close()


def test_a_model_this_version_cannot_read_is_listed_and_told_of(api: Api) -> None:
    caller, other = api.client(), strict(api)
    caller.post(f"/v1/models/{other}/adopt")
    with api.store.begin() as connection:
        row = match_models.c.model_id == other
        connection.execute(update(match_models).where(row).values(content='{"name": "strict"}'))
    assert [one["id"] for one in caller.get("/v1/models").json()["models"] if one["in_use"]] == [other]
    answer = caller.get(f"/v1/models/{other}")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:rcu:problem:configuration")
    assert "rcu model use" in answer.json()["hint"]
