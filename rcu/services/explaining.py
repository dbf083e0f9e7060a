"""Why records are, or are not, one person: a pair, a customer as it was built, a record that stands alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import pandas as pd

from rcu.cleaning.notes import MEANINGS, Note
from rcu.domain.records import STANDARD_COLUMNS, Quality, RecordKey
from rcu.errors import NotFound
from rcu.matching.arrays import Index
from rcu.matching.explain import Explanation, explain_pair
from rcu.matching.frequency import GenericValues, without_generic
from rcu.matching.history import NEAREST, Event, candidates_of, heaviest, history
from rcu.matching.model import MatchModel
from rcu.matching.scoring import Kernel
from rcu.matching.table import EncodedTable
from rcu.matching.unions import Outcome
from rcu.matching.wording import in_words
from rcu.services.identity import constraints_of, decided_links, key_ranks, load, stored_pairs
from rcu.store import customers as profiles
from rcu.store import identity as rows
from rcu.store.engine import Store

NOTES: Final = tuple(name for name in STANDARD_COLUMNS if name.endswith(("_notes", "_quality")))
Keys: TypeAlias = Sequence[str]
"""The key of each record, as source:native_id, by row."""


@dataclass(frozen=True, slots=True)
class PairTold:
    """Two records, how they compare, in words, and whether they are one customer at present.

    `left_out` says which delivered values were not used, and why: placeholders, and values too many people carry.
    """

    left: str
    right: str
    explanation: Explanation
    words: tuple[str, ...]
    left_out: tuple[str, ...]
    one_customer: bool


@dataclass(frozen=True, slots=True)
class StepTold:
    """One link followed while a customer was built; records by key.

    `weight` is None for a steward's must-link; `because` (the two records that may not be together) and `reason` are
    there when it was refused.
    """

    left: str
    right: str
    weight: float | None
    outcome: Outcome
    records_after: int
    because: tuple[str, str] | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class RecordTold:
    """A record and its customer.

    Attributes:
        record: the record asked about, as source:native_id.
        members: the records of its customer, oldest first.
        steps: how the customer was built, in order, and what it refused.
        nearest: the records it is nearest to among those that are not its customer's, the nearest first.
    """

    record: str
    members: tuple[str, ...]
    steps: tuple[StepTold, ...]
    nearest: tuple[PairTold, ...]


def explain(store: Store, model: MatchModel, left: RecordKey, right: RecordKey) -> PairTold:
    """Explain a pair with the kernel that weighs it in a run.

    Raises:
        NotFound: when a record was never delivered.
    """
    found = rows.records_by_key(store, [left, right], (*model.columns(), *NOTES)).to_pandas()
    one, other = (_place(found, key) for key in (left, right))
    generic = rows.generic(store)
    table = EncodedTable.encode(found, model.columns())
    explanation = explain_pair(Kernel(without_generic(table, generic), model), one, other)
    left_out = [
        f"{key}: {said}" for key, row in ((left, one), (right, other)) for said in left_out_of(found.iloc[row], generic)
    ]
    clusters = found["cluster_id"].to_numpy()
    together = bool(clusters[one] == clusters[other])
    return PairTold(str(left), str(right), explanation, in_words(explanation), tuple(left_out), together)


def left_out_of(record: pd.Series, generic: GenericValues) -> list[str]:
    """What of a stored record is no evidence, and why: what cleaning refused, and values that are nobody's."""
    said: list[str] = []
    for field in (name.removesuffix("_notes") for name in NOTES if name.endswith("_notes")):
        if record[f"{field}_quality"] == Quality.JUNK:
            meanings = [MEANINGS[Note(code)] for code in str(record[f"{field}_notes"] or "").split()]
            said.append(f"{field.replace('_', ' ')} left out, {' and '.join(meanings) or 'not a real value'}")
    for column, values in generic.items():
        if record[column] in values:
            said.append(f"{column.removesuffix('_key').replace('_', ' ')} left out, too many people carry it")
    return said


def explain_customer(store: Store, model: MatchModel, customer_id: str, *, most: int = NEAREST) -> RecordTold:
    """Explain how a customer was built, from its oldest record.

    Raises:
        NotFound: when no customer has this id.
    """
    with store.read() as connection:
        found = profiles.record_born_as(connection, customer_id)
    if found is None:
        raise NotFound("customer", customer_id)
    return explain_record(store, model, found, most=most)


def explain_record(store: Store, model: MatchModel, key: RecordKey, *, most: int = NEAREST) -> RecordTold:
    """Explain how the customer of a record was built, and which others it came near to.

    Raises:
        NotFound: when the record was never delivered, or no run has seen it yet.
    """
    records, whole = load(store, model)
    row = _place(records, key)
    record_ids = records["record_id"].to_numpy(dtype=np.int64)
    cluster = _stored_clusters(store, record_ids)
    if cluster[row] < 0:
        raise NotFound("run that has seen record", str(key))
    kernel = Kernel(without_generic(whole, rows.generic(store)), model)
    pairs = stored_pairs(store, record_ids, model)
    names: Keys = (records["source"] + ":" + records["native_id"]).tolist()
    events = history(
        kernel, pairs, key_ranks(records), row, constraints=constraints_of(decided_links(store), record_ids)
    )
    return RecordTold(
        record=str(key),
        members=tuple(names[at] for at in np.flatnonzero(cluster == cluster[row]).tolist()),
        steps=tuple(_step(names, event) for event in events),
        nearest=tuple(_near(kernel, names, *pair) for pair in _misses(kernel, cluster, row, most)),
    )


def _place(found: pd.DataFrame, key: RecordKey) -> int:
    hits = np.flatnonzero((found["source"] == key.source) & (found["native_id"] == key.native_id))
    if not len(hits):
        raise NotFound("record", str(key))
    return int(hits[0])


def _stored_clusters(store: Store, record_ids: Index) -> Index:
    """The cluster of each record as of the last run; -1 for one that no run has seen."""
    stored = rows.stored_memberships(store)
    known, clusters = (stored[name].to_numpy() for name in ("record_id", "cluster_id"))
    found = np.full(len(record_ids), -1, dtype=np.int64)
    found[np.searchsorted(record_ids, known)] = clusters
    return found


def _misses(kernel: Kernel, cluster: Index, row: int, most: int) -> list[tuple[int, int]]:
    """The heaviest pairs of a record with records of other customers, the record itself first."""
    near = candidates_of(kernel, row)
    near = heaviest(near.only(cluster[near.left] != cluster[near.right]), most)
    pairs = zip(near.left.tolist(), near.right.tolist(), strict=True)
    return [(row, right if left == row else left) for left, right in pairs]


def _near(kernel: Kernel, names: Keys, one: int, other: int) -> PairTold:
    explanation = explain_pair(kernel, one, other)
    return PairTold(names[one], names[other], explanation, in_words(explanation), (), one_customer=False)


def _step(names: Keys, event: Event) -> StepTold:
    because = (names[event.because[0]], names[event.because[1]]) if event.because else None
    weight = event.weight if np.isfinite(event.weight) else None
    return StepTold(names[event.left], names[event.right], weight, event.outcome, event.size, because, event.reason)
