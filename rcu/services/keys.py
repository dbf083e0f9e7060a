"""API keys: 256 random bits, shown once, stored only as a digest; what they may do and are held to."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Final

from rcu.domain.keys import FREE, Terms
from rcu.errors import Conflict, InputError, NotFound
from rcu.store import keys as rows
from rcu.store.engine import Store, Transaction
from rcu.store.keys import ApiKey, Secret

READS: Final = frozenset({"identity", "contact", "consent", "orders", "scores", "history", "changes"})
"""What a key may read: groups of fields of the profile, what they were, and the change feed."""
SCOPES: Final = READS | {"records", "events", "steward", "admin"}
"""All a key may do: read, hand in records and events, decide who is who, and look after keys."""
WORD: Final = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,59}$"
"""A word for a program: what a read is for, and for whom."""
OVERLAP: Final = timedelta(hours=24)
"""For so long a secret that was replaced stays in force, where nothing else is said."""
_MINUTE: Final = 60.0

_PREFIX: Final = "rcu_"
_LONGEST_NAME: Final = 100
_MOST_STORES: Final = 1_000
_LONGEST_STORE: Final = 200
_MOST_PER_SECOND: Final = 10_000
_MOST_AT_ONCE: Final = 100_000


def create_key(store: Store, name: str, *, scopes: frozenset[str], now: datetime, terms: Terms = FREE) -> str:
    """Make a key and give its secret, for the only time.

    Raises:
        InputError: a scope does not exist, none is asked for, or the name or the terms make no sense.
        Conflict: the name is taken.
    """
    _check_scopes(scopes)
    _check_name(name)
    _check_terms(terms, now)
    secret, digest = _new_secret()
    with store.begin() as connection:
        key_id = rows.add_key(connection, name, scopes=scopes, terms=terms, now=now)
        if key_id is None:
            msg = f"there is already a key called {name}"
            raise Conflict(msg, hint="choose another name; revoked keys keep theirs")
        rows.add_secret(connection, key_id, digest, now)
    return secret


def _check_scopes(scopes: frozenset[str]) -> None:
    unknown = scopes - SCOPES
    if unknown or not scopes:
        msg = f"no such scope: {', '.join(sorted(unknown))}" if unknown else "a key needs at least one scope"
        raise InputError(msg, hint=f"scopes are {', '.join(sorted(SCOPES))}")


def _check_name(name: str) -> None:
    if not name.isprintable() or name != name.strip() or not 0 < len(name) <= _LONGEST_NAME:
        msg = f"a name has 1 to {_LONGEST_NAME} printable characters, and no blank around it"
        raise InputError(msg)


def _check_terms(terms: Terms, now: datetime) -> None:
    if terms.expires_at is not None and terms.expires_at <= now:
        raise InputError("a key cannot end before it is made")
    if terms.purpose is not None and not re.fullmatch(WORD, terms.purpose):
        raise InputError("a purpose is a word", hint="60 letters, digits, and . _ : - at most, like customer-service")
    rate = terms.rate
    if rate is not None:
        if not 1 <= rate.per_second <= _MOST_PER_SECOND or not rate.per_second <= rate.burst <= _MOST_AT_ONCE:
            msg = f"a rate is 1 to {_MOST_PER_SECOND:,} a second, its burst at least that and at most {_MOST_AT_ONCE:,}"
            raise InputError(msg)
        if rate.burst % rate.per_second:
            msg = "the burst is a multiple of the rate"
            raise InputError(msg, hint="a rate of 5 with a burst of 20 is 20 requests in any 4 seconds")
    stores = terms.stores
    if stores is not None:
        wrong = any(not 0 < len(one) <= _LONGEST_STORE or not one.isprintable() for one in stores)
        if wrong or not 0 < len(stores) <= _MOST_STORES:
            raise InputError(f"a key is held to 1 to {_MOST_STORES:,} stores, named as records name them")


def _new_secret() -> tuple[str, str]:
    secret = _PREFIX + secrets.token_urlsafe(32)
    return secret, key_digest(secret)


def key_digest(key: str) -> str:
    """What is stored of a secret. Secrets are random, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def rotate_key(store: Store, which: int | str, *, now: datetime, until: datetime | None = None) -> str:
    """Give a key another secret, for the only time; those it has stay in force until an instant.

    Args:
        store: the store.
        which: its number or its name.
        now: the present instant.
        until: by default 24 hours from now; an instant that has passed ends them at once.

    Raises:
        NotFound: there is no such key.
        Conflict: it was revoked, or has ended.
    """
    secret, digest = _new_secret()
    with store.begin() as connection:
        key = _living(connection, which)
        if key.terms.expires_at is not None and key.terms.expires_at <= now:
            raise Conflict(f"the key {key.name} has ended", hint="let it end later first")
        rows.end_secrets(connection, key.key_id, now + OVERLAP if until is None else max(until, now))
        rows.add_secret(connection, key.key_id, digest, now)
    return secret


def expire_key(store: Store, which: int | str, at: datetime | None) -> ApiKey:
    """Let a key, by its number or name, end at an instant; None: never. One that has passed ends it at once.

    Raises:
        NotFound: there is no such key.
        Conflict: it was revoked.
    """
    with store.begin() as connection:
        rows.set_end(connection, _living(connection, which).key_id, at)
        return _living(connection, which)


def revoke_key(store: Store, which: int | str, now: datetime) -> None:
    """Revoke a key, by its number or name, for ever; servers that run refuse it within two seconds.

    Raises:
        NotFound: there is no such key that was not revoked before.
    """
    with store.begin() as connection:
        key = rows.find(connection, which)
        if key is None or not rows.revoke(connection, key.key_id, now):
            raise NotFound("key", str(which))


def _living(connection: Transaction, which: int | str) -> ApiKey:
    key = _found(connection, which, hold=True)
    if key.revoked_at is not None:
        raise Conflict(f"the key {key.name} was revoked", hint="make another one")
    return key


def _found(connection: Transaction, which: int | str, *, hold: bool = False) -> ApiKey:
    key = rows.find(connection, which, hold=hold)
    if key is None:
        raise NotFound("key", str(which))
    return key


@dataclass(frozen=True, slots=True)
class KeyShown:
    """A key with the secrets it ever had, the oldest first; the secrets themselves are nowhere."""

    key: ApiKey
    secrets: tuple[Secret, ...]


def show_key(store: Store, which: int | str) -> KeyShown:
    """One key, by its number or name.

    Raises:
        NotFound: there is no such key.
    """
    with store.read() as connection:
        key = _found(connection, which)
        return KeyShown(key, tuple(rows.secrets_of(connection, key.key_id)))


def list_keys(store: Store) -> list[ApiKey]:
    """Every key ever made, by name."""
    with store.read() as connection:
        return rows.all_keys(connection)


def _now() -> datetime:
    return datetime.now(UTC)


def find_key(store: Store, secret: str, now: datetime | None = None) -> ApiKey | None:
    """The key that is in force with a secret, or None."""
    found = _find(store, key_digest(secret), now or _now())
    return None if found is None else found[0]


def _find(store: Store, digest: str, now: datetime) -> tuple[ApiKey, datetime | None] | None:
    with store.read() as connection:
        return rows.key_by_digest(connection, digest, now)


class KnownKeys:
    """Finds keys, and for some seconds finds a key again without asking the database.

    A key that was revoked is in force for so long in a process that has just seen it; one that ends, ends in time. One
    that is asked for goes on being known: half-way it is found anew behind the answers, and nobody waits for that.
    """

    def __init__(
        self,
        store: Store,
        *,
        seconds: float,
        clock: Callable[[], float] = monotonic,
        now: Callable[[], datetime] = _now,
        used: Callable[[int, datetime], object] | None = None,
    ) -> None:
        """`clock` gives seconds that only ever rise; `used` is told of a key's use, by its number, once a minute."""
        self._store, self._seconds, self._clock, self._now = store, seconds, clock, now
        self._used = used
        self._known: dict[str, tuple[float, ApiKey]] = {}
        self._told: dict[int, float] = {}
        self._renewed: set[str] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="rcu-keys")

    def remembered(self, key: str) -> ApiKey | None:
        """The key, when it was found a moment ago."""
        digest = key_digest(key)
        found = self._known.get(digest)
        left = -1.0 if found is None else found[0] - self._clock()
        if found is None or left <= 0:
            return None
        if left < self._seconds / 2 and digest not in self._renewed:
            self._renewed.add(digest)
            with suppress(RuntimeError):  # it is closed
                self._thread.submit(self._renew, key, digest)
        return found[1]

    def close(self) -> None:
        """Find no key anew any more."""
        self._thread.shutdown()

    def _renew(self, key: str, digest: str) -> None:
        try:
            with suppress(Exception):  # then it is known for as long as it was, and who asks then is told why
                if self.find(key) is None:
                    self._known.pop(digest, None)
        finally:
            self._renewed.discard(digest)

    def find(self, key: str) -> ApiKey | None:
        """The key in force, or None."""
        clock, now, digest = self._clock(), self._now(), key_digest(key)
        found = _find(self._store, digest, now)
        self._known = {at: seen for at, seen in self._known.items() if clock < seen[0]}
        if found is None:
            return None
        mine, ends = found
        lasts = self._seconds if ends is None else min(self._seconds, (ends - now).total_seconds())
        self._known[digest] = clock + lasts, mine
        self._tell(mine.key_id, clock, now)
        return mine

    def _tell(self, key_id: int, clock: float, now: datetime) -> None:
        """A key in use is found anew every few seconds: so it is told here, and not for every request."""
        if self._used is not None and clock - self._told.get(key_id, -_MINUTE) >= _MINUTE:
            self._told[key_id] = clock
            self._used(key_id, now)
