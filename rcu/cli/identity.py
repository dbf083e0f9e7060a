"""`rcu verify`."""

from __future__ import annotations

from dataclasses import asdict

import typer

from rcu.cli.common import AsJson, Exit, opened, out, print_json, progress
from rcu.config import settings
from rcu.services import verification
from rcu.services.models import load_active


def verify(as_json: AsJson = False) -> None:
    """Rebuild identity, golden records and aggregates on the side and report any difference (exit code 1)."""
    with opened() as store, progress(quiet=as_json) as shown:
        shown.add_task("rebuilding on the side")
        found = verification.verify(store, load_active(store, settings()))
    if as_json:
        print_json({**asdict(found), "differences": found.differences})
    else:
        for name, count in asdict(found).items():
            out.print(f"{name:<12} {count:>12,}")
        out.print("no difference" if not found.differences else f"[bold red]{found.differences:,} differences[/]")
    if found.differences:
        raise typer.Exit(Exit.FINDINGS)
