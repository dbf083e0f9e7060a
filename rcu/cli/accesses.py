"""The access log, printed."""

from __future__ import annotations

from rich.table import Table

from rcu.cli.common import out, print_json
from rcu.services.accesses import AccessPage


def print_accesses(page: AccessPage, as_json: bool) -> None:
    """Print entries of the access log, the newest first."""
    if as_json:
        print_json(page)
        return
    table = Table("at", "key", "for", "operation", "purpose", "customer", "shown", box=None)
    for one in page.accesses:
        table.add_row(
            f"{one.at:%Y-%m-%d %H:%M:%S}",
            one.key_name,
            one.actor or "",
            one.operation,
            one.purpose or "",
            one.customer_id,
            " ".join(one.field_groups),
        )
    out.print(table)
    if page.next_cursor:
        out.print(f"older ones: --cursor {page.next_cursor}")
