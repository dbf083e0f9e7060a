"""A reader of the change feed, as a process of its own: what it has seen is in its journal, from which it goes on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import orjson

from rcu.services.following import feed
from rcu.store.engine import Store


def seen(journal: Path) -> list[dict[str, Any]]:
    """The changes a reader has seen; a line that it was killed in is none."""
    lines = journal.read_bytes().splitlines(keepends=True) if journal.exists() else []
    return [orjson.loads(line) for line in lines if line.endswith(b"\n")]


def read(url: str, journal: Path) -> None:
    """Poll all the time, and write down every change."""
    known = seen(journal)
    journal.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in known))
    after = known[-1]["sequence"] if known else 0
    store = Store(url)
    told = os.open(journal, os.O_WRONLY | os.O_APPEND)
    while True:
        found = feed(store, after=after, limit=7)
        for one in found.changes:
            row = {"sequence": one.sequence, "customer": one.customer_id, "kind": one.kind, "version": one.version}
            os.write(told, orjson.dumps(row) + b"\n")
        after = found.next_after


if __name__ == "__main__":
    read(sys.argv[1], Path(sys.argv[2]))
