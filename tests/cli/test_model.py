"""`rcu train` and `rcu model`: what they do, and that what they print is readable and holds nobody's values."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from rcu.matching.model import MatchModel
from rcu.store.tables import records
from tests.cli.conftest import Command
from tests.conftest import Road


def test_a_model_is_learnt_compared_adopted_and_run(rcu_travelled: Command, tmp_path: Path) -> None:
    learnt = rcu_travelled("train", "--seed", 7, "--output", "own.json", "--json").json
    key = learnt["id"]
    assert learnt["learnt"]["seed"] == 7
    written = MatchModel.from_json((tmp_path / "own.json").read_bytes())
    assert (written.fingerprint(), written.version) == (key, learnt["version"])
    assert [one["model_id"] for one in rcu_travelled("model", "list", "--json").json["models"] if one["in_use"]] != [
        key
    ]

    foretold = rcu_travelled("model", "diff", key, "--json").json
    assert (foretold["new"]["id"], foretold["old"]["name"]) == (key, "french_retail")
    customers = foretold["customers"]
    assert customers["unchanged"] + customers["changed"] == customers["customers"][0]

    adopted = rcu_travelled("model", "use", key[:8])
    assert f"({key}) is in use" in adopted.out
    assert "the next `rcu run` weighs everything anew" in adopted.out
    listed = rcu_travelled("model", "list", "--json").json
    assert [one["model_id"] for one in listed["models"] if one["in_use"]] == [key]
    assert [one["model_id"] for one in listed["adoptions"]] == [key]
    assert rcu_travelled("run", "--json").json["run"]["customers"] == customers["customers"][1]
    assert rcu_travelled("verify").code == 0
    assert rcu_travelled("model", "diff", key, "--json").json["customers"]["changed"] == 0

    assert foretold["old"]["id"] in rcu_travelled("model", "use", "--settings").out
    assert rcu_travelled("model", "use", key).out.endswith("the last run used it already: nothing changes\n")


def test_training_tells_what_was_learnt_and_what_to_do_next(rcu_travelled: Command) -> None:
    first = rcu_travelled("train")
    assert re.search(r"learnt from [\d,]+ records: [\d,]+ candidate and [\d,]+ random pairs", first.out)
    assert re.search(r"it expects about [\d,]+ pairs of one person", first.out)
    assert "weights that moved most" in first.out
    assert "It is kept as a candidate and is not in use yet." in first.out
    key = re.findall(r"rcu model use ([0-9a-f]{8})", first.out)[0]
    assert "A model that decides alike was kept before" in rcu_travelled("train").out
    rcu_travelled("model", "use", key)
    assert "It decides as the model in use does." in rcu_travelled("train").out


def test_verdicts_are_counted(rcu_travelled: Command, travelled: Road, tmp_path: Path) -> None:
    with travelled.store.read() as connection:
        one, other = connection.execute(select(records.c.source, records.c.native_id).limit(2)).all()
    verdicts = tmp_path / "verdicts.csv"
    verdicts.write_text(f"left,right,verdict\n{one[0]}:{one[1]},{other[0]}:{other[1]},different\n", encoding="utf-8")
    assert "verdicts of people: 0 same, 1 different" in rcu_travelled("train", "--verdicts", verdicts).out


def test_a_model_is_shown_in_words_and_as_its_file(rcu_travelled: Command, model: MatchModel, tmp_path: Path) -> None:
    shown = rcu_travelled("model", "show")
    assert f"{model.name} {model.version}" in shown.out
    for comparison in model.comparisons:
        assert comparison.name in shown.out
        assert all(level.says in shown.out for level in comparison.levels)
    assert "two different dates of birth" in shown.out
    assert MatchModel.from_json(rcu_travelled("model", "show", "--json").out.encode()) == model
    key = rcu_travelled("train", "--json").json["id"]
    assert "starting from french_retail" in rcu_travelled("model", "show", key).out
    (tmp_path / "own.json").write_text(rcu_travelled("model", "show", key, "--json").out, encoding="utf-8")
    assert rcu_travelled("model", "diff", "own.json", key, "--json").json["weights"] == []


def test_a_diff_is_told_in_words_with_keys_of_records_and_no_values(
    rcu_travelled: Command, travelled: Road, tmp_path: Path
) -> None:
    strict = travelled.model.model_copy(update={"match_probability": 0.9999, "version": "strict"})
    (tmp_path / "strict.json").write_bytes(strict.to_json())
    told = rcu_travelled("model", "diff", "strict.json").out
    assert "french_retail strict" in told
    assert re.search(rf"match_probability +{travelled.model.match_probability} +0\.9999", told)
    assert re.search(r"[1-9][\d,]* of [\d,]+ customers would change: 0 would be merged, [1-9]\d* split", told)
    assert re.search(r"^split: \w+:\w+ \+ .* -> .* \| \w+:\w+", told, flags=re.MULTILINE)
    with travelled.store.read() as connection:
        values = set(connection.execute(select(records.c.last_name)).scalars()) - {None}
    assert not [value for value in values if re.search(rf"\b{re.escape(value)}\b", told)]
    same = rcu_travelled("model", "diff", "french_retail").out
    assert "no weight and no part differs" in same
    assert "0 of" in same


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(["train"], 3, "there is nothing to learn from", id="3: no records"),
        pytest.param(["train", "--verdicts", "none.csv"], 3, "none.csv: cannot be read", id="3: no verdicts"),
        pytest.param(["train", "--verdicts", "bad.csv"], 3, "bad.csv: line 2", id="3: a verdict that is none"),
        pytest.param(["train", "--model", "none"], 4, "no matching model none", id="4: no such base"),
        pytest.param(["train", "--seed", "-1"], 2, "--seed", id="2: no such seed"),
        pytest.param(["model", "show", "abcdef"], 4, "no matching model abcdef", id="4: no such id"),
        pytest.param(["model", "use", "none.json"], 4, "no matching model none.json", id="4: no such file"),
        pytest.param(["model", "use"], 3, "name one model", id="3: nothing named"),
        pytest.param(["model", "use", "french_retail", "--settings"], 3, "name one model", id="3: two things named"),
        pytest.param(["model", "use", "bad.csv"], 6, "bad.csv is not a matching model", id="6: not a model"),
        pytest.param(["model", "diff"], 2, "Missing argument", id="2: nothing to compare"),
    ],
)
def test_what_cannot_be_done_says_why(
    rcu_embedded: Command, tmp_path: Path, arguments: list[str], code: int, says: str
) -> None:
    (tmp_path / "bad.csv").write_text("left,right,verdict\ntill:1,till:2,perhaps\n", encoding="utf-8")
    answer = rcu_embedded(*arguments)
    assert (answer.code, answer.out) == (code, "")
    assert says in answer.err
    assert "Traceback" not in answer.err


def test_a_model_cannot_be_written_where_there_is_no_folder(rcu_travelled: Command) -> None:
    answer = rcu_travelled("train", "--output", "nowhere/own.json")
    assert answer.code == 3
    assert "nowhere/own.json: cannot be written" in answer.err


def test_an_empty_database_shows_the_model_of_the_settings(rcu_embedded: Command) -> None:
    assert "in use" in rcu_embedded("model", "list").out
    assert rcu_embedded("model", "diff", "french_retail", "--json").json["customers"]["customers"] == [0, 0]
