"""What a decision would do: the customers it touches, as they are and as they would be. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from rcu.matching.model import MatchModel
from rcu.services.changing import changing
from rcu.services.deciding import Ask, put_in_force, write
from rcu.services.rematching import Rematching
from rcu.services.republishing import Republishing
from rcu.services.standing import standing_state
from rcu.store import publishing
from rcu.store.engine import Store, Transaction
from rcu.store.locks import Locks


@dataclass(frozen=True, slots=True)
class CustomerShown:
    """A customer as it is or would be; `profile` is its whole document."""

    customer_id: str
    records: tuple[str, ...]
    profile: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Preview:
    """The customers that a decision would change, before and after, the oldest first; none when it changes nothing."""

    before: tuple[CustomerShown, ...]
    after: tuple[CustomerShown, ...]


def preview(store: Store, model: MatchModel, ask: Ask, *, clock: Callable[[], datetime]) -> Preview:
    """Take a decision, look at what comes of it, and take it back before anybody sees it.

    Raises:
        InputError, NotFound, ContradictsDecisions, Conflict: as `deciding.decide`.
    """

    def look(connection: Transaction, locks: Locks) -> Preview:
        now = clock()
        written = write(connection, ask, now)
        state = standing_state(connection, model)
        found = Rematching(connection, state.model, locks).run({}, also=put_in_force(connection, written))
        moved = found.moved
        former = {one for record in moved if (one := found.before[record]) is not None}
        left = {record for record, one in found.before.items() if one in former}
        clusters = {found.after[record] for record in left} | set(moved.values())
        joined = {
            one for record, cluster in found.after.items() if cluster in clusters and (one := found.before[record])
        }
        before = _shown(connection, former | joined)
        Republishing(connection, state.basis, locks, now=now).run(found, ())
        return Preview(before, _shown(connection, clusters))

    return changing(store, look, keep=False)


def _shown(connection: Transaction, clusters: set[int]) -> tuple[CustomerShown, ...]:
    """Some customers as they are stored, the oldest first."""
    profiles = [orjson.loads(profile) for _, profile in sorted(publishing.profiles_of(connection, clusters).items())]
    return tuple(
        CustomerShown(
            customer_id=profile["customer_id"],
            records=tuple(f"{one['source']}:{one['native_id']}" for one in profile["records"]),
            profile=profile,
        )
        for profile in profiles
    )
