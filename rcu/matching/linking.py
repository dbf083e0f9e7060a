"""From standardised records to clusters in one call: the whole engine, for notebooks, benchmarks and jobs.

The service takes the same steps one by one (`rcu.services.identity`), with what it has stored between two runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rcu.matching.arrays import Index
from rcu.matching.clustering import Clustering, Constraints, cluster
from rcu.matching.estimation import Training
from rcu.matching.frequency import GenericValues, generic_values, without_generic
from rcu.matching.model import MatchModel, load_model
from rcu.matching.refining import refine
from rcu.matching.scoring import THREADS, Kernel, WeighedPairs, weigh_candidates
from rcu.matching.table import EncodedTable


@dataclass(frozen=True, slots=True)
class Linkage:
    """Who is whom among the rows of a frame.

    Attributes:
        clustering: `clustering.cluster[i]` is the first row of row i's cluster.
        pairs: the pairs that reached the review threshold, as row numbers.
        kernel: the table and the model that weighed them.
        generic: values that are nobody's, by column.
        refinement: what was learnt, when anything was.
    """

    clustering: Clustering
    pairs: WeighedPairs
    kernel: Kernel
    generic: GenericValues
    refinement: Training | None

    @property
    def cluster(self) -> Index:
        """For each row, the first row of its cluster."""
        return self.clustering.cluster


def link(
    frame: pd.DataFrame,
    model: MatchModel | None = None,
    *,
    learn: bool = False,
    seed: int = 0,
    constraints: Constraints | None = None,
    threads: int = THREADS,
) -> Linkage:
    """Find which rows are one person.

    Args:
        frame: standardised records (`rcu.cleaning.standardise`), one a row; other columns are left alone.
        model: how to compare; the French retail model by default.
        learn: renew the model's probabilities from these records first.
        seed: of what learning samples.
        constraints: what people decided, as pairs of row numbers.
        threads: how many blocks of pairs are weighed side by side.
    """
    model = model or load_model()
    whole = EncodedTable.encode(frame, model.columns())
    generic = generic_values(whole, model)
    table = without_generic(whole, generic)
    refinement = refine(model, table, seed=seed) if learn else None
    kernel = Kernel(table, refinement.model if refinement else model)
    pairs = weigh_candidates(kernel, threads=threads)
    found = cluster(kernel, pairs, ContentRank(whole), constraints=constraints)
    return Linkage(found, pairs, kernel, generic, refinement)


@dataclass(frozen=True, slots=True)
class ContentRank:
    """A number for each record made of its values alone: it breaks ties the same way in any order of the rows.

    It is worked out for the rows it is asked for, which are few.
    """

    table: EncodedTable

    def __getitem__(self, rows: Index) -> Index:
        rank = np.zeros(len(rows), dtype=np.uint64)
        for place, name in enumerate(sorted(self.table.columns)):
            column = self.table[name]
            salted = (column.hashes + np.uint64(place + 1)) * np.uint64(0x9E3779B97F4A7C15)
            rank ^= np.r_[salted, np.uint64(0)].take(column.codes.take(rows), mode="wrap")
            rank = (rank << np.uint64(7)) | (rank >> np.uint64(57))
        return rank.view(np.int64)
