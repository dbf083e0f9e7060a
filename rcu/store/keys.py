"""API keys and their secrets, of which only digests are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, Row, bindparam, insert, or_, select, update

from rcu.domain.keys import Rate, Terms
from rcu.store.tables import api_key_secrets, api_keys


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key; its secret is never stored.

    Attributes:
        key_id: its number.
        name: who uses it; given once.
        scopes: what it may do.
        created_at: when it was made.
        revoked_at: when it was revoked; None: it was not.
        last_used_at: when it was last used, to about a minute; None: never.
        terms: what it is held to.
    """

    key_id: int
    name: str
    scopes: frozenset[str]
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    terms: Terms


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret of a key: when it was made, and until when it is in force (None: as long as its key)."""

    created_at: datetime
    expires_at: datetime | None


_KEY: Final = (
    api_keys.c.key_id, api_keys.c.name, api_keys.c.scopes, api_keys.c.created_at, api_keys.c.revoked_at,
    api_keys.c.last_used_at, api_keys.c.expires_at, api_keys.c.purpose, api_keys.c.rate, api_keys.c.burst,
    api_keys.c.stores,
)  # fmt: skip


def _key(row: Row[*tuple[Any, ...]]) -> ApiKey:
    rate = None if row.rate is None else Rate(row.rate, row.burst)
    stores = None if row.stores is None else frozenset(orjson.loads(row.stores))
    terms = Terms(row.expires_at, row.purpose, rate, stores)
    scopes = frozenset(row.scopes.split())
    return ApiKey(row.key_id, row.name, scopes, row.created_at, row.revoked_at, row.last_used_at, terms)


def add_key(connection: Connection, name: str, *, scopes: frozenset[str], terms: Terms, now: datetime) -> int | None:
    """Store a key without a secret, and give its number; None when the name is taken."""
    if connection.execute(select(api_keys.c.key_id).where(api_keys.c.name == name)).one_or_none() is not None:
        return None
    rate = terms.rate
    values: Mapping[str, Any] = {
        "name": name,
        "scopes": " ".join(sorted(scopes)),
        "created_at": now,
        "expires_at": terms.expires_at,
        "purpose": terms.purpose,
        "rate": None if rate is None else rate.per_second,
        "burst": None if rate is None else rate.burst,
        "stores": None if terms.stores is None else orjson.dumps(sorted(terms.stores)).decode(),
    }
    return connection.execute(insert(api_keys).values(**values).returning(api_keys.c.key_id)).scalar_one()


def add_secret(connection: Connection, key_id: int, digest: str, now: datetime) -> None:
    """Give a key one more secret."""
    connection.execute(insert(api_key_secrets).values(digest=digest, key_id=key_id, created_at=now))


def end_secrets(connection: Connection, key_id: int, at: datetime) -> None:
    """Let the secrets a key has end at an instant, unless they end before."""
    theirs = api_key_secrets.c
    later = or_(theirs.expires_at.is_(None), theirs.expires_at > at)
    connection.execute(update(api_key_secrets).where(theirs.key_id == key_id, later).values(expires_at=at))


def key_by_digest(connection: Connection, digest: str, now: datetime) -> tuple[ApiKey, datetime | None] | None:
    """The key that has a secret with this digest, and until when it does, if both are in force."""
    statement = (
        select(*_KEY, api_key_secrets.c.expires_at.label("until"))
        .join(api_key_secrets, api_key_secrets.c.key_id == api_keys.c.key_id)
        .where(api_key_secrets.c.digest == digest, api_keys.c.revoked_at.is_(None))
        .where(_lasts(api_keys.c.expires_at, now), _lasts(api_key_secrets.c.expires_at, now))
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    ends = [one for one in (row.expires_at, row.until) if one is not None]
    return _key(row), min(ends, default=None)


def _lasts(column: ColumnElement[datetime | None], now: datetime) -> ColumnElement[bool]:
    return or_(column.is_(None), column > now)


def all_keys(connection: Connection) -> list[ApiKey]:
    """Every key ever made, by name."""
    return [_key(row) for row in connection.execute(select(*_KEY).order_by(api_keys.c.name))]


def find(connection: Connection, which: int | str, *, hold: bool = False) -> ApiKey | None:
    """A key by its number or name, in force or not; `hold`: nobody else changes it until the transaction ends."""
    named = api_keys.c.key_id == which if isinstance(which, int) else api_keys.c.name == which
    statement = select(*_KEY).where(named)
    row = connection.execute(statement.with_for_update() if hold else statement).one_or_none()
    return None if row is None else _key(row)


def secrets_of(connection: Connection, key_id: int) -> list[Secret]:
    """The secrets a key ever had, the oldest first."""
    theirs = api_key_secrets.c
    statement = select(theirs.created_at, theirs.expires_at).where(theirs.key_id == key_id)
    return [Secret(*row) for row in connection.execute(statement.order_by(theirs.created_at, theirs.expires_at))]


def set_end(connection: Connection, key_id: int, at: datetime | None) -> None:
    """Let a key end at an instant; None: never."""
    connection.execute(update(api_keys).where(api_keys.c.key_id == key_id).values(expires_at=at))


def revoke(connection: Connection, key_id: int, now: datetime) -> bool:
    """Revoke a key; False when it was before."""
    statement = update(api_keys).where(api_keys.c.key_id == key_id, api_keys.c.revoked_at.is_(None))
    return connection.execute(statement.values(revoked_at=now)).rowcount > 0


_USED: Final = (
    update(api_keys)
    .where(api_keys.c.key_id == bindparam("of"))
    .where(or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < bindparam("at")))
    .values(last_used_at=bindparam("at"))
)


def used(connection: Connection, uses: Mapping[int, datetime]) -> None:
    """Note when keys, by number, were last used."""
    if uses:  # in one order, so that no two processes wait for each other
        connection.execute(_USED, [{"of": key_id, "at": uses[key_id]} for key_id in sorted(uses)])
