"""Rows that are asked for at the same time by their keys, asked for together: those of one turn of the event loop.

Nobody waits for company. Alone a key costs what it did; of many that come at once each costs a fraction, since a query
for sixty rows takes hardly longer than one for a single row. A database that takes its time is asked some such queries
at once, and what comes meanwhile is the next; one that answers without waiting answers the first key of a turn where it
is asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeAlias

from rcu.errors import StoreError
from rcu.store.engine import Store, Transaction
from rcu.store.kept import Kept
from rcu.store.sql import KEYS, Keyed, fetch

Rows: TypeAlias = Sequence[Sequence[Any]]
_Some: TypeAlias = dict[str, list[asyncio.Future[Rows]]]
MOST_TOGETHER: Final = 64
_BESIDE: Final = 4
"""So many queries are under way at once where the database takes its time: it works on one while the next comes."""


@dataclass(slots=True)
class _Line:
    """Who waits on one event loop, by sort and key, and how many queries are under way.

    `kept`: the connection this loop asks itself, if it does; `soon`: what waits is asked for in the next turn.
    """

    loop: asyncio.AbstractEventLoop
    kept: Kept | None = None
    beside: int = 1
    waiting: dict[str, _Some] = field(default_factory=dict[str, _Some])
    under_way: int = 0
    soon: bool = False
    told_now: bool = False

    def add(self, sort: str, key: str, told: asyncio.Future[Rows]) -> None:
        self.waiting.setdefault(sort, {}).setdefault(key, []).append(told)

    def take(self) -> tuple[str, _Some]:
        """Some keys of one sort."""
        sort, some = next(iter(self.waiting.items()))
        taken = {key: some.pop(key) for key in list(some)[:MOST_TOGETHER]}
        if not some:
            del self.waiting[sort]
        return sort, taken


class Together:
    """Finds rows by keys, by connections that are kept; close it, once nobody waits, to end its thread."""

    def __init__(self, name: str, store: Store, queries: Mapping[str, Keyed]) -> None:
        """`queries` finds the rows of some keys of each sort."""
        self._queries, self._store = queries, store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"rcu-{name}")
        self._away = store.keep(self._thread)
        self._home: _Line | None = None
        self._lines: dict[asyncio.AbstractEventLoop, _Line] = {}
        self._works = set[asyncio.Task[None]]()

    def settle(self) -> None:
        """The event loop that runs now is the one that asks nearly always: it waits for the database itself."""
        kept = self._store.keep(self._thread, here=True)
        with suppress(StoreError):  # it is opened once the database is there
            kept.open()
        self._home = _Line(asyncio.get_running_loop(), kept, _BESIDE)

    def ask(self, sort: str, key: str) -> asyncio.Future[Rows]:
        """The rows of a key, or the error of the query it was in."""
        loop = asyncio.get_running_loop()
        line = self._home
        if line is None or line.loop is not loop:
            line = self._lines.setdefault(loop, _Line(loop))
        told: asyncio.Future[Rows] = loop.create_future()
        if line.kept is not None and not (line.told_now or line.soon or line.under_way):
            found = line.kept.read_now(partial(self._asked, sort, [key]))
            if found is not None:
                line.told_now = True
                loop.call_soon(self._turn, line)
                told.set_result(found)
                return told
        line.add(sort, key, told)
        if not line.soon and line.under_way < line.beside:
            line.soon = True
            loop.call_soon(self._send, line)
        return told

    def close(self) -> None:
        """End; the store lets the connections go."""
        self._thread.shutdown()

    def _asked(self, sort: str, keys: Sequence[str], connection: Transaction) -> Rows:
        return fetch(connection, self._queries[sort](connection), {KEYS: keys})

    def _turn(self, line: _Line) -> None:
        line.told_now = False

    def _send(self, line: _Line) -> None:
        """Ask for what waits, as far as queries may be under way."""
        line.soon = False
        while line.waiting and line.under_way < line.beside:
            sort, some = line.take()
            line.under_way += 1
            if line.kept is None:
                self._read(line, sort, some)
            elif (found := line.kept.read_now(partial(self._asked, sort, list(some)))) is not None:
                self._tell(line, sort, some, found)
            elif not line.kept.ask(self._queries[sort], {KEYS: list(some)}, partial(self._tell, line, sort, some)):
                self._read(line, sort, some)

    def _read(self, line: _Line, sort: str, some: _Some) -> None:
        """Have the thread ask: it waits for who holds the database, and finds out what is wrong."""
        work = line.loop.create_task(self._read_away(line, sort, some))
        self._works.add(work)
        work.add_done_callback(self._works.discard)

    async def _read_away(self, line: _Line, sort: str, some: _Some) -> None:
        try:
            rows = await self._away.read(partial(self._asked, sort, list(some)))
            if line.kept is not None:
                await line.loop.run_in_executor(self._thread, line.kept.open)  # it was lost, or never there
        except Exception as error:  # noqa: BLE001  # whoever waits gets it
            for told in (one for all_ in some.values() for one in all_ if not one.done()):
                told.set_exception(error)
            self._ended(line)
        else:
            self._tell(line, sort, some, rows)

    def _tell(self, line: _Line, sort: str, some: _Some, rows: Rows | None) -> None:
        if rows is None:
            self._read(line, sort, some)
            return
        found: dict[str, list[Sequence[Any]]] = {key: [] for key in some}
        for row in rows:
            found[row[0]].append(row)
        for key, all_ in some.items():
            for told in all_:
                if not told.done():  # who asked may have gone
                    told.set_result(found[key])
        self._ended(line)

    def _ended(self, line: _Line) -> None:
        line.under_way -= 1
        if line.waiting and not line.soon:
            self._send(line)
        elif not line.under_way and not line.waiting:
            self._lines.pop(line.loop, None)
