"""`rcu case`: the review queue."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from rcu.cli.common import AsJson, me, now, opened, out, print_json
from rcu.config import settings
from rcu.domain.cases import CaseKind, CaseState
from rcu.domain.decisions import DecisionKind
from rcu.errors import InputError
from rcu.services.deciding import FourEyes
from rcu.services.models import load_active
from rcu.services.reviewing import CaseDecision, CaseShown, Review, case, cases
from rcu.services.setup import case_rules
from rcu.store.queue import Wish

app = typer.Typer(help="The review queue: where a person should look at who is who.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="CASE", help="the number of a case")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for somebody who reads it in a year.")]
Why = Annotated[str | None, typer.Option("--reason", help="Why, for somebody who reads it in a year.")]
By = Annotated[str | None, typer.Option("--by", help="Who does it; by default the user of this computer.")]
Expect = Annotated[int | None, typer.Option("--expect", metavar="VERSION", help="Only if it is still at this version.")]
Date = Annotated[str | None, typer.Argument(metavar="DATE", help="as 2026-03-01 or 2026-03-01T09:00:00+01:00")]
Clear = Annotated[bool, typer.Option("--clear", help="Take the date away.")]

About = Annotated[
    list[str] | None, typer.Option("--about", metavar="CUSTOMER", help="Some of its customers; may be repeated.")
]
Groups = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="RECORD,RECORD", help="Of a split: records that leave together."),
]
Supersede = Annotated[bool, typer.Option("--supersede", help="Take back the decisions that stand in the way.")]
Whom = Annotated[str | None, typer.Argument(metavar="WHOM", help="who has it from now on; nobody, where left out")]
States = Annotated[CaseState, typer.Option("--state", help="Those that wait, are put off, or closed.")]


@app.command("list")
def list_cases(
    *,
    state: States = CaseState.OPEN,
    every: Annotated[bool, typer.Option("--all", help="Whatever their state.")] = False,
    kind: Annotated[CaseKind | None, typer.Option("--kind", help="Why they are there.")] = None,
    assigned: Annotated[str | None, typer.Option("--assigned", help="Who has them; nobody, where empty.")] = None,
    due_before: Annotated[str | None, typer.Option("--due-before", metavar="DATE", help="Due before then.")] = None,
    customer: Annotated[str | None, typer.Option("--customer", help="Any id a customer ever had.")] = None,
    least: Annotated[float | None, typer.Option("--priority", help="As high or higher.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="In keys of records and ids.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """List cases, the highest priority and then the oldest first."""
    due = None if due_before is None else _instant(due_before)
    wish = Wish(None if every else state, kind, assigned, due, customer, least, text)
    with opened() as store:
        found, further = cases(store, wish, clock=now, limit=limit)
    if as_json:
        print_json([_plain(one) for one in found])
        return
    table = Table("case", "kind", "priority", "revenue", "who has it", "due", "customers", box=None)
    for one in found:
        table.add_row(*_row(one))
    out.print(table)
    if further:
        out.print("there are more: --limit")


def _row(one: CaseShown) -> tuple[str, ...]:
    told = one.case
    due = f"{told.due_at:%Y-%m-%d}" if told.due_at else ""
    state = "" if one.state is CaseState.OPEN else f" ({one.state.value})"
    return (
        f"{told.case_id}{state}",
        told.kind.value.replace("_", " "),
        f"{told.priority:.2f}",
        f"{told.revenue_minor / 100:,.2f}",
        escape(told.assigned_to or ""),
        due,
        ", ".join(one.customers),
    )


@app.command()
def show(number: Number, *, as_json: AsJson = False) -> None:
    """Show a case: why it is there, its customers, what it can be decided by, what happened to it."""
    with opened() as store:
        shown, events = case(store, number, clock=now)
    if as_json:
        print_json({**_plain(shown), "events": [asdict(one) for one in events]})
        return
    out.print(f"case {number} ({shown.state.value}, version {shown.case.version}): {shown.explanation}")
    out.print(f"priority {shown.case.priority:.2f}; decided by: {', '.join(one.value for one in shown.allowed) or '-'}")
    out.print(f"customers: {', '.join(f'{one} (version {at})' for one, at in shown.customers.items())}")
    for name, value in shown.evidence.items():
        told = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        out.print(f"  {name}: {escape(told)}")
    for one in events:
        out.print(f"{one.at:%Y-%m-%d %H:%M} {escape(one.actor)}: {one.kind} {escape(one.detail or '')}".rstrip())


@app.command()
def assign(
    number: Number,
    to: Whom = None, *, by: By = None, expect: Expect = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Give a case to somebody, or take it away."""
    with opened() as store:
        _done(Review(store, by or me(), now).assign(number, to, expected=expect), as_json=as_json)


@app.command()
def due(
    number: Number, date: Date = None, *, clear: Clear = False, by: By = None, expect: Expect = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say until when a case is to be looked at."""
    at = _date(date, clear=clear)
    with opened() as store:
        _done(Review(store, by or me(), now).due(number, at, expected=expect), as_json=as_json)


@app.command()
def defer(
    number: Number, date: Annotated[str, typer.Argument(metavar="DATE", help="as 2026-03-01 or with a time")], *,
    reason: Why = None, by: By = None, expect: Expect = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Put a case off: it is back in the queue by itself."""
    until = _instant(date)
    with opened() as store:
        _done(Review(store, by or me(), now).defer(number, until, reason=reason, expected=expect), as_json=as_json)


@app.command()
def resume(
    number: Number, *, reason: Why = None, by: By = None, expect: Expect = None, as_json: AsJson = False
) -> None:
    """Take a case back into the queue before the date it is put off to."""
    with opened() as store:
        _done(Review(store, by or me(), now).resume(number, reason=reason, expected=expect), as_json=as_json)


@app.command()
def comment(
    number: Number, text: Annotated[str, typer.Argument(help="what there is to say")], *, by: By = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say something about a case."""
    with opened() as store:
        _done(Review(store, by or me(), now).comment(number, text), as_json=as_json)


@app.command()
def close(number: Number, reason: Reason, *, by: By = None, expect: Expect = None, as_json: AsJson = False) -> None:
    """Close a case by hand: it stays closed until its evidence changes."""
    with opened() as store:
        _done(Review(store, by or me(), now).close(number, reason, expected=expect), as_json=as_json)


@app.command()
def decide(
    number: Number,
    verb: Annotated[str, typer.Argument(metavar="HOW", help="merge, not-same, confirm, split or undo")],
    reason: Reason,
    *,
    about: About = None, group: Groups = None, supersede: Supersede = False,
    by: By = None, expect: Expect = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Decide what a case asks."""
    groups = tuple(tuple(one.strip() for one in text.split(",") if one.strip()) for text in group or ())
    limits = FourEyes(settings().four_eyes_records, settings().four_eyes_revenue)
    ask = CaseDecision(
        _verb(verb), reason, tuple(about or ()), groups, supersede, expect, limits, case_rules(settings())
    )
    with opened() as store:
        done = Review(store, by or me(), now).decide(number, ask, load_active(store, settings()))
    if as_json:
        print_json({"decision_id": done.decision.decision_id, "kind": done.decision.kind, "state": done.state})
    else:
        out.print(f"decision {done.decision.decision_id}: {done.state.value.replace('_', ' ')}")


def _verb(text: str) -> DecisionKind:
    try:
        return DecisionKind(text.replace("-", "_"))
    except ValueError:
        raise InputError("a case is decided by merge, not-same, confirm, split or undo") from None


def _date(text: str | None, *, clear: bool) -> datetime | None:
    if clear is (text is not None):
        raise InputError("give a date, or --clear")
    return None if text is None else _instant(text)


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputError("a date is written 2026-03-01 or 2026-03-01T09:00:00+01:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _plain(one: CaseShown) -> dict[str, Any]:
    told = asdict(one.case) | {"state": one.state.value, "evidence": dict(one.evidence)}
    return {**told, "customers": dict(one.customers), "allowed": [kind.value for kind in one.allowed]}


def _done(shown: CaseShown, *, as_json: bool) -> None:
    if as_json:
        print_json(_plain(shown))
    else:
        out.print(f"case {shown.case.case_id}: {shown.state.value}, version {shown.case.version}")
