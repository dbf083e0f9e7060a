"""Locks on what several transactions may be about at once: a block, a value, a customer. They end with the transaction.

SQLite has one transaction that writes at a time, so nothing needs to be locked there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final, NoReturn

from sqlalchemy import Connection

from rcu.store import sql
from rcu.store.later import Later


class Contended(Exception):  # nobody's error: it asks for another try
    """Another transaction holds what was found to be needed only on the way; `names` are to be locked first.

    `alone`: they are so many that everything is to be locked instead.
    """

    def __init__(self, names: frozenset[int], *, alone: bool = False) -> None:
        super().__init__("another transaction is at work on the same customers")
        self.names = names
        self.alone = alone


MOST_LOCKS: Final = 640
"""A server has room for some thousands of locks, of all transactions together."""


class Locks:
    """The locks of one transaction.

    What is locked first is waited for, in one order, so that no two wait for each other. What turns out to be needed
    later is not waited for: where another transaction holds it, this one gives up, and starts again with all of it.
    """

    def __init__(self, connection: Connection, *, foreseen: Iterable[int] = (), alone: bool = False) -> None:
        """`alone`: nobody else writes (`Store.changing`), so there is nothing to lock; so it always is in SQLite."""
        self._alone = alone or not sql.others_write(connection)
        self._connection = connection
        self._held: set[int] = set()
        self._foreseen = set(foreseen)
        self._first = True

    @property
    def alone(self) -> bool:
        """Whether nobody else writes."""
        return self._alone

    def take(self, names: Iterable[int]) -> bool:
        """Lock some names; True when there was one that was not held already.

        Raises:
            Contended: another transaction holds one of those that were not foreseen, or they are too many.
        """
        return self.taking(names).told()

    def taking(self, names: Iterable[int]) -> Later[bool]:
        """The same, not waited for: what is asked before it is told is found with them held, or not to be believed.

        Raises:
            Contended: they are too many; the rest once it is told.
        """
        if self._alone:
            return Later.of(answer=False)
        new = set(names) | (self._foreseen if self._first else set[int]())
        new -= self._held
        if len(self._held) + len(new) > MOST_LOCKS:
            raise Contended(frozenset(), alone=True)
        if not new:
            return Later.of(answer=False)
        wait, self._first = self._first, False
        held = sql.lock_names(self._connection, sorted(new), wait=wait)

        def told() -> bool:
            if not held.told():
                raise Contended(frozenset(self._held | new))
            self._held |= new
            return True

        return Later(told)

    def give_up(self) -> NoReturn:
        """Start again: what was read before locking has changed meanwhile.

        Raises:
            Contended: always.
        """
        raise Contended(frozenset(self._held))


def name_of(*parts: object) -> int:
    """The number under which something is locked."""
    told = "\0".join(map(str, parts)).encode(errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(told, digest_size=8).digest(), "big", signed=True)
