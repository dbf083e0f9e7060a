"""What a customer permits, given everything ever said about one contact point, channel and purpose.

On a merge the most restrictive word wins: a refusal stands unless a grant for the same contact point is dated after
it (DESIGN 5.8). Two words of the same instant, or a word without a date, count for the refusal.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

POINT: Final = ["cluster_id", "contact_kind", "contact_key", "channel", "purpose"]
"""What a consent is about, and for whom."""


def effective_consents(entries: pd.DataFrame) -> pd.DataFrame:
    """Reduce ledger entries to the one in force for each customer, contact point, channel and purpose.

    Args:
        entries: POINT columns, state (granted, denied), occurred_at (may be NaT) and whatever else describes an entry;
            `contact_key` may be None.

    Returns:
        One row for each POINT, the entry in force, sorted by POINT.
    """
    if entries.empty:
        return entries
    known = entries.assign(contact_key=entries["contact_key"].fillna(""))
    instant = known["occurred_at"]
    when = np.where(instant.isna(), np.iinfo(np.int64).min, instant.to_numpy(dtype="datetime64[us]").astype(np.int64))
    denied = (known["state"] == "denied").to_numpy()
    # An undated refusal cannot be known to be older than any grant.
    undated_refusal = denied & instant.isna().to_numpy()
    when = np.where(undated_refusal, np.iinfo(np.int64).max, when)
    known = known.assign(_when=when, _denied=denied)
    ordered = known.sort_values([*POINT, "_when", "_denied", "source", "native_id"], kind="stable")
    in_force = ordered.drop_duplicates(POINT, keep="last").drop(columns=["_when", "_denied"])
    return in_force.assign(contact_key=in_force["contact_key"].replace("", None))
