"""`rcu dedupe`: find who is who in anyone's own files."""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rcu.errors import InputError
from rcu.services.dedupe import Dedupe, DedupeRequest
from rcu.services.dedupe import dedupe as run
from rcu.services.dedupe_outputs import summary, write_outputs

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="CSV, Excel, Parquet or JSON lines, of any columns.")
]
IdColumn = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="The column that names the rows.")]
Mapped = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="COLUMN=FIELD", help="Say what a column is; the field ignore leaves it out."),
]
OneToOne = Annotated[bool, typer.Option("--one-to-one", help="Each person is at most once in each file.")]
Truth = Annotated[str | None, typer.Option("--truth", metavar="FILE|COLUMN", help="Measure the result against this.")]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where to write the results.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print a summary for machines.")]


def dedupe(
    files: Files,
    *,
    id_column: IdColumn = None,
    mapped: Mapped = None,
    one_to_one: OneToOne = False,
    truth: Truth = None,
    output: Output = Path("dedupe"),
    as_json: AsJson = False,
) -> None:
    """Find which rows of your own files are the same person: no database, no configuration.

    Writes clusters.csv, golden.csv, pairs.csv and report.html into the output directory.
    """
    console = Console(stderr=True)
    request = DedupeRequest(tuple(files), id_column, parse_mapping(mapped or ()), one_to_one, truth)

    @contextmanager
    def stage(name: str) -> Generator[None]:
        if not console.is_terminal:
            yield
            return
        with console.status(f"{name} ..."):
            yield

    result = run(request, stage=stage)
    with stage("Writing"):
        written = write_outputs(result, output)
    if as_json:
        report = summary(result) | {"written": [str(path) for path in written]}
        sys.stdout.write(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        _tell(result, written, Console())


def parse_mapping(pairs: Sequence[str]) -> dict[str, str]:
    """Read `column=field` pairs; the column may itself hold an equals sign.

    Raises:
        InputError: one has no equals sign.
    """
    mapping: dict[str, str] = {}
    for pair in pairs:
        column, sign, field = pair.rpartition("=")
        if not (column and sign and field):
            msg = "--map wants COLUMN=FIELD"
            raise InputError(msg, hint="for example: --map Surname=last_name")
        mapping[column.strip()] = field.strip()
    return mapping


def estimated(result: Dedupe) -> str:
    """Say how good the result probably is, for a person to read."""
    precision, recall = result.estimate.precision, result.estimate.recall
    if precision is None or recall is None:
        if result.calibration is not None and not result.calibration.joins:
            return "no duplicates: rows agree no more than chance explains"
        return "how good this is cannot be estimated: nothing tells chance from duplicates in these columns"
    told = [
        f"{name} about {guess.value:.3f} (likely {guess.low:.3f} to {guess.high:.3f})"
        for name, guess in (("precision", precision), ("recall", recall))
    ]
    return f"estimated without labels, over pairs: {', '.join(told)}"


def _tell(result: Dedupe, written: Sequence[Path], console: Console) -> None:
    """Print what was guessed and found."""
    for file in result.files:
        console.print(f"[bold]{escape(file.name)}[/]: {escape(file.form)}, {len(file.frame):,} rows")
    table = Table("column", "used as", "why", box=None, pad_edge=False)
    for column in result.recognition.columns:
        dropped = result.comparable.left_out.get(column.name)
        used = "left out" if dropped else column.field or column.role.value
        table.add_row(escape(column.name), used, escape(dropped or column.why))
    console.print(table)
    for note in result.notes:
        console.print(escape(note))
    console.print(
        f"[bold]{result.clusters:,} people[/] in {len(result.cluster):,} rows: {len(result.joined):,} have several; "
        f"{result.possible_matches:,} pairs are left to look at"
    )
    console.print(estimated(result))
    measured = result.evaluation
    if measured:
        for name, quality in (("pairwise", measured.pairwise), ("B-cubed", measured.b_cubed)):
            console.print(
                f"{name}: precision {quality.precision:.4f}, recall {quality.recall:.4f}, [bold]F1 {quality.f1:.4f}[/]"
            )
    console.print(f"written: {escape(', '.join(str(path) for path in written))}")
