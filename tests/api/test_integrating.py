"""What the page for integrators shows is what happens: its curl commands and its Python, one after the other."""

from __future__ import annotations

import io
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any, Final

import httpx2
import pyarrow.parquet
import pytest

from rcu.services import keys
from tests.api.conftest import Api
from tests.conftest import NOW
from tests.serving import served

PAGE: Final = Path(__file__).parents[2] / "docs" / "how-to" / "integrate.md"
_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
_KEPT: Final = re.compile(r"^(?:export )?(\w+)=\S+\s+# `([\w.-]+)` of the answer$")
_BETWEEN: Final = "\x1e"


@dataclass(frozen=True, slots=True)
class Step:
    """A block of the page that is run, and the block behind it that shows what comes of it, if there is one."""

    language: str
    text: str
    shown_as: str = ""
    shown: str = ""


def steps() -> Iterator[Step]:
    blocks = [*_BLOCK.findall(PAGE.read_text(encoding="utf-8")), ("", "")]
    for (language, text), (kind, shown) in itertools.pairwise(blocks):
        if language in ("sh", "python"):
            yield Step(language, text, *((kind, shown) if kind in ("json", "http", "text") else ()))
        else:
            assert language in ("json", "http", "text"), f"nobody runs a block of {language}"


STEPS: Final = list(steps())


class Curl:
    """Does what the commands of the page do, as far as it uses them: no curl is needed."""

    def __init__(self, told: dict[str, str]) -> None:
        self.told = told
        self.answer: httpx2.Response | None = None

    def run(self, block: str) -> None:
        for line in commands(block):
            kept = _KEPT.match(line)
            if kept:
                self.told[kept[1]] = str(self._found(kept[2]))
            elif line.startswith("curl "):
                self._ask(line)
            elif line:
                name = re.fullmatch(r"export (\w+)=\S.*", line)
                assert name, line
                assert name[1] in self.told, f"the test gives {name[1]}"

    def _found(self, way: str) -> Any:
        assert self.answer is not None
        if way in self.answer.headers:
            return self.answer.headers[way]
        content = self.answer.json()
        for step in way.split("."):
            content = content[int(step)] if isinstance(content, list) else content[step]
        return content

    def _ask(self, line: str) -> None:
        asked = self._read(line)
        method = asked.method or ("GET" if asked.data is None else "POST")
        headers = dict(one.split(": ", 1) for one in asked.header)
        body = None if asked.data is None else asked.data.encode()
        if body is not None:
            assert headers["Content-Type"] == "application/json"
            json.loads(body)
        self.answer = httpx2.request(method, asked.url, headers=headers, content=body, timeout=60)

    def _read(self, line: str) -> Namespace:
        parser = ArgumentParser(exit_on_error=False)
        parser.add_argument("-X", dest="method")
        parser.add_argument("-H", dest="header", action="append", default=[])
        parser.add_argument("-d", dest="data")
        parser.add_argument("-o", dest="output")
        for flag in "sif":
            parser.add_argument(f"-{flag}", action="store_true")
        parser.add_argument("url")
        return parser.parse_args([Template(one).substitute(self.told) for one in shlex.split(line)[1:]])


def commands(block: str) -> list[str]:
    """The lines of a block, those that go on behind a backslash or within quotes put together."""
    found, open_ = [], ""
    for line in block.splitlines():
        open_ += line
        if open_.endswith("\\"):
            open_ = open_[:-1]
            continue
        if _complete(open_):
            found.append(open_)
            open_ = ""
    assert not open_, open_
    return found


def _complete(line: str) -> bool:
    try:
        shlex.split(line)
    except ValueError:  # within quotes
        return False
    return True


def is_shown(shown: Any, there: Any) -> bool:
    """Whether what is there has what the page shows of it; `...` stands for anything."""
    if isinstance(shown, dict):
        return isinstance(there, dict) and all(name in there and is_shown(shown[name], there[name]) for name in shown)
    if isinstance(shown, list):
        return len(shown) == len(there) and all(map(is_shown, shown, there))
    if isinstance(shown, str) and "..." in shown:
        return re.fullmatch(".*".join(map(re.escape, shown.split("..."))), there) is not None
    return shown == there


def check_http(shown: str, answer: httpx2.Response) -> None:
    first, *headers = shown.splitlines()
    assert first == f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}", answer.text
    for name, value in (one.split(": ", 1) for one in headers):
        assert is_shown(value, answer.headers[name]), (name, answer.headers)


@pytest.fixture
def told(api: Api) -> Iterator[dict[str, str]]:
    """Where the service is, and the key of its operator."""
    key = keys.create_key(api.store, "demo", scopes=keys.SCOPES, now=NOW)
    with served(api.app) as address:
        yield {"RCU_URL": address, "RCU_ADMIN": key}


def test_the_page_has_ten_tasks_each_with_both() -> None:
    tasks = re.split(r"^## \d+\. ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert len(tasks) == 10
    assert all("```sh\n" in task and "```python\n" in task for task in tasks)


def test_everything_on_the_page_does_what_it_shows(told: dict[str, str], tmp_path: Path) -> None:
    curl = Curl(told)
    for step in (one for one in STEPS if one.language == "sh"):
        curl.run(step.text)
        if curl.answer is None:
            continue
        if step.shown_as == "json":
            assert is_shown(json.loads(step.shown), curl.answer.json()), (step.text, curl.answer.text)
        elif step.shown_as == "http":
            check_http(step.shown, curl.answer)
        else:
            assert curl.answer.status_code < 300, (step.text, curl.answer.text)
            assert pyarrow.parquet.read_table(io.BytesIO(curl.answer.content)).num_rows > 0
    run_python([one for one in STEPS if one.language == "python"], told, tmp_path)


def run_python(parts: list[Step], told: dict[str, str], folder: Path) -> None:
    """Run the blocks as one program, since each builds on those before; what each prints is what the page shows."""
    script = folder / "page.py"
    script.write_text(f"\nprint({_BETWEEN!r})\n".join(one.text for one in parts), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script], cwd=folder, env=os.environ | told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for part, printed in zip(parts, done.stdout.split(_BETWEEN), strict=True):
        assert printed.strip() == part.shown.strip(), part.text
