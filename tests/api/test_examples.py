"""The OpenAPI document shows an answer of every operation, and a body of every one that takes one; all are valid."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson
import pytest

from rcu.api.document import examples
from tools.examples import FILE, body_examples, document, wrong

WITHOUT_BODY: Final = {"deleteWebhook"}


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return document()


def operations(told: dict[str, Any]) -> dict[str, Any]:
    return {one["operationId"]: one for path in told["paths"].values() for one in path.values()}


def test_every_operation_has_examples_and_they_are_what_the_document_says(told: dict[str, Any]) -> None:
    assert list(wrong(told, examples())) == [], "run python -m tools.examples"
    assert set(operations(told)) - set(examples()) == WITHOUT_BODY


def test_the_document_shows_them(told: dict[str, Any]) -> None:
    for name, example in examples().items():
        content = operations(told)[name]["responses"][example["status"]]["content"]
        assert content[example["media_type"]]["example"] == example["body"], name


def test_what_lacks_or_is_wrong_is_found(told: dict[str, Any]) -> None:
    short = {name: one for name, one in examples().items() if name not in ("getCase", "listKeys")}
    short["live"] = {**short["live"], "body": {"status": "well"}}
    short["ready"] = {**short["ready"], "status": "204"}
    short["nobody"] = short["live"]
    found = {one.partition(":")[0] for one in wrong(told, short)}
    assert found == {"getCase", "listKeys", "live", "ready", "nobody"}
    assert not list(body_examples(told, {"type": "object"}))


def test_examples_are_short_and_hold_no_secret_and_nothing_that_reaches_anybody() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert len(text) < 80_000
    secrets = {one.partition("_")[2] for one in re.findall(r"rcu_[\w-]+|whsec_[\w=]+", text)}
    assert secrets == {"of-nobody-and-opens-nothing", "b2YgYSB3ZWJob29rIHRoYXQgaXMgbm93aGVyZQ=="}
    assert orjson.dumps(examples(), option=orjson.OPT_INDENT_2).decode() + "\n" == text
    assert set(re.findall(r"[\w.+*-]+@([\w.-]+)", text)) == {"mail.example.fr"}
    assert set(re.findall(r"\"(\+\d{4,}?)\d{4}\"", text)) == {"+3363998"}
