"""`rcu model blocking`: what it prints for people and for programs."""

from __future__ import annotations

import re

from rcu.matching.model import MatchModel
from tests.cli.conftest import Command


def test_every_rule_is_told_with_its_pairs_and_what_it_finds(rcu_travelled: Command, model: MatchModel) -> None:
    told = rcu_travelled("model", "blocking")
    assert told.code == 0
    for rule in model.blocking:
        assert re.search(rf"^\s*{rule.name}(\s+[\d,]+){{5}}\s+[\d.]+%\s+[\d.]+%", told.out, flags=re.MULTILINE)
    assert re.search(r"[\d,]+ candidate pairs, [\d.]+% of all pairs; about [\d.]+ s to compare", told.out)
    assert re.search(r"bring together [\d.]+% or less \(95% interval [\d.]+% to [\d.]+%\)", told.out)


def test_a_program_gets_the_same_figures(rcu_travelled: Command, model: MatchModel) -> None:
    found = rcu_travelled("model", "blocking", "--json").json
    assert found["model"].startswith(f"{model.name} {model.version}")
    assert found["pairs"] == sum(rule["new_pairs"] for rule in found["report"]["rules"])
    assert 0 < found["recall"]["low"] <= found["recall"]["share"] <= found["recall"]["high"] <= 1
    assert [rule["name"] for rule in found["recall"]["rules"]] == [rule.name for rule in model.blocking]


def test_another_model_is_measured_without_being_adopted(rcu_travelled: Command, model: MatchModel, tmp_path) -> None:
    rule = model.blocking[0].model_copy(update={"name": "town [all]", "of": ("city_key",), "leave_out_above": 400})
    rules = (rule, model.blocking[1].model_copy(update={"most_records": 2, "then_by": ("mobile",)}))
    (tmp_path / "towns.json").write_bytes(model.model_copy(update={"blocking": rules}).to_json())
    told = rcu_travelled("model", "blocking", "towns.json")
    assert "2 rules" in told.out
    assert "town [all]" in told.out
    assert re.search(r"email: \d+ blocks split for their size, \d+ pairs saved", told.out)
    listed = rcu_travelled("model", "list", "--json").json["models"]
    assert [one["name"] for one in listed if one["in_use"]] == [model.name]


def test_without_records_it_says_that_nothing_can_be_estimated(rcu: Command) -> None:
    told = rcu("model", "blocking")
    assert "0 candidate pairs" in told.out
    assert "cannot be estimated" in told.out


def test_a_model_there_is_not_is_not_found(rcu: Command) -> None:
    told = rcu("model", "blocking", "nowhere")
    assert told.code == 4
    assert "nowhere" in told.err
