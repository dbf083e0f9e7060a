"""`rcu key`: API keys, what they may do, and whom they were shown."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from rcu.cli.accesses import print_accesses
from rcu.cli.common import AsJson, now, opened, out, print_json
from rcu.domain.keys import Rate, Terms
from rcu.errors import InputError
from rcu.services import keys
from rcu.services.accesses import accesses
from rcu.services.looking_back import read_instant
from rcu.store.accesses import AccessWish
from rcu.store.keys import ApiKey

app = typer.Typer(help="API keys.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="who uses it")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="who will use it")],
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help=f"may be repeated: {', '.join(sorted(keys.SCOPES))} (by default all that read)"),
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="TIME", help="It ends then, like 2027-01-01T00:00:00Z.")
    ] = None,
    purpose: Annotated[
        str | None, typer.Option("--purpose", metavar="WORD", help="What it reads for, where a request does not say.")
    ] = None,
    rate: Annotated[
        int | None, typer.Option("--rate", metavar="N", help="At most so many requests a second on average.")
    ] = None,
    burst: Annotated[
        int | None, typer.Option("--burst", metavar="N", help="So many at once; a multiple of the rate, by default it.")
    ] = None,
    store: Annotated[
        list[str] | None, typer.Option("--store", help="It sees customers of this store only; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print its secret, for the only time."""
    if burst is not None and rate is None:
        raise InputError("a burst needs a rate", hint="say --rate, too")
    held = None if rate is None else Rate(rate, rate if burst is None else burst)
    terms = Terms(_instant(expires, "--expires"), purpose, held, frozenset(store) if store else None)
    with opened() as opened_store:
        scopes = frozenset(scope) if scope else keys.READS
        secret = keys.create_key(opened_store, name, scopes=scopes, now=now(), terms=terms)
    _print_secret(name, secret, as_json)


def _instant(text: str | None, option: str) -> datetime | None:
    return None if text is None else read_instant(text, called=option)


def _print_secret(name: str, secret: str, as_json: bool) -> None:
    if as_json:
        print_json({"name": name, "key": secret})
    else:
        out.print(secret, soft_wrap=True)


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List every key ever made, never their secrets."""
    with opened() as store:
        found = keys.list_keys(store)
    if as_json:
        print_json(found)
        return
    table = Table("name", "scopes", "created", "last used", "ends", "held to", box=None)
    for one in found:
        table.add_row(one.name, " ".join(sorted(one.scopes)), _day(one.created_at), _day(one.last_used_at), *_held(one))
    out.print(table)


def _day(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d}"


def _held(key: ApiKey) -> tuple[str, str]:
    """When it ends, and what it is held to."""
    terms = key.terms
    ends = f"revoked {_day(key.revoked_at)}" if key.revoked_at else _day(terms.expires_at)
    told = [f"for {terms.purpose}"] if terms.purpose else []
    if terms.rate:
        told.append(f"{terms.rate.per_second}/s, {terms.rate.burst} at once")
    if terms.stores:
        told.append(f"stores {' '.join(sorted(terms.stores))}")
    return ends, "; ".join(told)


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show a key: what it may do and is held to, and until when its secrets are in force."""
    with opened() as store:
        shown = keys.show_key(store, name)
    if as_json:
        print_json(shown)
        return
    key = shown.key
    ends, held = _held(key)
    used = "never" if key.last_used_at is None else f"{key.last_used_at:%Y-%m-%d %H:%M}"
    out.print(f"{key.name} (number {key.key_id}), made {_day(key.created_at)}, last used {used}", soft_wrap=True)
    out.print(f"scopes: {' '.join(sorted(key.scopes))}", soft_wrap=True)
    out.print(f"ends: {ends or 'never'}; held to: {held or 'nothing'}", soft_wrap=True)
    for one in shown.secrets:
        until = "as long as the key" if one.expires_at is None else f"until {one.expires_at:%Y-%m-%d %H:%M:%S}"
        out.print(f"a secret of {one.created_at:%Y-%m-%d %H:%M:%S}, in force {until}")


@app.command()
def rotate(
    name: Name,
    overlap: Annotated[
        float, typer.Option("--overlap", metavar="HOURS", min=0, max=8760, help="The old ones stay in force so long.")
    ] = 24.0,
    as_json: AsJson = False,
) -> None:
    """Give a key another secret and print it, for the only time."""
    at = now()
    with opened() as store:
        secret = keys.rotate_key(store, name, now=at, until=at + timedelta(hours=overlap))
    _print_secret(name, secret, as_json)


@app.command()
def expire(
    name: Name,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="Then, like 2027-01-01T00:00:00Z.")] = None,
    never: Annotated[bool, typer.Option("--never", help="It does not end any more.")] = False,
) -> None:
    """Let a key end: now, at a time, or never."""
    if never and at is not None:
        raise InputError("--at and --never contradict each other")
    ends = None if never else (_instant(at, "--at") or now())
    with opened() as store:
        keys.expire_key(store, name, ends)
    out.print(f"{name} does not end" if ends is None else f"{name} ends {ends:%Y-%m-%d %H:%M:%S}")


@app.command()
def revoke(name: Name) -> None:
    """Revoke a key for ever."""
    with opened() as store:
        keys.revoke_key(store, name, now())
    out.print(f"{name} is revoked")


@app.command("accesses")
def show_accesses(
    name: Name,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many.")] = 50,
    cursor: Annotated[str | None, typer.Option("--cursor", help="Go on from where the last page ended.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell which customers a key was shown, and what for, the newest first."""
    with opened() as store:
        keys.show_key(store, name)
        page = accesses(store, AccessWish(key_name=name), cursor=cursor, limit=limit)
    print_accesses(page, as_json)
