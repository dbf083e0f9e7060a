"""What `rcu model blocking` prints for people."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from rcu.cli.common import out
from rcu.matching.blockreport import RuleReport
from rcu.matching.capture import CONFIDENCE, Recall, RuleYield
from rcu.services.blocking import Blocking


def print_blocking(found: Blocking) -> None:
    """Print a table with a line a rule, what was split or left out, and the totals."""
    out.print(f"[bold]{escape(found.model)}[/]: {len(found.report.rules)} rules, {found.report.records:,} records")
    table = Table("rule", "records", "blocks", "largest", "pairs", "new", "matches", "alone", "pairs a match", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for rule, caught in zip(found.report.rules, found.recall.rules, strict=True):
        table.add_row(*_row(rule, caught))
    out.print(table)
    for rule in found.report.rules:
        _print_oversize(rule)
    _print_totals(found)


def _row(rule: RuleReport, caught: RuleYield) -> tuple[str, ...]:
    new = f"{rule.new_pairs:,}" if rule.exact else f"~{rule.new_pairs:,}"
    cost = "" if caught.pairs_per_match is None else f"{caught.pairs_per_match:,.1f}"
    counts = (f"{count:,}" for count in (rule.records, rule.blocks, rule.largest, rule.pairs))
    return (escape(rule.name), *counts, new, f"{caught.share:.1%}", f"{caught.alone:.2%}", cost)


def _print_oversize(rule: RuleReport) -> None:
    if rule.split:
        out.print(
            f"{escape(rule.name)}: {rule.split:,} blocks split for their size, {rule.pairs_saved:,} pairs saved; "
            f"{rule.lacking:,} records left them for lack of the next column"
        )
    if rule.left_out.blocks:
        out.print(
            f"[bold yellow]{escape(rule.name)}: {rule.left_out.blocks:,} blocks with {rule.left_out.records:,} records "
            "are too large, no column splits them, and they are left out[/]"
        )


def _print_totals(found: Blocking) -> None:
    every_one = found.report.records * (found.report.records - 1) // 2
    share = found.pairs / every_one if every_one else 0.0
    exact = "" if all(rule.exact for rule in found.report.rules) else "about "
    out.print(f"\n{exact}{found.pairs:,} candidate pairs, {share:.3%} of all pairs{_cost(found)}")
    _print_recall(found.recall)


def _cost(found: Blocking) -> str:
    if found.rate is None or found.seconds is None:
        return ""
    return f"; about {found.seconds:,.1f} s to compare, at {found.rate:,.0f} a second on this machine"


def _print_recall(recall: Recall) -> None:
    out.print(f"about {recall.matches:,.0f} of them are matches, from {recall.weighed:,} pairs that were compared")
    if recall.share is None or recall.caught is None or recall.low is None or recall.high is None:
        out.print("what the rules miss cannot be estimated: it takes two rules and matches that they find")
        return
    out.print(
        f"[bold]of the pairs of one person the rules bring together {recall.share:.1%} or less[/] "
        f"({CONFIDENCE:.0%} interval {recall.low:.1%} to {recall.high:.1%}): {recall.reachable:.1%} have a value in "
        f"common fields, {recall.caught:.1%} of these are found"
    )
