"""Households: people who belong together without being one person, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class HouseholdReason(StrEnum):
    """Why customers are a household: a code that stays."""

    NAME_AND_ADDRESS = "name_and_address"


EXPLAINED: Final[Mapping[HouseholdReason, str]] = {
    HouseholdReason.NAME_AND_ADDRESS: "the same last name at the same postal address",
}
"""The reason in words."""

GROUPS_OF_REASON: Final[Mapping[HouseholdReason, tuple[str, ...]]] = {
    HouseholdReason.NAME_AND_ADDRESS: ("identity", "address"),
}
"""The groups of golden fields it leans on: their provenance names the records that say so."""


@dataclass(frozen=True, slots=True)
class Household:
    """Customers who belong together: a link, never a merge.

    Attributes:
        household_id: the id of its oldest member.
        members: ids of all of them, the oldest first.
        reason: why.
    """

    household_id: str
    members: tuple[str, ...]
    reason: HouseholdReason = HouseholdReason.NAME_AND_ADDRESS
