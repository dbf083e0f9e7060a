"""Who has an identifier: the customers whose records carry it, and those around decisions that set it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Select,
    TableValuedAlias,
    false,
    func,
    literal_column,
    select,
    union_all,
)

from rcu.store.customers import PROFILE, StoredProfile
from rcu.store.sql import KEYS, Keyed, among, each, fetch, joined_each, prepared
from rcu.store.tables import customers, decision_records, decision_values, memberships, records
from rcu.store.visibility import of_stores

LOOKUP_COLUMNS: Final[Mapping[str, str]] = {
    "email": "email_key",
    "mobile": "mobile",
    "landline": "landline",
    "loyalty_number": "loyalty_number",
}
"""Identifiers a customer can be looked up by, and the column that holds their key."""
_OLDEST: Final = 100
"""So many records of one key are looked at first: hardly any has more, but for a mailbox that a shop gives to all."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A customer that has an identifier.

    Attributes:
        cluster_id: its number.
        only_set: no record of it carries the identifier; a decision about one set it, which may not hold any more.
        profile: as stored.
    """

    cluster_id: int
    only_set: bool
    profile: StoredProfile


def by_identifiers(
    connection: Connection,
    identifier: str,
    keys: Sequence[str],
    *,
    most_each: int,
    stores: frozenset[str] | None = None,
) -> dict[str, list[Carrier]]:
    """The customers that have one of the keys, oldest first; at most `most_each` of each sort for one key.

    Of a key that more than a hundred records carry, they are those of the hundred oldest that were matched, where these
    are of as many customers.

    Args:
        connection: a connection.
        identifier: one of LOOKUP_COLUMNS.
        keys: keys in the form records are matched on.
        most_each: more than this many customers are cut off.
        stores: only customers of these stores; None: all.
    """
    column = LOOKUP_COLUMNS[identifier]
    if stores is not None:
        return _grouped(connection.execute(_of_stores(column, most_each, stores), {KEYS: list(keys)}).all())
    rows = fetch(connection, carried(identifier, most_each)(connection), {KEYS: list(keys)})
    more = {row[0] for row in rows if row[3]}
    if more:
        count = Counter(row[0] for row in rows if not row[2])
        more = {key for key in more if count[key] < most_each}
    found = _grouped([*row[:3], *row[4:]] for row in rows if row[0] not in more)
    if more:
        found |= _grouped(fetch(connection, _of_all(column, most_each), {KEYS: sorted(more)}))
    return found


def carried(identifier: str, most_each: int) -> Keyed:
    """The query for who has one of some keys; what its rows say of one of them `carriers_of` tells."""
    about = LOOKUP_COLUMNS[identifier], most_each, _OLDEST
    return lambda connection: prepared(connection, _of_oldest, *about)


def carriers_of(rows: Sequence[Sequence[Any]]) -> list[StoredProfile] | None:
    """The customers that have a key, oldest first; None where that takes a closer look, see `by_identifiers`.

    So it does where a decision set the key, and where more than a hundred records carry it.
    """
    if any(row[2] or row[3] for row in rows):
        return None
    return [StoredProfile(*row[4:]) for row in sorted(rows, key=lambda row: row[1])]


def _grouped(rows: Iterable[Sequence[Any]]) -> dict[str, list[Carrier]]:
    found: defaultdict[str, dict[int, Carrier]] = defaultdict(dict)
    for key, cluster, only_set, *told in rows:
        if not only_set or cluster not in found[key]:
            found[key][cluster] = Carrier(cluster, bool(only_set), StoredProfile(*told))
    return {key: [carriers[cluster] for cluster in sorted(carriers)] for key, carriers in found.items()}


def _of_oldest(connection: Connection, column: str, most_each: int, looked_at: int) -> CompoundSelect[*tuple[Any, ...]]:
    """Key, customer, whether it is only set, whether more records carry the key than were looked at, and profile."""
    given = each(connection, KEYS)
    matched = _carrying(given, column).join(memberships, memberships.c.record_id == records.c.record_id)
    oldest = matched.with_only_columns(memberships.c.cluster_id).limit(literal_column(str(looked_at)))
    of_these = oldest.correlate(given).subquery("oldest")
    theirs = select(of_these.c.cluster_id).distinct().order_by(of_these.c.cluster_id)
    theirs = theirs.limit(literal_column(str(most_each)))
    beyond = _carrying(given, column).limit(literal_column("1")).offset(literal_column(str(looked_at)))
    more = beyond.correlate(given).scalar_subquery()
    carried = select(
        given.c.value,
        customers.c.cluster_id,
        literal_column("0").label("only_set"),
        more.is_not(None).label("more"),
        *PROFILE,
    )
    carried = carried.select_from(joined_each(connection, given, customers.c.cluster_id, theirs))
    set_ = _set(column).subquery("set_by_decisions")
    said = select(set_.c.value, set_.c.cluster_id, literal_column("1"), false(), *PROFILE)
    return union_all(carried, said.join(customers, customers.c.cluster_id == set_.c.cluster_id))


def _carrying(given: TableValuedAlias, column: str) -> Select[int]:
    return select(records.c.record_id).where(records.c[column] == given.c.value).order_by(records.c.record_id)


@cache
def _of_all(column: str, most_each: int) -> Select[*tuple[Any, ...]]:
    """Key, customer, whether it is only set, and profile, whatever the store."""
    return _of_stores(column, most_each, None)


def _of_stores(column: str, most_each: int, stores: frozenset[str] | None) -> Select[*tuple[Any, ...]]:
    carried = (
        select(records.c[column].label("key"), memberships.c.cluster_id, literal_column("0").label("only_set"))
        .join(memberships, memberships.c.record_id == records.c.record_id)
        .where(among(records.c[column], KEYS))
    )
    had = union_all(carried, _set(column)).subquery("had")
    once = select(had.c.key, had.c.cluster_id, func.min(had.c.only_set).label("only_set"))
    once = once.where(of_stores(had.c.cluster_id, stores))
    carriers = once.group_by(had.c.key, had.c.cluster_id).subquery("carriers")
    sort = (carriers.c.key, carriers.c.only_set)
    place = func.row_number().over(partition_by=sort, order_by=carriers.c.cluster_id)
    ranked = select(carriers, place.label("place")).subquery("ranked")
    return (
        select(ranked.c.key, ranked.c.cluster_id, ranked.c.only_set, *PROFILE)
        .join(customers, customers.c.cluster_id == ranked.c.cluster_id)
        .where(ranked.c.place <= most_each)
    )


def _set(column: str) -> Select[str, int, int]:
    """Keys with the customers around decisions that set them."""
    return (
        select(decision_values.c.value, memberships.c.cluster_id, literal_column("1"))
        .join(decision_records, decision_records.c.decision_id == decision_values.c.decision_id)
        .join(memberships, memberships.c.record_id == decision_records.c.record_id)
        .where(decision_values.c.name == column, among(decision_values.c.value, KEYS))
    )
