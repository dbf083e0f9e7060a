"""Looking back: the profile that was true at an instant, and the versions of a customer with what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

import orjson

from rcu.domain.causes import Cause
from rcu.domain.identifiers import Became, IdState
from rcu.errors import InputError, NotFound
from rcu.services.becoming import Erased, became_of, check_one
from rcu.services.cursors import read_cursor, write_cursor
from rcu.services.differences import Difference, differences, members
from rcu.services.reading import visible
from rcu.store import customers as customer_rows
from rcu.store import lookback as rows
from rcu.store.customers import StoredProfile
from rcu.store.engine import Store, Transaction
from rcu.store.lookback import Born, Reviewed, StoredVersion
from rcu.store.visibility import seen_by

STEWARD: Final = "steward"
"""The scope that opens what people do with cases."""

_CURSOR: Final = "h1"
_NEWEST: Final = 2**63 - 1


def read_instant(text: str, *, called: str = "as_of") -> datetime:
    """An instant as somebody writes it: ISO 8601 with its offset.

    Raises:
        InputError: it is no such time, or says no offset.
    """
    try:
        told = datetime.fromisoformat(text)
        if told.tzinfo is not None:
            return told.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    msg = f"{called} is not a time with its offset"
    raise InputError(msg, hint="write it like 2026-03-01T10:15:00Z, or 2026-03-01T10:15:00%2B01:00 in an address")


def profile_as_of(
    store: Store, customer_id: str, at: datetime, *, stores: frozenset[str] | None = None
) -> StoredProfile:
    """The profile, true at an instant, of the customer that held the record born with an id.

    Compare its `customer_id` to see whether the id was merged into another then. With `stores`, the record must be of
    one of their customers today, and the customer of then, too.

    Raises:
        NotFound: the id was never given, or not yet.
        Erased: its person was erased.
    """
    name = customer_id.lower()
    with store.read() as connection:
        born = rows.born_as(connection, name)
        if born is not None and born.erased:
            raise Erased
        found = None if born is None else _true_at(connection, {name: born}, at).get(name)
        if found is not None and stores is not None:
            asked = {name, found.customer_id}
            found = found if seen_by(connection, asked, stores) == asked else None
    if found is None:
        raise NotFound("customer", "with this id at that time")
    return found


def profiles_as_of(
    store: Store, customer_ids: Sequence[str], at: datetime, *, stores: frozenset[str] | None = None
) -> list[StoredProfile]:
    """The profiles of some customers, true at an instant, in their order.

    Those who were not there then are left out, and who was erased since; with `stores`, whose records are none of their
    customers' today.
    """
    with store.read() as connection:
        seen = set(customer_ids) if stores is None else seen_by(connection, customer_ids, stores)
        born = {name: one for name, one in rows.born_with(connection, sorted(seen)).items() if not one.erased}
        found = _true_at(connection, born, at)
    return [found[name] for name in customer_ids if name in found]


def _true_at(connection: Transaction, born: Mapping[str, Born], at: datetime) -> dict[str, StoredProfile]:
    """The profiles that held, at an instant, the records born with some ids, by id."""
    clusters = rows.clusters_at(connection, born.values(), at)
    documents = rows.documents_at(connection, set(clusters.values()), at)
    held = {name: clusters[one.record_id] for name, one in born.items() if one.record_id in clusters}
    found = {name: documents[cluster] for name, cluster in held.items() if cluster in documents}
    return {name: one for name, one in found.items() if _holds(one, name)}  # it may have been there before the record


def _holds(profile: StoredProfile, birth_id: str) -> bool:
    return any(one["record_id"] == birth_id for one in orjson.loads(profile.profile)["records"])


class VersionKind(StrEnum):
    """How a version came about.

    CREATED: it is the first. CHANGED: it replaced the one before. RETURNED: the customer was part of another before.
    """

    CREATED = "created"
    CHANGED = "changed"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class MergedAway:
    """A customer became part of another one: when, which, and by what."""

    at: datetime
    customer_id: str
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class VersionTold:
    """A version of a customer: when it was true, what made it, and what changed with it.

    Attributes:
        version: its number.
        kind: how it came about.
        from_at: true from here on.
        until_at: until here; None: true now.
        cause: what made it; None: not known.
        joined: records that came with it; of the first, all of them.
        left: records that left with it.
        changes: what changed beside; None where the version before is not known.
        merged: what ended it, where no other version followed at once.
        reviewed: what people did with cases about the customer while it was true.
    """

    version: int
    kind: VersionKind
    from_at: datetime
    until_at: datetime | None
    cause: Cause | None
    joined: tuple[str, ...]
    left: tuple[str, ...]
    changes: tuple[Difference, ...] | None
    merged: MergedAway | None
    reviewed: tuple[Reviewed, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Versions of a customer, the newest first; what became of its id; the cursor of older ones (None at the end)."""

    customer_id: str
    became: Became
    versions: tuple[VersionTold, ...]
    next_cursor: str | None


def history(
    store: Store,
    customer_id: str,
    scopes: frozenset[str],
    *,
    cursor: str | None,
    limit: int,
    stores: frozenset[str] | None = None,
) -> HistoryPage:
    """The versions of a customer as far as the scopes allow: what they do not open is compared with nothing.

    What people did with its cases is told to stewards. With `stores`, an id that leads to no customer of theirs is not
    there.

    Raises:
        NotFound: the id was never given.
        Erased: its person was erased.
        InvalidCursor: when the cursor is not one this service gave out.
    """
    before = _NEWEST if cursor is None else read_cursor(_CURSOR, cursor)
    name = customer_id.lower()
    with store.read() as connection:
        present = customer_rows.by_birth_id(connection, name, stores=stores)
        own = None if present is None else present.customer_id
        found = became_of(connection, name, own, stores=stores)
        if found.state is not IdState.SPLIT:
            check_one(found)
        born = rows.born_as(connection, name)
        stored = [] if born is None else rows.versions(connection, born.record_id, before=before, limit=limit + 1)
        asked = born is not None and bool(stored) and STEWARD in scopes
        done = rows.reviewed(connection, born.record_id, since=stored[-1].from_at) if born and asked else []
    more = len(stored) > limit
    told = tuple(_with_reviews(one, done) for one in _told(stored, scopes)[:limit])
    return HistoryPage(name, found, told, write_cursor(_CURSOR, told[-1].version) if more else None)


def answer(page: HistoryPage) -> dict[str, Any]:
    """A page as it is told to a program."""
    return {
        "customer_id": page.customer_id,
        "state": page.became.state.value,
        "customers": page.became.customers,
        "versions": [asdict(one) for one in page.versions],
        "next_cursor": page.next_cursor,
    }


def _told(stored: Sequence[StoredVersion], scopes: frozenset[str]) -> tuple[VersionTold, ...]:
    documents = [orjson.loads(visible(one.profile, scopes)) for one in stored]
    pairs = pairwise([*zip(stored, documents, strict=True), (None, None)])
    return tuple(_version(one, after, former, before) for (one, after), (former, before) in pairs if one is not None)


def _version(
    one: StoredVersion, after: dict[str, Any] | None, former: StoredVersion | None, before: dict[str, Any] | None
) -> VersionTold:
    now, then = members(after or {}), members(before or {})
    known = former is not None or one.version == 1
    merged = None
    if one.until_at is not None and one.merged_into is not None:
        merged = MergedAway(one.until_at, one.merged_into, one.ended)
    return VersionTold(
        version=one.version,
        kind=_kind(one, former),
        from_at=one.from_at,
        until_at=one.until_at,
        cause=one.cause,
        joined=tuple(name for name in now if name not in then) if known else (),
        left=tuple(name for name in then if name not in now),
        changes=None if not known else differences(before, after or {}) if before is not None else (),
        merged=merged,
    )


def _with_reviews(one: VersionTold, done: Sequence[Reviewed]) -> VersionTold:
    until = one.until_at
    mine = tuple(act for act in done if one.from_at <= act.at and (until is None or act.at < until))
    return replace(one, reviewed=mine) if mine else one


def _kind(one: StoredVersion, former: StoredVersion | None) -> VersionKind:
    if one.version == 1:
        return VersionKind.CREATED
    came_back = former is not None and former.merged_into is not None
    return VersionKind.RETURNED if came_back else VersionKind.CHANGED
