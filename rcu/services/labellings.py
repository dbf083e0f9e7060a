"""Files that label records: a truth (person_id) or another clustering (cluster), one row a record."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from rcu.errors import InputError

KEY: Final = ("source", "native_id")
PERSON: Final = "person_id"
CLUSTER: Final = "cluster"


def read_labels(path: Path, label: str) -> pd.DataFrame:
    """Read a CSV of source, native_id and a label; each record once.

    Raises:
        InputError: when it cannot be read, lacks a column, leaves one empty, or labels a record twice differently.
    """
    columns = [*KEY, label]
    frame = read_csv(path, columns)[columns]
    empty = frame.map(lambda text: not text.strip()).to_numpy()
    if empty.any():
        row, column = divmod(int(empty.ravel().argmax()), len(columns))
        msg = f"{path.name}: row {row + 1} has no {columns[column]}"
        raise InputError(msg, hint=f"leave out the rows of records whose {label} is not known")
    frame = frame.drop_duplicates()
    again = frame.duplicated(list(KEY)).to_numpy()
    if again.any():
        row = int(frame.index.to_numpy()[again.argmax()])
        msg = f"{path.name}: row {row + 1} gives a record another {label} than a row before it"
        raise InputError(msg, hint=f"a record has one {label}")
    return frame.reset_index(drop=True)


def read_csv(path: Path, columns: list[str]) -> pd.DataFrame:
    """Read a CSV (UTF-8, commas) that must have some columns; everything is text, empty where there is nothing.

    Raises:
        InputError: when it cannot be read or lacks one of the columns.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError):
        msg = f"{path.name}: cannot be read as CSV"
        raise InputError(msg, hint=f"it is a CSV with the columns {', '.join(columns)}") from None
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        msg = f"{path.name}: no column {', '.join(missing)}"
        raise InputError(msg, hint=f"it is a CSV with the columns {', '.join(columns)}")
    return frame
