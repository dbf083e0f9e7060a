"""A profile together with what is beside it, for a caller who wants one answer: its household, its newest events."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import orjson

from rcu.errors import InputError, NotFound
from rcu.services import household, parts
from rcu.store.customers import StoredProfile
from rcu.store.engine import Store

NEWEST_EVENTS: Final = 20
_SCOPE_OF: Final = {"household": "identity", "events": "orders"}
"""What there is beside a profile, and the scope that opens it."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """What is beside a profile, as it is told to a program; `shown`: the customers that are in it."""

    content: bytes
    shown: frozenset[str] = frozenset()

    def into(self, profile: bytes) -> bytes:
        """The profile with it, as its last member `expanded`."""
        return profile[:-1] + b',"expanded":' + self.content + b"}"


def read_expand(text: str) -> frozenset[str]:
    """Read names with commas between.

    Raises:
        InputError: there is nothing of a name beside a profile.
    """
    found = frozenset(name.strip() for name in text.split(","))
    if not found <= _SCOPE_OF.keys():
        msg = f"what can be expanded is {', '.join(_SCOPE_OF)}"
        raise InputError(msg, hint="write names with commas between; records are in the profile")
    return found


def expanded(
    store: Store,
    profile: StoredProfile,
    names: Collection[str],
    scopes: frozenset[str],
    *,
    stores: frozenset[str] | None = None,
) -> Expanded:
    """What is beside a profile, as far as the scopes open it: absent otherwise; a household of nobody else is null."""
    told: dict[str, orjson.Fragment | None] = {}
    shown: set[str] = set()
    open_ = {name for name in names if _SCOPE_OF[name] in scopes}
    if "household" in open_:
        try:
            home = household.household(store, profile.customer_id, stores=stores)
            told["household"] = orjson.Fragment(household.answer(home, scopes))
            shown |= {one.customer_id for one in home.members}
        except NotFound:
            told["household"] = None
    if "events" in open_:
        with store.read() as connection:
            page = parts.events_of(connection, profile.customer_id, parts.EventsWanted(), limit=NEWEST_EVENTS)
        told["events"] = orjson.Fragment(page.answer("events"))
    return Expanded(orjson.dumps(told), frozenset(shown - {profile.customer_id}))
