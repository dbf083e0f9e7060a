"""Small writes behind the answers: collected in the process, written together by a thread of its own every second.

Nothing that was taken is lost but by a kill: what the database refuses is kept and tried again. When too much waits,
whoever hands in more waits too, and is refused in the end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from time import monotonic
from typing import Final, Generic, TypeVar

from rcu.errors import StoreError
from rcu.store.engine import Store, Transaction

T = TypeVar("T")

EVERY_SECONDS: Final = 1.0
"""So often what waits is written."""
MOST_WAITING: Final = 100_000
"""So much may wait: some twenty megabytes, and what a busy minute reads while a run holds the database."""
PATIENCE_SECONDS: Final = 10.0
"""Who hands in more waits no longer than this."""
_TOGETHER: Final = 200
"""So much is one transaction; then it rests for as long as that took, for those who are answered meanwhile."""


class Behind(Generic[T]):
    """Takes things from any thread and writes them in batches, in the order they came; close it to write what waits.

    Its thread begins with the first thing.
    """

    def __init__(
        self,
        store: Store,
        write: Callable[[Transaction, Sequence[T]], None],
        *,
        every: float = EVERY_SECONDS,
        most: int = MOST_WAITING,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """`write` writes some things inside a transaction; it may be asked again for the same when that failed."""
        self._store, self._write = store, write
        self._every, self._most, self._patience = every, most, patience
        self._waiting: list[T] = []
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def offer(self, things: Sequence[T]) -> bool:
        """Hand things in without waiting; False, and nothing is taken, when too much waits already."""
        with self._changed:
            if self._closed or len(self._waiting) >= self._most:
                return False
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="rcu-behind", daemon=True)
                self._thread.start()
            first = not self._waiting
            self._waiting += things
            if first or len(self._waiting) >= self._most:
                self._changed.notify_all()
            return True

    def hand_in(self, things: Sequence[T]) -> None:
        """Hand things in; wait while too much waits already.

        Raises:
            StoreError: it did not become less in time, or this is closed.
        """
        end = monotonic() + self._patience
        while not self.offer(things):
            with self._changed:
                if self._closed or monotonic() >= end:
                    raise StoreError("what is read cannot be written down", hint="try again when the database writes")
                self._changed.wait(min(0.1, self._patience))

    def write_now(self) -> None:
        """Write what waits; what the database refuses waits on, and its error is raised."""
        for _ in self._written():
            pass

    def _written(self) -> Iterator[None]:
        """Write what waits, one transaction after the other."""
        with self._writing:
            while some := self._waiting[:_TOGETHER]:
                with self._store.begin() as connection:
                    self._write(connection, some)
                with self._changed:
                    del self._waiting[: len(some)]
                    self._changed.notify_all()
                yield

    def close(self) -> None:
        """Write what waits, if the database lets it, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while True:
            last = self._rested()
            with suppress(Exception):  # whatever it was: what waits is kept, and tried again
                began = monotonic()
                for _ in self._written():
                    self._rest(monotonic() - began)
                    began = monotonic()
                if not last:
                    continue
            if last:
                return
            with self._changed:
                self._changed.wait_for(lambda: self._closed, timeout=self._every)

    def _rest(self, seconds: float) -> None:
        """Let others go first, unless somebody waits for room, or for the end."""
        with self._changed:
            self._changed.wait_for(self._due, timeout=seconds)

    def _rested(self) -> bool:
        """Wait for something to write, and for more of it; whether nothing comes any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._changed.wait_for(self._due, timeout=self._every)
            return self._closed

    def _due(self) -> bool:
        return self._closed or len(self._waiting) >= self._most
