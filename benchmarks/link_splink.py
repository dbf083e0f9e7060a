"""One linkage by Splink 5 on DuckDB, alone in its process: `python link_splink.py TABLE`; prints JSON.

Runs in an environment of its own (`requirements-bench.lock`) and imports nothing of RCU. The model is a sensible one
for this table: the comparisons its guide recommends, term frequencies on names, an address read by parts, u from a
sample, the rest by expectation-maximisation. Its time is training, prediction and one clustering; the best threshold
is then looked for with the truth in hand, which is not timed.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import splink.comparison_level_library as levels
import splink.comparison_library as comparisons
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

sys.path.insert(0, str(Path(__file__).parent))
from link_rules import BLOCKING, COLUMNS
from watch import Watch

THRESHOLDS = (0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999)


def settings() -> SettingsCreator:
    address = comparisons.CustomComparison(
        output_column_name="address",
        comparison_levels=[
            levels.NullLevel("postcode"),
            levels.And(
                levels.ExactMatchLevel("postcode"), levels.ExactMatchLevel("street_key"),
                levels.ExactMatchLevel("street_number"),
            ),
            levels.And(levels.ExactMatchLevel("postcode"), levels.JaroWinklerLevel("street_key", 0.9)),
            levels.ExactMatchLevel("postcode"),
            levels.ExactMatchLevel("city_key"),
            levels.ElseLevel(),
        ],
    )  # fmt: skip
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="unique_id",
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in BLOCKING],
        comparisons=[
            comparisons.NameComparison("first_name_key").configure(term_frequency_adjustments=True),
            comparisons.NameComparison("last_name_key").configure(term_frequency_adjustments=True),
            comparisons.LevenshteinAtThresholds("birth_date", [1, 2]),
            comparisons.LevenshteinAtThresholds("email_key", [2]),
            comparisons.LevenshteinAtThresholds("mobile", [1]),
            comparisons.ExactMatch("landline"),
            comparisons.ExactMatch("loyalty_number"),
            address,
        ],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )


def train(linker: Linker) -> None:
    sure = [block_on("email_key"), block_on("mobile"), block_on("first_name_key", "last_name_key", "birth_date")]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("first_name_key", "last_name_key"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("mobile"))


def main() -> None:
    logging.disable(logging.CRITICAL)
    frame = pd.read_parquet(sys.argv[1])
    person = pd.factorize(frame.pop("person"))[0].astype(np.int64)
    frame = frame[COLUMNS].assign(unique_id=np.arange(len(frame)))
    with Watch() as watch:
        began = time.perf_counter()
        linker = Linker(DuckDBAPI().register(frame), settings())
        train(linker)
        trained = time.perf_counter()
        predicted = linker.inference.predict(threshold_match_probability=0.2)
        first = labels(linker, predicted, THRESHOLDS[3])
        seconds = time.perf_counter() - began
    tried = {at: figures(first if at == THRESHOLDS[3] else labels(linker, predicted, at), person) for at in THRESHOLDS}
    best = max(tried, key=lambda at: tried[at]["pairwise"][2])
    left, right = kept_pairs(predicted)
    true = int(sum(n * (n - 1) // 2 for n in np.bincount(person).tolist()))
    told = {
        "seconds": seconds, "training": trained - began, "peak": watch.over, "rows": len(frame),
        "kept_pairs": len(left), "kept_recall": float((person[left] == person[right]).sum() / max(true, 1)),
        "threshold": best, **tried[best],
    }  # fmt: skip
    print(json.dumps(told))


def labels(linker: Linker, predicted: object, threshold: float) -> np.ndarray:
    made = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold_match_probability=threshold)
    ordered = made.as_pandas_dataframe().sort_values("unique_id")
    return pd.factorize(ordered["cluster_id"])[0].astype(np.int64)


def kept_pairs(predicted: object) -> tuple[np.ndarray, np.ndarray]:
    table = predicted.as_pandas_dataframe()
    return table["unique_id_l"].to_numpy(), table["unique_id_r"].to_numpy()


def figures(found: np.ndarray, true: np.ndarray) -> dict[str, object]:
    """Pairwise and B-cubed figures, as RCU's own evaluation counts them."""
    cells = pd.factorize(found * (true.max() + 1) + true)[0]
    both, one, other = (np.bincount(codes) for codes in (cells, found, true))
    right, wanted, said = ((sizes * (sizes - 1) // 2).sum() for sizes in (both, other, one))
    precision, recall = right / max(said, 1), right / max(wanted, 1)
    by_found, by_true = (both[cells] / one[found]).mean(), (both[cells] / other[true]).mean()
    return {
        "pairwise": [precision, recall, 2 * precision * recall / max(precision + recall, 1e-12)],
        "b_cubed": 2 * by_found * by_true / (by_found + by_true),
        "largest": int(one.max()),
    }


if __name__ == "__main__":
    main()
