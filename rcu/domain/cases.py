"""Cases: where a person should look at who is who; which there are, and how much hangs on each.

A case is opened and closed by the machine; people take it, put it off, or close it with their reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import log10
from typing import Final


class CaseKind(StrEnum):
    """Why somebody should look.

    POSSIBLE_MATCH: two customers may be one person. RIVALS: a customer may be one of several others. CONTRADICTION:
    records of a customer contradict each other. WEAKEST_LINK: what holds a customer together became weaker.
    DECISION_CHANGED: records of a decision say something else than when it was taken. IDENTIFIER_GENERIC: a number or
    mailbox turned out to be nobody's. LARGE_CLUSTER: a customer has implausibly many records.
    """

    POSSIBLE_MATCH = "possible_match"
    RIVALS = "rivals"
    CONTRADICTION = "contradiction"
    WEAKEST_LINK = "weakest_link"
    DECISION_CHANGED = "decision_changed"
    IDENTIFIER_GENERIC = "identifier_generic"
    LARGE_CLUSTER = "large_cluster"


TRANSITIONS: Final = frozenset({CaseKind.WEAKEST_LINK, CaseKind.IDENTIFIER_GENERIC})
"""Kinds opened by something that happens; all others follow from what is there."""


class CaseState(StrEnum):
    """Whether a case waits for somebody. A deferred one waits from its date on, whatever its state says."""

    OPEN = "open"
    DEFERRED = "deferred"
    CLOSED = "closed"


class CaseEvent(StrEnum):
    """What happened to a case."""

    OPENED = "opened"
    REOPENED = "reopened"
    EVIDENCE = "evidence"
    PRIORITY = "priority"
    ASSIGNED = "assigned"
    DUE = "due"
    DEFERRED = "deferred"
    RESUMED = "resumed"
    COMMENT = "comment"
    DECIDED = "decided"
    CLOSED = "closed"


REVIEWED: Final = (
    CaseEvent.DEFERRED,
    CaseEvent.RESUMED,
    CaseEvent.COMMENT,
    CaseEvent.DECIDED,
    CaseEvent.CLOSED,
)
"""What somebody decided or said about a case, and so about its customers."""

MACHINE: Final = "machine"
"""The actor of what the machine does to a case."""

GONE: Final = "the reason is gone"
"""Why the machine closes a case."""


@dataclass(frozen=True, slots=True)
class CaseRules:
    """Where cases begin.

    Attributes:
        most_records: a customer with more records is implausibly large.
        rival_bits: possible partners whose weights differ by no more are rivals.
        weak_bits: a link no more than this above the automatic threshold is weak.
    """

    most_records: int = 20
    rival_bits: float = 2.0
    weak_bits: float = 2.0


USUAL_RULES: Final = CaseRules()


def probability(weight: float) -> float:
    """The probability of one person, by the log2 odds."""
    return 1 / (1 + 2**-weight)


def uncertainty(weight: float) -> float:
    """How open a link leaves the question: 1 at even odds, 0 where it is certain (4p(1-p))."""
    chance = probability(weight)
    return 4 * chance * (1 - chance)


@dataclass(frozen=True, slots=True)
class Stake:
    """What a customer is worth a look.

    Attributes:
        customer_id: of the customer.
        revenue_minor: net revenue in the currency in which it is highest, in minor units.
        reach: how many of email, mobile, landline and street a record of it has.
    """

    customer_id: str
    revenue_minor: int
    reach: int


def priority(doubt: float, *, revenue_minor: int, reach: int) -> float:
    """Uncertainty times what is at stake: (1 + log10(1 + revenue)) * (1 + reach / 4).

    Args:
        doubt: 0 to 1.
        revenue_minor: of all customers of the case together, in minor units; counted in whole ones.
        reach: of the one who can be reached in most ways, 0 to 4.
    """
    revenue = max(revenue_minor, 0) / 100
    return round(doubt * (1 + log10(1 + revenue)) * (1 + reach / 4), 3)
