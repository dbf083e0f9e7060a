"""`rcu customer`: one customer, as it is and as it was."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from rcu.cli.accesses import print_accesses
from rcu.cli.common import AsJson, err, opened, out, print_json
from rcu.domain.causes import Cause
from rcu.domain.records import CUSTOMER_ID
from rcu.errors import InputError
from rcu.services import looking_back, reading, searching
from rcu.services.accesses import accesses
from rcu.services.household import answer, household
from rcu.services.looking_back import HistoryPage, VersionTold
from rcu.services.reading import FIELDS_OF_SCOPE
from rcu.services.searching import MOST_CHARACTERS, MOST_RESULTS
from rcu.store.accesses import AccessWish

app = typer.Typer(help="One customer, as it is and as it was.", no_args_is_help=True)

CustomerId = Annotated[str, typer.Argument(metavar="CUSTOMER", help="a customer id, as ever given out")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="TIME", help="An instant with its offset, like 2026-03-01T10:15:00Z.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=200, help="At most so many.")]
Cursor = Annotated[str | None, typer.Option("--cursor", help="Go on from where the last page ended.")]


@app.command()
def show(customer_id: CustomerId, *, as_of: AsOf = None) -> None:
    """Print the profile of a customer as JSON; with --as-of, the one that was true then."""
    name = _checked(customer_id)
    with opened() as store:
        if as_of is None:
            profile = reading.customer(store, name)
        else:
            profile = looking_back.profile_as_of(store, name, looking_back.read_instant(as_of))
    if profile.customer_id != name:
        err.print(f"{name} is part of {profile.customer_id}", soft_wrap=True)
    document = orjson.dumps(orjson.loads(profile.profile), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    sys.stdout.write(document.decode())


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="names, a town, a number or a mailbox, or how they begin")],
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=MOST_RESULTS, help="At most so many.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Find customers by what is remembered of them, the likeliest first."""
    with opened() as store:
        found = searching.search(store, text[:MOST_CHARACTERS], limit=limit, scopes=frozenset(FIELDS_OF_SCOPE))
    if as_json:
        print_json({"results": [one.told() for one in found.results], "more": found.more})
        return
    table = Table("customer", "name", "born", "town", "contact", box=None)
    table.columns[0].no_wrap = True
    for one in found.results:
        year = "" if one.birth_year is None else str(one.birth_year)
        contact = ", ".join(filter(None, (one.email, one.mobile, one.loyalty_number)))
        town = " ".join(filter(None, (one.postcode, one.town)))
        table.add_row(one.customer_id, *map(escape, (one.name or "", year, town, contact)))
    out.print(table)
    if found.more:
        out.print("there are more: type more")


@app.command("household")
def show_household(customer_id: CustomerId, *, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Tell who belongs together with a customer, and why; with --as-of, who did then."""
    at = None if as_of is None else looking_back.read_instant(as_of)
    with opened() as store:
        shown = household(store, _checked(customer_id), at)
    if as_json:
        told = orjson.loads(answer(shown, frozenset(FIELDS_OF_SCOPE)))
        sys.stdout.write(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
        return
    says = (shown.told.get("reason") or {}).get("says", "not known")
    out.print(f"household {shown.told['household_id']}: {says}", soft_wrap=True)
    for one in shown.members:
        out.print(f"{one.customer_id} (version {one.version})")


@app.command()
def history(customer_id: CustomerId, *, limit: Limit = 50, cursor: Cursor = None, as_json: AsJson = False) -> None:
    """Tell what a customer was, the newest version first: when, what made it, and what changed."""
    scopes = frozenset({*FIELDS_OF_SCOPE, looking_back.STEWARD})
    with opened() as store:
        page = looking_back.history(store, _checked(customer_id), scopes, cursor=cursor, limit=limit)
    if as_json:
        told = orjson.dumps(looking_back.answer(page), option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2)
        sys.stdout.write(told.decode() + "\n")
    else:
        print_history(page)


@app.command("accesses")
def show_accesses(
    customer_id: CustomerId, *, limit: Limit = 50, cursor: Cursor = None, as_json: AsJson = False
) -> None:
    """Tell who was shown a customer over HTTP, and what for, the newest first."""
    with opened() as store:
        print_accesses(
            accesses(store, AccessWish(customer_id=_checked(customer_id)), cursor=cursor, limit=limit), as_json
        )


def _checked(customer_id: str) -> str:
    name = customer_id.lower()
    if not CUSTOMER_ID.fullmatch(name):
        raise InputError("this is not a customer id", hint="it looks like 0197f3a2-8c41-7d10-9f6e-2b5f0c1d3e4a")
    return name


def print_history(page: HistoryPage) -> None:
    """Print what became of the id, then its versions as a table."""
    others = [one for one in page.became.customers if one != page.customer_id]
    if others:
        out.print(f"{page.customer_id} is part of {', '.join(others)} today", soft_wrap=True)
    table = Table("version", "from", "until", "by", "what", box=None)
    for one in page.versions:
        until = "" if one.until_at is None else _at(one.until_at)
        table.add_row(str(one.version), _at(one.from_at), until, _by(one.cause), escape("\n".join(_what(one))))
    out.print(table)
    if page.next_cursor:
        out.print(f"older ones: --cursor {page.next_cursor}")


def _at(when: Any) -> str:  # noqa: ANN401
    return f"{when:%Y-%m-%d %H:%M:%S}"


def _by(cause: Cause | None) -> str:
    if cause is None:
        return "not known"
    number = "" if cause.number is None else f" {cause.number}"
    actor = "" if cause.actor is None else f", {escape(cause.actor)}"
    return f"{cause.kind.value}{number}{actor}"


def _what(one: VersionTold) -> list[str]:
    """A line for each thing that changed; values are left to --json."""
    lines = [one.kind.value]
    for words, records in (("came:", one.joined), ("left:", one.left)):
        if records:
            lines.append(f"{words} {', '.join(records)}")
    if one.changes is None:
        lines.append("the version before is not known")
    fields = dict.fromkeys(f"{change.group}.{change.field}" for change in one.changes or ())
    if fields:
        lines.append(f"changed: {', '.join(fields)}")
    lines += [f"case {act.case_id} {act.event} by {act.actor}: {act.detail or ''}".rstrip(" :") for act in one.reviewed]
    if one.merged is not None:
        lines.append(f"then part of {one.merged.customer_id} (by {_by(one.merged.cause)})")
    return lines
