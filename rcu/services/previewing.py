"""What a decision would do: the customers it touches, as they are and as they would be. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from rcu.matching.model import MatchModel
from rcu.services.asking import Ask, AskAbout
from rcu.services.changing import changing
from rcu.services.deciding import put_in_force, write, write_about
from rcu.services.rematching import Rematched, Rematching
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


def preview(store: Store, model: MatchModel, ask: Ask | AskAbout, *, clock: Callable[[], datetime]) -> Preview:
    """Take a decision, look at what comes of it, and take it back before anybody sees it.

    A merge that would wait for a second person is shown as if that person had agreed.

    Raises:
        InputError, NotFound, ContradictsDecisions, Conflict: as `deciding.decide`, `undo` and `approve`.
    """

    def look(connection: Transaction, locks: Locks) -> Preview:
        now = clock()
        taken = write(connection, ask, now) if isinstance(ask, Ask) else write_about(connection, ask, now)
        state = standing_state(connection, model)
        told = put_in_force(connection, taken)
        found = Rematching(connection, state.model, locks).run({}, also=told)
        touched = found.after.keys() & told
        former, clusters = _concerned(found, touched)
        before = _shown(connection, former)
        Republishing(connection, state.basis, locks, now=now).run(found, touched)
        return _differing(before, _shown(connection, clusters))

    return changing(store, look, keep=False)


def _concerned(found: Rematched, touched: Collection[int]) -> tuple[set[int], set[int]]:
    """The customers that records left, came to or are touched in: as they were, and as they are."""
    moved = {record: found.after[record] for record in (*found.moved, *touched)}
    former = {one for record in moved if (one := found.before[record]) is not None}
    left = {record for record, one in found.before.items() if one in former}
    clusters = {found.after[record] for record in left} | set(moved.values())
    joined = {one for record, cluster in found.after.items() if cluster in clusters and (one := found.before[record])}
    return former | joined, clusters


def _differing(before: Sequence[CustomerShown], after: Sequence[CustomerShown]) -> Preview:
    """Without the customers that stay as they are."""
    same = [one for one in before if one in after]
    return Preview(
        tuple(one for one in before if one not in same),
        tuple(one for one in after if one not in same),
    )


def _shown(connection: Transaction, clusters: set[int]) -> tuple[CustomerShown, ...]:
    """Some customers as they are stored, the oldest first."""
    return tuple(_told(document) for _, document in sorted(publishing.profiles_of(connection, clusters).items()))


def _told(document: str) -> CustomerShown:
    profile = orjson.loads(document)
    records = tuple(f"{one['source']}:{one['native_id']}" for one in profile["records"])
    return CustomerShown(profile["customer_id"], records, profile)
