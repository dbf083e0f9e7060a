"""Blocking: which pairs of records are looked at, in blocks of bounded size.

Each rule gives every record at most one 64-bit key, a hash of its values (the same in every process, so it can be
stored); records with the same key are candidates. A pair that several rules find comes out once, under the first of
them. A block larger than `most_records` is split by a second set of columns rather than dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from rcu.matching.arrays import Bools, Codes, Hashes, Index
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
    if rule.then_by:
        oversize = _oversize(_Runs.of(keys), rule)
        keys[oversize] = _refined(table, rule, keys, oversize)
    return keys


def _unsplit_keys(table: EncodedTable, rule: BlockingRule) -> Hashes:
    keys, present = _combined(table, rule.of, either_order=rule.either_order)
    keys[~present] = NO_KEY
    return keys


@dataclass(frozen=True, slots=True)
class _Runs:
    """Records sorted by key: `order` are rows that have one, `starts` and `sizes` the runs of equal keys in it."""

    order: Index
    starts: Index
    sizes: Index

    @classmethod
    def of(cls, keys: Hashes) -> _Runs:
        rows = np.flatnonzero(keys != NO_KEY)
        found = keys[rows]
        by_key = np.argsort(found, kind="stable")
        found = found[by_key]
        starts = np.flatnonzero(np.r_[True, found[1:] != found[:-1]]) if len(rows) else rows
        return cls(rows[by_key], starts, np.diff(np.r_[starts, len(rows)]))

    def only(self, chosen: Bools) -> _Runs:
        """Some of the runs."""
        kept = self.order[np.repeat(chosen, self.sizes)]
        sizes = self.sizes[chosen]
        return _Runs(kept, np.cumsum(sizes) - sizes, sizes)

    def then(self, other: _Runs) -> _Runs:
        """These runs and others after them."""
        return _Runs(
            np.r_[self.order, other.order], np.r_[self.starts, other.starts + len(self.order)],
            np.r_[self.sizes, other.sizes],
        )  # fmt: skip

    def numbers(self, size: int) -> Codes:
        """For each of `size` records the number of its run; -1 for a record in none."""
        found = np.full(size, MISSING, dtype=np.int32)
        found[self.order] = np.repeat(np.arange(len(self.sizes), dtype=np.int32), self.sizes)
        return found


def _oversize(runs: _Runs, rule: BlockingRule) -> Index:
    """The rows in runs that are too large."""
    return runs.only(runs.sizes > rule.most_records).order


def _refined(table: EncodedTable, rule: BlockingRule, keys: Hashes, rows: Index) -> Hashes:
    """Finer keys for the records of blocks that are too large; a record without the second key leaves such a block."""
    finer, present = _combined(table, rule.then_by, rows=rows)
    # Mixed once more: of one value in both places the two keys are the same, and would undo each other.
    return np.where(present, _mix(_mix(keys[rows]) ^ finer) | np.uint64(1), NO_KEY)


def _blocks(table: EncodedTable, rule: BlockingRule) -> _Runs:
    """The blocks of one rule with two records or more, too large ones split."""
    keys = _unsplit_keys(table, rule)
    runs = _Runs.of(keys)
    small = (runs.sizes > 1) & ((runs.sizes <= rule.most_records) | (not rule.then_by))
    kept = runs.only(small)
    if rule.then_by:
        rows = _oversize(runs, rule)
        finer = _Runs.of(_refined(table, rule, keys, rows))
        finer = finer.only(finer.sizes > 1)
        kept = kept.then(_Runs(rows[finer.order], finer.starts, finer.sizes))
    return kept


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


def _combined(
    table: EncodedTable, columns: Sequence[str], *, either_order: bool = False, rows: Index | None = None
) -> tuple[Hashes, Bools]:
    """Mix the hashes of several columns into one, for all records or for some rows."""
    parts = [_hashes(table, name, rows) for name in columns]
    present = np.ones(len(parts[0]), dtype=bool)
    for part in parts:
        present &= part != NO_KEY
    if either_order:
        parts[:2] = [np.minimum(parts[0], parts[1]), np.maximum(parts[0], parts[1])]
    mixed = np.full(len(present), np.uint64(0x9E3779B97F4A7C15))
    for part in parts:
        mixed = _mix(mixed ^ part)
    return np.where(mixed == NO_KEY, np.uint64(1), mixed), present


def _hashes(table: EncodedTable, name: str, rows: Index | None) -> Hashes:
    """The hash of each record's value; 0 where it has none (the hash of no text)."""
    column = table[name]
    codes = column.codes if rows is None else column.codes[rows]
    return np.r_[column.hashes, NO_KEY][codes] if column.values else np.zeros(len(codes), dtype=np.uint64)


def _mix(keys: Hashes) -> Hashes:
    """The finaliser of SplitMix64: every bit of the input moves every bit of the output."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def candidate_pairs(
    table: EncodedTable,
    rules: Sequence[BlockingRule],
    *,
    touched: Bools | None = None,
    block: int = 1_000_000,
    threads: int = 1,
) -> Iterator[CandidatePairs]:
    """Enumerate each candidate pair once, in arrays of about `block` pairs.

    Args:
        table: the records.
        rules: blocking rules, the most selective first.
        touched: when given, only pairs with at least one touched record.
        block: the number of pairs held at once; a single record's partners are never cut, so an array can be longer
            by the size of one block.
        threads: how many rules are sorted side by side.
    """
    earlier: list[Codes] = []
    with ThreadPoolExecutor(threads) as pool:
        for number, runs in enumerate(pool.map(lambda rule: _blocks(table, rule), rules)):
            for left, right in _pairs_of(runs, touched=touched, block=block):
                new = np.flatnonzero(touched[left] | touched[right]) if touched is not None else np.arange(len(left))
                for seen in earlier:
                    one = seen[left[new]]
                    new = new[(one != seen[right[new]]) | (one == MISSING)]
                if len(new):
                    yield CandidatePairs(left[new], right[new], number)
            earlier.append(runs.numbers(table.size))


def pairs_within(
    keys: Hashes, *, touched: Bools | None = None, block: int = 1_000_000
) -> Iterator[tuple[Index, Index]]:
    """Enumerate all pairs of records with equal keys (0 is no key), as row numbers left < right, `block` at a time.

    Blocks without a touched record are passed over, when `touched` is given.
    """
    runs = _Runs.of(keys)
    return _pairs_of(runs.only(runs.sizes > 1), touched=touched, block=block)


def _pairs_of(runs: _Runs, *, touched: Bools | None, block: int) -> Iterator[tuple[Index, Index]]:
    if touched is not None and len(runs.starts):
        runs = runs.only(np.logical_or.reduceat(touched[runs.order], runs.starts))
    order, starts, sizes = runs.order, runs.starts, runs.sizes
    # A record at place p of a block of s records has s - 1 - p partners after it.
    ends = np.repeat(starts + sizes, sizes)
    partners = ends - 1 - np.arange(len(order))
    for chosen in _slices(partners, block):
        counts = partners[chosen]
        left = np.repeat(np.arange(chosen.start, chosen.stop), counts)
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
