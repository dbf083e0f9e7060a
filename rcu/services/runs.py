"""The history of runs, as people and programs read it."""

from __future__ import annotations

from typing import Final

from rcu.errors import NotFound
from rcu.services.cursors import read_cursor, write_cursor
from rcu.store import runs as rows
from rcu.store.engine import Store
from rcu.store.runs import Run

_CURSOR: Final = "u1"
_NEWEST: Final = 2**63 - 1


def runs(
    store: Store, *, status: str | None = None, cursor: str | None = None, limit: int = 50
) -> tuple[list[Run], str | None]:
    """Runs, the newest first, and the cursor of older ones (None at the end); `status` None is any.

    Raises:
        InvalidCursor: the cursor is not one this service gave out.
    """
    before = _NEWEST if cursor is None else read_cursor(_CURSOR, cursor)
    with store.read() as connection:
        found = rows.page(connection, status=status, before=before, limit=limit + 1)
    shown = found[:limit]
    return shown, write_cursor(_CURSOR, shown[-1].run_id) if len(found) > limit else None


def run_of(store: Store, run_id: int) -> Run:
    """One run.

    Raises:
        NotFound: there is none of that number.
    """
    with store.read() as connection:
        found = rows.find(connection, run_id)
    if found is None:
        raise NotFound("run", str(run_id))
    return found
