"""How good clusters are: against a file that says which record is whom, or beside another clustering.

The clusters are those of the store, or of a file of source, native_id and cluster.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rcu.errors import InputError
from rcu.matching.arrays import Index
from rcu.matching.compare import Agreement, Change, compare
from rcu.matching.curve import THRESHOLDS, Curve, checked, curve
from rcu.matching.errors_by_kind import KindCount, errors_by_kind
from rcu.matching.estimate import weight_of
from rcu.matching.evaluate import Evaluation, SourcePair, evaluate, evaluate_by_source
from rcu.matching.model import MatchModel
from rcu.matching.scoring import weigh_candidates
from rcu.matching.true_pairs import Reach, reach
from rcu.services.compared import Compared, compared
from rcu.services.labellings import CLUSTER, KEY, PERSON, read_labels
from rcu.store import customers as rows
from rcu.store.engine import Store

_RECORDS_SHOWN = 12
"""A group of clusters with more records than this is cut when it is shown as an example."""


@dataclass(frozen=True, slots=True)
class TruthReport:
    """The figures, over the records that both the clusters and the truth know; `unknown` are only in the truth."""

    overall: Evaluation
    by_source: tuple[SourcePair, ...]
    unknown: int


def stored_clusters(store: Store) -> pd.DataFrame:
    """The clusters of the store: source, native_id, cluster."""
    with store.read() as connection:
        return pd.DataFrame(rows.record_clusters(connection), columns=[*KEY, CLUSTER])


def evaluate_store(store: Store, truth: Path) -> TruthReport:
    """Compare the clusters of the store with a CSV of source, native_id and person_id.

    Raises:
        InputError: when the truth cannot be used, or names no record of the store.
    """
    hint = "import the files it belongs to, and run `rcu run`"
    return _evaluate(
        stored_clusters(store), truth, nobody=f"{truth.name}: none of its records is in the database", hint=hint
    )


def evaluate_file(clusters: Path, truth: Path) -> TruthReport:
    """Compare the clusters of a CSV of source, native_id and cluster with one of source, native_id and person_id.

    Raises:
        InputError: when one of them cannot be used, or they have no record in common.
    """
    return _evaluate(
        read_labels(clusters, CLUSTER),
        truth,
        nobody=f"{clusters.name} and {truth.name} have no record in common",
        hint="records are known by source and native_id",
    )


def _evaluate(clusters: pd.DataFrame, truth: Path, *, nobody: str, hint: str) -> TruthReport:
    known = read_labels(truth, PERSON)
    both = known.merge(clusters, on=list(KEY), how="inner")
    if both.empty:
        raise InputError(nobody, hint=hint)
    labelled = both.rename(columns={PERSON: "truth"})
    return TruthReport(
        overall=evaluate(labelled["cluster"], labelled["truth"]),
        by_source=tuple(evaluate_by_source(labelled)),
        unknown=len(known) - len(both),
    )


@dataclass(frozen=True, slots=True)
class CurveReport:
    """The curve of the model over all records of the store, and how far true pairs came on the way to a match."""

    curve: Curve
    reach: Reach


def curve_of_store(
    store: Store, model: MatchModel, truth: Path, *, thresholds: Iterable[float] = THRESHOLDS
) -> CurveReport:
    """Weigh all records anew and cluster them at each threshold (a match probability).

    Raises:
        InputError: when the truth cannot be used, or a threshold is no probability.
    """
    asked = checked(thresholds)
    labels = read_labels(truth, PERSON)
    found = compared(store, model)
    persons = found.codes(labels, PERSON)
    floor = min(model.review_weight, *(weight_of(threshold) for threshold in asked))
    pairs = weigh_candidates(found.kernel, floor=floor)
    return CurveReport(
        curve(found.kernel, pairs, persons, rank=found.rank, thresholds=asked), reach(found.kernel, persons)
    )


@dataclass(frozen=True, slots=True)
class Example:
    """A wrong pair by the keys of its records; `values` are comparison, value of the one, value of the other."""

    left: str
    right: str
    values: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """Wrong pairs of one kind, as `rcu.matching.errors_by_kind` counts them, with examples by record key."""

    kind: str
    says: str
    pairs: int
    share: float
    places: dict[str, int]
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class ErrorsReport:
    """Pairs found but false, and true pairs missed, by kind."""

    false: tuple[ErrorKind, ...]
    missed: tuple[ErrorKind, ...]


def errors_of_store(
    store: Store,
    model: MatchModel,
    truth: Path,
    *,
    clusters: Path | None = None,
    examples: int = 0,
    values: bool = False,
) -> ErrorsReport:
    """Tell the kind of every wrong pair.

    Args:
        store: the records, and the clusters unless a file gives them.
        model: what the records are compared with.
        truth: CSV of source, native_id and person_id.
        clusters: CSV of source, native_id and cluster.
        examples: how many pairs of each kind to name.
        values: show the values of the examples too, which are personal data.

    Raises:
        InputError: when a file cannot be used.
    """
    persons, others = read_labels(truth, PERSON), read_labels(clusters, CLUSTER) if clusters else None
    found = compared(store, model)
    labels = found.clusters if others is None else found.codes(others, CLUSTER)
    told = errors_by_kind(found.kernel, labels, found.codes(persons, PERSON), examples=examples)
    return ErrorsReport(
        tuple(_named(kind, found, values=values) for kind in told.false),
        tuple(_named(kind, found, values=values) for kind in told.missed),
    )


def _named(kind: KindCount, found: Compared, *, values: bool) -> ErrorKind:
    examples = tuple(_example(found, *pair, values=values) for pair in kind.examples)
    return ErrorKind(kind.kind, kind.says, kind.pairs, kind.share, dict(kind.places), examples)


def _example(found: Compared, left: int, right: int, *, values: bool) -> Example:
    if not values:
        return Example(found.name(left), found.name(right))
    names = (comparison.name for comparison in found.kernel.model.comparisons)
    shown = zip(names, found.values(left), found.values(right), strict=True)
    return Example(found.name(left), found.name(right), tuple(shown))


@dataclass(frozen=True, slots=True)
class ChangedGroup:
    """Clusters over the same records before and after; each is the keys of its records."""

    change: Change
    one: tuple[tuple[str, ...], ...]
    other: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class AgreementReport:
    """Two clusterings compared over the records both know; the other records are only counted."""

    agreement: Agreement
    only_one: int
    only_other: int
    examples: tuple[ChangedGroup, ...]


def compare_with_file(one: pd.DataFrame, against: Path, *, examples: int = 0) -> AgreementReport:
    """Compare clusters (source, native_id, cluster) with those of a file; name some groups for each change.

    Raises:
        InputError: when the file cannot be used, or has no record in common with them.
    """
    other = read_labels(against, CLUSTER)
    both = one.merge(other, on=list(KEY), suffixes=("_one", "_other")).sort_values(list(KEY), ignore_index=True)
    if both.empty:
        msg = f"{against.name}: none of its records is among those it is compared with"
        raise InputError(msg, hint="records are known by source and native_id")
    agreement = compare(both["cluster_one"], both["cluster_other"])
    chosen = _some_groups(agreement, examples)
    both = both.assign(key=both["source"] + ":" + both["native_id"], group=agreement.group)
    shown = both[both["group"].isin(chosen)]
    groups = (_group(shown[shown["group"] == group], agreement.change[group]) for group in chosen)
    return AgreementReport(agreement, len(one) - len(both), len(other) - len(both), tuple(groups))


def _some_groups(agreement: Agreement, wanted: int) -> list[int]:
    changes = np.array(agreement.change, dtype=object)
    kinds = (Change.SPLIT, Change.MERGED, Change.REARRANGED)
    sizes = np.bincount(agreement.group, minlength=len(changes))
    small: Index = np.flatnonzero(sizes <= _RECORDS_SHOWN)
    return [group for kind in kinds for group in small[changes[small] == kind][:wanted].tolist()]


def _group(records: pd.DataFrame, change: Change) -> ChangedGroup:
    one, other = (
        tuple(tuple(keys) for _, keys in records.groupby(column, sort=False)["key"])
        for column in ("cluster_one", "cluster_other")
    )
    return ChangedGroup(change, one, other)
