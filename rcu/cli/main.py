"""`rcu`: the command and its subcommands."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from rcu import __version__
from rcu.cli import admin, case, customer, data, decide, demo, explain, identity, model, quarantine, record
from rcu.cli.common import err, exit_code, out
from rcu.cli.dedupe import dedupe
from rcu.cli.evaluate import evaluate
from rcu.cli.standardise import standardise
from rcu.errors import RcuError

app = typer.Typer(
    name="rcu",
    help="Référentiel Client Unique: one golden record per customer.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(admin.db, name="db")
app.add_typer(admin.key, name="key")
app.add_typer(data.source, name="source")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(model.app, name="model")
app.add_typer(decide.app, name="decide")
app.add_typer(record.app, name="record")
app.add_typer(customer.app, name="customer")
app.add_typer(case.app, name="case")
app.command("import")(data.import_files)
app.command("run")(data.run)
app.command("train")(model.train)
app.command("serve")(admin.serve)
app.command("evaluate")(evaluate)
app.command("explain")(explain.explain)
app.command("verify")(identity.verify)
app.command("rebuild")(identity.rebuild)
app.command("demo")(demo.demo)
app.command("dedupe")(dedupe)
app.command("standardise")(standardise)


def _version(asked: bool) -> None:
    if asked:
        out.print(__version__)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Référentiel Client Unique: one golden record per customer.

    Exit codes: 0 done, 1 something was found (verify), 2 wrong command line, 3 unusable input, 4 not found,
    5 another import or run is at work, 6 the database or the settings are not ready.
    """


def run() -> None:
    """Run the command; an error RCU knows is one line and what to do, never a trace."""
    try:
        app()
    except RcuError as error:
        err.print(f"[bold red]error:[/] {error.message}", soft_wrap=True)
        if error.hint:
            err.print(f"[dim]{error.hint}[/]", soft_wrap=True)
        sys.exit(exit_code(error))
