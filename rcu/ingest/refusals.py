"""Say why a row was not taken."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from rcu.domain.intake import Refusal


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a field: its column, a stable code, and what was expected (never the value)."""

    field: str | None
    reason: str
    detail: str


def refuse_text(line: int, text: str, *, reason: str, detail: str) -> Refusal:
    """Refuse a row that could not be parted into fields; `raw` is its text as a JSON string."""
    return Refusal(line, None, reason, detail, json.dumps(text, ensure_ascii=False))


def refuse_row(line: int, header: Sequence[str], values: Sequence[str | None], *, problem: Problem) -> Refusal:
    """Refuse a row for one of its fields; `raw` is a JSON object by column."""
    raw = dict(zip(header, values, strict=False))
    return Refusal(line, problem.field, problem.reason, problem.detail, json.dumps(raw, ensure_ascii=False))


def refuse_element(place: int, element: object, *, problem: Problem) -> Refusal:
    """Refuse an element of a JSON array; `raw` is the element."""
    return Refusal(place, problem.field, problem.reason, problem.detail, json.dumps(element, ensure_ascii=False))
