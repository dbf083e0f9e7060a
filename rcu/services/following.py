"""Following the change feed: page by page, waiting for what comes, and how far back it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Final

from rcu.errors import Conflict
from rcu.store import deliveries as delivery_rows
from rcu.store import feed as rows
from rcu.store.engine import Store
from rcu.store.feed import Change

_EVERY_SECONDS: Final = 0.2
_FORGOTTEN_AT_ONCE: Final = 50_000


class ChangesGone(Conflict):
    """What somebody wants to go on from is not kept any more.

    Attributes:
        oldest: the oldest sequence that is kept.
        newest: the newest; whoever has read all customers after this instant goes on from it.
    """

    def __init__(self, oldest: int, newest: int) -> None:
        super().__init__(
            f"changes before {oldest} are not kept any more",
            hint=f"list all customers, then go on with after={newest}",
        )
        self.oldest, self.newest = oldest, newest


@dataclass(frozen=True, slots=True)
class Feed:
    """Some changes in commit order.

    Attributes:
        changes: the changes.
        next_after: where to go on; all up to it was told, or is of no kind that was asked for.
        oldest: the oldest sequence that is kept.
        newest: the newest there is.
    """

    changes: tuple[Change, ...]
    next_after: int
    oldest: int
    newest: int


def feed(store: Store, *, after: int, limit: int, kinds: Collection[str] = ()) -> Feed:
    """The next changes, of some kinds or of all.

    Raises:
        ChangesGone: some after that one are not kept any more.
    """
    with store.read() as connection:
        found = rows.page(connection, after, limit=limit, kinds=kinds)
    if after + 1 < found.oldest:
        raise ChangesGone(found.oldest, found.newest)
    full = len(found.changes) == limit
    next_after = found.changes[-1].sequence if full else max(after, found.newest)
    return Feed(found.changes, next_after, found.oldest, found.newest)


def newest_change(store: Store) -> int:
    """The sequence of the newest change; 0 before the first."""
    with store.read() as connection:
        return rows.bounds(connection)[1]


def before_oldest(store: Store) -> int:
    """The sequence after which all changes are that are kept."""
    with store.read() as connection:
        return rows.bounds(connection)[0] - 1


def forget_changes(store: Store, before: datetime) -> int:
    """Forget what was announced, and what was delivered, before an instant; says how many changes there were.

    A change is only forgotten with all before it. Each transaction takes some thousands.
    """
    with store.read() as connection:
        first_kept = rows.first_since(connection, before)
    forgotten = 0
    while True:
        with store.begin() as connection:
            some = rows.forget(connection, first_kept, most=_FORGOTTEN_AT_ONCE)
        if not some:
            break
        forgotten += some
    with store.begin() as connection:
        delivery_rows.forget(connection, before)
    return forgotten


class FeedWatch:
    """Wakes those who wait for a change: while anybody does, the feed is asked for its newest number now and then.

    Whoever waits holds neither a thread nor a connection.
    """

    def __init__(
        self, newest: Callable[[], int], *,
        clock: Callable[[], float] = monotonic, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:  # fmt: skip
        """`newest` asks the database; `clock` gives seconds that only ever rise, `sleep` lets some pass."""
        self._newest, self._clock, self._sleep = newest, clock, sleep
        self._waiting: dict[asyncio.Future[bool], tuple[int, float]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._closed = False

    async def beyond(self, sequence: int, *, until: float) -> bool:
        """Wait for a change after a sequence; False where there is none at an instant of the clock."""
        if self._closed:
            return False
        waiting: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[waiting] = sequence, until
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        try:
            return await waiting
        finally:
            self._waiting.pop(waiting, None)

    def close(self) -> None:
        """Let everybody go who waits, and nobody wait from now on; the server ends."""
        self._closed = True
        self._tell(_ended)

    async def follow(self, read: Callable[[int], Feed], after: int, *, seconds: float) -> Feed:
        """What `read` gives after a sequence; where that is nothing, what it gives once there is something.

        Raises:
            ChangesGone: some after that one are not kept any more.
        """
        until = self._clock() + seconds
        found = await asyncio.to_thread(read, after)
        while not found.changes and self._clock() < until and await self.beyond(found.next_after, until=until):
            found = await asyncio.to_thread(read, found.next_after)
        return found

    async def _ask(self) -> None:
        while self._waiting:
            await self._sleep(_EVERY_SECONDS)
            try:
                newest = await asyncio.to_thread(self._newest)
            except Exception as error:  # noqa: BLE001  # it is theirs who wait, whatever it is
                self._tell(partial(_failed, error))
                return
            self._wake(newest)

    def _wake(self, newest: int) -> None:
        now = self._clock()
        for waiting, (sequence, until) in self._waiting.items():
            if not waiting.done() and (newest > sequence or now >= until):
                waiting.set_result(newest > sequence)

    def _tell(self, what: Callable[[asyncio.Future[bool]], None]) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                what(waiting)


def _ended(waiting: asyncio.Future[bool]) -> None:
    waiting.set_result(False)


def _failed(error: Exception, waiting: asyncio.Future[bool]) -> None:
    waiting.set_exception(error)
