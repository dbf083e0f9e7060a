"""`rcu record`: one record handed in by hand, and what became of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from rcu.cli.common import AsJson, me, now, opened, out, print_json
from rcu.config import settings
from rcu.errors import InputError
from rcu.services.arrivals import Content, Happened, Reason, Upserted
from rcu.services.models import load_active
from rcu.services.record_form import answer, read_form, read_key
from rcu.services.setup import case_rules, cleaning_settings
from rcu.services.upserting import RealTime
from rcu.store.engine import Store

app = typer.Typer(help="One record by hand.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(metavar="SOURCE:ID", help="the source, and the id it gave")]
Fields = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="NAME=VALUE", help="What it says; may be repeated. An empty value says: nothing."),
]
From = Annotated[
    str | None, typer.Option("--from", metavar="FILE", help="A JSON object of fields; - reads standard input.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write nothing; say what would happen.")]


@app.command()
def put(
    key: Key, *, field: Fields = None, source_file: From = None, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Take one record: standardise, match and publish it, and say whose it is."""
    form = read_form(_object(source_file) | dict(_pair(text) for text in field or ()))
    with opened() as store:
        (done,) = _real_time(store).upsert([form.given(read_key(key))], dry_run=dry_run, actor=me())
    if as_json:
        print_json(answer(done))
    else:
        print_upserted(done, dry_run=dry_run)


def _real_time(store: Store) -> RealTime:
    chosen = settings()
    cleaning = cleaning_settings(chosen, now().date())
    return RealTime(store, load_active(store, chosen), cleaning, now, case_rules(chosen))


def _pair(text: str) -> tuple[str, Any]:
    """Read `name=value`; the two members that are not text are written true or false."""
    name, equals, value = text.partition("=")
    if not equals:
        raise InputError("a field is written name=value", hint="for example --field first_name=Marie")
    if name in {"is_guest", "deleted"}:
        return name, {"true": True, "false": False}.get(value, value)
    return name, value or None


def _object(source_file: str | None) -> dict[str, Any]:
    if source_file is None:
        return {}
    try:
        text = sys.stdin.buffer.read() if source_file == "-" else Path(source_file).read_bytes()
        content = orjson.loads(text)
    except (OSError, orjson.JSONDecodeError):
        content = None
    if not isinstance(content, dict):
        raise InputError(f"{source_file}: cannot be read as one JSON object")
    return content


def print_upserted(done: Upserted, *, dry_run: bool) -> None:
    """Print what became of a record, why, and who else it may be."""
    out.print(f"{escape(str(done.key))} {_CONTENT[done.content]}: {_happened(done)} (version {done.version})")
    for words, others in (("part of it now", done.merged), ("parted from it", done.split)):
        if others:
            out.print(f"{words}: {', '.join(others)}")
    if done.why:
        out.print(_reasons("the records of this customer it is nearest to", done.why))
    if done.possible:
        out.print(_reasons("records of others that may be the same person, left to a steward", done.possible))
    if done.cases:
        told = ", ".join(f"{one.case_id} ({one.kind.value.replace('_', ' ')})" for one in done.cases)
        out.print(f"cases opened: {told}")
    if dry_run:
        out.print("nothing was written")


_CONTENT = {
    Content.NEW: "is new",
    Content.CHANGED: "has changed",
    Content.UNCHANGED: "says what it said before",
    Content.OLDER: "says what is older than what is stored, and was not taken",
}
_HAPPENED = {
    Happened.CREATED: "it is a new customer, {}",
    Happened.JOINED: "it belongs to {}",
    Happened.MOVED: "it belongs to another customer now, {}",
    Happened.MERGED: "customers became one, {}",
    Happened.SPLIT: "a customer became several; it belongs to {}",
    Happened.UNCHANGED: "it stays with {}",
}


def _happened(done: Upserted) -> str:
    return _HAPPENED[done.happened].format(done.customer_id)


def _reasons(title: str, reasons: Sequence[Reason]) -> Table:
    table = Table("record", "customer", "probability", "why", title=title, title_justify="left", box=None)
    table.columns[2].justify = "right"
    for one in reasons:
        says = escape(", ".join(one.says))
        table.add_row(escape(str(one.record)), one.customer_id, f"{one.probability:.1%}", says)
    return table
