"""What tells two models apart, and what would become of the customers if one took the other's place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from rcu.matching.arrays import Index
from rcu.matching.compare import Agreement, Change, compare
from rcu.matching.differences import PartMove, WeightMove, part_moves, weight_moves
from rcu.matching.model import MatchModel
from rcu.services.identity import resolve
from rcu.store import identity as rows
from rcu.store.engine import Store

MOST_EXAMPLES: Final = 3
"""Examples given of each kind of change."""
_MOST_RECORDS: Final = 12
"""Groups of more records than this are no example anyone reads."""


@dataclass(frozen=True, slots=True)
class Example:
    """One group of records whose customers differ: record keys by customer, under the present model and the new."""

    change: Change
    before: tuple[tuple[str, ...], ...]
    after: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class CustomerChanges:
    """Customers under two models, from the same records; pairs are (before, after).

    `unchanged`, `merged`, `split` and `rearranged` count the customers of before; together they are all of them.
    `pairs_gained` and `pairs_lost` are pairs of records that are one customer after and not before, and the reverse.
    """

    records: int
    customers: tuple[int, int]
    largest: tuple[int, int]
    unchanged: int
    merged: int
    split: int
    rearranged: int
    pairs_gained: int
    pairs_lost: int
    examples: tuple[Example, ...]

    @property
    def changed(self) -> int:
        """The customers of before that would not be the same."""
        return self.merged + self.split + self.rearranged


@dataclass(frozen=True, slots=True)
class ModelDiff:
    """All that tells `new` from `old`."""

    new: MatchModel
    old: MatchModel
    weights: tuple[WeightMove, ...]
    parts: tuple[PartMove, ...]
    customers: CustomerChanges


def diff(store: Store, new: MatchModel, old: MatchModel) -> ModelDiff:
    """Compare two models and work out the customers of all records with each, on the side; nothing is written.

    Raises:
        ConfigurationError: when one compares columns that records do not have.
    """
    return ModelDiff(new, old, weight_moves(old, new), part_moves(old, new), _customers(store, new, old))


def _customers(store: Store, new: MatchModel, old: MatchModel) -> CustomerChanges:
    keys, before, after = _clusters(store, new, old)
    return changes_told(compare(before, after), keys, before, after=after)


def changes_told(found: Agreement, keys: np.ndarray, before: Index, *, after: Index) -> CustomerChanges:
    """What became of customers, in figures and examples.

    Args:
        found: how the two clusterings of the same records agree.
        keys: of each record, `source:native_id`.
        before: of each record its cluster.
        after: the same in the other clustering.
    """
    counted = {one.change: one.one for one in found.changes}
    return CustomerChanges(
        records=len(keys),
        customers=found.clusters,
        largest=(_largest(before), _largest(after)),
        unchanged=counted[Change.SAME],
        merged=counted[Change.MERGED],
        split=counted[Change.SPLIT],
        rearranged=counted[Change.REARRANGED],
        pairs_gained=found.pairs[1] - found.pairs_both,
        pairs_lost=found.pairs[0] - found.pairs_both,
        examples=_examples(found, keys, before, after=after),
    )


def _clusters(store: Store, new: MatchModel, old: MatchModel) -> tuple[np.ndarray, Index, Index]:
    """Key, cluster before and cluster after of every record; of those only that were there all the time."""
    one = resolve(store, old)
    other = one if new.fingerprint() == old.fingerprint() else resolve(store, new)
    both = np.intersect1d(one.record_ids, other.record_ids)
    records = rows.records_to_match(store, ()).to_pandas().set_index("record_id").reindex(both)
    keys = (records["source"] + ":" + records["native_id"]).to_numpy(dtype=object)
    before, after = (found.cluster_ids[np.searchsorted(found.record_ids, both)] for found in (one, other))
    return keys, before, after


def _largest(clusters: Index) -> int:
    return int(np.unique(clusters, return_counts=True)[1].max(initial=0))


def _examples(found: Agreement, keys: np.ndarray, before: Index, *, after: Index) -> tuple[Example, ...]:
    """The first groups of each kind of change, by the age of their oldest record."""
    groups, first, sizes = np.unique(found.group, return_index=True, return_counts=True)
    readable = groups[np.argsort(first)][sizes[np.argsort(first)] <= _MOST_RECORDS]
    kinds = np.array(found.change, dtype=object)[readable]
    chosen = [readable[kinds == kind][:MOST_EXAMPLES] for kind in (Change.MERGED, Change.SPLIT, Change.REARRANGED)]
    return tuple(
        _example(found.change[group], np.flatnonzero(found.group == group), keys, before=before, after=after)
        for group in np.concatenate(chosen).tolist()
    )


def _example(change: Change, members: Index, keys: np.ndarray, *, before: Index, after: Index) -> Example:
    def told(clusters: Index) -> tuple[tuple[str, ...], ...]:
        grouped = pd.Series(keys[members]).groupby(clusters[members], sort=True)
        return tuple(tuple(map(str, group)) for _, group in grouped)

    return Example(change, told(before), told(after))
