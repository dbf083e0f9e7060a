"""Requests that are sent again because their answer was lost: done once, and answered as the first time.

Idempotency-Key, https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/. What a caller sends under
one key is kept for a day with its answer. A process that dies while it answers leaves the request under way: who asks
again some minutes later has it done again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rcu.errors import Conflict, InputError
from rcu.store import idempotency as rows
from rcu.store.engine import Store

KEPT: Final = timedelta(hours=24)
_UNDER_WAY: Final = timedelta(minutes=5)
"""A request takes no longer; a process that began one before that has died."""


class UnderWay(Conflict):
    """The same request is being answered at this moment."""


class KeyReused(InputError):
    """Another request was sent under this key."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a request was answered with."""

    status: int
    media_type: str
    body: str


class Repeats:
    """Keeps answers by the key a caller chose."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock

    def begin(self, name: str, request: str) -> Answered | None:
        """Begin a request; the answer it was given before, if it was.

        Args:
            name: see `name_of`.
            request: a digest of what is asked.

        Raises:
            KeyReused: the key was used for something else.
            UnderWay: it is being answered.
        """
        now = self._clock()
        with self._store.begin() as connection:
            rows.forget_older(connection, now - KEPT)
            known = rows.begin(connection, name, request=request, now=now)
            if known is None:
                return None
            if known.request != request:
                msg = "this Idempotency-Key was sent with another request before"
                raise KeyReused(msg, hint="choose a new one for each request, and keep it when you send that again")
            if known.status is not None:
                return Answered(known.status, known.media_type or "", known.body or "")
            dead = known.began_at < now - _UNDER_WAY
            if not (dead and rows.take_over(connection, name, began_at=known.began_at, now=now)):
                raise UnderWay("the same request is being answered", hint="ask again in some seconds")
        return None

    def finish(self, name: str, answer: Answered) -> None:
        """Keep what a request was answered with."""
        with self._store.begin() as connection:
            rows.finish(connection, name, status=answer.status, media_type=answer.media_type, body=answer.body)

    def forget(self, name: str) -> None:
        """Nothing was done: who sends it again may have it done."""
        with self._store.begin() as connection:
            rows.forget(connection, name)


def name_of(caller: str, chosen: str) -> str:
    """What a caller chose, apart from what others did."""
    return hashlib.sha256(f"{caller}\0{chosen}".encode()).hexdigest()


def request_digest(*parts: bytes) -> str:
    """What is asked, as a digest of its parts."""
    told = hashlib.sha256()
    for part in parts:
        told.update(len(part).to_bytes(8, "big") + part)
    return told.hexdigest()
