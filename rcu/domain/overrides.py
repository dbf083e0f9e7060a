"""What people set in golden records, and what of it holds: a function of the log of decisions.

An override is tied to a record, the oldest of the customer it was said of, and holds for the customer that has this
record at present.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from rcu.domain.decisions import Decision, in_force

Values: TypeAlias = Mapping[str, str | None]
"""Standard columns of one group of fields; None where there is nothing."""


@dataclass(frozen=True, slots=True)
class Override:
    """What somebody said a group of fields is: the decision, who took it, and the standard columns of the group."""

    decision_id: int
    actor: str
    values: Values


Overrides: TypeAlias = Mapping[str, Override]
"""Overrides by group of fields."""


def overrides_in_force(decisions: Iterable[Decision]) -> dict[int, dict[str, Override]]:
    """What the decisions that count set, by the record it is tied to; of several of one group the latest."""
    found: dict[int, dict[str, Override]] = {}
    for one in in_force(decisions):
        for group, values in one.sets.items():
            found.setdefault(min(one.records), {})[group] = Override(one.decision_id, one.actor, values)
    return found


def latest(several: Iterable[Overrides]) -> dict[str, Override]:
    """What holds for a customer whose records have several: of each group the latest."""
    every = (pair for overrides in several for pair in overrides.items())
    return dict(sorted(every, key=lambda pair: pair[1].decision_id))
