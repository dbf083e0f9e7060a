"""What an API key is held to beside its scopes: a rate, some stores, a purpose, an end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a second on average, and so many at once: `burst` in any span of `seconds`.

    `burst` is a multiple of `per_second`.
    """

    per_second: int
    burst: int

    @property
    def seconds(self) -> int:
        """The span in which a burst may come once."""
        return self.burst // self.per_second


@dataclass(frozen=True, slots=True)
class Terms:
    """What a key is held to; None: nothing.

    Attributes:
        expires_at: it is not in force from here on.
        purpose: what it reads for, where a request does not say.
        rate: how often it may ask, of each server process.
        stores: it sees customers of these stores only.
    """

    expires_at: datetime | None = None
    purpose: str | None = None
    rate: Rate | None = None
    stores: frozenset[str] | None = None


FREE = Terms()
"""Held to nothing."""
