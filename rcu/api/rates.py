"""How often a key may ask: a moving window for each key that has a rate, in each process for itself.

The headers are those of https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ (version 10).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from time import time
from typing import Final

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from rcu.domain.keys import Rate

_POLICY: Final = "key"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a rate leaves: whether this request may pass, how many more may at once, when there is one more again."""

    rate: Rate
    passes: bool
    left: int
    seconds: int

    def headers(self) -> list[tuple[str, str]]:
        """The rate, and what it leaves, as every answer tells."""
        policy = f'"{_POLICY}";q={self.rate.burst};w={self.rate.seconds}'
        return [("ratelimit-policy", policy), ("ratelimit", f'"{_POLICY}";r={self.left};t={self.seconds}')]


class Rates:
    """Counts the requests of keys that have a rate; the memory of it ends with the process."""

    def __init__(self) -> None:
        self._limiter: MovingWindowRateLimiter | None = None

    def take(self, key_id: int, rate: Rate) -> Allowance:
        """Count a request of a key; one that may not pass is not counted."""
        if self._limiter is None:  # its memory starts a thread
            self._limiter = MovingWindowRateLimiter(MemoryStorage())
        item = RateLimitItemPerSecond(rate.burst, rate.seconds)
        passes = self._limiter.hit(item, str(key_id))
        again, left = self._limiter.get_window_stats(item, str(key_id))
        return Allowance(rate, passes, max(0, left), min(rate.seconds, max(1, ceil(again - time()))))
