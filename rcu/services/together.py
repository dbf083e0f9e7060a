"""Questions that are asked at the same time, answered together: what comes while batches are under way is the next.

Nobody waits for company. Alone a question costs what it did; of many that come at once each costs a fraction, since a
query for sixty rows takes hardly longer than one for a single row. Where nobody waits, and the database answers without
waiting either, the first question of a turn of the event loop is answered where it is asked; others of the turn go
together.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from rcu.store.engine import Store, Transaction
from rcu.store.kept import Kept

Q = TypeVar("Q")
A = TypeVar("A")
MOST_TOGETHER: Final = 64
_BESIDE: Final = 2
"""So many batches are under way at once where the database takes its time: the event loop works meanwhile."""


@dataclass(slots=True)
class _Line(Generic[Q, A]):
    """Who waits on one event loop, and the connections to ask by: all of them, and those that are free.

    `begins`: a task that asks is about to; it takes all that wait then.
    """

    connections: int
    free: deque[Kept]
    waiting: deque[tuple[Q, asyncio.Future[A]]] = field(default_factory=deque[tuple[Q, asyncio.Future[A]]])
    begins: bool = False


class Together(Generic[Q, A]):
    """Has questions answered in batches by a connection that is kept; close it to end its thread."""

    def __init__(self, name: str, store: Store, answer: Callable[[Transaction, Sequence[Q]], Sequence[A]]) -> None:
        """`answer` gives an answer to each of some questions, in their order."""
        self._answer, self._store = answer, store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"rcu-{name}")
        self._lines: dict[asyncio.AbstractEventLoop, _Line[Q, A]] = {}
        self._away = store.keep(self._thread)
        self._home: tuple[asyncio.AbstractEventLoop, list[Kept]] | None = None
        self._told_now = False
        self._works = set[asyncio.Task[None]]()

    def settle(self) -> None:
        """The event loop that runs now is the one that asks nearly always: it waits for the database itself."""
        beside = 1 if self._store.answers_at_once else _BESIDE
        some = [self._store.keep(self._thread, here=True) for _ in range(beside)]
        self._home = asyncio.get_running_loop(), some

    async def ask(self, question: Q) -> A:
        """The answer to a question, or the error of the batch it was in."""
        loop = asyncio.get_running_loop()
        line = self._lines.get(loop)
        if line is None:
            by = self._kept(loop)
            if not self._told_now:
                found = by[0].read_now(lambda connection: self._answer(connection, [question]))
                if found is not None:
                    self._told_now = True
                    loop.call_soon(self._turn)
                    return found[0]
            line = self._lines[loop] = _Line(len(by), deque(by))
        told: asyncio.Future[A] = loop.create_future()
        line.waiting.append((question, told))
        if line.free and not line.begins:
            line.begins = True
            work = loop.create_task(self._work(loop, line, line.free.popleft()))
            self._works.add(work)
            work.add_done_callback(self._works.discard)
        return await told

    def close(self) -> None:
        """Answer what was asked, and end; the store lets the connection go."""
        self._thread.shutdown()

    def _turn(self) -> None:
        self._told_now = False

    def _kept(self, loop: asyncio.AbstractEventLoop) -> list[Kept]:
        return self._home[1] if self._home is not None and self._home[0] is loop else [self._away]

    async def _work(self, loop: asyncio.AbstractEventLoop, line: _Line[Q, A], by: Kept) -> None:
        line.begins = False
        while line.waiting:
            some = [line.waiting.popleft() for _ in range(min(len(line.waiting), MOST_TOGETHER))]
            questions = [question for question, _ in some]
            try:
                answers = await by.read(lambda connection, asked=questions: self._answer(connection, asked))
            except Exception as error:  # noqa: BLE001  # whoever waits for the answer gets it
                for _, told in some:
                    if not told.done():
                        told.set_exception(error)
                continue
            for (_, told), answer in zip(some, answers, strict=True):
                if not told.done():  # who asked may have gone
                    told.set_result(answer)
        line.free.append(by)
        if len(line.free) == line.connections:
            del self._lines[loop]
