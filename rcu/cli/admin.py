"""`rcu db`, `rcu serve`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from rcu.cli import serving
from rcu.cli.common import Exit, opened, out
from rcu.config import settings
from rcu.errors import Conflict
from rcu.store import schema
from rcu.store.engine import Store

db = typer.Typer(help="The database.", no_args_is_help=True)


@db.command("upgrade")
def upgrade() -> None:
    """Bring the database to the schema this version needs."""
    with opened(migrated=False) as store:
        schema.upgrade(store)
    out.print("the database is up to date")


@db.command("downgrade")
def downgrade(
    revision: Annotated[str, typer.Argument(help="the revision to go back to, or base")],
    yes: Annotated[bool, typer.Option("--yes", help="tables of later revisions and their data are dropped")] = False,
) -> None:
    """Take the database back to an earlier schema; data are lost."""
    if not yes:
        msg = "a downgrade drops tables and the data in them"
        raise Conflict(msg, hint="say --yes when that is wanted")
    with opened(migrated=False) as store:
        schema.downgrade(store, revision)
    out.print(f"the database is at {revision}")


@db.command("check")
def check() -> None:
    """Check that the migrations make exactly the tables this version declares, on an empty scratch database."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'scratch.db'}")
        try:
            schema.upgrade(store)
            found = schema.differences(store)
        finally:
            store.close()
    for difference in found:
        out.print(str(difference))
    if found:
        raise typer.Exit(Exit.FINDINGS)
    out.print("migrations and tables agree")


def serve(
    host: Annotated[str | None, typer.Option(help="address to listen on (RCU_HOST)")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen on (RCU_PORT)")] = None,
    workers: Annotated[int, typer.Option(min=1, help="processes")] = 1,
) -> None:
    """Serve the HTTP interface."""
    with opened():
        pass
    chosen = settings()
    serving.serve(host or chosen.host, chosen.port if port is None else port, workers=workers)
