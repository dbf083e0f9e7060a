"""Small writes behind the answers: collected in the process, written together by a thread of its own every second.

Where many come, and the database takes them without waiting, the event loop writes them itself as soon as they make a
piece: a thread takes turns with it for the interpreter, and each turn costs more than the piece.

Nothing that was taken is lost but by a kill: what the database refuses is kept and tried again. When too much waits,
whoever hands in more waits too, and is refused in the end.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Final, Generic, TypeVar

from rcu.errors import StoreError
from rcu.store.engine import Store, Transaction
from rcu.store.kept import Kept

T = TypeVar("T")

EVERY_SECONDS: Final = 1.0
"""So often what waits is written."""
MOST_WAITING: Final = 100_000
"""So much may wait: some twenty megabytes, and what a busy minute reads while a run holds the database."""
PATIENCE_SECONDS: Final = 10.0
"""Who hands in more waits no longer than this."""
_TOGETHER: Final = 200
"""So much is one transaction; then it rests for as long as that took, for those who are answered meanwhile."""
_PIECE: Final = 100
"""So much the event loop writes at once: in less than a millisecond."""
_AGAIN_SECONDS: Final = 0.02
"""What the database did not take it tries again after this, if the thread has not come before."""
_CHECKPOINT_AFTER: Final = 2_000
"""After so much that the event loop wrote, its thread has it put where it stays."""


@dataclass(slots=True)
class _Home:
    """An event loop that writes itself, by a connection of its own."""

    loop: asyncio.AbstractEventLoop
    thread: int
    kept: Kept
    pool: ThreadPoolExecutor
    soon: bool = False
    work: asyncio.Task[None] | None = None
    not_before: float = 0.0
    written: int = 0

    def may_soon(self) -> bool:
        """Whether it is here that things are taken, and it is not about to write anyway; then it is."""
        if self.soon or threading.get_ident() != self.thread or monotonic() < self.not_before:
            return False
        self.soon = True
        return True


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
        self._idle = self._closed = False
        self._home: _Home | None = None

    def settle(self) -> None:
        """The event loop that runs now takes things nearly always: it writes them itself; see `unsettle`."""
        pool = ThreadPoolExecutor(1, thread_name_prefix="rcu-behind")
        home = _Home(asyncio.get_running_loop(), threading.get_ident(), self._store.keep(pool, here=True), pool)
        with suppress(StoreError):  # then the thread has it opened, once the database is there
            home.kept.open()
        self._home = home

    async def unsettle(self) -> None:
        """Wait for what the event loop is writing, and leave the rest to the thread; before this is closed."""
        home, self._home = self._home, None
        if home is not None:
            if home.work is not None:
                await asyncio.wait([home.work])
            home.pool.shutdown()

    def offer(self, things: Sequence[T]) -> bool:
        """Hand things in without waiting; False, and nothing is taken, when too much waits already."""
        with self._changed:
            if self._closed or len(self._waiting) >= self._most:
                return False
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="rcu-behind", daemon=True)
                self._thread.start()
            self._waiting += things
            if self._idle or len(self._waiting) >= self._most:
                self._changed.notify_all()
            many = len(self._waiting) >= _PIECE
        if many:
            self._soon()
        return True

    def _soon(self) -> None:
        if (home := self._home) is not None and home.may_soon():
            home.loop.call_soon(self._write_here, home)

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
        for _ in self._written(everything=True):
            pass

    def _written(self, *, everything: bool) -> Iterator[None]:
        """Write what waits, one transaction after the other; unless `everything`, the last few that come wait on."""
        with self._writing:
            while some := self._waiting[:_TOGETHER]:
                with self._store.begin() as connection:
                    self._write(connection, some)
                with self._changed:
                    del self._waiting[: len(some)]
                    self._changed.notify_all()
                if not everything and len(self._waiting) < _PIECE:
                    return
                yield

    def _write_here(self, home: _Home) -> None:
        """Write a piece, on the event loop, unless somebody writes, or wrote meanwhile."""
        home.soon = False
        if self._home is home and len(self._waiting) >= _PIECE and self._writing.acquire(blocking=False):
            some, done = self._waiting[:_PIECE], False
            with suppress(Exception):  # whatever it was: the thread meets it again
                done = home.kept.say_now(lambda connection: self._write(connection, some))
            if done or self._store.answers_at_once:
                self._wrote(home, len(some) if done else 0)
            else:
                home.work = home.loop.create_task(self._write_away(home, some))

    async def _write_away(self, home: _Home, some: Sequence[T]) -> None:
        """The same where the database takes its time."""
        done = 0
        with suppress(Exception):
            await home.kept.read(lambda connection: self._write(connection, some))
            done = len(some)
        self._wrote(home, done)

    def _wrote(self, home: _Home, count: int) -> None:
        home.written += count
        home.not_before = 0.0 if count else monotonic() + _AGAIN_SECONDS
        with self._changed:
            if len(self._waiting) >= self._most:  # somebody may wait for room
                self._changed.notify_all()
            del self._waiting[:count]
            many = len(self._waiting) >= _PIECE
        self._writing.release()
        if many:
            self._soon()

    def _put_away(self) -> None:
        """What the event loop leaves to the thread: to wait for the disk, and to open a connection that was lost."""
        if (home := self._home) is None:
            return
        with self._writing:
            home.kept.open()
            if home.written >= _CHECKPOINT_AFTER:
                home.written = 0
                self._store.checkpoint()

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
                for _ in self._written(everything=last):
                    self._rest(monotonic() - began)
                    began = monotonic()
                self._put_away()
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
            self._idle = True
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._idle = False
            self._changed.wait_for(self._due, timeout=self._every)
            return self._closed

    def _due(self) -> bool:
        return self._closed or len(self._waiting) >= self._most
