"""The pairs of records that blocks bring together, a bounded number at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from rcu.matching.arrays import Bools, Codes, Hashes, Index
from rcu.matching.blocking import Runs, block_numbers, pairing
from rcu.matching.blockkeys import BlockingRule
from rcu.matching.table import MISSING, EncodedTable


@dataclass(frozen=True, slots=True)
class CandidatePairs:
    """Pairs of row numbers, left < right, and the number of the rule that found them."""

    left: Index
    right: Index
    rule: int
    near: Near | None = None


@dataclass(frozen=True, slots=True)
class Near:
    """The same pairs within the few rows they are of: `rows[left[i]]` and `rows[right[i]]`.

    What is looked up for `rows` once is looked up for each pair in memory that is near.
    """

    rows: Index
    left: Index
    right: Index

    def only(self, chosen: Index) -> Near:
        """Some of the pairs, by their places."""
        return Near(self.rows, self.left.take(chosen), self.right.take(chosen))

    def in_table(self) -> tuple[Index, Index]:
        """The pairs as rows of the table."""
        return self.rows.take(self.left), self.rows.take(self.right)

    def new_to(self, rule: int, numbers: Codes) -> Near:
        """The pairs that no earlier rule than the one with this number brings; `numbers` are all `block_numbers`."""
        left, right = self.left, self.right
        for block in np.ascontiguousarray(numbers.take(self.rows, axis=0)[:, :rule].T):
            one = block.take(left)
            apart = np.flatnonzero((one != block.take(right)) | (one == MISSING))
            left, right = left.take(apart), right.take(apart)
        return Near(self.rows, left, right)


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
    with ThreadPoolExecutor(threads) as pool:
        blocks = list(pool.map(lambda rule: pairing(table, rule), rules))
    numbers = block_numbers(table, rules)
    for number, runs in enumerate(blocks):
        for near in near_pairs(runs, touched=touched, block=block):
            new = near.new_to(number, numbers)
            left, right = new.in_table()
            if touched is not None:
                chosen = np.flatnonzero(touched[left] | touched[right])
                new, left, right = new.only(chosen), left[chosen], right[chosen]
            if len(left):
                yield CandidatePairs(left, right, number, new)


def pairs_within(
    keys: Hashes, *, touched: Bools | None = None, block: int = 1_000_000
) -> Iterator[tuple[Index, Index]]:
    """Enumerate all pairs of records with equal keys (0 is no key), as row numbers left < right, `block` at a time.

    Blocks without a touched record are passed over, when `touched` is given.
    """
    runs = Runs.of(keys)
    return pairs_in(runs.only(runs.sizes > 1), touched=touched, block=block)


def pairs_in(
    runs: Runs, *, touched: Bools | None = None, block: int, places: Index | None = None
) -> Iterator[tuple[Index, Index]]:
    """Enumerate all pairs of records in one run, as `pairs_within`.

    `places` in `runs.order`, rising, when given: only the pairs of these with the records after them in their run.
    """
    for near in near_pairs(runs, touched=touched, block=block, places=places):
        yield near.in_table()


def near_pairs(runs: Runs, *, touched: Bools | None = None, block: int, places: Index | None = None) -> Iterator[Near]:
    """Enumerate pairs as `pairs_in`, each piece with the rows its pairs are of."""
    if touched is not None and len(runs.starts):
        runs = runs.only(np.logical_or.reduceat(touched[runs.order], runs.starts))
    order, starts, sizes = runs.order, runs.starts, runs.sizes
    places = np.arange(len(order)) if places is None else places
    # A record at place p of a block of s records has s - 1 - p partners after it.
    partners = np.repeat(starts + sizes, sizes)[places] - 1 - places
    for chosen in _slices(partners, block):
        counts, begin = partners[chosen], int(places[chosen.start])
        end = int((places[chosen] + counts).max()) + 1
        rows = order[begin:end]
        one = np.repeat(places[chosen] - begin, counts)
        other = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(counts) - counts, counts)
        turned = rows.take(one) > rows.take(other)
        yield Near(rows, np.where(turned, other, one), np.where(turned, one, other))


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
