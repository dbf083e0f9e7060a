"""`rcu decide`: what stewards decide about records and customers, listed, previewed, taken back."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer
from rich.table import Table

from rcu.cli.common import AsJson, me, now, opened, out, print_json
from rcu.config import settings
from rcu.domain.decisions import DecisionKind, State
from rcu.errors import InputError
from rcu.services.asking import Ask, AskAbout, FourEyes, Setting
from rcu.services.decided import DecisionTold, decisions
from rcu.services.deciding import Decided, approve, decide, undo
from rcu.services.models import load_active
from rcu.services.overriding import FIELDS
from rcu.services.previewing import CustomerShown, Preview, preview
from rcu.services.setup import case_rules, cleaning_settings

app = typer.Typer(
    help="Decide who is who: merge, keep apart, split, confirm, override, comment; and take it back.",
    no_args_is_help=True,
)

_STATES: Final = {State.IN_FORCE: "", State.UNDONE: "taken back", State.AWAITS_APPROVAL: "waits for approval"}

Names = Annotated[list[str], typer.Argument(metavar="RECORD|CUSTOMER...", help="source:native_id, or customer ids")]
Name = Annotated[str, typer.Argument(metavar="RECORD|CUSTOMER", help="source:native_id, or a customer id")]
Number = Annotated[int, typer.Argument(metavar="DECISION", help="the number of a decision")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for somebody who reads it in a year.")]
By = Annotated[str | None, typer.Option("--by", help="Who decides; by default the user of this computer.")]
Expect = Annotated[
    list[str] | None, typer.Option("--expect", metavar="CUSTOMER=VERSION", help="Only if it is still at this version.")
]
Supersede = Annotated[bool, typer.Option("--supersede", help="Take back the decisions that stand in the way.")]
PreviewOnly = Annotated[bool, typer.Option("--preview", help="Show what would change; decide nothing.")]
Fields = Annotated[
    list[str], typer.Argument(metavar="FIELD=VALUE...", help="what they are to be, in any spelling records have")
]
Groups = Annotated[
    list[str], typer.Option("--group", metavar="RECORD,RECORD", help="Records that leave together; may be repeated.")
]


@app.command()
def merge(
    about: Names, reason: Reason, *, by: By = None, expect: Expect = None, supersede: Supersede = False,
    preview_only: PreviewOnly = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say that records or customers are one person."""
    ask = _ask(DecisionKind.MERGE, about, reason, by=by, expect=expect, supersede=supersede)
    _take(ask, preview_only=preview_only, as_json=as_json)


@app.command("not-same")
def not_same(
    about: Names, reason: Reason, *, by: By = None, expect: Expect = None, supersede: Supersede = False,
    preview_only: PreviewOnly = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say that records or customers are not one person."""
    ask = _ask(DecisionKind.NOT_SAME, about, reason, by=by, expect=expect, supersede=supersede)
    _take(ask, preview_only=preview_only, as_json=as_json)


@app.command()
def split(
    about: Name, groups: Groups, reason: Reason, *, by: By = None, expect: Expect = None, supersede: Supersede = False,
    preview_only: PreviewOnly = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say which records of a customer go together; those not named stay."""
    parts = tuple(tuple(one.strip() for one in group.split(",") if one.strip()) for group in groups)
    ask = _ask(DecisionKind.SPLIT, [about], reason, groups=parts, by=by, expect=expect, supersede=supersede)
    _take(ask, preview_only=preview_only, as_json=as_json)


@app.command()
def confirm(
    about: Name, reason: Reason, *, by: By = None, expect: Expect = None, supersede: Supersede = False,
    preview_only: PreviewOnly = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say that the records of a customer do belong together."""
    ask = _ask(DecisionKind.CONFIRM, [about], reason, by=by, expect=expect, supersede=supersede)
    _take(ask, preview_only=preview_only, as_json=as_json)


@app.command()
def comment(about: Names, reason: Reason, *, by: By = None, as_json: AsJson = False) -> None:
    """Leave words about records or customers; nothing else happens."""
    _take(_ask(DecisionKind.COMMENT, about, reason, by=by), preview_only=False, as_json=as_json)


@app.command()
def override(
    about: Name, fields: Fields, reason: Reason, *, by: By = None, expect: Expect = None,
    preview_only: PreviewOnly = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say what fields of a customer's golden record are, whatever its records say; `email=` empties one."""
    setting = Setting(dict(map(_field, fields)), cleaning_settings(settings(), now().date()))
    ask = _ask(DecisionKind.OVERRIDE, [about], reason, by=by, expect=expect, setting=setting)
    _take(ask, preview_only=preview_only, as_json=as_json)


@app.command("undo")
def undo_decision(
    number: Number, reason: Reason, *, by: By = None, preview_only: PreviewOnly = False, as_json: AsJson = False
) -> None:
    """Take a decision back, whatever happened since."""
    if preview_only:
        _preview(AskAbout(DecisionKind.UNDO, number, by or me(), reason), as_json=as_json)
        return
    with opened() as store:
        done = undo(
            store,
            number,
            actor=by or me(),
            reason=reason,
            clock=now,
            model=load_active(store, settings()),
            rules=case_rules(settings()),
        )
    _print_decided(done, as_json=as_json)


@app.command("approve")
def approve_decision(
    number: Number, reason: Reason, *, by: By = None, preview_only: PreviewOnly = False, as_json: AsJson = False
) -> None:
    """Give effect to a merge that waits for a second person."""
    if preview_only:
        _preview(AskAbout(DecisionKind.APPROVE, number, by or me(), reason), as_json=as_json)
        return
    with opened() as store:
        done = approve(
            store,
            number,
            actor=by or me(),
            reason=reason,
            clock=now,
            model=load_active(store, settings()),
            rules=case_rules(settings()),
        )
    _print_decided(done, as_json=as_json)


@app.command("list")
def list_decisions(
    about: Annotated[str | None, typer.Option("--about", help="only about this record or customer")] = None,
    as_json: AsJson = False,
) -> None:
    """List decisions, the newest first, and whether they count."""
    with opened() as store:
        found = decisions(store, about)
    if as_json:
        print_json(found)
        return
    table = Table("number", "at", "by", "decision", "state", "records", "reason", box=None)
    for one in found:
        at, records = f"{one.decided_at:%Y-%m-%d %H:%M}", ", ".join(one.records)
        table.add_row(str(one.decision_id), at, one.actor, _said(one), _STATES[one.state], records, one.reason)
    out.print(table)


def _said(one: DecisionTold) -> str:
    about = f" {one.about}" if one.about is not None else ""
    changed = f", {len(one.changed)} changed since" if one.changed else ""
    fields = f" {', '.join(one.fields)}" if one.fields else ""
    return f"{one.kind.value.replace('_', ' ')}{about}{fields}{changed}"


def _ask(
    kind: DecisionKind, about: list[str], reason: str, *, by: str | None, expect: list[str] | None = None,
    supersede: bool = False, groups: tuple[tuple[str, ...], ...] = (), setting: Setting | None = None,
) -> Ask:  # fmt: skip
    seen = dict(map(_expected, expect or ()))
    return Ask(kind, tuple(about), by or me(), reason, groups, seen, supersede, setting)


def _field(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    if not equals:
        msg = "a field is set as NAME=VALUE, or emptied as NAME="
        raise InputError(msg, hint=f"fields: {', '.join(FIELDS)}")
    return name.strip(), value.strip() or None


def _expected(text: str) -> tuple[str, int]:
    customer_id, _, version = text.partition("=")
    if not version.isdecimal():
        msg = "--expect takes a customer id and its version, as ID=3"
        raise InputError(msg)
    return customer_id, int(version)


def _take(ask: Ask, *, preview_only: bool, as_json: bool) -> None:
    if preview_only:
        _preview(ask, as_json=as_json)
        return
    limits = FourEyes(settings().four_eyes_records, settings().four_eyes_revenue)
    with opened() as store:
        done = decide(
            store, ask, clock=now, model=load_active(store, settings()), rules=case_rules(settings()), four_eyes=limits
        )
    _print_decided(done, as_json=as_json)


def _preview(ask: Ask | AskAbout, *, as_json: bool) -> None:
    with opened() as store:
        shown = preview(store, load_active(store, settings()), ask, clock=now)
    if as_json:
        print_json(shown)
    else:
        _print_preview(shown)


def _print_decided(done: Decided, *, as_json: bool) -> None:
    decision = done.decision
    if as_json:
        told = {"decision_id": decision.decision_id, "kind": decision.kind, "state": done.state}
        print_json({**told, "superseded": done.superseded})
        return
    out.print(f"decision {decision.decision_id}: {decision.kind.value.replace('_', ' ')}")
    if done.superseded:
        out.print(f"taken back for it: {', '.join(map(str, done.superseded))}")
    if done.state is State.AWAITS_APPROVAL:
        out.print(f"it waits for a second person: rcu decide approve {decision.decision_id}")


def _print_preview(shown: Preview) -> None:
    if not shown.before:
        out.print("no customer would change")
        return
    out.print(_customers("as it is", shown.before))
    out.print(_customers("as it would be", shown.after))


def _customers(title: str, found: tuple[CustomerShown, ...]) -> Table:
    columns = ("customer", "records", "name", "orders", "net revenue", "consents", "RFM")
    table = Table(*columns, title=title, title_justify="left", box=None)
    for one in found:
        golden, sums = one.profile["golden"], one.profile["aggregates"]["orders"]
        name = " ".join(str(golden[part]) for part in ("first_name", "last_name") if part in golden)
        revenue = ", ".join(f"{row['net_revenue']} {row['currency']}" for row in sums)
        orders = ", ".join(str(row["orders"]) for row in sums)
        records = ", ".join(one.records)
        table.add_row(one.customer_id, records, name, orders, revenue, _consents(one.profile), _rfm(one.profile))
    return table


def _consents(profile: dict[str, Any]) -> str:
    said = (one for point in profile["contact_points"] for one in point.get("consents", ()))
    return ", ".join(dict.fromkeys(f"{one['channel']} {one['state']}" for one in said))


def _rfm(profile: dict[str, Any]) -> str:
    rfm = profile["scores"]["rfm"] or {}
    return "".join(str(rfm[name]["value"]) for name in ("recency", "frequency", "monetary") if name in rfm)
