"""What became of a customer id: asked whenever it is not a customer's at present."""

from __future__ import annotations

from collections.abc import Sequence

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


def became_of(connection: Transaction, customer_id: str, own: str | None) -> Became:
    """The same, where it is known which customer holds the record born with the id (None: none does)."""
    if own is None:
        born = lookback.born_as(connection, customer_id)
        return what_became(customer_id, None, erased=born is not None and born.erased)
    others = set[str]() if own == customer_id else _former_company(connection, customer_id)
    return what_became(customer_id, own, others)


def _former_company(connection: Transaction, customer_id: str) -> set[str]:
    """The customers that hold the records that were last one customer under an id."""
    document = lookback.last_document(connection, customer_id)
    if document is None:
        return set()
    return lookback.customers_of(connection, [one["record_id"] for one in orjson.loads(document)["records"]])


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
