"""Who is whom: the clusters of all records, working out again only what a change can have touched.

The answer is that of a rebuild from nothing: links between records that did not change are taken from the store,
links of touched records are found and weighed anew, and the clusters are a function of all links.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from rcu.domain.decisions import Decision, Pair, in_force
from rcu.domain.records import STANDARD_COLUMNS
from rcu.errors import ConfigurationError
from rcu.matching.arrays import Bools, Index
from rcu.matching.blocking import LeftOut, in_blocks, oversize_blocks
from rcu.matching.clustering import Clustering, ClusterQuality, Constraints, cluster
from rcu.matching.frequency import carriers, changed_verdicts, generic_values, without_generic
from rcu.matching.model import MatchModel
from rcu.matching.scoring import Kernel, WeighedPairs, weigh_candidates
from rcu.matching.table import EncodedTable
from rcu.store import decisions as decision_rows
from rcu.store import identity as rows
from rcu.store.engine import Store
from rcu.store.identity import Verdicts

_NO_EVIDENCE_SIGN: Final = ord("-")
_WEIGHT_DIGITS: Final = 6
"""Decimals kept of the weakest weight: its last bits hang on links elsewhere, and would rewrite rows for nothing."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The clusters of all records.

    Attributes:
        record_ids: every record, oldest first; everything below is by position in it.
        cluster_ids: the record_id of the oldest record of each record's cluster.
        touched: records whose links were worked out again.
        to_project: records marked as having an outdated profile.
        links: the links found for touched records: left_id, right_id, weight, pattern.
        verdicts: what depends on how often values occur: identifiers that are nobody's, blocks that are split.
        refused: how many links were not followed because they would have broken a constraint.
        quality: of the clusters of two or more records, by cluster: cluster_id, records, weakest_weight,
            contradictions, refused.
        left_out: blocks too large to be compared, by rule; empty as a rule.
    """

    record_ids: Index
    cluster_ids: Index
    touched: Bools
    to_project: Bools
    links: pa.Table
    verdicts: Verdicts
    refused: int
    quality: pa.Table
    left_out: tuple[LeftOut, ...]


def require_known_columns(model: MatchModel) -> None:
    """Check that records have every column a model compares.

    Raises:
        ConfigurationError: when they do not; names the columns.
    """
    unknown = set(model.columns()) - set(STANDARD_COLUMNS)
    if unknown:
        msg = f"model {model.name} compares columns that records do not have: {', '.join(sorted(unknown))}"
        raise ConfigurationError(msg, hint="see the standard columns in rcu.domain.records")


def load(store: Store, model: MatchModel) -> tuple[pd.DataFrame, EncodedTable]:
    """All records with their keys and flags, and what the model compares, encoded; oldest first.

    Raises:
        ConfigurationError: when the model compares columns that records do not have.
    """
    require_known_columns(model)
    arrow = rows.records_to_match(store, model.columns())
    own = arrow.select(["record_id", "source", "native_id", "to_match", "to_project"]).to_pandas()
    compared = arrow.select(list(model.columns())).to_pandas()
    return own, EncodedTable.encode(compared, model.columns())


def resolve(
    store: Store, model: MatchModel, *, everything: bool = False, decisions: Sequence[Decision] | None = None
) -> Identity:
    """Work out the clusters of all records.

    Args:
        store: where the records and the links of the last run are.
        model: the matching model.
        everything: do not trust any stored link (another model, or to verify).
        decisions: what people decided, instead of what they did decide.
    """
    records, whole = load(store, model)
    generic = generic_values(whole, model)
    table = without_generic(whole, generic)
    blocks = oversize_blocks(table, model.blocking)
    touched = np.ones(len(records), dtype=bool)
    if not everything:
        before = rows.verdicts(store)
        touched = records["to_match"].to_numpy(dtype=bool, copy=True)
        touched |= carriers(whole, changed_verdicts(before.generic, generic))
        touched |= in_blocks(table, model.blocking, changed_verdicts(before.oversize, blocks.keys))
    kernel = Kernel(table, model)
    found = weigh_candidates(kernel, touched=None if touched.all() else touched)
    record_ids = records["record_id"].to_numpy(dtype=np.int64)
    kept = stored_pairs(store, record_ids, touched, model)
    clusters = _clusters(kernel, [kept, found], records, constraints_of(store, record_ids, decisions))
    return Identity(
        record_ids=record_ids,
        cluster_ids=record_ids[clusters.cluster],
        touched=touched,
        to_project=records["to_project"].to_numpy(dtype=bool),
        links=_link_table(found, record_ids),
        verdicts=Verdicts(generic, blocks.keys),
        refused=len(clusters.refused),
        quality=_quality_table(clusters.quality, record_ids),
        left_out=blocks.left_out,
    )


def _quality_table(found: ClusterQuality, record_ids: Index) -> pa.Table:
    return pa.table(
        {
            "cluster_id": pa.array(record_ids[found.cluster], pa.int64()),
            "records": pa.array(found.records, pa.int64()),
            "weakest_weight": pa.array(np.round(found.weakest, _WEIGHT_DIGITS), pa.float64()),
            "contradictions": pa.array(found.contradictions, pa.int64()),
            "refused": pa.array(found.refused, pa.int64()),
        }
    )


def changed_quality(store: Store, identity: Identity) -> Index:
    """The clusters whose quality is not what is stored, those that are no more included."""
    both = pd.concat([rows.stored_quality(store).to_pandas(), identity.quality.to_pandas()])
    return np.unique(both.loc[~both.duplicated(keep=False), "cluster_id"].to_numpy(dtype=np.int64))


def _clusters(kernel: Kernel, pairs: list[WeighedPairs], records: pd.DataFrame, constraints: Constraints) -> Clustering:
    both = WeighedPairs.concatenate(pairs, len(kernel.model.comparisons))
    return cluster(kernel, both, key_ranks(records), constraints=constraints)


def constraints_of(store: Store, record_ids: Index, decisions: Sequence[Decision] | None = None) -> Constraints:
    """What people decided and did not take back, as pairs of positions in `record_ids` (rising)."""
    if decisions is None:
        with store.read() as connection:
            decisions = in_force(decision_rows.every_decision(connection))

    def places(links: list[Pair]) -> Index:
        distinct = np.array(sorted(set(links)), dtype=np.int64).reshape(-1, 2)
        return np.searchsorted(record_ids, distinct)

    return Constraints(
        must=places([link for decision in decisions for link in decision.together]),
        cannot=places([link for decision in decisions for link in decision.apart]),
    )


def key_ranks(records: pd.DataFrame) -> Index:
    """A number for each record (source, native_id) that only its key decides, to break ties in clustering."""
    keys = (records["source"] + ":" + records["native_id"]).to_numpy(dtype=object)
    return pd.util.hash_array(keys, categorize=False).view(np.int64)


def stored_pairs(store: Store, record_ids: Index, touched: Bools, model: MatchModel) -> WeighedPairs:
    """The stored links between records that were not touched, as pairs of positions."""
    if touched.all():
        return WeighedPairs.concatenate([], len(model.comparisons))
    stored = rows.stored_links(store)
    left = np.searchsorted(record_ids, stored["left_id"].to_numpy())
    right = np.searchsorted(record_ids, stored["right_id"].to_numpy())
    keep = ~(touched[left] | touched[right])
    patterns = stored["pattern"].to_numpy(zero_copy_only=False)[keep]
    return WeighedPairs(
        left=left[keep],
        right=right[keep],
        weight=stored["weight"].to_numpy()[keep],
        levels=_levels(patterns, len(model.comparisons)),
        rule=np.zeros(int(keep.sum()), dtype=np.int64),
    )


def _link_table(pairs: WeighedPairs, record_ids: Index) -> pa.Table:
    return pa.table(
        {
            "left_id": pa.array(record_ids[pairs.left]),
            "right_id": pa.array(record_ids[pairs.right]),
            "weight": pa.array(pairs.weight),
            "pattern": pa.array(_patterns(pairs.levels), pa.string()),
        }
    )


def _patterns(levels: np.ndarray) -> np.ndarray:
    """Levels as text, a character a comparison: a digit or letter for the level, `-` where there was no evidence."""
    if not len(levels):
        return np.empty(0, dtype=object)
    signs = np.where(levels < 0, _NO_EVIDENCE_SIGN, levels + ord("a")).astype(np.uint8)
    return np.ascontiguousarray(signs).view(f"S{levels.shape[1]}").ravel().astype(str).astype(object)


def _levels(patterns: np.ndarray, comparisons: int) -> np.ndarray:
    """The inverse of `_patterns`."""
    if not len(patterns):
        return np.empty((0, comparisons), dtype=np.int8)
    signs = np.ascontiguousarray(patterns.astype(f"S{comparisons}")).view(np.uint8).reshape(-1, comparisons)
    return np.where(signs == _NO_EVIDENCE_SIGN, -1, signs.astype(np.int16) - ord("a")).astype(np.int8)
