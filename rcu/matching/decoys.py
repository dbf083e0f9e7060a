"""Tables of people who do not exist: what agreement by chance looks like in this very file.

Each record keeps its family's values (name, address, phone) and takes the values that are a person's own (first name,
birth, sex) from another record. Columns that depend on each other inside one of the two groups still do, households
are still households, names are as frequent as they were; only persons are gone. What reaches a weight among decoys
reaches it by chance among the records too (the target-decoy method of Elias and Gygi, 2007, and the permutation tests
behind it).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from rcu.matching.arrays import Index
from rcu.matching.table import Column, EncodedTable

MOST_SHUFFLES: Final = 20
"""How often a small table is shuffled; a large one shows enough in one."""


Ways: TypeAlias = Sequence[Collection[str]]
"""Columns of what is a person's own; several times, where a column may be either (a mailbox after both names)."""


def times_of(ways: Ways, most: int) -> int:
    """How many shuffles to make where `most` are wanted: each way equally often, and once at least."""
    return len(ways) * max(1, min(MOST_SHUFFLES, most) // max(len(ways), 1))


@dataclass(frozen=True, slots=True)
class Decoys:
    """A shuffled table, and for each of its rows the record that its own values come from."""

    table: EncodedTable
    donor: Index


def decoys(table: EncodedTable, ways: Ways, *, seed: int, count: int, source: Index | None = None) -> Iterator[Decoys]:
    """Shuffle a person's own columns against the others, `count` times; within each source, if given.

    The ways to tell them apart take turns.
    """
    rng = np.random.default_rng(seed)
    for turn in range(count):
        own = ways[turn % len(ways)]
        order = _order(table.size, rng, source)
        moved = {
            name: Column(column.codes[order], column.values) if name in own else column
            for name, column in table.columns.items()
        }
        yield Decoys(EncodedTable(table.size, moved), order)


def _order(size: int, rng: np.random.Generator, source: Index | None) -> Index:
    if source is None:
        return rng.permutation(size)
    order = np.arange(size)
    for one in np.unique(source):
        rows = np.flatnonzero(source == one)
        order[rows] = rng.permutation(rows)
    return order
