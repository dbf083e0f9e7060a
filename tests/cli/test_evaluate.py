"""`rcu evaluate`: figures by a truth, errors by kind, other clusterings, verdicts of people."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import update

from rcu.services.evaluation import stored_clusters
from rcu.store.tables import memberships
from tests.cli.conftest import Command
from tests.conftest import Road


def test_figures_curve_and_errors_are_told_together(rcu_travelled: Command, exports: Path) -> None:
    told = rcu_travelled("evaluate", exports / "truth.csv", "--curve", "--errors", "--json").json
    curve = told["curve"]
    own = next(point for point in curve["points"] if point["threshold"] == curve["own"])
    assert own["evaluation"] == told["overall"]
    assert curve["best"] in [point["threshold"] for point in curve["points"]]
    assert curve["reach"]["true_pairs"] == told["overall"]["true_pairs"]
    wrong = told["overall"]["found_pairs"] - told["overall"]["right_pairs"]
    assert sum(kind["pairs"] for kind in told["errors"]["false"]) == wrong


def test_people_read_thresholds_kinds_and_where_pairs_were_lost(rcu_travelled: Command, exports: Path) -> None:
    printed = rcu_travelled("evaluate", exports / "truth.csv", "--curve", "--threshold", 0.5, "--errors").out
    assert "the model's" in printed
    assert " 0.5 " in printed
    assert " 0.95 " not in printed
    assert "are brought together by a blocking rule" in printed
    assert "never candidates" in printed


def test_clusters_that_are_not_up_to_date_are_told_beside_the_curve(
    rcu_travelled: Command, travelled: Road, exports: Path
) -> None:
    command = ("evaluate", exports / "truth.csv", "--curve", "--threshold", 0.5)
    assert "waits for `rcu run`" not in rcu_travelled(*command).out
    with travelled.store.begin() as connection:
        connection.execute(update(memberships).values(cluster_id=memberships.c.record_id))
    assert "waits for `rcu run`" in rcu_travelled(*command).out


def test_values_are_printed_only_when_asked(rcu_travelled: Command, exports: Path) -> None:
    command = ("evaluate", exports / "truth.csv", "--errors", "--examples", 1)
    assert "birth date  " not in rcu_travelled(*command).out
    assert "birth date  " in rcu_travelled(*command, "--values").out


def test_no_examples_are_named_when_none_are_wanted(rcu_travelled: Command, exports: Path) -> None:
    told = rcu_travelled("evaluate", exports / "truth.csv", "--errors", "--examples", 0, "--json").json["errors"]
    assert [kind["examples"] for kind in (*told["false"], *told["missed"])].count([]) == len(
        [*told["false"], *told["missed"]]
    )


def test_a_sample_is_drawn_judged_and_read_back(rcu_travelled: Command, exports: Path, tmp_path: Path) -> None:
    drawn = rcu_travelled("evaluate", "--sample", 100, "--output", "sample.csv")
    assert "100 pairs to judge are in sample.csv" in drawn.out
    frame = pd.read_csv(tmp_path / "sample.csv", dtype=str, keep_default_na=False)
    frame.assign(verdict="same").to_csv(tmp_path / "sample.csv", index=False)
    told = rcu_travelled("evaluate", "--verdicts", "sample.csv", "--json").json["verdicts"]
    assert told["estimate"]["precision"]["value"] == 1.0
    assert told["estimate"]["precision"]["low"] < 1.0
    frame.assign(verdict=["same", *[""] * 99]).to_csv(tmp_path / "sample.csv", index=False)
    printed = rcu_travelled("evaluate", "--verdicts", "sample.csv").out
    assert "not judged" in printed
    assert "judge more pairs" in printed


def test_the_database_is_compared_with_a_file_and_a_file_with_a_file(
    rcu_travelled: Command, travelled: Road, tmp_path: Path, exports: Path
) -> None:
    stored = stored_clusters(travelled.store)
    stored.to_csv(tmp_path / "same.csv", index=False)
    stored.assign(cluster=stored["source"] + stored["native_id"]).to_csv(tmp_path / "alone.csv", index=False)
    assert "adjusted Rand index 1.0000" in rcu_travelled("evaluate", "--against", "same.csv").out
    command = ("evaluate", "--clusters", "alone.csv", "--against", "same.csv")
    changes = {one["change"]: one for one in rcu_travelled(*command, "--json").json["against"]["agreement"]["changes"]}
    assert changes["merged"]["other"] > 0 == changes["split"]["groups"]
    assert "merged: " in rcu_travelled(*command).out
    told = rcu_travelled("evaluate", exports / "truth.csv", "--clusters", "alone.csv", "--json").json["overall"]
    assert (told["found_pairs"], told["pairwise"]["precision"]) == (0, 1.0)


def test_two_files_are_compared_without_a_database(
    rcu: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RCU_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    (tmp_path / "one.csv").write_text("source,native_id,cluster\nt,1,a\nt,2,a\n")
    (tmp_path / "other.csv").write_text("source,native_id,cluster\nt,1,a\nt,2,b\n")
    assert "split: t:1 t:2 -> t:1 | t:2" in rcu("evaluate", "--clusters", "one.csv", "--against", "other.csv").out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        pytest.param([], "nothing to measure by", id="nothing asked"),
        pytest.param(["--curve"], "--curve and --errors need a TRUTH", id="a curve without a truth"),
        pytest.param(["t.csv", "--threshold", "0.5"], "--threshold goes with --curve", id="a threshold, no curve"),
        pytest.param(["t.csv", "--values"], "--values goes with", id="values of nothing"),
        pytest.param(["--sample", "9"], "--sample and --output go together", id="a sample to nowhere"),
        pytest.param(["t.csv", "--output", "x.csv"], "--sample and --output go together", id="an output of nothing"),
        pytest.param(["t.csv", "--curve", "--clusters", "c.csv"], "--clusters goes with", id="the curve of a file"),
        pytest.param(["t.csv", "--curve", "--threshold", "70"], "t.csv: cannot be read", id="no such truth"),
        pytest.param(["--against", "t.csv"], "t.csv: cannot be read", id="no such clusters"),
        pytest.param(["--verdicts", "t.csv"], "t.csv: cannot be read", id="no such verdicts"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_a_line(rcu_embedded: Command, options: list[str], says: str) -> None:
    answer = rcu_embedded("evaluate", *options)
    assert (answer.code, answer.out) == (3, "")
    assert says in answer.err
