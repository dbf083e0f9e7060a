"""What a run did, and how long its steps took."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final

import orjson

from rcu.matching.blocking import LeftOut

Clock = Callable[[], datetime]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did.

    `customers` is how many there are now; `left_out` are the blocks too large to be compared, by rule; `seconds` by
    step.
    """

    run_id: int
    records: int = 0
    touched: int = 0
    links: int = 0
    refused_links: int = 0
    customers: int = 0
    created: int = 0
    updated: int = 0
    merged: int = 0
    split: int = 0
    left_out: tuple[LeftOut, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)


_NAMES: Final = frozenset(one.name for one in fields(RunReport))


def read_report(run_id: int, told: str | None) -> RunReport | None:
    """What a run did, as it was kept with it; None as long as nothing was.

    What other versions kept beside is left out.
    """
    kept: dict[str, Any] = orjson.loads(told or "{}")
    if not kept:
        return None
    left_out = tuple(LeftOut(**one) for one in kept.get("left_out", ()))
    known = {name: value for name, value in kept.items() if name in _NAMES}
    known |= {"run_id": run_id, "left_out": left_out}
    return RunReport(**known)


class Stopwatch:
    """Seconds by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, step: str) -> None:
        """A step has ended."""
        now = time.perf_counter()
        self.seconds[step] = round(self.seconds.get(step, 0.0) + now - self._since, 3)
        self._since = now
