"""All records of the store as the kernel sees them, with their clusters: what measuring the matching starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rcu.matching.arrays import Index
from rcu.matching.frequency import generic_values, without_generic
from rcu.matching.model import MatchModel
from rcu.matching.scoring import Kernel
from rcu.services.identity import key_ranks, load
from rcu.services.labellings import KEY
from rcu.store import identity as rows
from rcu.store.engine import Store


@dataclass(frozen=True, slots=True)
class Compared:
    """Every record of the store, oldest first: its key, what is compared, and its cluster (-1 before the first run)."""

    records: pd.DataFrame
    kernel: Kernel
    clusters: Index

    @property
    def rank(self) -> Index:
        """A number for each record that only its key decides."""
        return key_ranks(self.records)

    def codes(self, labels: pd.DataFrame, label: str) -> Index:
        """The number of each record's label in a frame of source, native_id and label; -1 where it has none."""
        found = self.records[list(KEY)].merge(labels, on=list(KEY), how="left")[label]
        return pd.factorize(found, use_na_sentinel=True)[0].astype(np.int64)

    def name(self, row: int) -> str:
        """The key of a record, as `source:native_id`."""
        return ":".join(str(part) for part in self.records[list(KEY)].iloc[row])

    def values(self, row: int) -> Sequence[str]:
        """The values of a record, one text a comparison of the model. Personal data."""
        table, model = self.kernel.table, self.kernel.model
        return [
            " ".join(value for name in comparison.shows if (value := table[name].value(row)))
            for comparison in model.comparisons
        ]


def compared(store: Store, model: MatchModel) -> Compared:
    """Load everything the model compares, with what is nobody's left out as in a run.

    Raises:
        ConfigurationError: when the model compares columns that records do not have.
    """
    records, whole = load(store, model)
    kernel = Kernel(without_generic(whole, generic_values(whole, model)), model)
    memberships = rows.stored_memberships(store).to_pandas().set_index("record_id")["cluster_id"]
    clusters = memberships.reindex(records["record_id"].to_numpy()).fillna(-1).to_numpy(dtype=np.int64)
    return Compared(records, kernel, clusters)
