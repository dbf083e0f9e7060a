"""Records that are sent at the same time, taken together: one transaction for all that wait, an answer for each.

A transaction for sixteen records takes little longer than one for a single record. So while one is under way, what is
sent meanwhile waits, and the next one takes all of it. Callers who were answered together send their next records
together, too: a transaction waits some milliseconds for as many as came lately. A record that comes alone does not.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Final

from rcu.domain.records import RecordKey
from rcu.errors import Conflict, RcuError
from rcu.services.arrivals import Given, Upserted
from rcu.services.upserting import Cleaned, RealTime

MOST_TOGETHER: Final = 32
"""Records of one transaction: what more would save is little, and all of them wait for the last."""
MOST_WAITING: Final = 2_000
"""More than this do not come from callers who wait for their answers."""
ENOUGH: Final = 8
"""Nobody waits for more: shared by so many, what every transaction costs is little beside what a record does."""
LONGEST_SECONDS: Final = 0.008
QUIET_SECONDS: Final = 0.003
"""When nobody came for so long, nobody is waited for any more."""
_PAST_SECONDS: Final = 0.05
"""Who has not sent the next record by then is not one who sends the next as soon as the last is answered."""
_MOST_IN_VAIN: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class _Sent:
    record: Cleaned
    profiles: bool
    actor: str | None
    answer: Future[Upserted] = field(default_factory=Future[Upserted])


@dataclass(slots=True)
class Siblings:
    """How many records to wait for before a transaction begins, from how many came lately.

    Waiting in vain is done ever more rarely: after the first time one transaction begins without it, then three, seven.
    """

    expected: int = 1
    _until: float = 0.0
    _in_vain: int = 0
    _without: int = 0

    def after(self, taken: int, waiting: int, now: float) -> None:
        """A transaction of so many has ended at `now`, while so many wait: all of them may soon be here at once."""
        self.expected, self._until = min(ENOUGH, taken + waiting), now + _PAST_SECONDS

    def worth_waiting(self, waiting: int, now: float) -> bool:
        """Whether to wait for more than are there."""
        if waiting >= self.expected or now > self._until:
            return False
        if self._without:
            self._without -= 1
            return False
        return True

    def waited(self, *, came: bool) -> None:
        """Whether anybody came while a transaction waited."""
        self._in_vain = 0 if came else min(self._in_vain + 1, _MOST_IN_VAIN)
        self._without = 2**self._in_vain - 1


class Gathering:
    """Takes single records, from any number of threads, as `RealTime.upsert` does; close it to end its own thread."""

    def __init__(self, real_time: RealTime) -> None:
        self._real_time = real_time
        self._waiting: deque[_Sent] = deque()
        self._changed = threading.Condition()
        self._siblings = Siblings()
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
            if len(self._waiting) in (1, self._siblings.expected):  # nothing else is waited for
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
            self._wait_for_siblings()
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

    def _wait_for_siblings(self) -> None:
        began, there = monotonic(), len(self._waiting)
        if self._closed or not self._siblings.worth_waiting(there, began):
            return
        end, before = began + LONGEST_SECONDS, -1
        while not self._closed and before < len(self._waiting) < self._siblings.expected and (now := monotonic()) < end:
            before = len(self._waiting)
            self._changed.wait(min(QUIET_SECONDS, end - now))
        self._siblings.waited(came=len(self._waiting) > there)

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
        self._siblings.after(len(together), len(self._waiting), monotonic())  # none of them is there again yet
        for one, done in zip(together, told, strict=True):
            one.answer.set_result(done if one.profiles else replace(done, profile=None))
