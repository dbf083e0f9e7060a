"""API keys: 256 random bits, shown once, stored only as a digest."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Final

from rcu.errors import Conflict, InputError, NotFound
from rcu.store import sources as rows
from rcu.store.engine import Store
from rcu.store.sources import ApiKey

READS: Final = frozenset({"identity", "contact", "consent", "orders", "scores", "changes"})
"""What a key may read: groups of fields of the profile, and the change feed."""
SCOPES: Final = READS | {"records", "steward", "admin"}
"""All a key may do: read, hand in records, decide who is who, and administer."""

_PREFIX: Final = "rcu_"


def create_key(store: Store, name: str, *, scopes: frozenset[str], now: datetime) -> str:
    """Make a key and give it, for the only time.

    Raises:
        InputError: when a scope does not exist, or none is asked for.
        Conflict: when the name is taken.
    """
    unknown = scopes - SCOPES
    if unknown or not scopes:
        msg = f"no such scope: {', '.join(sorted(unknown))}" if unknown else "a key needs at least one scope"
        raise InputError(msg, hint=f"scopes are {', '.join(sorted(SCOPES))}")
    key = _PREFIX + secrets.token_urlsafe(32)
    with store.begin() as connection:
        added = rows.add_key(connection, name, digest=key_digest(key), scopes=scopes, now=now)
    if not added:
        msg = f"there is already a key called {name}"
        raise Conflict(msg, hint="choose another name; revoked keys keep theirs")
    return key


def key_digest(key: str) -> str:
    """What is stored of a key. Keys are random, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def find_key(store: Store, key: str) -> ApiKey | None:
    """The key in force, or None."""
    with store.read() as connection:
        return rows.key_by_digest(connection, key_digest(key))


class KnownKeys:
    """Finds keys, and for some seconds finds a key again without asking the database.

    A key that was revoked is in force for so long in a process that has just seen it.
    """

    def __init__(self, store: Store, *, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        """`clock` gives seconds that only ever rise."""
        self._store, self._seconds, self._clock = store, seconds, clock
        self._known: dict[str, tuple[float, ApiKey]] = {}

    def remembered(self, key: str) -> ApiKey | None:
        """The key, when it was found a moment ago."""
        found = self._known.get(key_digest(key))
        return found[1] if found is not None and self._clock() - found[0] < self._seconds else None

    def find(self, key: str) -> ApiKey | None:
        """The key in force, or None."""
        now, digest = self._clock(), key_digest(key)
        found = find_key(self._store, key)
        self._known = {at: seen for at, seen in self._known.items() if now - seen[0] < self._seconds}
        if found is not None:
            self._known[digest] = now, found
        return found


def list_keys(store: Store) -> list[ApiKey]:
    """Every key ever made."""
    with store.read() as connection:
        return rows.all_keys(connection)


def revoke_key(store: Store, name: str, now: datetime) -> None:
    """Revoke a key at once.

    Raises:
        NotFound: when there is none of that name in force.
    """
    with store.begin() as connection:
        if not rows.revoke_key(connection, name, now):
            raise NotFound("key", name)
