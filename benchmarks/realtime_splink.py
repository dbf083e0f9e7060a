"""New records against all others by Splink 5 on DuckDB, alone in its process; prints JSON.

`python realtime_splink.py BEFORE AFTER`. Runs in an environment of its own, as link_splink.py, with the same model. In
Splink 5 `predict_between(existing, new)` is what `find_matches_to_new_records` was: it is given one record a call, and
then a thousand in one. Nothing is stored: a record that came is not there for the next.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
from splink import DuckDBAPI, Linker
from splink.internals.splink_dataframe import SplinkDataFrame

sys.path.insert(0, str(Path(__file__).parent))
from found import Found
from link_rules import COLUMNS
from link_splink import settings, train
from watch import Watch

LONGEST = 60.0
MOST = 200
BATCH = 1_000
THRESHOLD = 0.999
"""The one at which link_splink.py clusters first."""


def main() -> None:
    logging.disable(logging.CRITICAL)
    before, after = (pd.read_parquet(path) for path in sys.argv[1:3])
    people, after_people = before.pop("person").tolist(), after.pop("person").tolist()
    before = before[COLUMNS].assign(unique_id=range(len(before)))
    after = after[COLUMNS].assign(unique_id=range(len(before), len(before) + len(after)))
    with Watch() as watch:
        began = time.perf_counter()
        api = DuckDBAPI()
        there = api.register(before)
        linker = Linker(there, settings())
        train(linker)
        for name in ("first_name_key", "last_name_key"):
            linker.table_management.compute_tf_table(name)
        training = time.perf_counter() - began
        cpu = time.process_time()
        singly, found = one_by_one(linker, api, there, after, Found(people, after_people))
        cpu = 1e3 * (time.process_time() - cpu) / len(singly)
        began = time.perf_counter()
        matches(linker, api, there, after.iloc[MOST : MOST + BATCH])
        batch = time.perf_counter() - began
    told = {
        "training": training, "milliseconds": sorted(one * 1e3 for one in singly), "peak": watch.over, "cpu": cpu,
        "batch": min(BATCH, len(after) - MOST), "batch_milliseconds": batch * 1e3, **found.told(),
    }  # fmt: skip
    print(json.dumps(told))


def one_by_one(
    linker: Linker, api: DuckDBAPI, there: SplinkDataFrame, after: pd.DataFrame, found: Found
) -> tuple[list[float], Found]:
    seconds: list[float] = []
    for place in range(min(MOST, len(after))):
        began = time.perf_counter()
        pairs = matches(linker, api, there, after.iloc[[place]])
        if place:  # the first builds what the others find
            seconds.append(time.perf_counter() - began)
        found.add(place, [one["unique_id_l"] for one in pairs])
        if sum(seconds) > LONGEST:
            break
    return seconds, found


def matches(linker: Linker, api: DuckDBAPI, there: SplinkDataFrame, new: pd.DataFrame) -> list[dict[str, Any]]:
    """The links of new records with those that are there."""
    given = api.register(new)
    made = linker.inference.predict_between(there, given, threshold_match_probability=THRESHOLD)
    pairs: list[dict[str, Any]] = made.as_record_list()
    made.drop_table_from_database_and_remove_from_cache()
    return pairs


if __name__ == "__main__":
    main()
