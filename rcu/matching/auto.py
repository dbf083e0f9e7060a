"""A model for any file of people: comparisons and blocking rules from the kinds of columns it happens to have.

Nothing here knows a country: names are compared by letters, parts and places swapped, dates by their digits, addresses
by their words. The probabilities are defaults of the kind of column, to be learnt from the records (`training`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from rcu.matching.autoblocking import EVERYBODY, choose_rules, everybody
from rcu.matching.autocolumns import Kind, Trait, atoms_of, derived_columns
from rcu.matching.autolevels import comparison_of
from rcu.matching.model import Identifier, MatchModel
from rcu.matching.ownness import own_columns
from rcu.matching.table import EncodedTable
from rcu.matching.training import frequencies_of

__all__ = ["Kind", "Plan", "Trait", "plan"]

MOST_COMPARISONS: Final = 15


@dataclass(frozen=True, slots=True)
class Plan:
    """A draft model, the table it reads (derived columns included) and what of it is a person's own (`decoys.Ways`)."""

    model: MatchModel
    table: EncodedTable
    own: tuple[frozenset[str], ...]


def plan(frame: pd.DataFrame, traits: Sequence[Trait]) -> Plan:
    """Draft a model for comparable columns (upper case, no accents; ISO dates; digits of phones).

    Raises nothing on odd data: a frame without usable columns gives a model that joins nothing.
    """
    chosen = list(traits)[:MOST_COMPARISONS]
    derived = pd.concat([frame, *(derived_columns(frame, trait) for trait in chosen)], axis=1)
    comparisons = tuple(comparison_of(trait) for trait in chosen)
    atoms = [atom for trait in chosen for atom in atoms_of(trait)]
    names = {name for comparison in comparisons for name in comparison.columns()} | {atom.column for atom in atoms}
    encoded = EncodedTable.encode(derived, sorted(names), shared=_partners(chosen))
    table = EncodedTable(encoded.size, {**encoded.columns, EVERYBODY: everybody(encoded.size)})
    model = MatchModel(
        name="auto",
        version="1",
        population=max(len(frame), 2),
        records_of_same=0.1,
        records_of_household=0.1,
        match_probability=0.5,
        review_probability=0.1,
        blocking=choose_rules(table, atoms),
        comparisons=comparisons,
        identifiers=tuple(_identifiers(chosen)),
        frequencies=frequencies_of(comparisons, table),
        name_of_person=tuple(t.column for t in chosen if t.kind in {Kind.FIRST_NAME, Kind.LAST_NAME, Kind.FULL_NAME}),
    )
    return Plan(model, table, own_columns(table, chosen))


def _partners(traits: Sequence[Trait]) -> tuple[tuple[str, ...], ...]:
    groups: dict[str, set[str]] = {}
    for trait in traits:
        if trait.partner:
            together = groups.get(trait.column, {trait.column}) | groups.get(trait.partner, {trait.partner})
            groups |= dict.fromkeys(together, together)
    return tuple(sorted({tuple(sorted(group)) for group in groups.values()}))


def _identifiers(traits: Sequence[Trait]) -> list[Identifier]:
    most = {Kind.EMAIL: 12, Kind.PHONE: 12}
    return [Identifier(column=trait.column, most_names=most[trait.kind]) for trait in traits if trait.kind in most]
