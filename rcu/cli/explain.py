"""`rcu explain`: why two records are, or are not, one person; how a customer was built; why a record is alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.bar import Bar
from rich.table import Table

from rcu.cli.common import AsJson, opened, out, print_json
from rcu.config import settings
from rcu.domain.records import CUSTOMER_ID, RecordKey
from rcu.errors import InputError
from rcu.matching.explain import Explanation
from rcu.matching.history import NEAREST
from rcu.matching.unions import Outcome
from rcu.services.explaining import PairTold, RecordTold, StepTold, explain_customer, explain_record
from rcu.services.explaining import explain as explain_pair
from rcu.services.explanation_page import write_page
from rcu.services.models import load_active
from rcu.store.engine import Store

_BAR_WIDTH: Final = 24

One = Annotated[str, typer.Argument(metavar="RECORD|CUSTOMER", help="source:native_id, or a customer id")]
Other = Annotated[str | None, typer.Argument(metavar="[RECORD]", help="the other record of a pair")]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Also write a page with the charts.")]
Nearest = Annotated[int, typer.Option("--nearest", min=0, max=50, help="How many nearest other records to show.")]


def explain(
    one: One, other: Other = None, *, html: Html = None, nearest: Nearest = NEAREST, as_json: AsJson = False
) -> None:
    """Explain why two records are, or are not, one person; or how a customer was built and what it refused."""
    with opened() as store:
        told = _told(store, one, other, nearest)
    if html:
        write_page(told, html)
    if as_json:
        print_json(told)
    elif isinstance(told, PairTold):
        print_pair(told)
    else:
        print_record(told)


def _told(store: Store, one: str, other: str | None, nearest: int) -> PairTold | RecordTold:
    model = load_active(store, settings())
    if other is not None:
        return explain_pair(store, model, _key(one), _key(other))
    if CUSTOMER_ID.fullmatch(one):
        return explain_customer(store, model, one, most=nearest)
    return explain_record(store, model, _key(one), most=nearest)


def _key(text: str) -> RecordKey:
    try:
        return RecordKey.parse(text)
    except ValueError as error:
        raise InputError(str(error)) from None


def print_pair(told: PairTold) -> None:
    """Print what it comes to in words, then the evidence as a waterfall, the sums and the verdict."""
    for sentence in told.words:
        out.print(sentence)
    for said in told.left_out:
        out.print(said)
    out.print(_waterfall(told.explanation))
    found = told.explanation
    out.print(
        f"match weight {found.weight:+.1f} (log2 odds), probability {found.probability:.1%}: [bold]{found.verdict}[/]"
    )
    out.print("they are one customer at present" if told.one_customer else "they are two customers at present")


def _waterfall(found: Explanation) -> Table:
    table = Table("field", "one", "other", "strangers", "household", f"against {found.rival}", box=None)
    table.columns[3].justify = table.columns[4].justify = "right"
    rungs = {rung.name: rung for rung in found.waterfall}
    ends = [0.0, *(rung.end for rung in rungs.values())]
    low, size = min(ends), max(max(ends) - min(ends), 1.0)

    def bar(name: str) -> Bar | str:
        if name not in rungs:
            return ""
        start, end = sorted((rungs[name].start - low, rungs[name].end - low))
        return Bar(size, start, end, width=_BAR_WIDTH, color="green" if rungs[name].bits >= 0 else "red")

    first = next(iter(rungs))
    table.add_row(first, "", "", f"{found.prior_strangers:+.1f}", f"{found.prior_household:+.1f}", bar(first))
    for step in found.steps:
        weights = f"{step.strangers:+.1f}", f"{step.household:+.1f}"
        table.add_row(step.comparison, step.left, step.right, *weights, bar(step.comparison))
    totals = f"{found.total_strangers:+.1f}", f"{found.total_household:+.1f}"
    table.add_row("sum", "", "", *totals, "", style="bold")
    return table


def print_record(told: RecordTold) -> None:
    """Print the records of a customer, the links that built it, those refused, and the nearest others."""
    others = [member for member in told.members if member != told.record]
    if others:
        out.print(f"[bold]{told.record}[/] is one customer with {', '.join(others)}")
    else:
        out.print(f"[bold]{told.record}[/] is a customer alone")
    followed = [step for step in told.steps if step.outcome is Outcome.JOINED]
    refused = [step for step in told.steps if step.outcome is Outcome.REFUSED]
    if followed:
        out.print(_steps("how it was built, the strongest link first", followed))
    if refused:
        out.print(_steps("what it refused", refused))
    if told.nearest:
        out.print(_nearest(told))
    else:
        out.print("no record of another customer has enough in common with it to be compared")


def _steps(title: str, steps: list[StepTold]) -> Table:
    table = Table("one", "other", "weight", "records after", "why not", title=title, title_justify="left", box=None)
    for step in steps:
        weight = "a steward" if step.weight is None else f"{step.weight:+.1f}"
        because = f"{step.reason or ''}: {' and '.join(step.because)}" if step.because else step.reason or ""
        table.add_row(step.left, step.right, weight, str(step.records_after), because)
    return table


def _nearest(told: RecordTold) -> Table:
    title = f"the nearest records to {told.record} that are other customers"
    table = Table("record", "weight", "what it comes to", title=title, title_justify="left", box=None)
    for pair in told.nearest:
        table.add_row(pair.right, f"{pair.explanation.weight:+.1f}", " ".join(pair.words))
    return table
