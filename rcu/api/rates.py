"""How often a key may ask: a moving window for each key that has a rate, in each process for itself; searches apart.

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

from rcu.config import SEARCH_PER_MINUTE
from rcu.domain.keys import Rate

_KEY: Final = "key"
_SEARCH: Final = "search"
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a rate leaves: whether this request may pass, how many more may at once, when there is one more again.

    `most` requests may come in any `window` of seconds; `policy` is what the rate is called.
    """

    policy: str
    most: int
    window: int
    passes: bool
    left: int
    seconds: int

    def headers(self) -> list[tuple[str, str]]:
        """The rate, and what it leaves, as every answer tells."""
        policy = f'"{self.policy}";q={self.most};w={self.window}'
        return [("ratelimit-policy", policy), ("ratelimit", f'"{self.policy}";r={self.left};t={self.seconds}')]


class Rates:
    """Counts the requests of keys that have a rate, and searches; the memory of it ends with the process."""

    def __init__(self, search_per_minute: int = SEARCH_PER_MINUTE) -> None:
        self.search_per_minute = search_per_minute
        self._limiter: MovingWindowRateLimiter | None = None

    def take(self, key_id: int, rate: Rate) -> Allowance:
        """Count a request of a key; one that may not pass is not counted."""
        return self._take(_KEY, key_id, rate.burst, rate.seconds)

    def take_search(self, key_id: int) -> Allowance:
        """Count a search of a key, too: whoever searches without end lists everybody."""
        return self._take(_SEARCH, key_id, self.search_per_minute, _MINUTE)

    def _take(self, policy: str, key_id: int, most: int, window: int) -> Allowance:
        if self._limiter is None:  # its memory starts a thread
            self._limiter = MovingWindowRateLimiter(MemoryStorage())
        item = RateLimitItemPerSecond(most, window)
        passes = self._limiter.hit(item, policy, str(key_id))
        again, left = self._limiter.get_window_stats(item, policy, str(key_id))
        return Allowance(policy, most, window, passes, max(0, left), min(window, max(1, ceil(again - time()))))
