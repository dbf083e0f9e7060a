"""Webhooks: whether they are in use, what becomes of a delivery, and when it is tried again."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final


class WebhookState(StrEnum):
    """Whether a webhook is told anything."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class DeliveryState(StrEnum):
    """What became of a delivery; `dead`: given up."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


RETRIES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""After each failed attempt but the last, https://www.standardwebhooks.com: three days in all."""

_JITTER: Final = 0.2
_MOST_ASKED: Final = timedelta(days=1)

TEST_KIND: Final = "test"
"""An event that tells of no customer, for somebody who sets a receiver up."""


def retry_after(attempts: int, *, chance: float, asked: timedelta | None = None) -> timedelta | None:
    """How long to wait after so many failed attempts; None where it is given up.

    Args:
        attempts: how many have failed, from 1.
        chance: from 0 to 1: those who failed together do not come back together.
        asked: what the receiver asked for; waited for where it is longer, a day at most.
    """
    if attempts > len(RETRIES):
        return None
    usual = RETRIES[attempts - 1] * (1 - _JITTER / 2 + _JITTER * chance)
    return usual if asked is None else max(usual, min(asked, _MOST_ASKED))
