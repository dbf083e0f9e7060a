"""What another model would change, over HTTP."""

from __future__ import annotations

from pathlib import Path

from rcu.matching.model import load_model
from rcu.services.models import keep
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
    mine = client.post(f"/v1/models/{load_model().name}/comparison")
    assert mine.status_code in (200, 404)


def test_only_stewards_compare_and_no_file_is_read(api: Api, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(load_model().to_json())
    assert api.client("identity").post("/v1/models/abcd/comparison").status_code == 403
    for name in ("abcd", "model.json", str(path).replace("/", "%2F"), "..%2Fmodel.json"):
        assert api.client("steward").post(f"/v1/models/{name}/comparison").status_code == 404
