"""The page of errors has every type of problem that there is, with its status, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from rcu.api import errors

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"
WITHOUT_ERROR: Final = {"internal": "500", "http": "4xx"}
"""What the service says where it has no error of its own."""


def test_every_type_is_told_with_its_status_and_whether_to_send_it_again() -> None:
    told = re.findall(
        r"^### ([\w-]+)\n\n(.*?)(?=^##|\Z)", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    there = {name: str(status) for _, status, name, _ in errors._STATUSES}
    there |= {name: str(status) for status, (name, _) in errors._HTTP.items()} | WITHOUT_ERROR
    assert {name: re.findall(r"`(\w+)` · Again: ", text) for name, text in told} == {
        name: [status] for name, status in there.items()
    }
    assert len(told) == len(there)


def test_the_reference_has_the_same_types() -> None:
    reference = (PAGE.parent / "api.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \d+ \| `urn:rcu:problem:([\w-]+)` \|", reference, flags=re.MULTILINE)
    told = re.findall(r"^### ([\w-]+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {*listed, "http"} == set(told)
