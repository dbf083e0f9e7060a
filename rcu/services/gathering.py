"""Records that are sent at the same time, taken together: one transaction for all that wait, an answer for each.

A transaction for sixteen records takes little longer than one for a single record. So while one is under way, what is
sent meanwhile waits, and the next one takes all of it. A record that comes alone does not wait for others.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Final

from rcu.domain.records import RecordKey
from rcu.errors import Conflict, RcuError
from rcu.services.arrivals import Given, Upserted
from rcu.services.upserting import Cleaned, RealTime

MOST_TOGETHER: Final = 32
"""Records of one transaction: what more would save is little, and all of them wait for the last."""
MOST_WAITING: Final = 2_000
"""More than this do not come from callers who wait for their answers."""


@dataclass(frozen=True, slots=True, eq=False)
class _Sent:
    record: Cleaned
    profiles: bool
    actor: str | None
    answer: Future[Upserted] = field(default_factory=Future[Upserted])


class Gathering:
    """Takes single records, from any number of threads, as `RealTime.upsert` does; close it to end its own thread."""

    def __init__(self, real_time: RealTime) -> None:
        self._real_time = real_time
        self._waiting: deque[_Sent] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def send(self, given: Given, *, profiles: bool = False, actor: str | None = None) -> Future[Upserted]:
        """Standardise a record and hand it in; what became of it, or its error, is told when it is known.

        Raises:
            Conflict: too many records wait, or this is closed.
        """
        sent = _Sent(self._real_time.clean(given), profiles, actor)
        with self._changed:
            if self._closed or len(self._waiting) >= MOST_WAITING:
                raise Conflict("too many records are sent at once", hint="send them again in a moment, or in batches")
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="rcu-gathering", daemon=True)
                self._thread.start()
            self._waiting.append(sent)
            self._changed.notify()
        return sent.answer

    def close(self) -> None:
        """Take what waits still, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while (together := self._next()) is not None:
            if together:
                self._take(together)

    def _next(self) -> list[_Sent] | None:
        """What waits and is still wanted, each record once, from who sent the first; None when it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            found: list[_Sent] = []
            later: deque[_Sent] = deque()
            seen: set[RecordKey] = set()
            actor = self._waiting[0].actor
            while self._waiting and len(found) < MOST_TOGETHER:
                sent = self._waiting.popleft()
                key = sent.record.given.key
                if key in seen or sent.actor != actor:
                    later.append(sent)
                elif sent.answer.set_running_or_notify_cancel():
                    found.append(sent)
                seen.add(key)
            self._waiting.extendleft(reversed(later))
            return found

    def _take(self, together: Sequence[_Sent]) -> None:
        """One's error is not the others': then each is taken by itself."""
        try:
            wanted = any(one.profiles for one in together)
            cleaned = [one.record for one in together]
            told = self._real_time.take(cleaned, profiles=wanted, actor=together[0].actor)
        except Exception as error:  # noqa: BLE001  # whoever waits for the answer gets it
            if len(together) == 1:
                together[0].answer.set_exception(error)
            elif isinstance(error, RcuError):
                for one in together:
                    self._take([one])
            else:
                for one in together:
                    one.answer.set_exception(error)
            return
        for one, done in zip(together, told, strict=True):
            one.answer.set_result(done if one.profiles else replace(done, profile=None))
