"""Reading profiles: by id and by record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from rcu.domain.records import RecordKey
from rcu.errors import NotFound
from rcu.services.becoming import Erased, became_of, check_one
from rcu.store import customers as rows
from rcu.store.customers import StoredProfile
from rcu.store.engine import Store, Transaction
from rcu.store.visibility import seen_by

FIELDS_OF_SCOPE: Final[Mapping[str, frozenset[str]]] = {
    "identity": frozenset({"golden", "provenance", "household", "records"}),
    "contact": frozenset({"contact_points"}),
    "consent": frozenset(),
    "orders": frozenset({"aggregates"}),
    "scores": frozenset({"scores"}),
}
"""The members of a profile each scope opens; `customer_id` is always there."""

_CONTACT_FIELDS: Final = frozenset({"email", "mobile", "landline", "address"})
_CONTACT_GROUPS: Final = frozenset({"email", "mobile", "landline", "address"})


def visible(profile: str, scopes: frozenset[str]) -> bytes:
    """A profile as far as the scopes allow; members outside them are absent. With every scope, the bytes as stored."""
    if scopes >= FIELDS_OF_SCOPE.keys():
        return profile.encode()
    allowed = frozenset({"customer_id"}).union(
        *(FIELDS_OF_SCOPE[scope] for scope in scopes if scope in FIELDS_OF_SCOPE)
    )
    content: dict[str, Any] = orjson.loads(profile)
    kept = {name: value for name, value in content.items() if name in allowed}
    if "contact" not in scopes:
        _strip_contacts(kept)
    if "consent" not in scopes:
        for point in kept.get("contact_points", []):
            point.pop("consents", None)
    return orjson.dumps(kept)


def _strip_contacts(kept: dict[str, Any]) -> None:
    """Take contact fields out of every part that shows identities."""
    for fields in [kept.get("golden", {}), *kept.get("records", [])]:
        for name in _CONTACT_FIELDS & fields.keys():
            del fields[name]
    for name in _CONTACT_GROUPS & kept.get("provenance", {}).keys():
        del kept["provenance"][name]


def customer(store: Store, customer_id: str, *, stores: frozenset[str] | None = None) -> StoredProfile:
    """The customer an id stands for now; compare its `customer_id` to see whether the id was merged into another.

    With `stores`, a customer that is not one of theirs is not there; so it is in all that follows.

    Raises:
        NotFound: when the id was never given.
        Erased: when its person was erased.
        SeveralCustomers: when its customer is part of several others today.
    """
    with store.read() as connection:
        return present(connection, customer_id, stores=stores)


def present(connection: Transaction, customer_id: str, *, stores: frozenset[str] | None = None) -> StoredProfile:
    """The same within a transaction that reads on."""
    name = customer_id.lower()
    found = rows.by_birth_id(connection, name, stores=stores)
    if found is None or found.customer_id != name:
        own = None if found is None else found.customer_id
        check_one(became_of(connection, name, own, stores=stores))
    assert found is not None  # noqa: S101  # as was checked
    return found


def customer_of_record(
    store: Store, source: str, native_id: str, *, stores: frozenset[str] | None = None
) -> StoredProfile:
    """The customer a record belongs to.

    Raises:
        NotFound: when no such record was delivered, or it was not matched yet.
        Erased: its person was erased; said where there is no restriction to stores.
    """
    with store.read() as connection:
        found = rows.by_record(connection, source, native_id, stores=stores)
        if found is None and stores is None and rows.erased(connection, [RecordKey(source, native_id)]):
            raise Erased
    if found is None:
        raise NotFound("customer", "for this record")
    return found


def shown_to(store: Store, customer_ids: Sequence[str], stores: frozenset[str] | None) -> set[str]:
    """Of some ids, those of customers of some stores; all, where there is no restriction to any (None)."""
    if stores is None or not customer_ids:
        return set(customer_ids)
    with store.read() as connection:
        return seen_by(connection, customer_ids, stores)


def counts(store: Store) -> dict[str, int]:
    """How much there is of everything."""
    with store.read() as connection:
        return rows.counts(connection)
