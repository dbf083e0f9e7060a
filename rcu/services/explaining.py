"""Why two stored records are, or are not, one person."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rcu.domain.records import RecordKey
from rcu.errors import NotFound
from rcu.matching.explain import Explanation, explain_pair
from rcu.matching.frequency import without_generic
from rcu.matching.model import MatchModel
from rcu.matching.scoring import Kernel
from rcu.matching.table import EncodedTable
from rcu.store import identity as rows
from rcu.store.engine import Store


def explain(store: Store, model: MatchModel, left: RecordKey, right: RecordKey) -> tuple[Explanation, bool]:
    """Explain a pair with the kernel that weighs it in a run; also whether both are one customer at present.

    Raises:
        NotFound: when a record was never delivered.
    """
    found = rows.records_by_key(store, [left, right], model.columns()).to_pandas()
    places = [_place(found, key) for key in (left, right)]
    table = EncodedTable.encode(found, model.columns())
    kernel = Kernel(without_generic(table, rows.verdicts(store).generic), model)
    clusters = found["cluster_id"].to_numpy()[places]
    return explain_pair(kernel, *places), bool(clusters[0] == clusters[1])


def _place(found: pd.DataFrame, key: RecordKey) -> int:
    hits = np.flatnonzero((found["source"] == key.source) & (found["native_id"] == key.native_id))
    if not len(hits):
        raise NotFound("record", str(key))
    return int(hits[0])
