"""`rcu db`, `rcu key`, `rcu serve`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from rcu.cli import serving
from rcu.cli.common import AsJson, Exit, now, opened, out, print_json
from rcu.config import settings
from rcu.errors import Conflict
from rcu.services import keys
from rcu.store import schema
from rcu.store.engine import Store

db = typer.Typer(help="The database.", no_args_is_help=True)
key = typer.Typer(help="API keys.", no_args_is_help=True)


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


@key.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="who will use it")],
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help=f"may be repeated: {', '.join(sorted(keys.SCOPES))} (by default all that read)"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, for the only time."""
    with opened() as store:
        made = keys.create_key(store, name, scopes=frozenset(scope) if scope else keys.READS, now=now())
    if as_json:
        print_json({"name": name, "key": made})
    else:
        out.print(made, soft_wrap=True)


@key.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List every key ever made, never the keys themselves."""
    with opened() as store:
        found = keys.list_keys(store)
    if as_json:
        print_json(found)
        return
    table = Table("name", "scopes", "created", "revoked", box=None)
    for one in found:
        revoked = f"{one.revoked_at:%Y-%m-%d}" if one.revoked_at else ""
        table.add_row(one.name, " ".join(sorted(one.scopes)), f"{one.created_at:%Y-%m-%d}", revoked)
    out.print(table)


@key.command("revoke")
def revoke_key(name: str) -> None:
    """Revoke a key at once."""
    with opened() as store:
        keys.revoke_key(store, name, now())
    out.print(f"{name} is revoked")


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
