"""Write an answer of every operation into rcu/api/examples.json, which the OpenAPI document shows.

`python -m tools.examples` asks for everything and writes the file; `--check` fails where an operation has no example,
or an example is not what the document says. What differs from one recording to the next (ids, the time, secrets) is
replaced, so that the file changes only when answers do; so are mailboxes and numbers
that somebody could have.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx2
import jsonschema_rs
import orjson

from rcu.api.app import create_app
from rcu.api.document import examples
from rcu.store.engine import Store
from tools.example_requests import record

FILE: Final = Path(__file__).parents[1] / "rcu" / "api" / "examples.json"
_MOST: Final = 2
"""So many entries of a list are shown."""
_MOST_WORDS: Final = 3
_MOST_TEXT: Final = 600
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")
_MAILBOX: Final = re.compile(r"(?<=[\w*]@)[\w.-]+")
_PHONE: Final = re.compile(r"(?<![\w+])(?:\+\d{2,3}|0)[1-9](?:[ .-]?\d\d){4}(?!\w)")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_THEN: Final = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
_SECRETS: Final = {
    "rcu_": "rcu_of-nobody-and-opens-nothing",
    "whsec_": "whsec_b2YgYSB3ZWJob29rIHRoYXQgaXMgbm93aGVyZQ==",
}
_CURSOR: Final = "Y3Vyc29yIG9mIGEgcGFnZQ"


class Recorder:
    """Keeps the last answer of each operation, short and always the same."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        self._began = datetime.now(UTC)
        self._ids: dict[str, str] = {}

    def keep(self, operation: str, answer: httpx2.Response) -> None:
        """Keep an answer that has a body."""
        media_type = answer.headers.get("content-type", "").partition(";")[0] if answer.content else ""
        if media_type == "application/x-ndjson":
            lines = answer.text.splitlines()[:_MOST]
            body: Any = "".join(orjson.dumps(self._same(orjson.loads(one))).decode() + "\n" for one in lines)
        elif media_type == "application/json":
            body = self._same(answer.json())
        else:
            return
        self.found[operation] = {"status": str(answer.status_code), "media_type": media_type, "body": body}

    def _same(self, value: Any, name: str = "") -> Any:  # noqa: ANN401  # any JSON
        if isinstance(value, dict):
            took = name == "seconds"
            return {self._same(key): 0.1 if took else self._same(one, key) for key, one in value.items()}
        if isinstance(value, list):
            most = _MOST_WORDS if all(isinstance(one, str) for one in value) else _MOST
            return [self._same(one) for one in value[:most]]
        if isinstance(value, float):
            return round(value, 4)
        return self._said(value, name) if isinstance(value, str) else value

    def _said(self, text: str, name: str) -> str:
        if name == "next_cursor":
            return _CURSOR
        for begin, instead in _SECRETS.items():
            if text.startswith(begin):
                return instead
        nobody = _PHONE.sub(_nobodys, _MAILBOX.sub("mail.example.fr", text))
        return _TIME.sub(self._time, _UUID.sub(self._id, nobody))

    def _id(self, found: re.Match[str]) -> str:
        return self._ids.setdefault(found[0], f"0197f3a2-5c1e-7d10-8f3b-2a6c1d9e{len(self._ids):04x}")

    def _time(self, found: re.Match[str]) -> str:
        """A time of the recording is one of the example; what is a day on stays a day on."""
        days = (datetime.fromisoformat(found[0]) - self._began) // timedelta(hours=23)
        if days not in (0, 1):
            return found[0]
        fraction = "".join(re.findall(r"\.\d+", found[0])).replace(found[0][19:-1], ".120000")
        return f"{_THEN + timedelta(days=days):%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _nobodys(found: re.Match[str]) -> str:
    """A number of those that are kept free for stories, with the last digits of another."""
    digits = re.sub(r"\D", "", found[0])
    return f"+3363998{digits[-4:]}" if found[0].startswith("+") else f"06 39 98 {digits[-4:-2]} {digits[-2:]}"


def recorded() -> dict[str, Any]:
    """Ask for everything; an answer of each operation by its id."""
    kept = Recorder()
    with tempfile.TemporaryDirectory() as folder:
        record(Path(folder), kept.keep)
    return dict(sorted(kept.found.items()))


def document() -> dict[str, Any]:
    """The OpenAPI document, as the application gives it."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/none.db")
        try:
            return create_app(store).openapi()
        finally:
            store.close()


def wrong(told: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the examples of a document: answers that lack or are not what it says; so with bodies."""
    operations = {one["operationId"]: one for path in told["paths"].values() for one in path.values()}
    yield from (f"{name}: there is no such operation" for name in found if name not in operations)
    for name, operation in operations.items():
        yield from (f"{name}: {why}" for why in _wrong_answer(told, operation, found.get(name)))
        yield from (f"{name}: {why}" for why in _wrong_bodies(told, operation))


def _wrong_answer(told: dict[str, Any], operation: dict[str, Any], example: dict[str, Any] | None) -> Iterator[str]:
    if example is None:
        if any("content" in one for status, one in operation["responses"].items() if status.startswith("2")):
            yield "no answer is recorded: run python -m tools.examples"
        return
    content = operation["responses"].get(example["status"], {}).get("content", {})
    if example["media_type"] not in content:
        yield f"does not answer {example['status']} with {example['media_type']}"
        return
    yield from _invalid(told, content[example["media_type"]]["schema"], example["body"])


def _wrong_bodies(told: dict[str, Any], operation: dict[str, Any]) -> Iterator[str]:
    for media in operation.get("requestBody", {}).get("content", {}).values():
        bodies = list(body_examples(told, media["schema"]))
        if not bodies:
            yield "its body has no example"
        for one in bodies:
            yield from _invalid(told, media["schema"], one)


def body_examples(told: dict[str, Any], schema: dict[str, Any]) -> Iterator[Any]:
    """The examples of a schema, those it refers to included."""
    yield from schema.get("examples", [])
    for one in schema.get("anyOf", []):
        yield from body_examples(told, one)
    if "$ref" in schema:
        yield from body_examples(told, told["components"]["schemas"][schema["$ref"].rpartition("/")[2]])


def _invalid(told: dict[str, Any], schema: dict[str, Any], value: object) -> Iterator[str]:
    check = jsonschema_rs.Draft202012Validator({**schema, "components": told["components"]}, validate_formats=True)
    for one in check.iter_errors(value):
        yield f"{'.'.join(map(str, one.instance_path))}: {one.message[:_MOST_TEXT]}"


def main() -> None:
    """Write the file, or say what is wrong with it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--check", action="store_true", help="write nothing; fail when an example lacks or is wrong")
    if not asked.parse_args().check:
        FILE.write_bytes(orjson.dumps(recorded(), option=orjson.OPT_INDENT_2) + b"\n")
        examples.cache_clear()
    found = list(wrong(document(), examples()))
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
