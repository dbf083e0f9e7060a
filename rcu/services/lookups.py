"""Looking customers up by mailbox, phone, loyalty number or record, or by a hash of the first two."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from rcu.cleaning import CleaningSettings
from rcu.cleaning.emails import standardise_email
from rcu.cleaning.rows import standardise_phone
from rcu.domain.hashes import HASHES, digest_of, kept_of
from rcu.domain.records import RecordKey
from rcu.errors import Conflict, NotFound
from rcu.store import customers as rows
from rcu.store import overrides as override_rows
from rcu.store.carriers import LOOKUP_COLUMNS, Carrier, by_identifiers
from rcu.store.customers import StoredProfile
from rcu.store.engine import Store, Transaction

MOST_CANDIDATES: Final = 10
"""A lookup that finds more customers than this says so and names the first."""

_HASHED: Final = {
    "email_sha256": frozenset({"email", "email_key"}),
    "phone_sha256": frozenset({"mobile", "landline"}),
}
"""Types of hashes, and the columns of records they are of."""
_IDENTIFIER_OF: Final = {"email": "email", "email_key": "email", "mobile": "mobile", "landline": "landline"}
_SHA256: Final = re.compile("[0-9a-f]{64}")
Key: TypeAlias = tuple[str, str]
"""An identifier and the value customers are looked up by."""


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


@dataclass(frozen=True, slots=True)
class Asked:
    """One identifier to look up: its type, and its value as written.

    Types are email, phone, loyalty_number, record, and the hashes email_sha256 and phone_sha256.
    """

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What an identifier found: `found`, `not_found`, `ambiguous`, `erased`, or `invalid` (no such value can exist)."""

    status: str
    profiles: tuple[StoredProfile, ...] = ()


def lookup(
    store: Store, asked: Sequence[Asked], settings: CleaningSettings, *, stores: frozenset[str] | None = None
) -> list[Answer]:
    """Look up typed identifiers, each by the key its value is matched on; one query for each type of identifier.

    A customer is found by what any of its records carries, and by what a steward set and still holds. A value that this
    replaced finds it, too: a record says it, and somebody may still write from there.

    A hash stands for the value that a record carries and that hashes to it: it finds what that value would find. That
    a record is of an erased person is told where there is no restriction to stores: nobody knows whose it was.
    """
    with store.read() as connection:
        return _looked_up(connection, asked, settings, stores)


def _looked_up(
    connection: Transaction, asked: Sequence[Asked], settings: CleaningSettings, stores: frozenset[str] | None
) -> list[Answer]:
    values = _values_of_hashes(connection, asked)
    keys = [_keys(question, settings, values) for question in asked]
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for some in keys:
        for identifier, value in some or ():
            wanted[identifier].add(value)
    found: dict[Key, list[StoredProfile]] = {}
    for identifier in [one for one in LOOKUP_COLUMNS if one in wanted]:
        found |= _having(connection, identifier, sorted(wanted[identifier]), stores)
    gone = set[Key]()
    if "record" in wanted:
        records = {value: RecordKey(*value.split(":", 1)) for value in wanted["record"]}
        of_records = rows.by_records(connection, records.values(), stores=stores)
        lost = set(records.values()) - of_records.keys()
        erased = rows.erased(connection, lost) if lost and stores is None else set[RecordKey]()
        found |= {("record", value): [of_records[key]] for value, key in records.items() if key in of_records}
        gone = {("record", value) for value, key in records.items() if key in erased}
    return [Answer("invalid") if some is None else _answer(some, found, gone) for some in keys]


def _having(
    connection: Transaction, identifier: str, wanted: Sequence[str], stores: frozenset[str] | None
) -> dict[Key, list[StoredProfile]]:
    """The customers that have some values of an identifier; where a steward set it, that is looked up."""
    matches: dict[str, Sequence[Carrier]] = dict.fromkeys(wanted, ())
    matches |= by_identifiers(connection, identifier, wanted, most_each=MOST_CANDIDATES, stores=stores)
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


def _answer(keys: Sequence[Key], found: Mapping[Key, Sequence[StoredProfile]], erased: set[Key]) -> Answer:
    profiles = {one.customer_id: one for key in keys for one in found.get(key, ())}
    if not profiles and erased.intersection(keys):
        return Answer("erased")
    return answer_of(list(profiles.values()))


def answer_of(profiles: Sequence[StoredProfile]) -> Answer:
    """The answer where an identifier finds some customers."""
    status = ("not_found", "found")[len(profiles)] if len(profiles) < 2 else "ambiguous"
    return Answer(status, tuple(profiles[:MOST_CANDIDATES]))


def _keys(
    asked: Asked, settings: CleaningSettings, values: Mapping[tuple[str, str], Sequence[Key]]
) -> Sequence[Key] | None:
    """What a value is looked up by; None when it cannot be one of its type. Hashes were told apart before."""
    if asked.type in _HASHED:
        digest = _digest(asked)
        return None if digest is None else values.get((asked.type, digest), ())
    key = key_of(asked, settings)
    return None if key is None else [key]


def key_of(asked: Asked, settings: CleaningSettings) -> Key | None:
    """What a value that is no hash is looked up by; None when it cannot be one of its type."""
    match asked.type:
        case "email":
            key = standardise_email(asked.value, junk=settings.junk).key
            return None if key is None else ("email", key)
        case "phone":
            phones = standardise_phone(asked.value, settings=settings)
            if phones.mobile is not None:
                return "mobile", phones.mobile
            return None if phones.landline is None else ("landline", phones.landline)
        case "record":
            return ("record", asked.value) if ":" in asked.value else None
        case _:
            return (asked.type, asked.value.strip()) if asked.value.strip() else None


def _digest(asked: Asked) -> str | None:
    """A SHA-256 in hexadecimal as it is compared; None where it is none."""
    text = asked.value.strip().lower()
    return text if _SHA256.fullmatch(text) else None


def _values_of_hashes(connection: Transaction, asked: Sequence[Asked]) -> dict[tuple[str, str], list[Key]]:
    """By type and hash, what is looked up in its place: the keys of the values that records carry and that it is of."""
    found: dict[tuple[str, str], list[Key]] = defaultdict(list)
    for kind, of in _HASHED.items() if any(one.type in _HASHED for one in asked) else ():
        digests = {bytes.fromhex(text) for one in asked if one.type == kind and (text := _digest(one))}
        for column in HASHES if digests else ():
            if column.of not in of:
                continue
            for value, key in rows.hashed_values(connection, column, sorted(map(kept_of, digests))):
                digest = digest_of(column.form(value).encode())
                if digest in digests:
                    found[kind, digest.hex()].append((_IDENTIFIER_OF[column.of], key))
    return found
