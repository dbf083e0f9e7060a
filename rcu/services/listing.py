"""Customers page by page: all, or those that are so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rcu.services.cursors import read_cursor, write_cursor
from rcu.store import listing as rows
from rcu.store.customers import StoredProfile
from rcu.store.engine import Store
from rcu.store.listing import CustomerWish

EVERYBODY: Final = CustomerWish()
_CURSOR: Final = "c1"
_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """Some customers, and the cursor of the next page (None at the end)."""

    profiles: tuple[StoredProfile, ...]
    next_cursor: str | None


def customers_page(
    store: Store,
    wish: CustomerWish = EVERYBODY,
    *,
    cursor: str | None,
    limit: int,
    stores: frozenset[str] | None = None,
) -> Page:
    """The next customers, oldest first. The order never changes, so pages stay true under writes.

    A page may hold fewer than `limit`, or none, though there are further ones: then few of those it looked at are
    wanted.

    Raises:
        InvalidCursor: when the cursor is not one this service gave out.
    """
    after = 0 if cursor is None else read_cursor(_CURSOR, cursor)
    with store.read() as connection:
        found = rows.page(connection, wish, after=after, limit=limit, stores=stores)
    return Page(found.profiles, None if found.further is None else write_cursor(_CURSOR, found.further))


def every_customer(
    store: Store, wish: CustomerWish, *, stores: frozenset[str] | None = None
) -> Iterator[Sequence[StoredProfile]]:
    """All customers that are wanted, oldest first, a thousand at a time; each thousand as it is when it is read."""
    after: int | None = 0
    while after is not None:
        with store.read() as connection:
            found = rows.page(connection, wish, after=after, limit=_AT_ONCE, stores=stores)
        if found.profiles:
            yield found.profiles
        after = found.further
