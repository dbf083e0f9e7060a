"""Blocking: which pairs of records are looked at, in blocks of bounded size.

Each rule gives every record at most one 64-bit key, a hash of its values (the same in every process, so it can be
stored); records with the same key are candidates. A pair that several rules find comes out once, under the first of
them. A block larger than `most_records` is split by a second set of columns rather than dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from rcu.matching.arrays import Bools, Hashes, Index
from rcu.matching.table import MISSING, EncodedTable

NO_KEY = np.uint64(0)


class BlockingRule(BaseModel):
    """Records that agree on all the columns are candidates.

    `either_order`: the first two columns may have changed places.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    of: tuple[str, ...] = Field(min_length=1)
    either_order: bool = False
    most_records: int = Field(default=400, ge=2, description="a larger block is split by the columns of `then_by`")
    then_by: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_two_to_swap(self) -> Self:
        if self.either_order and len(self.of) < 2:
            msg = f"blocking rule {self.name}: either_order needs two columns"
            raise ValueError(msg)
        return self

    def columns(self) -> tuple[str, ...]:
        """The columns this rule reads."""
        return self.of + self.then_by


@dataclass(frozen=True, slots=True)
class CandidatePairs:
    """Pairs of row numbers, left < right, and the number of the rule that found them."""

    left: Index
    right: Index
    rule: int


def blocking_keys(table: EncodedTable, rule: BlockingRule) -> Hashes:
    """The key of each record under one rule; 0 where a column is missing."""
    keys = _unsplit_keys(table, rule)
    return _split_oversize(table, rule, keys) if rule.then_by else keys


def _unsplit_keys(table: EncodedTable, rule: BlockingRule) -> Hashes:
    keys, present = _combined(table, rule.of, either_order=rule.either_order)
    keys[~present] = NO_KEY
    return keys


def oversize_blocks(table: EncodedTable, rules: Sequence[BlockingRule]) -> dict[str, frozenset[int]]:
    """The keys of the blocks that are split, by the name of their rule.

    A block is split or not by its size alone: when one crosses the line, the candidates among its records change
    although none of them did.
    """
    found: dict[str, frozenset[int]] = {}
    for rule in rules:
        if rule.then_by:
            keys, sizes = np.unique(_unsplit_keys(table, rule), return_counts=True)
            found[rule.name] = frozenset(keys[(sizes > rule.most_records) & (keys != NO_KEY)].tolist())
    return found


def in_blocks(table: EncodedTable, rules: Sequence[BlockingRule], blocks: Mapping[str, frozenset[int]]) -> Bools:
    """Which records are in one of the blocks, given by rule and key."""
    answer = np.zeros(table.size, dtype=bool)
    for rule in rules:
        if blocks.get(rule.name):
            wanted = np.fromiter(blocks[rule.name], dtype=np.uint64)
            answer |= np.isin(_unsplit_keys(table, rule), wanted)
    return answer


def _combined(table: EncodedTable, columns: Sequence[str], *, either_order: bool = False) -> tuple[Hashes, Bools]:
    """Mix the hashes of several columns into one."""
    parts = [_hashes(table, name) for name in columns]
    present = np.ones(table.size, dtype=bool)
    for name in columns:
        present &= table[name].present
    if either_order:
        parts[:2] = [np.minimum(parts[0], parts[1]), np.maximum(parts[0], parts[1])]
    mixed = np.full(table.size, np.uint64(0x9E3779B97F4A7C15))
    for part in parts:
        mixed = _mix(mixed ^ part)
    return np.where(mixed == NO_KEY, np.uint64(1), mixed), present


def _hashes(table: EncodedTable, name: str) -> Hashes:
    column = table[name]
    if not column.values:
        return np.zeros(table.size, dtype=np.uint64)
    return np.where(column.codes == MISSING, NO_KEY, column.hashes[column.codes])


def _mix(keys: Hashes) -> Hashes:
    """The finaliser of SplitMix64: every bit of the input moves every bit of the output."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def _split_oversize(table: EncodedTable, rule: BlockingRule, keys: Hashes) -> Hashes:
    """Refine the keys of blocks that are too large; a record without the second key leaves such a block."""
    _, places, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    oversize = (sizes[places] > rule.most_records) & (keys != NO_KEY)
    if not oversize.any():
        return keys
    finer, present = _combined(table, rule.then_by)
    # Mixed once more: of one value in both places the two keys are the same, and would undo each other.
    refined = np.where(present, _mix(_mix(keys) ^ finer) | np.uint64(1), NO_KEY)
    return np.where(oversize, refined, keys)


def candidate_pairs(
    table: EncodedTable, rules: Sequence[BlockingRule], *, touched: Bools | None = None, block: int = 1_000_000
) -> Iterator[CandidatePairs]:
    """Enumerate each candidate pair once, in arrays of about `block` pairs.

    Args:
        table: the records.
        rules: blocking rules, the most selective first.
        touched: when given, only pairs with at least one touched record.
        block: the number of pairs held at once; a single record's partners are never cut, so an array can be longer
            by the size of one block.
    """
    earlier: list[Hashes] = []
    for number, rule in enumerate(rules):
        keys = blocking_keys(table, rule)
        for left, right in pairs_within(keys, touched=touched, block=block):
            new = np.ones(len(left), dtype=bool)
            for seen in earlier:
                new &= (seen[left] != seen[right]) | (seen[left] == NO_KEY)
            if touched is not None:
                new &= touched[left] | touched[right]
            if new.any():
                yield CandidatePairs(left[new], right[new], number)
        earlier.append(keys)


def pairs_within(
    keys: Hashes, *, touched: Bools | None = None, block: int = 1_000_000
) -> Iterator[tuple[Index, Index]]:
    """Enumerate all pairs of records with equal keys (0 is no key), as row numbers left < right, `block` at a time.

    Blocks without a touched record are passed over, when `touched` is given.
    """
    if not len(keys):
        return
    order = np.argsort(keys, kind="stable")
    sorted_keys = keys[order]
    starts = np.flatnonzero(np.r_[True, sorted_keys[1:] != sorted_keys[:-1]])
    sizes = np.diff(np.r_[starts, len(keys)])
    useful = (sizes > 1) & (sorted_keys[starts] != NO_KEY)
    if touched is not None:
        useful &= np.add.reduceat(touched[order].astype(np.int64), starts) > 0
    starts, sizes = starts[useful], sizes[useful]
    # A record at place p of a block of s records has s - 1 - p partners after it.
    ends = np.repeat(starts + sizes, sizes)
    first = np.arange(len(ends)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(starts, sizes)
    partners = ends - 1 - first
    for chosen in _slices(partners, block):
        counts = partners[chosen]
        left = np.repeat(first[chosen], counts)
        offset = np.arange(len(left)) - np.repeat(np.cumsum(counts) - counts, counts)
        one, other = order[left], order[left + 1 + offset]
        yield np.minimum(one, other), np.maximum(one, other)


def _slices(counts: Index, block: int) -> Iterator[slice]:
    """Cut a run of records so that the partners of each piece add up to about `block`."""
    if not len(counts):
        return
    total = np.cumsum(counts)
    start = 0
    while start < len(counts):
        done = int(total[start - 1]) if start else 0
        end = max(int(np.searchsorted(total, done + block, side="right")), start + 1)
        yield slice(start, end)
        start = end
