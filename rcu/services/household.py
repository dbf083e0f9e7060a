"""The household of a customer, with its members: as they are, or as they were at an instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from rcu.errors import NotFound
from rcu.services.looking_back import profile_as_of, profiles_as_of
from rcu.services.reading import customer, visible
from rcu.store import customers as rows
from rcu.store.customers import StoredProfile
from rcu.store.engine import Store


class Alone(NotFound):
    """A customer is of no household; `customer_id` is its id at that time, which may not be the one asked for."""

    def __init__(self, customer_id: str) -> None:
        super().__init__("household", "of this customer")
        self.customer_id = customer_id


@dataclass(frozen=True, slots=True)
class HouseholdShown:
    """A household as somebody reads it.

    Attributes:
        customer_id: the customer that was asked about, by its id at that time.
        told: what the customer's document says of it: `household_id`, `members`, `reason`.
        members: the customers, the oldest first.
    """

    customer_id: str
    told: Mapping[str, Any]
    members: tuple[StoredProfile, ...]


def household(
    store: Store, customer_id: str, at: datetime | None = None, *, stores: frozenset[str] | None = None
) -> HouseholdShown:
    """The household of the customer an id stands for; at an instant, as it was then.

    With `stores`, members that are no customers of theirs are left out.

    Raises:
        NotFound: the id was never given.
        Alone: its customer is of no household.
        Erased: its person was erased.
        SeveralCustomers: its customer is part of several others today.
    """
    mine = (
        customer(store, customer_id, stores=stores)
        if at is None
        else profile_as_of(store, customer_id, at, stores=stores)
    )
    told: Mapping[str, Any] | None = orjson.loads(mine.profile)["household"]
    if told is None:
        raise Alone(mine.customer_id)
    return HouseholdShown(mine.customer_id, told, tuple(_members(store, told["members"], at, stores)))


def _members(store: Store, ids: list[str], at: datetime | None, stores: frozenset[str] | None) -> list[StoredProfile]:
    if at is not None:
        return profiles_as_of(store, ids, at, stores=stores)
    with store.read() as connection:
        return rows.by_customer_ids(connection, ids, stores=stores)


def answer(shown: HouseholdShown, scopes: frozenset[str]) -> bytes:
    """The household as it is told to a program; of its members what the scopes allow."""
    head = {"customer_id": shown.customer_id, "household_id": shown.told["household_id"]}
    parts = orjson.dumps(head | {"reason": shown.told.get("reason")})
    members = b",".join(visible(one.profile, scopes) for one in shown.members)
    return parts[:-1] + b',"members":[' + members + b"]}"
