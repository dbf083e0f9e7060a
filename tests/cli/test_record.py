"""`rcu record put`: what it understands, and what it tells."""

from __future__ import annotations

import io
from pathlib import Path

import orjson
import pytest

from tests.cli.conftest import Command

FIELDS = {
    "first_name": "Zoé",
    "last_name": "QUILLEVERE",
    "birth_date": "12/03/1980",
    "email": "zoe.quillevere@mail.example.fr",
    "phone": "06 39 98 12 34",
}


def options(fields: dict[str, str]) -> list[str]:
    return [word for name, value in fields.items() for word in ("--field", f"{name}={value}")]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(["till:N1", "--field", "first_name"], 3, id="a field without a value"),
        pytest.param(["till:N1", "--field", "nickname=Zaza"], 3, id="an unknown field"),
        pytest.param(["till:N1", "--field", "deleted=Zaza"], 3, id="neither true nor false"),
        pytest.param(["N1", "--field", "first_name=Zaza"], 3, id="no source"),
        pytest.param(["till:N1", "--from", "nowhere.json"], 3, id="no such file"),
        pytest.param([], 2, id="no key"),
    ],
)
def test_what_it_cannot_understand_it_refuses_without_repeating_it(
    rcu_embedded: Command, words: list[str], code: int
) -> None:
    answer = rcu_embedded("record", "put", *words)
    assert answer.code == code
    assert "Zaza" not in answer.err


def test_a_file_that_is_no_object_is_refused(rcu_embedded: Command, tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text("[1]", encoding="utf-8")
    assert rcu_embedded("record", "put", "till:N1", "--from", "record.json").code == 3


def test_a_record_is_tried_taken_and_taken_again(rcu_travelled: Command) -> None:
    tried = rcu_travelled("record", "put", "till:N1", *options(FIELDS), "--dry-run")
    assert (tried.code, "till:N1 is new: it is a new customer" in tried.out) == (0, True)
    assert "nothing was written" in tried.out
    told = rcu_travelled("record", "put", "till:N1", *options(FIELDS), "--json").json
    assert (told["content"], told["happened"], told["version"]) == ("new", "created", 1)
    again = rcu_travelled("record", "put", "till:N1", *options(FIELDS))
    assert "till:N1 says what it said before: it stays with" in again.out
    assert told["customer_id"] in again.out
    joined = rcu_travelled("record", "put", "shop:N1", *options(FIELDS))
    assert f"shop:N1 is new: it belongs to {told['customer_id']}" in joined.out
    assert "till:N1" in joined.out


def test_fields_come_from_a_file_or_standard_input_and_options_win(
    rcu_travelled: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = orjson.dumps(FIELDS | {"is_guest": True})
    (tmp_path / "record.json").write_bytes(content)
    first = rcu_travelled("record", "put", "till:N1", "--from", "record.json", "--json").json
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    again = rcu_travelled("record", "put", "till:N1", "--from", "-", "--json").json
    assert (first["content"], again["content"]) == ("new", "unchanged")
    changed = rcu_travelled("record", "put", "till:N1", "--from", "record.json", "--field", "is_guest=false", "--json")
    assert changed.json["content"] == "changed"


def test_a_source_that_is_not_connected_is_not_found(rcu_travelled: Command) -> None:
    assert rcu_travelled("record", "put", "nowhere:1", *options(FIELDS)).code == 4
