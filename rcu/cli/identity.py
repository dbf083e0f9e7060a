"""`rcu verify` and `rcu rebuild`: whether what is stored is what a rebuild gives, and rebuilding with another model."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rcu.cli.common import AsJson, Exit, me, now, opened, out, print_json, progress
from rcu.cli.customers import print_customers
from rcu.cli.data import print_run, run_with_progress
from rcu.config import settings
from rcu.errors import InputError
from rcu.matching.model import MatchModel
from rcu.services import foreseeing, models, verification
from rcu.services.foreseeing import Foreseen
from rcu.services.models import load_active
from rcu.services.setup import case_rules
from rcu.store.engine import Store


def verify(as_json: AsJson = False) -> None:
    """Rebuild identity, golden records and aggregates on the side and report any difference (exit code 1)."""
    with opened() as store, progress(quiet=as_json) as shown:
        shown.add_task("rebuilding on the side")
        found = verification.verify(store, load_active(store, settings()), case_rules(settings()))
    if as_json:
        print_json({**asdict(found), "differences": found.differences})
    else:
        for name, count in asdict(found).items():
            out.print(f"{name:<12} {count:>12,}")
        out.print("no difference" if not found.differences else f"[bold red]{found.differences:,} differences[/]")
    if found.differences:
        raise typer.Exit(Exit.FINDINGS)


def rebuild(
    model: Annotated[
        str | None, typer.Option("--model", help="the model to adopt and rebuild with; by default the one in use")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say which customers would change; write nothing")] = False,
    changes: Annotated[
        Path | None, typer.Option("--changes", help="write the customers that would change to a .csv or .ndjson file")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    as_json: AsJson = False,
) -> None:
    """Work everything out from nothing, with the model in use or another; say first which customers would change."""
    if as_json and not (dry_run or yes):
        raise InputError("--json does not ask", hint="say --dry-run or --yes")
    with opened() as store:
        chosen = models.get(store, model) if model else load_active(store, settings())
        if dry_run or changes or not yes:
            found = _foresee(store, chosen, quiet=as_json)
            if changes:
                foreseeing.write_changes(changes, found.customers)
            if dry_run:
                _print_foreseen(found, as_json=as_json)
                return
            if not yes:
                _print_foreseen(found, as_json=False)
                typer.confirm("Rebuild?", abort=True)
        if model:
            models.use(store, model, by=me(), clock=now)
        report = run_with_progress(store, quiet=as_json, everything=True)
    if as_json:
        print_json(report)
    else:
        print_run(report)


def _foresee(store: Store, model: MatchModel, *, quiet: bool) -> Foreseen:
    with progress(quiet=quiet) as shown:
        shown.add_task("working out the customers on the side")
        return foreseeing.foresee(store, model)


def _print_foreseen(found: Foreseen, *, as_json: bool) -> None:
    model = {"id": found.model.fingerprint(), "name": found.model.name, "version": found.model.version}
    if as_json:
        counts = {**asdict(found.counts), "changed": found.counts.changed}
        listed = [asdict(one) for one in found.customers]
        print_json({"model": model, "waiting": found.waiting, "counts": counts, "customers": listed})
        return
    out.print(f"[bold]{model['name']} {model['version']}[/] ({model['id']}) in the place of what is stored")
    print_customers(found.counts)
    kept = sum(one.keeps_id for one in found.customers)
    if found.customers:
        out.print(f"of the customers that would change, {kept:,} keep their id")
    if found.waiting:
        out.print(f"{found.waiting:,} records wait for a run and are not counted")
