"""`rcu standardise`: put standard columns behind anyone's own file."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from rcu.cli.common import AsJson, err, now, out, print_json
from rcu.cli.dedupe import parse_mapping
from rcu.config import settings
from rcu.services.setup import cleaning_settings
from rcu.services.standardise_findings import Finding, findings
from rcu.services.standardise_outputs import QUALITIES, percent, plan_targets, recognised, summary, write_outputs
from rcu.services.standardising import FieldQuality, Standardised, StandardiseRequest
from rcu.services.standardising import standardise as run

MOST_FINDINGS: Final = 12

File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV, Excel, Parquet or JSON lines, of any columns.")]
Mapped = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="COLUMN=FIELD", help="Say what a column is; the field ignore leaves it as it is."),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        help="Where to write: .csv, .parquet, .xlsx or .jsonl; by default NAME_standardised.csv.",
    ),
]
Report = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Where the report goes; by default report.html beside OUT."),
]


def standardise(
    file: File,
    *,
    mapped: Mapped = None,
    output: Output = None,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Standardise a customer file: the same rows and columns, with clean names, phones, emails and addresses added.

    No database, no configuration. Values that were repaired, are suspect or nobody's are marked, and counted in the
    report.
    """
    began = perf_counter()
    targets = plan_targets(file, output, report)
    request = StandardiseRequest(file, parse_mapping(mapped or ()))
    result = run(request, settings=cleaning_settings(settings(), now().date()), stage=_stage)
    with _stage("Writing"):
        written = write_outputs(result, targets)
    seconds = perf_counter() - began
    if as_json:
        print_json(summary(result) | {"written": [str(path) for path in written], "seconds": round(seconds, 2)})
    else:
        _tell(result, written, seconds=seconds)


@contextmanager
def _stage(name: str) -> Generator[None]:
    if not err.is_terminal:
        yield
        return
    with err.status(f"{name} ..."):
        yield


def _tell(result: Standardised, written: Sequence[Path], *, seconds: float) -> None:
    """Print what was recognised, how good it is, and what was done to it."""
    file = result.file
    out.print(f"[bold]{escape(file.name)}[/]: {escape(file.form)}, {result.rows:,} rows")
    read = [f"{name} = {field}" for name, field, _ in recognised(result) if field]
    out.print(f"columns read: {escape(', '.join(read))}", soft_wrap=True)
    for note in result.notes:
        out.print(escape(note), soft_wrap=True)
    whole = FieldQuality("whole row", ("",), result.row_quality())
    out.print(_qualities([*result.qualities(), whole], result.rows))
    found = findings(result)
    if found:
        out.print(_findings(found[:MOST_FINDINGS]))
    if len(found) > MOST_FINDINGS:
        out.print(f"and {len(found) - MOST_FINDINGS} kinds more, in the report")
    out.print(f"[bold]{result.rows:,} rows[/] in {seconds:.1f} s")
    out.print(f"written: {escape(', '.join(map(str, written)))}", soft_wrap=True)


def _qualities(fields: Sequence[FieldQuality], rows: int) -> Table:
    table = Table("field", box=None, pad_edge=False)
    for name in QUALITIES:
        table.add_column(str(name), justify="right")
    for one in fields:
        cells = [f"{one.counts[name]:,} ({percent(one.counts[name], rows)})" for name in QUALITIES]
        label = one.field.replace("_", " ")
        table.add_row(label if one.columns else f"{label} (no column)", *cells)
    return table


def _findings(found: Sequence[Finding]) -> Table:
    table = Table("field", "note", "repaired, or held against it", box=None, pad_edge=False)
    table.add_column("rows", justify="right")
    for one in found:
        table.add_row(one.field.replace("_", " "), str(one.note), one.meaning, f"{one.count:,}")
    return table
