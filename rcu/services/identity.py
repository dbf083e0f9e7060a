"""Who is whom, of all records: worked out from nothing. Around a few that changed, see `rematching`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from rcu.domain.decisions import Pair, links_in_force
from rcu.domain.records import STANDARD_COLUMNS
from rcu.errors import ConfigurationError
from rcu.matching.arrays import Bools, Index
from rcu.matching.blocking import LeftOut, blocks_left_out
from rcu.matching.clustering import ClusterQuality, Constraints, cluster
from rcu.matching.frequency import GenericValues, days, generic_values, without_generic
from rcu.matching.model import MatchModel
from rcu.matching.nearby import block_rows
from rcu.matching.scoring import Kernel, WeighedPairs, weigh_candidates
from rcu.matching.table import EncodedTable
from rcu.store import decisions as decision_rows
from rcu.store import identity as rows
from rcu.store.engine import Store

_NO_EVIDENCE_SIGN: Final = ord("-")
_WEIGHT_DIGITS: Final = 6
"""Decimals kept of the weakest weight: its last bits hang on links elsewhere, and would rewrite rows for nothing."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The clusters of all records, and what real time goes on from.

    Attributes:
        record_ids: every record, oldest first; everything below is by position in it.
        cluster_ids: the record_id of the oldest record of each record's cluster.
        to_project: records marked as having an outdated profile.
        links: left_id, right_id, weight, pattern.
        generic: values that are nobody's, by column.
        blocks: key, record_id: the blocks of each record.
        counts: name, value, records: how many records have each whole date.
        decided: left_id, right_id, together: the links of the decisions in force.
        refused: how many links were not followed because they would have broken a constraint.
        quality: of the clusters of two or more records, by cluster: cluster_id, records, weakest_weight,
            contradictions, refused.
        left_out: blocks too large to be compared, by rule; empty as a rule.
    """

    record_ids: Index
    cluster_ids: Index
    to_project: Bools
    links: pa.Table
    generic: GenericValues
    blocks: pa.Table
    counts: pa.Table
    decided: pa.Table
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
    """All records with their keys, and what the model compares, encoded; oldest first.

    Raises:
        ConfigurationError: when the model compares columns that records do not have.
    """
    require_known_columns(model)
    arrow = rows.records_to_match(store, model.columns())
    own = arrow.select(["record_id", "source", "native_id"]).to_pandas()
    compared = arrow.select(list(model.columns())).to_pandas()
    return own, EncodedTable.encode(compared, model.columns())


def resolve(store: Store, model: MatchModel) -> Identity:
    """Work out the clusters of all records from nothing but records, decisions and model."""
    records, whole = load(store, model)
    generic = generic_values(whole, model)
    table = without_generic(whole, generic)
    kernel = Kernel(table, model)
    found = weigh_candidates(kernel)
    record_ids = records["record_id"].to_numpy(dtype=np.int64)
    decided = decided_links(store)
    clusters = cluster(kernel, found, key_ranks(records), constraints=constraints_of(decided, record_ids))
    return Identity(
        record_ids=record_ids,
        cluster_ids=record_ids[clusters.cluster],
        to_project=np.isin(record_ids, rows.marked(store)["record_id"].to_numpy()),
        links=_link_table(found, record_ids),
        generic=generic,
        blocks=_block_table(table, model, record_ids),
        counts=_count_table(whole, model),
        decided=_decided_table(decided),
        refused=len(clusters.refused),
        quality=quality_table(clusters.quality, record_ids),
        left_out=blocks_left_out(table, model.blocking),
    )


def _block_table(table: EncodedTable, model: MatchModel, record_ids: Index) -> pa.Table:
    keys, rows_ = block_rows(table, model.blocking)
    return pa.table({"key": pa.array(keys), "record_id": pa.array(record_ids[rows_])})


def _count_table(table: EncodedTable, model: MatchModel) -> pa.Table:
    found = [
        (day_name(column, day), day, count) for column in model.dates for day, count in days(table, column).items()
    ]
    names, values, counts = zip(*found, strict=True) if found else ((), (), ())
    return pa.table(
        {
            "name": pa.array(names, pa.string()),
            "value": pa.array(values, pa.string()),
            "records": pa.array(counts, pa.int64()),
        }
    )


def day_name(column: str, day: str) -> str:
    """The name under which the days of a year are counted."""
    return f"{column}:{day[:4]}"


def _decided_table(decided: Mapping[Pair, bool]) -> pa.Table:
    links = sorted(decided)
    return pa.table(
        {
            "left_id": pa.array([left for left, _ in links], pa.int64()),
            "right_id": pa.array([right for _, right in links], pa.int64()),
            "together": pa.array([decided[link] for link in links], pa.bool_()),
        }
    )


def quality_table(found: ClusterQuality, record_ids: Index) -> pa.Table:
    """Rows of the table of qualities."""
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


def decided_links(store: Store) -> Mapping[Pair, bool]:
    """What people decided and did not take back: pairs of record ids, True for together."""
    with store.read() as connection:
        return links_in_force(decision_rows.every_decision(connection))


def constraints_of(decided: Mapping[Pair, bool], record_ids: Index) -> Constraints:
    """What people decided, as pairs of positions in `record_ids` (rising)."""

    def places(together: bool) -> Index:
        links = sorted(link for link, one in decided.items() if one is together)
        return np.searchsorted(record_ids, np.array(links, dtype=np.int64).reshape(-1, 2))

    return Constraints(must=places(True), cannot=places(False))


def key_ranks(records: pd.DataFrame) -> Index:
    """A number for each record (source, native_id) that only its key decides, to break ties in clustering."""
    keys = (records["source"] + ":" + records["native_id"]).to_numpy(dtype=object)
    return pd.util.hash_array(keys, categorize=False).view(np.int64)


def stored_pairs(store: Store, record_ids: Index, model: MatchModel) -> WeighedPairs:
    """The stored links, as pairs of positions."""
    stored = rows.stored_links(store)
    return WeighedPairs(
        left=np.searchsorted(record_ids, stored["left_id"].to_numpy()),
        right=np.searchsorted(record_ids, stored["right_id"].to_numpy()),
        weight=stored["weight"].to_numpy(),
        levels=levels_of(stored["pattern"].to_numpy(zero_copy_only=False), len(model.comparisons)),
        rule=np.zeros(stored.num_rows, dtype=np.int64),
    )


def _link_table(pairs: WeighedPairs, record_ids: Index) -> pa.Table:
    return pa.table(
        {
            "left_id": pa.array(record_ids[pairs.left]),
            "right_id": pa.array(record_ids[pairs.right]),
            "weight": pa.array(pairs.weight),
            "pattern": pa.array(patterns_of(pairs.levels), pa.string()),
        }
    )


def patterns_of(levels: np.ndarray) -> np.ndarray:
    """Levels as text, a character a comparison: a digit or letter for the level, `-` where there was no evidence."""
    if not len(levels):
        return np.empty(0, dtype=object)
    signs = np.where(levels < 0, _NO_EVIDENCE_SIGN, levels + ord("a")).astype(np.uint8)
    return np.ascontiguousarray(signs).view(f"S{levels.shape[1]}").ravel().astype(str).astype(object)


def levels_of_pattern(pattern: str) -> list[int]:
    """The levels of one link, -1 where there was no evidence."""
    return [-1 if sign == chr(_NO_EVIDENCE_SIGN) else ord(sign) - ord("a") for sign in pattern]


def levels_of(patterns: np.ndarray, comparisons: int) -> np.ndarray:
    """The inverse of `patterns_of`."""
    if not len(patterns):
        return np.empty((0, comparisons), dtype=np.int8)
    signs = np.ascontiguousarray(patterns.astype(f"S{comparisons}")).view(np.uint8).reshape(-1, comparisons)
    return np.where(signs == _NO_EVIDENCE_SIGN, -1, signs.astype(np.int16) - ord("a")).astype(np.int8)
