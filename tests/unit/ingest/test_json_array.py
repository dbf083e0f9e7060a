"""A bracket too many in a JSON array is one malformed element, not elements without end."""

from __future__ import annotations

import io
from itertools import islice

import pytest

from rcu.ingest.jsonarray import JsonArray


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        pytest.param('{"a":[{"x":1}, }]}', [('{"x":1}', False), ("}", True)], id="behind the last element"),
        pytest.param('{"a":[}]', [("}", True)], id="alone"),
        pytest.param('{"a":[{"x":1},\n},{"y":2}]}', [('{"x":1}', False), ("}", True), ('{"y":2}', False)], id="within"),
        pytest.param('{"a":[{"x":1}}{"y":2}]}', [('{"x":1}', True), ("}", True), ('{"y":2}', False)], id="doubled"),
        pytest.param('{"a":[x}]', [("x", True), ("}", True)], id="behind what is no JSON"),
    ],
)  # fmt: skip
def test_a_bracket_too_many_is_one_element(text: str, elements: list[tuple[str, bool]]) -> None:
    found = islice(JsonArray(io.BytesIO(text.encode()), key="a", file="f"), 10)
    assert [(element.text, element.malformed) for element in found] == elements
