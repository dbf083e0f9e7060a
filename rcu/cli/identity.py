"""`rcu evaluate`, `rcu explain`, `rcu verify`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from rcu.cli.common import AsJson, Exit, opened, out, print_json, progress
from rcu.config import settings
from rcu.domain.records import RecordKey
from rcu.errors import InputError
from rcu.matching.explain import Explanation
from rcu.matching.model import load_model
from rcu.services import evaluation, explaining, verification


def evaluate(
    truth: Annotated[Path, typer.Argument(help="CSV with source, native_id and person_id")], as_json: AsJson = False
) -> None:
    """Compare the clusters with the truth: pairwise and B-cubed, also by pair of sources."""
    with opened() as store:
        report = evaluation.evaluate_store(store, truth)
    if as_json:
        print_json(_with_f1(report))
        return
    print_evaluation(report)


def _with_f1(report: evaluation.TruthReport) -> dict[str, object]:
    told = asdict(report)
    told["overall"]["pairwise"]["f1"] = report.overall.pairwise.f1
    told["overall"]["b_cubed"]["f1"] = report.overall.b_cubed.f1
    return told


def print_evaluation(report: evaluation.TruthReport) -> None:
    """Print the figures as tables."""
    overall = report.overall
    table = Table("", "precision", "recall", "F1", box=None)
    for name, quality in (("pairwise", overall.pairwise), ("B-cubed", overall.b_cubed)):
        table.add_row(name, f"{quality.precision:.4f}", f"{quality.recall:.4f}", f"{quality.f1:.4f}")
    for one in report.by_source:
        quality = one.quality
        table.add_row(
            f"{one.sources[0]} - {one.sources[1]}",
            f"{quality.precision:.4f}",
            f"{quality.recall:.4f}",
            f"{quality.f1:.4f}",
        )
    out.print(
        f"{overall.records:,} records, {overall.clusters:,} customers for {overall.persons:,} persons, "
        f"largest cluster {overall.largest_cluster}"
    )
    out.print(table)
    if report.unknown:
        out.print(f"{report.unknown:,} records of the truth are not in the database")


def explain(
    left: Annotated[str, typer.Argument(metavar="RECORD", help="source:native_id")],
    right: Annotated[str, typer.Argument(metavar="RECORD", help="source:native_id")],
    as_json: AsJson = False,
) -> None:
    """Explain why two records are, or are not, one person: field by field, with the weights and their sum."""
    try:
        keys = RecordKey.parse(left), RecordKey.parse(right)
    except ValueError as error:
        raise InputError(str(error)) from None
    with opened() as store:
        found, together = explaining.explain(store, load_model(settings().model), *keys)
    if as_json:
        print_json({"explanation": found, "one_customer": together})
        return
    print_explanation(found, together=together)


def print_explanation(found: Explanation, *, together: bool) -> None:
    """Print the steps as a table, the sums and the verdict."""
    table = Table("field", "one", "other", "what it says", "against strangers", "against household", box=None)
    table.columns[4].justify = table.columns[5].justify = "right"
    table.add_row("before any evidence", "", "", "", f"{found.prior_strangers:+.1f}", f"{found.prior_household:+.1f}")
    for step in found.steps:
        table.add_row(
            step.comparison, step.left, step.right, step.says, f"{step.strangers:+.1f}", f"{step.household:+.1f}"
        )
    table.add_row("sum", "", "", "", f"{found.total_strangers:+.1f}", f"{found.total_household:+.1f}", style="bold")
    out.print(table)
    out.print(
        f"match weight {found.weight:+.1f} (log2 odds), probability {found.probability:.1%}: [bold]{found.verdict}[/]"
    )
    for says in found.contradictions:
        out.print(f"never joined automatically: {says}")
    out.print("they are one customer at present" if together else "they are two customers at present")


def verify(as_json: AsJson = False) -> None:
    """Rebuild identity, golden records and aggregates on the side and report any difference (exit code 1)."""
    with opened() as store, progress(quiet=as_json) as shown:
        shown.add_task("rebuilding on the side")
        found = verification.verify(store, load_model(settings().model))
    if as_json:
        print_json({**asdict(found), "differences": found.differences})
    else:
        for name, count in asdict(found).items():
            out.print(f"{name:<12} {count:>12,}")
        out.print("no difference" if not found.differences else f"[bold red]{found.differences:,} differences[/]")
    if found.differences:
        raise typer.Exit(Exit.FINDINGS)
