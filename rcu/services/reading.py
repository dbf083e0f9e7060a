"""Reading profiles: by id, by record, by identifiers, and page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import pandas as pd

from rcu.cleaning import CleaningSettings, standardise
from rcu.errors import Conflict, NotFound
from rcu.services.becoming import became_of, check_one
from rcu.services.cursors import read_cursor, write_cursor
from rcu.store import customers as rows
from rcu.store import overrides as override_rows
from rcu.store.customers import LOOKUP_COLUMNS, Carrier, StoredProfile
from rcu.store.engine import Store, Transaction
from rcu.store.visibility import seen_by

MOST_CANDIDATES: Final = 10
"""A lookup that finds more customers than this says so and names the first."""

FIELDS_OF_SCOPE: Final[Mapping[str, frozenset[str]]] = {
    "identity": frozenset({"golden", "provenance", "household", "records"}),
    "contact": frozenset({"contact_points"}),
    "consent": frozenset(),
    "orders": frozenset({"aggregates"}),
    "scores": frozenset({"scores"}),
}
"""The members of a profile each scope opens; `customer_id` is always there."""

_CURSOR: Final = "c1"
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
        check_one(became_of(connection, name, None if found is None else found.customer_id))
    assert found is not None  # noqa: S101  # as was checked
    return found


def customer_of_record(
    store: Store, source: str, native_id: str, *, stores: frozenset[str] | None = None
) -> StoredProfile:
    """The customer a record belongs to.

    Raises:
        NotFound: when no such record was delivered, or it was not matched yet.
    """
    with store.read() as connection:
        found = rows.by_record(connection, source, native_id, stores=stores)
    if found is None:
        raise NotFound("customer", "for this record")
    return found


class SharedIdentifier(Conflict):
    """Several customers have an identifier; `candidates` are their ids, at most MOST_CANDIDATES."""

    def __init__(self, candidates: Sequence[str]) -> None:
        super().__init__(
            f"{len(candidates)} customers have it: {', '.join(candidates)}",
            hint="the oldest first; read them by their ids",
        )
        self.candidates = tuple(candidates)


def customer_of_loyalty_number(store: Store, number: str, *, stores: frozenset[str] | None = None) -> StoredProfile:
    """The customer who has a loyalty number, as `lookup` finds it.

    Raises:
        NotFound: nobody has it.
        SharedIdentifier: several have it.
    """
    wanted = number.strip()
    with store.read() as connection:
        found = _having(connection, "loyalty_number", [wanted], stores)["loyalty_number", wanted]
    if not found:
        raise NotFound("customer", "with this number")
    if len(found) > 1:
        raise SharedIdentifier([one.customer_id for one in found])
    return found[0]


def shown_to(store: Store, customer_ids: Sequence[str], stores: frozenset[str] | None) -> set[str]:
    """Of some ids, those of customers of some stores; all, where there is no restriction to any (None)."""
    if stores is None or not customer_ids:
        return set(customer_ids)
    with store.read() as connection:
        return seen_by(connection, customer_ids, stores)


@dataclass(frozen=True, slots=True)
class Asked:
    """One identifier to look up: its type (email, phone, loyalty_number, record) and its value as written."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What an identifier found: `found`, `not_found`, `ambiguous`, or `invalid` (no such value can exist)."""

    status: str
    profiles: tuple[StoredProfile, ...] = ()


def lookup(
    store: Store, asked: Sequence[Asked], settings: CleaningSettings, *, stores: frozenset[str] | None = None
) -> list[Answer]:
    """Look up typed identifiers, each by the key its value is matched on; one query for each type of identifier.

    A customer is found by what any of its records carries, and by what a steward set and still holds. A value that this
    replaced finds it, too: a record says it, and somebody may still write from there.
    """
    keys = [_key(question, settings) for question in asked]
    found: dict[tuple[str, str], list[StoredProfile]] = {}
    with store.read() as connection:
        for identifier in LOOKUP_COLUMNS:
            wanted = sorted({value for name, value in filter(None, keys) if name == identifier})
            if wanted:
                found |= _having(connection, identifier, wanted, stores)
        for key in filter(None, keys):
            if key[0] == "record":
                profile = rows.by_record(connection, *key[1].split(":", 1), stores=stores)
                found[key] = [profile] if profile else []
    return [Answer("invalid") if key is None else _answer(found.get(key, [])) for key in keys]


def _having(
    connection: Transaction, identifier: str, wanted: Sequence[str], stores: frozenset[str] | None
) -> dict[tuple[str, str], list[StoredProfile]]:
    """The customers that have some values of an identifier; where a steward set it, that is looked up."""
    matches: dict[str, Sequence[Carrier]] = dict.fromkeys(wanted, ())
    matches |= rows.by_identifiers(connection, identifier, wanted, most_each=MOST_CANDIDATES, stores=stores)
    column = LOOKUP_COLUMNS[identifier]
    doubtful = {one.cluster_id for carriers in matches.values() for one in carriers if one.only_set}
    in_force = override_rows.of_clusters(connection, doubtful)
    now = {cluster: {told.values.get(column) for told in groups.values()} for cluster, groups in in_force.items()}
    return {
        (identifier, value): [
            one.profile for one in carriers if not one.only_set or value in now.get(one.cluster_id, ())
        ][:MOST_CANDIDATES]
        for value, carriers in matches.items()
    }


def _answer(profiles: list[StoredProfile]) -> Answer:
    status = ("not_found", "found")[len(profiles)] if len(profiles) < 2 else "ambiguous"
    return Answer(status, tuple(profiles))


def _key(asked: Asked, settings: CleaningSettings) -> tuple[str, str] | None:
    """The column and key a value is looked up by; None when the value cannot be one of its type."""
    match asked.type:
        case "email":
            key = standardise(pd.DataFrame({"email": [asked.value]}), settings=settings)["email_key"].iloc[0]
            return ("email", str(key)) if isinstance(key, str) else None
        case "phone":
            row = standardise(pd.DataFrame({"phone": [asked.value]}), settings=settings).iloc[0]
            kind = next((kind for kind in ("mobile", "landline") if isinstance(row[kind], str)), None)
            return (kind, str(row[kind])) if kind else None
        case "record":
            return ("record", asked.value) if ":" in asked.value else None
        case _:
            return (asked.type, asked.value.strip()) if asked.value.strip() else None


@dataclass(frozen=True, slots=True)
class Page:
    """Some customers, and the cursor of the next page (None at the end)."""

    profiles: tuple[StoredProfile, ...]
    next_cursor: str | None


def customers_page(store: Store, *, cursor: str | None, limit: int, stores: frozenset[str] | None = None) -> Page:
    """The next customers, oldest first. The order never changes, so pages stay true under writes.

    Raises:
        InvalidCursor: when the cursor is not one this service gave out.
    """
    with store.read() as connection:
        after = 0 if cursor is None else read_cursor(_CURSOR, cursor)
        found = rows.page(connection, after=after, limit=limit + 1, stores=stores)
    more = len(found) > limit
    shown = found[:limit]
    return Page(tuple(profile for _, profile in shown), write_cursor(_CURSOR, shown[-1][0]) if more else None)


def counts(store: Store) -> dict[str, int]:
    """How much there is of everything."""
    with store.read() as connection:
        return rows.counts(connection)
