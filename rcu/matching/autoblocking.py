"""Blocking rules for a file never seen before, within the work allowed.

An atom is something two records may share (a whole value, its beginning, its consonants). The pairs that conjunctions
of one to three atoms bring are counted on the records themselves. What a conjunction would find is judged on imagined
pairs of one person: each field is missing as often as in the file, and wrong more or less often. Rules are then chosen
one by one, by what they find that the others do not and by what they cost.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from rcu.matching.arrays import Bools, Hashes
from rcu.matching.blocking import blocking_keys
from rcu.matching.blockkeys import NO_KEY, BlockingRule
from rcu.matching.table import Column, EncodedTable

ALL_PAIRS_UP_TO: Final = 1_500
"""Records among which every pair is simply compared."""
MOST_RULES: Final = 24
PAIRS_A_RECORD: Final = 60
FREE_PAIRS: Final = 1_500_000
LARGEST_SHARE: Final = 0.3
"""Of all the pairs allowed, what one rule may bring at most."""
COUNTED_RECORDS: Final = 50_000
"""Of a larger table, every n-th record is counted so that about these are left."""
IMAGINED: Final = 4_000
SPARED: Final = 0.6
"""Of the slips in a value, the share that also spoils what is made of it (its beginning, its consonants)."""
LEAST_GAIN: Final = 2
"""A rule that finds fewer imagined pairs than this is not worth its work."""
EVERYBODY: Final = "~everybody"
"""A column with one value, for the rule that compares everybody with everybody."""
_NO_LIMIT: Final = 10**9


@dataclass(frozen=True, slots=True)
class Atom:
    """A column that records may agree on, and the original column it was made of."""

    column: str
    origin: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    atoms: tuple[Atom, ...]
    pairs: int
    finds: Bools

    @property
    def name(self) -> str:
        return " and ".join(atom.column for atom in self.atoms)


def everybody(size: int) -> Column:
    """The column that makes one block of all records."""
    return Column(np.zeros(size, dtype=np.int32), ["X"])


def choose_rules(table: EncodedTable, atoms: Sequence[Atom]) -> tuple[BlockingRule, ...]:
    """Choose rules that together bring about `PAIRS_A_RECORD` pairs a record at most; all pairs of a small table."""
    if table.size <= ALL_PAIRS_UP_TO or not atoms:
        return (BlockingRule(name="everybody", of=(EVERYBODY,), most_records=_NO_LIMIT),)
    budget = PAIRS_A_RECORD * table.size + FREE_PAIRS
    candidates = _candidates(table, atoms, most=int(budget * LARGEST_SHARE))
    chosen: list[_Candidate] = []
    found = np.zeros(IMAGINED, dtype=bool)
    while candidates and len(chosen) < MOST_RULES:
        gains = [int((one.finds & ~found).sum()) for one in candidates]
        best = max(
            range(len(candidates)),
            key=lambda at: (gains[at] / math.sqrt(candidates[at].pairs + table.size), candidates[at].name),
        )
        if gains[best] < LEAST_GAIN:
            break
        chosen.append(candidates[best])
        found |= candidates[best].finds
        budget -= candidates[best].pairs
        candidates = [one for one in candidates if one.pairs <= budget and one is not chosen[-1]]
    return tuple(
        BlockingRule(name=one.name, of=tuple(atom.column for atom in one.atoms), most_records=_NO_LIMIT)
        for one in sorted(chosen, key=lambda one: (one.pairs, one.name))
    )


def _candidates(table: EncodedTable, atoms: Sequence[Atom], *, most: int) -> list[_Candidate]:
    """Every conjunction of up to three atoms of different origins that brings at most `most` pairs."""
    step = max(1, table.size // COUNTED_RECORDS)
    keys = {atom: _keys(table, atom)[::step] for atom in atoms}
    agree = _imagined_agreement(keys)
    found: list[_Candidate] = []
    within: set[tuple[Atom, ...]] = set()
    for width in (1, 2, 3):
        for group in combinations(atoms, width):
            if len({atom.origin for atom in group}) < width or _holds_one_of(within, group):
                continue
            pairs = _pairs(_joint([keys[atom] for atom in group])) * step * step
            if pairs <= most:
                within.add(group)
                finds = np.logical_and.reduce([agree[atom] for atom in group])
                found.append(_Candidate(group, pairs, finds))
    return found


def _holds_one_of(within: set[tuple[Atom, ...]], group: tuple[Atom, ...]) -> bool:
    """Whether part of a conjunction is loose enough by itself."""
    return any(part in within for size in range(1, len(group)) for part in combinations(group, size))


def _imagined_agreement(keys: Mapping[Atom, Hashes]) -> dict[Atom, Bools]:
    """For each atom, which imagined pairs of one person agree on it; the same at every call."""
    rng = np.random.default_rng(0)
    errors = rng.uniform(0.05, 0.65, IMAGINED)
    slips = {origin: rng.random(IMAGINED) for origin in dict.fromkeys(atom.origin for atom in keys)}
    answer: dict[Atom, Bools] = {}
    for atom, hashes in keys.items():
        filled = float((hashes != NO_KEY).mean()) if len(hashes) else 0.0
        spared = 1.0 if atom.column == atom.origin else SPARED
        right = slips[atom.origin] >= errors * spared
        answer[atom] = right & (rng.random(IMAGINED) < filled**2)
    return answer


def _keys(table: EncodedTable, atom: Atom) -> Hashes:
    return blocking_keys(table, BlockingRule(name=atom.column, of=(atom.column,), most_records=_NO_LIMIT))


def _joint(parts: Sequence[Hashes]) -> Hashes:
    joint = parts[0]
    for part in parts[1:]:
        missing = (joint == NO_KEY) | (part == NO_KEY)
        joint = np.where(missing, NO_KEY, (joint * np.uint64(0x9E3779B97F4A7C15)) ^ part)
    return joint


def _pairs(keys: Hashes) -> int:
    kept = np.sort(keys[keys != NO_KEY])
    if not len(kept):
        return 0
    sizes = np.diff(np.flatnonzero(np.r_[True, kept[1:] != kept[:-1], True]))
    return int((sizes * (sizes - 1) // 2).sum())
