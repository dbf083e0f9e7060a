"""`rcu rebuild`: what it says before, and that this is what then happens."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from rcu.matching.model import load_model
from rcu.services.verification import verify
from rcu.store.tables import customers, memberships, records
from tests.cli.conftest import Command
from tests.conftest import Road


def clusters(road: Road) -> dict[str, set[str]]:
    """The records of each customer, by its id."""
    statement = (
        select(customers.c.customer_id, records.c.source, records.c.native_id)
        .join(memberships, memberships.c.cluster_id == customers.c.cluster_id)
        .join(records, records.c.record_id == memberships.c.record_id)
    )
    found: dict[str, set[str]] = {}
    with road.store.read() as connection:
        for customer_id, source, native_id in connection.execute(statement):
            found.setdefault(customer_id, set()).add(f"{source}:{native_id}")
    return found


def model_file(folder: Path, probability: float) -> Path:
    """The shipped model, joining from another probability on."""
    path = folder / "other.json"
    path.write_bytes(load_model().model_copy(update={"name": "other", "match_probability": probability}).to_json())
    return path


@pytest.fixture
def strict(tmp_path: Path) -> Path:
    """A model that hardly ever joins."""
    return model_file(tmp_path, 0.999_999)


@pytest.mark.parametrize("probability", [pytest.param(0.999_9, id="parts"), pytest.param(0.3, id="joins")])
def test_what_is_foreseen_is_what_the_rebuild_then_makes(
    rcu_travelled: Command, travelled: Road, probability: float, tmp_path: Path
) -> None:
    before, strict = clusters(travelled), model_file(tmp_path, probability)
    said = rcu_travelled("rebuild", "--model", strict, "--dry-run", "--changes", tmp_path / "c.csv", "--json").json
    assert clusters(travelled) == before, "nothing was written"
    assert said["counts"]["changed"] == len(said["customers"]) > 0
    assert {one["customer_id"]: set(one["records"]) for one in said["customers"]}.items() <= before.items()

    assert rcu_travelled("rebuild", "--model", strict, "--yes").code == 0
    after = clusters(travelled)
    changed = {one["customer_id"]: one for one in said["customers"]}
    for customer_id, members in before.items():
        foreseen = changed.get(customer_id, {"becomes": [customer_id], "keeps_id": True})
        assert {name for name, others in after.items() if members & others} == set(foreseen["becomes"])
        assert (customer_id in after) == foreseen["keeps_id"]
    assert verify(travelled.store, load_model(str(strict))).differences == 0
    assert rcu_travelled("rebuild", "--dry-run", "--json").json["customers"] == []

    with (tmp_path / "c.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["customer_id"] for row in rows] == list(changed)
    assert [row["becomes"].split() for row in rows] == [one["becomes"] for one in said["customers"]]


def test_the_list_of_changes_is_json_lines_too(rcu_travelled: Command, strict: Path, tmp_path: Path) -> None:
    shown = rcu_travelled("rebuild", "--model", strict, "--dry-run", "--changes", tmp_path / "c.ndjson")
    assert "customers would change" in shown.out
    assert "keep their id" in shown.out
    listed = [orjson.loads(line) for line in (tmp_path / "c.ndjson").read_bytes().splitlines()]
    assert {one["change"] for one in listed} <= {"merged", "split", "rearranged"}
    refused = rcu_travelled("rebuild", "--model", strict, "--dry-run", "--changes", tmp_path / "c.xlsx")
    assert (refused.code, "neither .csv nor .ndjson" in refused.err) == (3, True)


def test_it_asks_before_it_rebuilds(
    rcu_travelled: Command, travelled: Road, strict: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = clusters(travelled)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    answer = rcu_travelled("rebuild", "--model", strict)
    assert (answer.code, "customers would change" in answer.out) == (1, True)
    assert clusters(travelled) == before
    assert rcu_travelled("rebuild", "--model", strict, "--json").code == 3
    assert rcu_travelled("model", "list", "--json").json["adoptions"] == []


def test_without_a_model_everything_is_worked_out_anew(rcu_travelled: Command, travelled: Road) -> None:
    before = clusters(travelled)
    report = rcu_travelled("rebuild", "--yes", "--json").json
    assert (report["updated"], "match" in report["seconds"]) == (0, True)
    assert clusters(travelled) == before
