"""`rcu source`, `rcu import`, `rcu run`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from rcu.cli.common import AsJson, now, opened, out, print_json, progress
from rcu.config import settings
from rcu.domain.sources import EventsOfDeleted
from rcu.ingest import KINDS
from rcu.services import sources
from rcu.services.following import forget_changes
from rcu.services.importing import FileReport, Importer
from rcu.services.models import load_active
from rcu.services.quarantine import release
from rcu.services.running import RunReport
from rcu.services.running import run as run_service
from rcu.services.setup import case_rules, cleaning_settings
from rcu.store.engine import Store

source = typer.Typer(help="Sources: what is connected and how it is read.", no_args_is_help=True)


@source.command("add")
def add_source(
    name: Annotated[str, typer.Argument(help="a short name, the first half of every record's key")],
    kind: Annotated[str, typer.Option(help=f"how it is read: {', '.join(KINDS)}")] = KINDS[0],
    contract: Annotated[
        list[str] | None,
        typer.Option("--contract", help="a shipped contract, or a contract file; repeat for several files"),
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="where its files arrive, for `rcu run`")] = None,
    time_zone: Annotated[str, typer.Option(help="of times written without one")] = "Europe/Paris",
    rank: Annotated[int, typer.Option(min=0, help="trust: the lower, the more trusted")] = 100,
    events_of_deleted: Annotated[
        EventsOfDeleted, typer.Option(help="whether what a record did counts once it is deleted")
    ] = EventsOfDeleted.KEEP,
) -> None:
    """Add a source, or change one; what is not named is as by default."""
    made = sources.Source(
        name=name,
        kind=kind,
        contracts=tuple(contract or ()),
        folder=str(folder.absolute()) if folder else None,
        time_zone=time_zone,
        rank=rank,
        events_of_deleted=events_of_deleted,
    )
    with opened() as store:
        sources.put_source(store, made, now())
    out.print(f"source {name} is connected")


@source.command("set")
def set_source(
    name: Annotated[str, typer.Argument(help="of a connected source")],
    rank: Annotated[int | None, typer.Option(min=0, help="trust: the lower, the more trusted")] = None,
    events_of_deleted: Annotated[
        EventsOfDeleted | None, typer.Option(help="whether what a record did counts once it is deleted")
    ] = None,
) -> None:
    """Change of a source what is named, and nothing else; the next run works out the customers concerned."""
    with opened() as store:
        made = sources.change_source(store, name, now(), rank=rank, events_of_deleted=events_of_deleted)
    out.print(f"source {name}: rank {made.rank}, events of deleted records: {made.events_of_deleted}")


@source.command("list")
def list_sources(as_json: AsJson = False) -> None:
    """List the sources, the most trusted first."""
    with opened() as store:
        found = sources.list_sources(store)
    if as_json:
        print_json([{"source": one, "records": count} for one, count in found])
        return
    table = Table("source", "kind", "rank", "records", "events of deleted", "folder", box=None)
    for one, count in found:
        table.add_row(one.name, one.kind, str(one.rank), f"{count:,}", one.events_of_deleted.value, one.folder or "")
    out.print(table)


def import_files(
    source_name: Annotated[str, typer.Argument(metavar="SOURCE", help="the source the files are of")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="files to import")],
    accept_absences: Annotated[
        bool, typer.Option("--accept-absences", help="believe a full export that lacks many records")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import files of a source. The same file is taken once; refused rows go to quarantine."""
    with opened() as store:
        reports = take_files(store, source_name, files, quiet=as_json, accept_absences=accept_absences)
    if as_json:
        print_json(reports)
    else:
        print_reports(reports)


def take_files(
    store: Store, source_name: str, files: list[Path], *, quiet: bool = False, accept_absences: bool = False
) -> list[FileReport]:
    """Import files with progress."""
    found = sources.find_source(store, source_name)
    with progress(quiet=quiet) as shown:
        task = shown.add_task(source_name)
        rows = 0

        def told(name: str, count: int) -> None:
            nonlocal rows
            rows += count
            shown.update(task, description=f"{source_name}: {name}, {rows:,} rows")

        cleaning = cleaning_settings(settings(), now().date())
        importer = Importer(store, found.connect(), cleaning, now, told, accept_absences=accept_absences)
        reports = importer.take(files)
        return reports + release(store, source_name, cleaning, now)


def print_reports(reports: list[FileReport]) -> None:
    """Print what became of files."""
    table = Table("file", "rows", "accepted", "refused", "new records", "changed", "new events", "consents", box=None)
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for one in reports:
        numbers = (
            one.rows_read, one.rows_accepted, one.rows_refused, one.records.new, one.records.changed,
            one.events.new, one.consents,
        )  # fmt: skip
        table.add_row(one.name + (" (taken before)" if one.again else ""), *(f"{number:,}" for number in numbers))
    out.print(table)
    for one in reports:
        if one.absences_held:
            out.print(
                f"[bold yellow]{one.name} lacks {one.absent:,} records its source had[/]: too many to be believed, so "
                "they stay. If it is complete, import it again with --accept-absences."
            )


def run(as_json: AsJson = False) -> None:
    """Import what is new in the sources' folders, match, and publish."""
    with opened() as store:
        reports: list[FileReport] = []
        for one, _ in sources.list_sources(store):
            files = sources.waiting_files(one, now())
            if files:
                reports += take_files(store, one.name, files, quiet=as_json)
        report = run_with_progress(store, quiet=as_json)
        forget_changes(store, now() - timedelta(days=settings().keep_changes_days))
    if as_json:
        print_json({"files": reports, "run": report})
        return
    if reports:
        print_reports(reports)
    print_run(report)


def run_with_progress(store: Store, *, quiet: bool = False, everything: bool = False) -> RunReport:
    """Match and publish with progress."""
    with progress(quiet=quiet) as shown:
        task = shown.add_task("matching")
        model = load_active(store, settings())

        def told(step: str) -> None:
            shown.update(task, description=step)

        return run_service(store, model, clock=now, rules=case_rules(settings()), progress=told, everything=everything)


def print_run(report: RunReport) -> None:
    """Print what a run did."""
    took = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in report.seconds.items())
    out.print(
        f"{report.records:,} records ({report.touched:,} touched) -> {report.customers:,} customers: "
        f"{report.created:,} created, {report.updated:,} updated, {report.merged:,} merged, {report.split:,} split"
    )
    for one in report.left_out:
        out.print(
            f"[bold yellow]{escape(one.rule)}: {one.blocks:,} blocks with {one.records:,} records were left out, "
            "they are too large[/]; see rcu model blocking"
        )
    out.print(f"[dim]{took}[/]")
