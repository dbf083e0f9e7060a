"""What has become of a customer id that was given out once: every id answers for ever.

A customer id is the id its oldest record was born with, so what became of it follows from where that record is now, and
from where the records are that were last one customer under that id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class IdState(StrEnum):
    """What became of an id.

    CURRENT: it is a customer's. MERGED: its customer is part of one other. SPLIT: its customer is part of several
    others. ERASED: its person was erased. UNKNOWN: it was never given out, or its record was never matched.
    """

    CURRENT = "current"
    MERGED = "merged"
    SPLIT = "split"
    ERASED = "erased"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Became:
    """What became of an id, and the customers it leads to; the one that holds the record born with it is the first."""

    state: IdState
    customers: tuple[str, ...] = ()


def what_became(customer_id: str, own: str | None, others: Iterable[str] = (), *, erased: bool = False) -> Became:
    """Say what became of an id.

    Args:
        customer_id: the id.
        own: the customer that holds the record born with it; None when none does.
        others: the customers that hold, today, the records that were last one customer under this id.
        erased: the person behind that record was erased.
    """
    if erased:
        return Became(IdState.ERASED)
    if own is None:
        return Became(IdState.UNKNOWN)
    if own == customer_id:
        return Became(IdState.CURRENT, (own,))
    elsewhere = sorted(set(others) - {own})
    return Became(IdState.SPLIT if elsewhere else IdState.MERGED, (own, *elsewhere))
