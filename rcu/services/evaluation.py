"""How good the clusters in the store are, against a file that says which record is whom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from rcu.errors import InputError
from rcu.matching.evaluate import Evaluation, SourcePair, evaluate, evaluate_by_source
from rcu.store import customers as rows
from rcu.store.engine import Store

_COLUMNS: Final = ("source", "native_id", "person_id")


@dataclass(frozen=True, slots=True)
class TruthReport:
    """The figures, over the records that both the store and the truth know; `unknown` are only in the truth."""

    overall: Evaluation
    by_source: tuple[SourcePair, ...]
    unknown: int


def evaluate_store(store: Store, truth: Path) -> TruthReport:
    """Compare the clusters with a CSV of source, native_id and person_id.

    Raises:
        InputError: when the truth cannot be read, lacks a column, or names no record of the store.
    """
    known = _read_truth(truth)
    with store.read() as connection:
        found = pd.DataFrame(rows.record_clusters(connection), columns=["source", "native_id", "cluster"])
    both = known.merge(found, on=["source", "native_id"], how="inner")
    if both.empty:
        msg = f"{truth.name}: none of its records is in the database"
        raise InputError(msg, hint="import the files it belongs to, and run `rcu run`")
    labelled = both.rename(columns={"person_id": "truth"})
    return TruthReport(
        overall=evaluate(labelled["cluster"], labelled["truth"]),
        by_source=tuple(evaluate_by_source(labelled)),
        unknown=len(known) - len(both),
    )


def _read_truth(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError):
        msg = f"{path.name}: cannot be read as CSV"
        raise InputError(msg) from None
    missing = [name for name in _COLUMNS if name not in frame.columns]
    if missing:
        msg = f"{path.name}: no column {', '.join(missing)}"
        raise InputError(msg, hint=f"a truth file has the columns {', '.join(_COLUMNS)}")
    return frame[list(_COLUMNS)].drop_duplicates(["source", "native_id"])
