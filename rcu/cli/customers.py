"""How customers change from one working out to another, in words."""

from __future__ import annotations

from rcu.cli.common import out
from rcu.services.models_diff import CustomerChanges


def print_customers(found: CustomerChanges) -> None:
    """Print how many customers would change, and how, with examples."""
    out.print(
        f"[bold]{found.changed:,} of {found.customers[0]:,} customers would change[/]: "
        f"{found.merged:,} would be merged, {found.split:,} split, {found.rearranged:,} rearranged"
    )
    out.print(f"customers {found.customers[0]:,} -> {found.customers[1]:,}, largest {_counts(found.largest)} records")
    out.print(f"pairs of records: {found.pairs_gained:,} gained, {found.pairs_lost:,} lost")
    for example in found.examples:
        out.print(f"{example.change}: {_groups(example.before)} -> {_groups(example.after)}", soft_wrap=True)


def _counts(values: tuple[int, int]) -> str:
    return f"{values[0]:,} -> {values[1]:,}"


def _groups(groups: tuple[tuple[str, ...], ...]) -> str:
    return " | ".join(" + ".join(group) for group in groups)
