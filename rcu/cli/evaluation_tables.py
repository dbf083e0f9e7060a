"""What `rcu evaluate` prints: tables for people, or one object for a program."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rich.markup import escape
from rich.table import Table

from rcu.cli.common import out
from rcu.matching.compare import Change
from rcu.matching.curve import CurvePoint
from rcu.matching.estimate import Interval, Stratum
from rcu.matching.evaluate import Evaluation, Quality
from rcu.services.evaluation import AgreementReport, ChangedGroup, CurveReport, ErrorKind, ErrorsReport, TruthReport
from rcu.services.judging import Drawn, VerdictReport


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured; None for what was not asked."""

    truth: TruthReport | None = None
    curve: CurveReport | None = None
    errors: ErrorsReport | None = None
    against: AgreementReport | None = None
    sample: Drawn | None = None
    verdicts: VerdictReport | None = None


def print_found(found: Found) -> None:
    """Print all that was measured."""
    if found.truth:
        print_evaluation(found.truth)
    if found.curve:
        _print_curve(found.curve)
        if found.truth and found.curve.curve.present.evaluation != found.truth.overall:
            out.print("the database's clusters are not those the model gives now: something waits for `rcu run`")
    if found.errors:
        _print_errors("found but false", found.errors.false)
        _print_errors("missed", found.errors.missed)
    if found.against:
        _print_agreement(found.against)
    if found.sample:
        _print_sample(found.sample)
    if found.verdicts:
        _print_verdicts(found.verdicts)


def _table(*columns: str, texts: int = 1) -> Table:
    """A table whose first columns are text and the others figures."""
    table = Table(*columns, box=None)
    for column in table.columns[texts:]:
        column.justify = "right"
    return table


def _figures(quality: Quality) -> tuple[str, str, str]:
    return f"{quality.precision:.4f}", f"{quality.recall:.4f}", f"{quality.f1:.4f}"


def print_evaluation(report: TruthReport) -> None:
    """Print the figures against a truth."""
    overall = report.overall
    table = _table("", "precision", "recall", "F1")
    for name, quality in (("pairwise", overall.pairwise), ("B-cubed", overall.b_cubed)):
        table.add_row(name, *_figures(quality))
    for one in report.by_source:
        table.add_row(f"{one.sources[0]} - {one.sources[1]}", *_figures(one.quality))
    out.print(
        f"{overall.records:,} records, {overall.clusters:,} customers for {overall.persons:,} persons, "
        f"largest cluster {overall.largest_cluster}"
    )
    out.print(table)
    if report.unknown:
        out.print(f"{report.unknown:,} records of the truth are not among those measured")


def _print_curve(report: CurveReport) -> None:
    curve, reach = report.curve, report.reach
    best = {curve.best.threshold: "best F1", curve.best_b_cubed.threshold: "best B-cubed F1"}
    if curve.best is curve.best_b_cubed:
        best = {curve.best.threshold: "best"}
    names = ("threshold", "precision", "recall", "F1", "B-cubed precision", "recall", "F1", "clusters", "largest", "")
    table = _table(*names, texts=0)
    table.columns[-1].justify = "left"
    for point in curve.points:
        marks = [mark for mark in (best.get(point.threshold), "the model's" if point is curve.present else "") if mark]
        measured = point.evaluation
        figures = (*_figures(measured.pairwise), *_figures(measured.b_cubed))
        sizes = (f"{point.clusters:,}", str(point.largest_cluster))
        table.add_row(f"{point.threshold:g}", *figures, *sizes, ", ".join(marks), style="bold" if marks else None)
    out.print("\n[bold]precision and recall by threshold[/] (match probability from which pairs are joined)")
    out.print(table)
    out.print(_standing(curve.present, curve.best))
    out.print(
        f"of {reach.true_pairs:,} true pairs {reach.candidates:,} ({reach.blocking_recall:.1%}) are brought together "
        f"by a blocking rule, {reach.reviewed:,} ({reach.review_recall:.1%}) reach the review threshold, "
        f"{reach.heavy_enough:,} the match threshold; others are found through a third record"
    )


def _standing(present: CurvePoint, best: CurvePoint) -> str:
    if present is best:
        return f"the model's threshold, {present.threshold:g}, has the best pairwise F1 of these"
    lost = best.evaluation.pairwise.f1 - present.evaluation.pairwise.f1
    return f"the model's threshold, {present.threshold:g}, has {lost:.4f} less pairwise F1 than {best.threshold:g}"


def _print_errors(title: str, kinds: Iterable[ErrorKind]) -> None:
    kinds = tuple(kinds)
    total = sum(kind.pairs for kind in kinds)
    out.print(f"\n[bold]{title}[/]: {total:,} pairs")
    if not kinds:
        return
    table = _table("kind", "pairs", "share", *kinds[0].places)
    for kind in kinds:
        places = (f"{count:,}" for count in kind.places.values())
        table.add_row(kind.kind, f"{kind.pairs:,}", f"{kind.share:.1%}", *places)
    out.print(table)
    for kind in kinds:
        out.print(f"  [bold]{kind.kind}[/]: {kind.says}", soft_wrap=True)
        for example in kind.examples:
            out.print(escape(f"    {example.left} and {example.right}"), soft_wrap=True)
            for comparison, left, right in example.values:
                out.print(escape(f"        {comparison:<16} {left or '-'}  |  {right or '-'}"), soft_wrap=True)


def _print_agreement(report: AgreementReport) -> None:
    found = report.agreement
    out.print(
        f"\n{found.records:,} records in both: {found.clusters[0]:,} clusters, {found.clusters[1]:,} in the other; "
        f"{report.only_one:,} records are only in the one, {report.only_other:,} only in the other"
    )
    table = _table("", "groups", "clusters", "clusters of the other", "records", "")
    table.columns[-1].justify = "left"
    tallies = {Change.SPLIT: found.split_in, Change.MERGED: found.merged_of}
    for one in found.changes:
        parts = ", ".join(f"{times:,} of {number}" for number, times in tallies.get(one.change, {}).items())
        figures = (f"{count:,}" for count in (one.groups, one.one, one.other, one.records))
        table.add_row(one.change, *figures, f"parts: {parts}" if parts else "")
    out.print(table)
    both, back = found.shared
    out.print(
        f"the other has {both:.1%} of the {found.pairs[0]:,} pairs of the one, and of its own {found.pairs[1]:,} "
        f"{back:.1%} are in the one"
    )
    out.print(
        f"adjusted Rand index {found.adjusted_rand:.4f}, variation of information "
        f"{found.variation_of_information:.4f} bits"
    )
    for example in report.examples:
        out.print(escape(f"  {_group(example)}"), soft_wrap=True)


def _group(example: ChangedGroup) -> str:
    one, other = (" | ".join(" ".join(cluster) for cluster in side) for side in (example.one, example.other))
    return f"{example.change}: {one} -> {other}"


def _print_sample(drawn: Drawn) -> None:
    out.print(f"{drawn.pairs:,} pairs to judge are in {escape(drawn.output.name)}; write same, different or unsure")
    table = _table("joined", "from probability", "pairs", "to judge")
    for band in drawn.bands:
        table.add_row("yes" if band.joined else "no", f"{band.lowest:g}", f"{band.pairs:,}", f"{band.drawn:,}")
    out.print(table)


def _print_verdicts(report: VerdictReport) -> None:
    found = report.estimate
    out.print(f"from {found.judged:,} verdicts, with 95 % intervals:")
    for name, interval in (("precision", found.precision), ("recall", found.recall)):
        doubt = "  a wide interval: judge more pairs" if interval.wide or interval.value is None else ""
        out.print(f"  {name:<10} {_interval(interval)}{doubt}")
    out.print("recall is among pairs that are joined or were weighed; pairs no blocking rule found are not in it")
    table = _table("joined", "from probability", "pairs", "judged", "one person", "share")
    for stratum, share in zip(found.strata, found.shares, strict=True):
        table.add_row(*_stratum(stratum), _interval(share))
    out.print(table)
    if report.undecided:
        out.print(f"{report.undecided:,} pairs have no verdict; they are taken to be like the others of their band")
    if report.moved:
        out.print(
            f"[bold]{report.moved:,} of these pairs were joined or parted since they were drawn: the estimate is of "
            "the clusters of that day; draw a new sample[/]"
        )


def _stratum(stratum: Stratum) -> tuple[str, ...]:
    counts = (f"{count:,}" for count in (stratum.pairs, stratum.judged, stratum.same))
    return ("yes" if stratum.joined else "no", f"{stratum.lowest:g}", *counts)


def _interval(interval: Interval) -> str:
    value = "not judged" if interval.value is None else f"{interval.value:.1%}"
    return f"{value} ({interval.low:.1%} to {interval.high:.1%})"


def told(found: Found) -> dict[str, Any]:
    """All that was measured, for a program; the figures against a truth stand at the top."""
    answer: dict[str, Any] = {}
    if found.truth:
        answer |= asdict(found.truth) | {"overall": _with_f1(found.truth.overall)}
    if found.curve:
        answer["curve"] = _curve_told(found.curve)
    if found.errors:
        answer["errors"] = asdict(found.errors)
    if found.against:
        told_ = asdict(found.against)
        for array in ("group", "change"):
            del told_["agreement"][array]
        answer["against"] = told_
    if found.sample:
        answer["sample"] = asdict(found.sample)
    if found.verdicts:
        answer["verdicts"] = asdict(found.verdicts)
    return answer


def _with_f1(measured: Evaluation) -> dict[str, Any]:
    answer = asdict(measured)
    answer["pairwise"]["f1"] = measured.pairwise.f1
    answer["b_cubed"]["f1"] = measured.b_cubed.f1
    return answer


def _curve_told(report: CurveReport) -> dict[str, Any]:
    curve = report.curve
    return {
        "points": [asdict(point) | {"evaluation": _with_f1(point.evaluation)} for point in curve.points],
        "own": curve.own,
        "best": curve.best.threshold,
        "best_b_cubed": curve.best_b_cubed.threshold,
        "reach": asdict(report.reach)
        | {"blocking_recall": report.reach.blocking_recall, "review_recall": report.reach.review_recall},
    }
