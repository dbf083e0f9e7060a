"""What the section "Real time" works on: `python -m benchmarks.realtime_records ROWS NEW FOLDER` writes it.

Rows of the generator, shuffled: the first ROWS are there before (`RECORDS`, a file to import under `CONTRACT`), NEW
more are sent (`REQUESTS`, one JSON object a line). The other engines get both standardised (`BEFORE`, `AFTER`, with
`person`, the truth).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import orjson
import pandas as pd

from benchmarks.customers import raw_customers
from benchmarks.link_rules import COLUMNS
from rcu.cleaning import standardise
from rcu.domain.records import RAW_FIELDS

RECORDS: Final = "records.csv"
CONTRACT: Final = "records.toml"
REQUESTS: Final = "requests.jsonl"
BEFORE: Final = "before.parquet"
AFTER: Final = "after.parquet"
SOURCE: Final = "till"
SENDS: Final = "shop"
"""The source of what is there, and the source of what is sent."""
_SEED: Final = 31_337
_SAID: Final = "2025-06-01T00:00:00Z"


def main() -> None:
    rows, new, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    raw = raw_customers(round((rows + new) * 1.01), seed=_SEED)
    raw = raw.sample(frac=1, random_state=_SEED).reset_index(drop=True)
    fields = [name for name in RAW_FIELDS if name in raw.columns]
    before, after = raw.iloc[:rows], raw.iloc[rows : rows + new].reset_index(drop=True)
    _write_file(before[fields], folder)
    _write_requests(after[fields], folder / REQUESTS)
    for part, name in ((before, BEFORE), (after, AFTER)):
        standard = standardise(part[fields])[COLUMNS]
        standard.assign(person=part["person"].astype(str).to_numpy()).to_parquet(folder / name)


def people(folder: Path) -> tuple[list[str], list[str]]:
    """Whose the records of before are, and those that are sent."""
    before, after = (pd.read_parquet(folder / name, columns=["person"])["person"].tolist() for name in (BEFORE, AFTER))
    return before, after


def _write_file(rows: pd.DataFrame, folder: Path) -> None:
    fields = list(rows.columns)
    named = rows.assign(native_id=[f"R{line}" for line in range(len(rows))], updated_at=_SAID)
    named.to_csv(folder / RECORDS, index=False, encoding="utf-8", lineterminator="\n")
    columns = "\n".join(f'{name} = {{ columns = ["{name}"] }}' for name in [*fields, "updated_at"])
    (folder / CONTRACT).write_text(
        f'name = "records"\nfiles = ["{RECORDS}"]\nentity = "record"\nencoding = "utf-8"\nseparator = ","\n'
        'quote = "\\""\ndecimal = "."\ntime_zone = "UTC"\ndate_formats = ["%Y-%m-%dT%H:%M:%SZ"]\n\n'
        f'[fields]\nnative_id = {{ columns = ["native_id"], required = true }}\n{columns}\n',
        encoding="utf-8",
    )


def _write_requests(rows: pd.DataFrame, path: Path) -> None:
    said = rows.astype(object).where(rows.notna(), None).to_dict("records")
    with path.open("wb") as file:
        for place, fields in enumerate(said):
            key = {"source": SENDS, "native_id": f"N{place}", "updated_at": _SAID}
            file.write(orjson.dumps({**key, **fields}) + b"\n")


if __name__ == "__main__":
    main()
