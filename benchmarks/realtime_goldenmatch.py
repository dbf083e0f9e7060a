"""New records one by one by GoldenMatch, alone in its process; prints JSON.

`python realtime_goldenmatch.py BEFORE AFTER`. Runs in an environment of its own. Its way for one record against a
store is `resolve_record_incremental` with a block-key index: candidates by index, scored, put into the identity store
(SQLite) as member of an entity or as a new one, and indexed for the next. The store is filled with the true persons,
which is more than it would find. Its other way, `match_one` (also `StreamProcessor` and `goldenmatch incremental`),
scores the record against every row in Python: it is given a few records.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
from goldenmatch import BlockingConfig, BlockingKeyConfig, MatchkeyConfig, MatchkeyField, match_one
from goldenmatch.identity import IdentityStore
from goldenmatch.identity.block_index import backfill_block_index
from goldenmatch.identity.resolve import resolve_clusters, resolve_record_incremental

sys.path.insert(0, str(Path(__file__).parent))
from found import Found
from link_rules import BLOCKING, COLUMNS
from watch import Watch

LONGEST = 60.0
MOST = 2_000
LONGEST_SCAN = 30.0
NAMES = "first_name_key", "last_name_key"


def matchkeys() -> list[MatchkeyConfig]:
    """What is sure by itself, and a weighted sum of all, as its guide has it."""
    exact = [
        MatchkeyConfig(name=rule[0], type="exact", fields=[MatchkeyField(field=name) for name in rule])
        for rule in (("email_key", *NAMES), ("mobile", *NAMES), ("loyalty_number", *NAMES), (*NAMES, "birth_date"))
    ]
    weights = {
        "first_name_key": ("jaro_winkler", 1.0), "last_name_key": ("jaro_winkler", 1.0),
        "birth_date": ("levenshtein", 1.0), "email_key": ("jaro_winkler", 1.0), "mobile": ("exact", 1.0),
        "postcode": ("exact", 0.5), "street_key": ("jaro_winkler", 0.5),
    }  # fmt: skip
    fields = [MatchkeyField(field=name, scorer=scorer, weight=weight) for name, (scorer, weight) in weights.items()]
    return [*exact, MatchkeyConfig(name="all", type="weighted", threshold=0.85, fields=fields)]


def main() -> None:
    logging.disable(logging.CRITICAL)
    before, after = (pd.read_parquet(path) for path in sys.argv[1:3])
    people, after_people = before.pop("person").tolist(), after.pop("person").tolist()
    frame = frame_of(before)
    blocking = BlockingConfig(strategy="multi_pass", passes=[BlockingKeyConfig(fields=list(rule)) for rule in BLOCKING])
    with tempfile.TemporaryDirectory() as folder, Watch() as watch:
        store = IdentityStore(path=str(Path(folder) / "identity.db"))
        began = time.perf_counter()
        fill(store, frame, people, blocking)
        filling = time.perf_counter() - began
        cpu = time.process_time()
        singly, found = one_by_one(store, after, blocking, Found(people, after_people))
        cpu = 1e3 * (time.process_time() - cpu) / len(singly)
        scans = scanned(frame, after)
    told = {
        "filling": filling, "rows": len(before), "peak": watch.over, "cpu": cpu, **found.told(),
        "milliseconds": sorted(one * 1e3 for one in singly), "scans": [one * 1e3 for one in scans],
    }  # fmt: skip
    print(json.dumps(told))


def frame_of(rows: pd.DataFrame) -> pl.DataFrame:
    texts = rows[COLUMNS].astype(object).where(rows[COLUMNS].notna(), None)
    frame = pl.DataFrame({name: texts[name].tolist() for name in COLUMNS}, schema=dict.fromkeys(COLUMNS, pl.Utf8))
    keyed = frame.with_columns(pl.Series("key", [f"R{place}" for place in range(len(rows))]))
    return (
        keyed.with_columns(pl.lit("before").alias("__source__"))
        .with_row_index("__row_id__")
        .cast({"__row_id__": pl.Int64})
    )


def fill(store: IdentityStore, frame: pl.DataFrame, people: list[str], blocking: BlockingConfig) -> None:
    """Put every record into the store as a member of its true person, and index it."""
    members: dict[str, list[int]] = defaultdict(list)
    for place, person in enumerate(people):
        members[person].append(place)
    clusters = {
        number: {"members": rows, "size": len(rows), "pair_scores": {}, "confidence": 1.0}
        for number, rows in enumerate(members.values())
    }
    resolve_clusters(clusters=clusters, df=frame, scored_pairs=[], matchkey_name="all", store=store, run_name="fill",
                     source_pk_col="key")  # fmt: skip
    backfill_block_index(store, frame, blocking, source="before", source_pk_col="key")


def one_by_one(
    store: IdentityStore, after: pd.DataFrame, blocking: BlockingConfig, found: Found
) -> tuple[list[float], Found]:
    keys, seconds = matchkeys(), []
    for place, record in enumerate(records(after, MOST)):
        began = time.perf_counter()
        entity = resolve_record_incremental(
            record, None, keys, store, f"one{place}", source="after", source_pk_col="key", blocking=blocking
        )
        seconds.append(time.perf_counter() - began)
        ids = [one.record_id for one in store.get_records_for_entity(entity)] if entity else []
        found.add(place, [int(name.rpartition("R")[2]) for name in ids if name.startswith("before")])
        if sum(seconds) > LONGEST:
            break
    return seconds, found


def scanned(frame: pl.DataFrame, after: pd.DataFrame) -> list[float]:
    """The seconds `match_one` takes for a record."""
    key, seconds = matchkeys()[-1], []
    for record in records(after, 5):
        began = time.perf_counter()
        match_one(record, frame, key)
        seconds.append(time.perf_counter() - began)
        if sum(seconds) > LONGEST_SCAN:
            break
    return seconds


def records(rows: pd.DataFrame, most: int) -> list[dict[str, Any]]:
    part = rows[COLUMNS].head(most)
    texts = part.astype(object).where(part.notna(), None).assign(key=[f"N{place}" for place in range(len(part))])
    return texts.to_dict("records")


if __name__ == "__main__":
    main()
