"""`rcu evaluate`: how good the clusters are, by a truth, beside another clustering, or by people's verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from rcu.cli.common import AsJson, opened, print_json, progress
from rcu.cli.evaluation_tables import Found, print_found, told
from rcu.config import settings
from rcu.errors import InputError
from rcu.matching.curve import THRESHOLDS
from rcu.matching.model import MatchModel
from rcu.services import evaluation, judging
from rcu.services.evaluation import AgreementReport, CurveReport, ErrorsReport, TruthReport
from rcu.services.judging import Drawn
from rcu.services.labellings import CLUSTER, read_labels
from rcu.services.models import load_active
from rcu.store.engine import Store

Truth = Annotated[
    Path | None, typer.Argument(metavar="[TRUTH]", help="CSV of source, native_id and person_id.", show_default=False)
]
WithCurve = Annotated[bool, typer.Option("--curve", help="Precision and recall over thresholds; blocking recall.")]
Thresholds = Annotated[
    list[float] | None,
    typer.Option("--threshold", metavar="P", help="A match probability for --curve; repeat for several."),
]
WithErrors = Annotated[bool, typer.Option("--errors", help="Wrong pairs by kind.")]
Examples = Annotated[int, typer.Option("--examples", min=0, help="Examples of each kind of error or change.")]
WithValues = Annotated[
    bool, typer.Option("--values", help="Show the values of --errors or write those of --sample: personal data.")
]
Clusters = Annotated[
    Path | None,
    typer.Option("--clusters", metavar="FILE", help="Measure the clusters of this CSV, not the database's."),
]
Against = Annotated[
    Path | None,
    typer.Option("--against", metavar="FILE", help="Compare with a CSV of source, native_id and cluster."),
]
Sample = Annotated[
    int | None, typer.Option("--sample", min=1, metavar="N", help="Draw N pairs for people to judge, into --output.")
]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where --sample writes its CSV.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Another number draws another --sample.")]
VerdictsFile = Annotated[
    Path | None, typer.Option("--verdicts", metavar="FILE", help="Estimate from a sample that was judged.")
]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be measured, and on what."""

    truth: Path | None
    curve: bool
    thresholds: tuple[float, ...]
    errors: bool
    examples: int
    values: bool
    clusters: Path | None
    against: Path | None
    sample: int | None
    output: Path | None
    seed: int
    verdicts: Path | None


def evaluate(
    truth: Truth = None,
    *,
    curve: WithCurve = False,
    threshold: Thresholds = None,
    errors: WithErrors = False,
    examples: Examples = 3,
    values: WithValues = False,
    clusters: Clusters = None,
    against: Against = None,
    sample: Sample = None,
    output: Output = None,
    seed: Seed = judging.SEED,
    verdicts: VerdictsFile = None,
    as_json: AsJson = False,
) -> None:
    """Measure the clusters: against a truth, beside another clustering, or by the verdicts of people on a sample."""
    thresholds = tuple(threshold or ())
    asked = Asked(truth, curve, thresholds, errors, examples, values, clusters, against, sample, output, seed, verdicts)
    _check(asked)
    with progress(quiet=as_json) as shown:
        shown.add_task("measuring")
        found = _measured(asked)
    if as_json:
        print_json(told(found))
    else:
        print_found(found)


def _check(asked: Asked) -> None:
    """Refuse what makes no sense together.

    Raises:
        InputError: says which options belong together.
    """
    nothing = not (asked.truth or asked.against or asked.sample or asked.verdicts)
    rules = (
        ((asked.curve or asked.errors) and not asked.truth, "--curve and --errors need a TRUTH", None),
        (bool(asked.thresholds) and not asked.curve, "--threshold goes with --curve", None),
        (asked.values and not (asked.errors or asked.sample), "--values goes with --errors or --sample", None),
        (bool(asked.sample) != bool(asked.output), "--sample and --output go together", None),
        (
            bool(asked.clusters and (asked.curve or asked.sample or asked.verdicts)),
            "--clusters goes with TRUTH, --errors and --against only",
            "the curve, samples and verdicts are of the database's own clusters",
        ),
        (nothing, "nothing to measure by", "give a TRUTH, or --against, --sample or --verdicts"),
    )
    for broken, says, hint in rules:
        if broken:
            raise InputError(says, hint=hint)


def _measured(asked: Asked) -> Found:
    """Measure all that was asked; the database is opened only where it is needed."""
    if asked.clusters and not asked.errors:
        return Found(truth=_by_truth(None, asked), against=_against(read_labels(asked.clusters, CLUSTER), asked))
    with opened() as store:
        clusters = read_labels(asked.clusters, CLUSTER) if asked.clusters else evaluation.stored_clusters(store)
        model = load_active(store, settings())
        return Found(
            truth=_by_truth(store, asked),
            curve=_curve(store, model, asked),
            errors=_errors(store, model, asked),
            against=_against(clusters, asked),
            sample=_sample(store, model, asked),
            verdicts=judging.estimate_from(store, asked.verdicts) if asked.verdicts else None,
        )


def _by_truth(store: Store | None, asked: Asked) -> TruthReport | None:
    if asked.truth is None:
        return None
    if asked.clusters:
        return evaluation.evaluate_file(asked.clusters, asked.truth)
    return evaluation.evaluate_store(store, asked.truth) if store else None


def _curve(store: Store, model: MatchModel, asked: Asked) -> CurveReport | None:
    if not (asked.curve and asked.truth):
        return None
    return evaluation.curve_of_store(store, model, asked.truth, thresholds=asked.thresholds or THRESHOLDS)


def _errors(store: Store, model: MatchModel, asked: Asked) -> ErrorsReport | None:
    if not (asked.errors and asked.truth):
        return None
    return evaluation.errors_of_store(
        store, model, asked.truth, clusters=asked.clusters, examples=asked.examples, values=asked.values
    )


def _against(clusters: pd.DataFrame, asked: Asked) -> AgreementReport | None:
    if asked.against is None:
        return None
    return evaluation.compare_with_file(clusters, asked.against, examples=asked.examples)


def _sample(store: Store, model: MatchModel, asked: Asked) -> Drawn | None:
    if not (asked.sample and asked.output):
        return None
    return judging.draw_sample(store, model, asked.output, wanted=asked.sample, seed=asked.seed, values=asked.values)
