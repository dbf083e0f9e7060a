"""`rcu`: the command and its subcommands."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Final

import typer

from rcu import __version__
from rcu.cli.common import err, exit_code, out
from rcu.errors import RcuError

_COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "import": ("data", "import_files"),
    "run": ("data", "run"),
    "train": ("model", "train"),
    "serve": ("admin", "serve"),
    "evaluate": ("evaluate", "evaluate"),
    "explain": ("explain", "explain"),
    "verify": ("identity", "verify"),
    "rebuild": ("identity", "rebuild"),
    "demo": ("demo", "demo"),
    "dedupe": ("dedupe", "dedupe"),
    "standardise": ("standardise", "standardise"),
    "db": ("admin", "db"),
    "key": ("key", "app"),
    "source": ("data", "source"),
    "quarantine": ("quarantine", "app"),
    "model": ("model", "app"),
    "decide": ("decide", "app"),
    "record": ("record", "app"),
    "customer": ("customer", "app"),
    "case": ("case", "app"),
    "webhook": ("webhook", "app"),
    "deliver": ("webhook", "deliver"),
}
"""Each command with its module, and its name there: to load them all takes longer than what most of them do."""


def application(name: str | None = None) -> typer.Typer:
    """`rcu` with what its first argument asks for: one of its commands, or all, so that it can say what there is."""
    app = typer.Typer(
        name="rcu",
        help="Référentiel Client Unique: one golden record per customer.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    app.callback()(main)
    needed = () if name == "--version" else (name,) if name in _COMMANDS else _COMMANDS
    for one in needed:
        module, place = _COMMANDS[one]
        found = getattr(import_module(f"rcu.cli.{module}"), place)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=one)
        else:
            app.command(one)(found)
    return app


def _version(asked: bool) -> None:
    if asked:
        out.print(__version__)
        raise typer.Exit


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
        application(sys.argv[1] if len(sys.argv) > 1 else None)()
    except RcuError as error:
        err.print(f"[bold red]error:[/] {error.message}", soft_wrap=True)
        if error.hint:
            err.print(f"[dim]{error.hint}[/]", soft_wrap=True)
        sys.exit(exit_code(error))
