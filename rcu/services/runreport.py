"""What a run did, and how long its steps took."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

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
