"""What became of a customer id: asked whenever it is not a customer's at present."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain

import orjson

from rcu.domain.identifiers import Became, IdState, what_became
from rcu.errors import Conflict, NotFound
from rcu.store import customers as rows
from rcu.store import lookback
from rcu.store.engine import Store, Transaction


class SeveralCustomers(Conflict):
    """The customer of an id is part of several others today; `candidates` are their ids."""

    def __init__(self, candidates: Sequence[str]) -> None:
        super().__init__(
            f"the customer with this id is part of {len(candidates)} others today: {', '.join(candidates)}",
            hint="the first holds the record this id was born with; the others hold records that were once with it",
        )
        self.candidates = tuple(candidates)


class Erased(NotFound):
    """The person behind an id was erased."""

    def __init__(self) -> None:
        super().__init__("customer", "with this id any more: it was erased")


def became(store: Store, customer_id: str) -> Became:
    """Say what became of an id, whatever was ever given out."""
    with store.read() as connection:
        found = rows.by_birth_id(connection, customer_id.lower())
        return became_of(connection, customer_id.lower(), None if found is None else found.customer_id)


def became_of(
    connection: Transaction, customer_id: str, own: str | None, *, stores: frozenset[str] | None = None
) -> Became:
    """The same, where it is known which customer holds the record born with the id (None: none does).

    With `stores`, no other customers are named than theirs.
    """
    if own is None:
        born = lookback.born_as(connection, customer_id)
        return what_became(customer_id, None, erased=born is not None and born.erased)
    others = set[str]() if own == customer_id else _former_company(connection, customer_id, stores)
    return what_became(customer_id, own, others)


def _former_company(connection: Transaction, customer_id: str, stores: frozenset[str] | None) -> set[str]:
    """The customers that hold the records that were last one customer under an id."""
    together = _last_together(connection, [customer_id]).get(customer_id, [])
    return set(lookback.holders(connection, together, stores=stores).values()) if together else set()


def _last_together(connection: Transaction, customer_ids: Collection[str]) -> dict[str, list[str]]:
    """The records that were last one customer under each of some ids, by the ids they were born with."""
    documents = lookback.last_documents(connection, customer_ids)
    return {name: [one["record_id"] for one in orjson.loads(told)["records"]] for name, told in documents.items()}


def check_each(connection: Transaction, customer_ids: Collection[str]) -> None:
    """Refuse an id among some that were merged when it leads to several customers; however many, two statements.

    Raises:
        SeveralCustomers: the customer of one is part of several others today.
    """
    together = _last_together(connection, customer_ids)
    now = lookback.holders(connection, {*customer_ids, *chain.from_iterable(together.values())})
    for name in customer_ids:
        if name in now:
            check_one(what_became(name, now[name], {now[one] for one in together.get(name, ()) if one in now}))


def check_one(found: Became) -> None:
    """Refuse an id that leads to no customer or to several.

    Raises:
        NotFound: it was never given out.
        Erased: its person was erased.
        SeveralCustomers: its customer is part of several others today.
    """
    match found.state:
        case IdState.UNKNOWN:
            raise NotFound("customer", "with this id")
        case IdState.ERASED:
            raise Erased
        case IdState.SPLIT:
            raise SeveralCustomers(found.customers)
        case _:
            return
