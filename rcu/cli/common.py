"""What commands share: the console, the store, machine-readable output, exit codes."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from rcu.config import settings
from rcu.errors import ConfigurationError, Conflict, InputError, NotFound, RcuError, StoreError
from rcu.store.engine import Store
from rcu.store.schema import require_current

_WIDTH = None if sys.stdout.isatty() else 120
out = Console(highlight=False, width=_WIDTH)
err = Console(stderr=True, highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


class Exit(IntEnum):
    """What an exit code means; 2 is a wrong command line, as everywhere."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    INPUT = 3
    NOT_FOUND = 4
    CONFLICT = 5
    NOT_READY = 6


def exit_code(error: RcuError) -> Exit:
    """The exit code of an error."""
    match error:
        case InputError():
            return Exit.INPUT
        case NotFound():
            return Exit.NOT_FOUND
        case Conflict():
            return Exit.CONFLICT
        case StoreError() | ConfigurationError():
            return Exit.NOT_READY
        case _:
            return Exit.FINDINGS


def me() -> str:
    """Who runs the command, as the machine knows it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        return "unknown"


def now() -> datetime:
    """The present instant; services are given this as their clock."""
    return datetime.now(UTC)


@contextmanager
def opened(url: str | None = None, *, migrated: bool = True) -> Generator[Store]:
    """The store the settings name, closed afterwards; checked to be at the right schema."""
    store = Store(url or settings().database_url)
    try:
        if migrated:
            require_current(store)
        yield store
    finally:
        store.close()


@contextmanager
def progress(*, quiet: bool = False) -> Generator[Progress]:
    """A progress display on standard error, gone when it is done; nothing when output is not for people."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal) as shown:
        yield shown


def print_json(content: object) -> None:
    """Print dataclasses, lists and dictionaries as JSON."""
    json.dump(content, sys.stdout, default=_plain, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def _plain(value: object) -> Any:  # noqa: ANN401
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset | set | tuple):
        return sorted(value)
    return str(value)
