"""`rcu quarantine`: refused rows, listed, exported, corrected, replayed, dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from rcu.cli.common import AsJson, now, opened, out, print_json, progress
from rcu.cli.data import print_reports
from rcu.config import settings
from rcu.errors import InputError
from rcu.services import quarantine as service
from rcu.services.setup import cleaning_settings

app = typer.Typer(
    help="Rows that were refused, until they are corrected and replayed, or dropped.", no_args_is_help=True
)

SourceOption = Annotated[str | None, typer.Option("--source", help="only of this source")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="only with this reason")]


@app.command("list")
def list_rows(
    source: SourceOption = None,
    reason: ReasonOption = None,
    limit: Annotated[int, typer.Option(min=1, help="rows shown")] = 20,
    as_json: AsJson = False,
) -> None:
    """Count the refused rows, and list where they stand and what is wrong. The rows themselves are not shown."""
    with opened() as store:
        counts = service.counts(store)
        found = service.listed(store, service.Filter(source=source, reason=reason, limit=limit))
    if as_json:
        print_json(
            {
                "counts": [dict(zip(("source", "file", "reason", "rows"), one, strict=True)) for one in counts],
                "rows": [
                    {
                        name: getattr(row, name)
                        for name in ("quarantine_id", "source", "file_name", "line", "field", "reason", "detail")
                    }
                    for row in found
                ],
            }
        )
        return
    summary = Table("source", "file", "reason", "rows", box=None)
    for one in counts:
        summary.add_row(one[0], one[1], one[2], f"{one[3]:,}")
    out.print(summary)
    rows = Table("id", "file", "line", "field", "reason", "what was expected", box=None)
    for row in found:
        rows.add_row(str(row.quarantine_id), row.file_name, str(row.line), row.field or "", row.reason, row.detail)
    out.print(rows)


@app.command("export")
def export(
    output: Annotated[Path, typer.Argument(help="a JSON Lines file to write; it will hold personal data")],
    source: SourceOption = None,
    reason: ReasonOption = None,
) -> None:
    """Write refused rows to a file, to be corrected under `row` and replayed."""
    with opened() as store:
        found = service.listed(store, service.Filter(source=source, reason=reason))
    partial = output.with_name(output.name + ".partial")
    with partial.open("wb") as file:
        file.writelines(service.export(found))
    partial.replace(output)
    out.print(f"{len(found):,} rows written to {output}")


@app.command("replay")
def replay(
    corrections: Annotated[Path | None, typer.Argument(help="an export whose rows were corrected")] = None,
    source: SourceOption = None,
    reason: ReasonOption = None,
    as_json: AsJson = False,
) -> None:
    """Import refused rows again: the corrected ones of an export, or, without one, the rows as they are."""
    with opened() as store, progress(quiet=as_json) as shown:
        shown.add_task("replaying")
        corrected = _corrections(corrections) if corrections else None
        chosen = service.Filter(source=source, reason=reason, ids=tuple(corrected) if corrected is not None else None)
        ids = [row.quarantine_id for row in service.listed(store, chosen)]
        replayer = service.Replayer(store, cleaning_settings(settings(), now().date()), now)
        reports = replayer.replay(ids, corrected).files
    if as_json:
        print_json(reports)
    else:
        print_reports(reports)


def _corrections(path: Path) -> dict[int, object]:
    try:
        with path.open("rb") as file:
            return service.read_corrections(file)
    except OSError:
        msg = f"{path.name}: cannot be read"
        raise InputError(msg) from None


@app.command("drop")
def drop(
    source: SourceOption = None,
    reason: ReasonOption = None,
    ids: Annotated[list[int] | None, typer.Option("--id", help="a row, by its id; repeat for several")] = None,
) -> None:
    """Give rows up for good; they stay on record as dropped."""
    if not (source or reason or ids):
        msg = "nothing was chosen"
        raise InputError(msg, hint="name rows with --id, or all of a --source or a --reason")
    with opened() as store:
        count = service.drop(
            store, service.Filter(source=source, reason=reason, ids=tuple(ids) if ids else None), now()
        )
    out.print(f"{count:,} rows dropped")
