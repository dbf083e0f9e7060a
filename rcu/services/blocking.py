"""What the blocking rules of a model do to the records in the store: pairs, cost and recall, before a run."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rcu.matching.blockreport import BlockReport, survey
from rcu.matching.capture import Recall, are_matches, estimate_recall
from rcu.matching.frequency import generic_values, without_generic
from rcu.matching.model import MatchModel
from rcu.matching.scoring import Kernel
from rcu.services.identity import load
from rcu.store.engine import Store


@dataclass(frozen=True, slots=True)
class Blocking:
    """The blocking of one model.

    `pairs` are the candidates, each counted once; `rate` is how many the machine compared a second just now, and
    `seconds` what all of them would take at that rate, None where nothing was compared.
    """

    model: str
    report: BlockReport
    pairs: int
    recall: Recall
    rate: float | None
    seconds: float | None


def measure_blocking(store: Store, model: MatchModel, *, seed: int = 0) -> Blocking:
    """Count what the rules bring together and estimate what they miss; of the pairs only a sample is compared.

    Raises:
        ConfigurationError: when the model compares columns that records do not have.
    """
    _, whole = load(store, model)
    table = without_generic(whole, generic_values(whole, model))
    kernel = Kernel(table, model)
    report, pairs = survey(table, model.blocking, seed=seed)
    began = time.perf_counter()
    matched = are_matches(kernel, pairs.left, pairs.right)
    rate = len(matched) / (time.perf_counter() - began) if len(matched) else None
    return Blocking(
        model=f"{model.name} {model.version} ({model.fingerprint()})",
        report=report,
        pairs=report.pairs,
        recall=estimate_recall(report, pairs, matched, seed=seed),
        rate=rate,
        seconds=None if rate is None else report.seconds(rate),
    )
