"""What somebody wants to decide, and which merges need a second person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rcu.cleaning import CleaningSettings
from rcu.domain.decisions import DecisionKind


@dataclass(frozen=True, slots=True)
class Setting:
    """What fields are to be, as somebody writes them; `cleaning` standardises them as it does a record's.

    `fields` are names of `overriding.FIELDS`, None for one that is to be empty.
    """

    fields: Mapping[str, str | None]
    cleaning: CleaningSettings = field(default_factory=CleaningSettings)


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody wants to decide.

    Attributes:
        kind: merge, not_same, split, confirm, comment or override.
        about: records (`source:native_id`) and customer ids; of a split or an override, the one customer.
        actor: who decides.
        reason: why, in that person's words.
        groups: of a split, the records that leave, by the person they are; those not named stay.
        expected: the version of a customer that was looked at, by customer id.
        supersede: take back the decisions that stand in the way.
        setting: of an override, what its fields are to be.
    """

    kind: DecisionKind
    about: tuple[str, ...]
    actor: str
    reason: str
    groups: tuple[tuple[str, ...], ...] = ()
    expected: Mapping[str, int] = field(default_factory=dict[str, int])
    supersede: bool = False
    setting: Setting | None = None


@dataclass(frozen=True, slots=True)
class AskAbout:
    """That somebody wants to undo or approve (`kind`) a decision, and why."""

    kind: DecisionKind
    decision_id: int
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class FourEyes:
    """Merges that need a second person: of more records than this, or with more revenue (whole units of money)."""

    records: int | None = None
    revenue: int | None = None
