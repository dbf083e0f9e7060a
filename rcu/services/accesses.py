"""Who was shown whom: each read of a person is written down, behind the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rcu.services.behind import EVERY_SECONDS, Behind
from rcu.services.cursors import read_cursor, write_cursor
from rcu.services.reading import FIELDS_OF_SCOPE
from rcu.store import accesses as rows
from rcu.store import keys as key_rows
from rcu.store.accesses import NEWEST, Access, AccessWish
from rcu.store.engine import Store, Transaction

_CURSOR: Final = "a1"


def access_log(store: Store, *, every: float = EVERY_SECONDS) -> Behind[Access]:
    """What takes entries of the access log and writes them every second; the caller closes it."""
    return Behind(store, rows.add, every=every)


@dataclass(frozen=True, slots=True)
class Reading:
    """One request that reads: whose key, for whom, by which operation, what for; `scopes` are those of the key."""

    key_name: str
    scopes: frozenset[str]
    actor: str | None
    operation: str
    purpose: str | None
    request_id: str


def given(reading: Reading, customer_ids: Iterable[str], now: datetime, *, more: Iterable[str] = ()) -> list[Access]:
    """The entries of one answer that shows customers, as far as the key's scopes open them.

    `more` are groups beside those of the profile: `history`.
    """
    groups = tuple(sorted({*(reading.scopes & FIELDS_OF_SCOPE.keys()), *more}))
    return [_entry(reading, one, now, groups) for one in customer_ids]


def named(reading: Reading, customer_ids: Iterable[str], now: datetime) -> list[Access]:
    """The entries of one answer that tells ids of customers and nothing else of them."""
    return [_entry(reading, one, now, ()) for one in customer_ids]


def _entry(reading: Reading, customer_id: str, now: datetime, groups: tuple[str, ...]) -> Access:
    asked = (reading.key_name, reading.actor, reading.operation, reading.purpose)
    return Access(now, *asked, customer_id, groups, reading.request_id)


@dataclass(frozen=True, slots=True)
class AccessPage:
    """Entries of the access log, the newest first, and the cursor of older ones (None at the end)."""

    accesses: tuple[Access, ...]
    next_cursor: str | None


def accesses(store: Store, wish: AccessWish, *, cursor: str | None, limit: int) -> AccessPage:
    """Entries of the access log, the newest first.

    Raises:
        InvalidCursor: the cursor is not one this service gave out.
    """
    before = NEWEST if cursor is None else read_cursor(_CURSOR, cursor)
    with store.read() as connection:
        found = rows.page(connection, wish, before=before, limit=limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    return AccessPage(tuple(one for _, one in shown), write_cursor(_CURSOR, shown[-1][0]) if more else None)


class KeyUses(Behind[tuple[int, datetime]]):
    """Takes that keys were used, by number, and writes when they last were."""

    def __init__(self, store: Store, *, every: float = EVERY_SECONDS) -> None:
        super().__init__(store, _last_used, every=every)

    def used(self, key_id: int, at: datetime) -> None:
        """A key was used; where too much waits, that is not told."""
        self.offer([(key_id, at)])


def _last_used(connection: Transaction, uses: Sequence[tuple[int, datetime]]) -> None:
    latest: Mapping[int, datetime] = dict(sorted(uses, key=lambda one: one[1]))
    key_rows.used(connection, latest)
