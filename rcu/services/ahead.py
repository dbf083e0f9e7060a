"""The next of some things made while the last one is being used."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

T = TypeVar("T")


def one_ahead(items: Generator[T]) -> Generator[T]:
    """The same items, each made in a thread of its own while whoever asked for the one before is at work on it.

    It gains where the one waits for a database: then the interpreter is free for the other. What making an item
    raises is raised when it is asked for.
    """
    with closing(items), ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        coming = pool.submit(_next, items)
        while found := coming.result():
            coming = pool.submit(_next, items)
            yield found[0]


def _next(items: Generator[T]) -> tuple[T, ...]:
    """The next item; nothing at the end."""
    for item in items:
        return (item,)
    return ()
