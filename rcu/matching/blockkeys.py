"""Blocking rules and the keys they give: records with the same key are candidates.

A rule gives every record at most one 64-bit key at each of its levels, a hash of its values that is the same in every
process, so it can be stored: at level 0 of the columns of `of`, then of one column of `then_by` more at a time, for
blocks that are too large. `blocking` puts the records of a table into blocks; `nearby` finds the blocks of a few
records among all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np
from pydantic import Field, model_validator

from rcu.matching.arrays import Bools, Hashes, Index
from rcu.matching.part import Part
from rcu.matching.spelling import spelt_names
from rcu.matching.table import EncodedTable, hashes_of, mix

NO_KEY = np.uint64(0)
_KEYS_AT_ONCE: Final = 50_000
"""Keys are worked out for so many records at a time, so that what lies between two steps stays in the cache."""
NAMELESS: Final = np.uint64(0xA24BAED4963EE407)


class BlockingRule(Part):
    """Records that agree on all the columns are candidates.

    `either_order`: the first two columns may have changed places.
    `spelt_in`: the first two columns are names; the letters of this mailbox stand for them where a record has neither.
    Such a rule brings only the blocks in which there is such a record, and the names may come in either order.
    `then_by`: the columns that split a block of more than `most_records`, one after the other until it fits.
    """

    name: str
    of: tuple[str, ...] = Field(min_length=1)
    either_order: bool = False
    most_records: int = Field(default=400, ge=2, description="a larger block is split by the columns of `then_by`")
    then_by: tuple[str, ...] = ()
    spelt_in: str | None = None
    leave_out_above: int = Field(
        default=2_000, ge=2, description="a larger block (than `most_records`, too) with no column left is left out"
    )

    @model_validator(mode="after")
    def _has_two_to_swap(self) -> Self:
        if self.either_order and len(self.of) < 2:
            msg = f"blocking rule {self.name}: either_order needs two columns"
            raise ValueError(msg)
        if self.spelt_in and len(self.of) < 3:
            msg = f"blocking rule {self.name}: spelt_in needs two columns of names and one that agrees as well"
            raise ValueError(msg)
        return self

    @cached_property
    def salt(self) -> Hashes:
        """What makes its keys others than any other rule's."""
        return hashes_of([f"{self.name}: {self.spelt_in} {self.either_order} {' '.join(self.of)}"])

    def columns(self) -> tuple[str, ...]:
        """The columns this rule reads."""
        return self.of + self.then_by + ((self.spelt_in,) if self.spelt_in else ())

    @property
    def bound(self) -> int:
        """No block that brings pairs has more records."""
        return max(self.most_records, self.leave_out_above)


def first_keys(table: EncodedTable, rule: BlockingRule) -> tuple[Hashes, Bools | None]:
    """The key of each record by the columns of `of`; 0 where one of them is missing.

    The second part, for a rule with `spelt_in`, says which records have no names: it brings only blocks with such one.
    """
    if rule.spelt_in:
        names, nameless = spelt_names(table, rule.spelt_in, rule.of[:2])
        others, present = combined(table, rule.of[2:], rows=slice(None))
        return np.where(present & (names != NO_KEY), mix(mix(names) ^ others) | np.uint64(1), NO_KEY), nameless
    keys = np.empty(table.size, dtype=np.uint64)
    for start in range(0, table.size, _KEYS_AT_ONCE):
        piece = slice(start, start + _KEYS_AT_ONCE)
        found, present = combined(table, rule.of, either_order=rule.either_order, rows=piece)
        keys[piece] = np.where(present, found, NO_KEY)
    return keys, None


def finer_keys(table: EncodedTable, column: str, keys: Hashes, rows: Index | slice) -> Hashes:
    """The keys of the next level, for some rows and their keys; 0 where a record has neither key nor column."""
    finer, present = combined(table, (column,), rows=rows)
    # Mixed once more: of one value in both places the two keys are the same, and would undo each other.
    return np.where(present & (keys != NO_KEY), mix(mix(keys) ^ finer) | np.uint64(1), NO_KEY)


@dataclass(frozen=True, slots=True)
class RuleKeys:
    """The keys of some records under one rule, as they are stored: other keys than any other rule's.

    `levels[i]` are the keys of level i, 0 for none; `nameless`, for a rule with `spelt_in`, is the mark of level 0's
    block at the records without names, 0 at others.
    """

    levels: tuple[Hashes, ...]
    nameless: Hashes | None

    @classmethod
    def of(cls, table: EncodedTable, rule: BlockingRule) -> RuleKeys:
        """Work them out."""
        keys, nameless = first_keys(table, rule)
        keys = np.where(keys == NO_KEY, NO_KEY, mix(keys ^ rule.salt) | np.uint64(1))
        levels = [keys]
        for column in rule.then_by:
            levels.append(finer_keys(table, column, levels[-1], slice(None)))
        mark = None if nameless is None else np.where(nameless & (keys != NO_KEY), keys ^ NAMELESS, NO_KEY)
        return cls(tuple(levels), mark)


def combined(
    table: EncodedTable, columns: Sequence[str], *, either_order: bool = False, rows: Index | slice
) -> tuple[Hashes, Bools]:
    """Mix the hashes of several columns into one, for some rows."""
    parts = [_hashes(table, name, rows) for name in columns]
    present = np.ones(len(parts[0]), dtype=bool)
    for part in parts:
        present &= part != NO_KEY
    if either_order:
        parts[:2] = [np.minimum(parts[0], parts[1]), np.maximum(parts[0], parts[1])]
    mixed = np.full(len(present), np.uint64(0x9E3779B97F4A7C15))
    for part in parts:
        mixed = mix(mixed ^ part)
    return np.where(mixed == NO_KEY, np.uint64(1), mixed), present


def _hashes(table: EncodedTable, name: str, rows: Index | slice) -> Hashes:
    """The hash of each record's value; 0 where it has none (the hash of no text)."""
    column = table[name]
    # The place of -1, "no value", is the last one.
    return column.once("hashes and none", lambda _: np.append(column.hashes, NO_KEY)).take(
        column.codes[rows], mode="wrap"
    )
