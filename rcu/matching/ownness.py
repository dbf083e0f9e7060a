"""Which columns are a person's own and which are his family's or his house's, judged by what goes with what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from rcu.matching.arrays import Bools, Index
from rcu.matching.autocolumns import BEGINNING, OF_FAMILY, OWN, Trait
from rcu.matching.table import MISSING, EncodedTable

LEAST_PAIRS: Final = 30
"""Pairs of neighbours below which nothing is concluded from how often they agree."""
STEPS: Final = (1, 2, 3, 5)


def own_columns(table: EncodedTable, traits: Sequence[Trait]) -> tuple[frozenset[str], ...]:
    """The columns of what is a person's own, with all that is made of them: some of the traits, never all.

    First names and birth dates are, surnames and addresses are not. Any other column goes with those it agrees with:
    among strangers, sex goes with the first name, the number of the house with the surname. Mailboxes are named after
    both names, so with them there are two answers. None where there is one trait only.
    """
    own = [trait.column for trait in traits if trait.kind in OWN]
    family = [trait.column for trait in traits if trait.kind in OF_FAMILY]
    either = {trait.column for trait in traits if trait.repeats}
    others = [trait.column for trait in traits if trait.column not in {*own, *family, *either}]
    chosen = {*own, *(name for name in others if _goes_with(table, name, own, family))}
    if len(traits) < 2:
        return ()
    return tuple(dict.fromkeys(_parted(table, traits, frozenset(way)) for way in (chosen, chosen | either)))


def _parted(table: EncodedTable, traits: Sequence[Trait], chosen: frozenset[str]) -> frozenset[str]:
    if len(chosen) in {0, len(traits)}:
        # Nothing to tell them apart by: the column with most values stands against the rest.
        chosen = frozenset({max((len(table[trait.column].values), trait.column) for trait in traits)[1]})
    return frozenset(name for name in table.columns for at in chosen if name == at or name.startswith(f"{at}~"))


def _goes_with(table: EncodedTable, name: str, own: Sequence[str], family: Sequence[str]) -> bool:
    """Whether strangers agree on a column rather where they share a person's own values."""
    return _agreement(table, name, own, family) >= _agreement(table, name, family, own)


def _agreement(table: EncodedTable, name: str, shared: Sequence[str], apart: Sequence[str]) -> float:
    """The largest share of pairs that agree on `name`, or its beginning, if they share one column, none of `apart`."""
    beginning = f"{name}{BEGINNING}"
    codes = table[beginning if beginning in table.columns else name].codes
    rates = [0.0]
    for anchor in shared:
        left, right = _neighbours(table, anchor)
        chosen = (codes[left] != MISSING) & (codes[right] != MISSING) & _differ(table, apart, left, right)
        if chosen.sum() >= LEAST_PAIRS:
            rates.append(float((codes[left] == codes[right])[chosen].mean()))
    return max(rates)


def _differ(table: EncodedTable, columns: Sequence[str], left: Index, right: Index) -> Bools:
    """Whether pairs share no value of the columns."""
    answer = np.ones(len(left), dtype=bool)
    for name in columns:
        codes = table[name].codes
        answer &= (codes[left] != codes[right]) | (codes[left] == MISSING)
    return answer


def _neighbours(table: EncodedTable, name: str) -> tuple[Index, Index]:
    """Pairs of records that share the value of a column: each with a few of those that follow it."""
    codes = table[name].codes
    order = np.argsort(codes, kind="stable")
    left = np.concatenate([order[:-step] for step in STEPS])
    right = np.concatenate([order[step:] for step in STEPS])
    same = (codes[left] == codes[right]) & (codes[left] != MISSING)
    return left[same], right[same]
