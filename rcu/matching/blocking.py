"""Blocking: which pairs of records are looked at, in blocks of bounded size.

Each rule gives every record at most one 64-bit key, a hash of its values (the same in every process, so it can be
stored); records with the same key are candidates. A pair that several rules find comes out once, under the first of
them. A block larger than `most_records` is split by one more column at a time until it fits. One that no column is
left to split, and that is larger than `leave_out_above`, brings no pairs and is counted: so a record has a bounded
number of candidates under each rule on average, whatever the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rcu.matching.arrays import Bools, Codes, Hashes, Index
from rcu.matching.blockkeys import NO_KEY, BlockingRule, finer_keys, first_keys
from rcu.matching.table import MISSING, EncodedTable

_MARKED: Final = 22
_MOST_BUCKETS: Final = 25
"""Bits of a key that are counted to find keys only one record has: 32 million counters at the most."""


def blocking_keys(table: EncodedTable, rule: BlockingRule) -> Hashes:
    """The key of each record under one rule; 0 where a column is missing or the block is left out."""
    if table.size <= rule.most_records:
        return _unsplit_keys(table, rule)
    whole = blocks_of(table, rule).whole
    keys = np.zeros(table.size, dtype=np.uint64)
    keys[whole.order] = np.repeat(whole.keys, whole.sizes)
    return keys


def _unsplit_keys(table: EncodedTable, rule: BlockingRule) -> Hashes:
    keys, nameless = first_keys(table, rule)
    if nameless is not None:
        keys[~_among(keys, keys[nameless])] = NO_KEY
    return keys


def _among(keys: Hashes, wanted: Hashes) -> Bools:
    """Which keys are among some; only those that may be, by their first bits, are looked up."""
    marked = np.zeros(2**_MARKED, dtype=bool)
    first = np.uint64(64 - _MARKED)
    marked[(wanted >> first).astype(np.int64)] = True
    answer = marked.take((keys >> first).astype(np.int32))
    near = np.flatnonzero(answer)
    answer[near] = np.isin(keys.take(near), wanted)
    return answer


@dataclass(frozen=True, slots=True)
class Runs:
    """Records sorted by key.

    `order` are the rows that have a key, `starts` and `sizes` the runs of equal keys in it, `keys` one for each run.
    """

    order: Index
    starts: Index
    sizes: Index
    keys: Hashes

    @classmethod
    def of(cls, keys: Hashes, rows: Index | None = None) -> Runs:
        """The runs of all records, or of `rows`, whose keys are given."""
        places = np.flatnonzero(keys != NO_KEY)
        found = keys.take(places)
        by_key = _in_order_of(found)
        found, order = found.take(by_key), places.take(by_key)
        starts = np.flatnonzero(np.r_[True, found[1:] != found[:-1]]) if len(found) else places
        order = order if rows is None else rows.take(order)
        return cls(order, starts, np.diff(np.r_[starts, len(found)]), found[starts])

    @property
    def pairs(self) -> int:
        """How many pairs of records have a run in common."""
        return int((self.sizes * (self.sizes - 1) // 2).sum())

    def only(self, chosen: Bools) -> Runs:
        """Some of the runs."""
        if chosen.all():
            return self
        kept = self.order[np.repeat(chosen, self.sizes)]
        sizes = self.sizes[chosen]
        return Runs(kept, np.cumsum(sizes) - sizes, sizes, self.keys[chosen])

    def then(self, other: Runs) -> Runs:
        """These runs and others after them."""
        if not len(other.sizes):
            return self
        return Runs(
            np.r_[self.order, other.order], np.r_[self.starts, other.starts + len(self.order)],
            np.r_[self.sizes, other.sizes], np.r_[self.keys, other.keys],
        )  # fmt: skip

    def numbers(self, size: int) -> Codes:
        """For each of `size` records the number of its run; -1 for a record in none."""
        found = np.full(size, MISSING, dtype=np.int32)
        found[self.order] = np.repeat(np.arange(len(self.sizes), dtype=np.int32), self.sizes)
        return found


def _in_order_of(keys: Hashes) -> Index:
    """The places of keys from the lowest key to the highest, equal keys by their places: what a stable argsort gives.

    The place is put in the low bits of the key, so that numbers are sorted and not places of numbers, in half the
    time. The few keys that differ in those bits alone are sorted among themselves afterwards.
    """
    bits = len(keys).bit_length()
    low = np.uint64(2**bits - 1)
    if int(keys.max(initial=0)) <= (2**64 - 1) >> bits:
        keys = keys << np.uint64(bits)  # small numbers, as of clusters: their own low bits are kept as well
    packed = (keys & ~low) | np.arange(len(keys), dtype=np.uint64)
    packed.sort()
    order = (packed & low).astype(np.int64)
    packed &= ~low
    found = keys.take(order)
    mixed = packed[1:][(packed[1:] == packed[:-1]) & (found[1:] != found[:-1])]
    if len(mixed):
        at = np.flatnonzero(np.isin(packed, mixed))
        order[at] = order[at][np.lexsort((order[at], found[at]))]
    return order


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks one rule makes of the records.

    Attributes:
        before: the blocks by the columns of `of` alone.
        whole: the blocks that bring pairs, those of one record included; too large ones split.
        split: the keys of the blocks that were split or left out; of those that were split once, of what was made of
            them, and so on.
        left_out: the blocks that are too large and that no column is left to split.
        lacking: how many records left a block that was split, because they lack the column that splits it.
    """

    before: Runs
    whole: Runs
    split: Hashes
    left_out: Runs
    lacking: int


def blocks_of(table: EncodedTable, rule: BlockingRule) -> Blocks:
    """Put the records into the blocks of one rule; a function of the set of records, not of their order."""
    return table.once(rule, lambda: _blocks_of(table, rule))


def _blocks_of(table: EncodedTable, rule: BlockingRule) -> Blocks:
    return _arranged(list(_stages(table, rule, Runs.of(_unsplit_keys(table, rule)))), rule)


def _arranged(stages: Sequence[Runs], rule: BlockingRule) -> Blocks:
    *earlier, last = stages
    whole = last.only(last.sizes <= rule.bound)
    split = [stage.keys[_too_large(stage, rule)] for stage in earlier]
    for stage in reversed(earlier):
        whole = stage.only(~_too_large(stage, rule)).then(whole)
    left_out = last.only(last.sizes > rule.bound)
    inside = len(whole.order) + len(left_out.order)
    lacking = len(stages[0].order) - inside
    return Blocks(stages[0], whole, np.concatenate([*split, left_out.keys]), left_out, lacking)


def _stages(table: EncodedTable, rule: BlockingRule, runs: Runs) -> Iterator[Runs]:
    """The blocks by the columns of `of`; then what one more column makes of those that are too large, and so on."""
    yield runs
    for column in rule.then_by:
        large = runs.only(_too_large(runs, rule))
        if not len(large.sizes):
            return
        keys = finer_keys(table, column, np.repeat(large.keys, large.sizes), large.order)
        runs = Runs.of(keys, large.order)
        yield runs


def _too_large(runs: Runs, rule: BlockingRule) -> Bools:
    return runs.sizes > rule.most_records


def pairing(table: EncodedTable, rule: BlockingRule) -> Runs:
    """The blocks of one rule with two records or more."""
    return table.once(("pairing", rule), lambda: _pairing(table, rule))


def block_numbers(table: EncodedTable, rules: Sequence[BlockingRule]) -> Codes:
    """For each record (row) the number of its block under each rule (column); -1 where no other record is in it."""
    return table.once(("numbers", tuple(rules)), lambda: _block_numbers(table, rules))


def _block_numbers(table: EncodedTable, rules: Sequence[BlockingRule]) -> Codes:
    found = np.full((table.size, len(rules)), MISSING, dtype=np.int32)
    for place, rule in enumerate(rules):
        runs = pairing(table, rule)
        found[runs.order, place] = np.repeat(np.arange(len(runs.sizes), dtype=np.int32), runs.sizes)
    return found


def _pairing(table: EncodedTable, rule: BlockingRule) -> Runs:
    keys = _unsplit_keys(table, rule)
    whole = _arranged(list(_stages(table, rule, Runs.of(np.where(_shared(keys), keys, NO_KEY)))), rule).whole
    return whole.only(whole.sizes > 1)


def _shared(keys: Hashes) -> Bools:
    """Rule out most keys that only one record has, so that they need not be sorted; never one that two have."""
    bits = min(max(len(keys).bit_length(), 8), _MOST_BUCKETS)
    bucket = (keys >> np.uint64(64 - bits)).astype(np.int32)
    return (np.bincount(bucket, minlength=1) > 1).take(bucket)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The blocks of one rule that bring no pairs because they are too large, and how many records are in them."""

    rule: str
    blocks: int
    records: int

    @classmethod
    def of(cls, rule: BlockingRule, blocks: Blocks) -> LeftOut:
        """Count them."""
        return cls(rule.name, len(blocks.left_out.sizes), len(blocks.left_out.order))


def blocks_left_out(table: EncodedTable, rules: Sequence[BlockingRule]) -> tuple[LeftOut, ...]:
    """Count the blocks that are left out, of the rules that leave out any."""
    found = (LeftOut.of(rule, blocks_of(table, rule)) for rule in rules)
    return tuple(one for one in found if one.blocks)
