"""One linkage by RCU, alone in its process: `python -m benchmarks.link_rcu TABLE`; prints what it measured as JSON."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pandas as pd

from benchmarks.watch import Watch
from rcu.matching.evaluate import evaluate
from rcu.matching.linking import Linkage, link
from rcu.matching.pairs import CandidatePairs, candidate_pairs, pairs_within


def main() -> None:
    frame = pd.read_parquet(sys.argv[1])
    person = pd.factorize(frame.pop("person"))[0].astype(np.int64)
    with Watch() as watch:
        began = time.perf_counter()
        found = link(frame, learn=True)
        seconds = time.perf_counter() - began
    figures = evaluate(found.cluster, person)
    pairs, recall = blocking(found, person)
    told = {
        "seconds": seconds, "peak": watch.over, "pairs": pairs, "blocking_recall": recall,
        "pairwise": [figures.pairwise.precision, figures.pairwise.recall, figures.pairwise.f1],
        "b_cubed": figures.b_cubed.f1, "largest": figures.largest_cluster, "rows": len(frame),
    }  # fmt: skip
    print(json.dumps(told))


def blocking(found: Linkage, person: np.ndarray) -> tuple[int, float]:
    """How many candidate pairs there were, and the share of the true pairs among them."""
    kernel = found.kernel
    batches: list[CandidatePairs] = list(candidate_pairs(kernel.table, kernel.model.blocking))
    right = sum(int((person[batch.left] == person[batch.right]).sum()) for batch in batches)
    true = sum(len(left) for left, _ in pairs_within((person + 1).astype(np.uint64)))
    return sum(len(batch.left) for batch in batches), right / max(true, 1)


if __name__ == "__main__":
    main()
