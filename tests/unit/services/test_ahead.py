"""Items are made one ahead, in their order, and an error comes where it belongs."""

from __future__ import annotations

import threading
from collections.abc import Generator

import pytest

from rcu.services.ahead import one_ahead


def test_the_next_item_is_made_while_the_last_is_used() -> None:
    made = [threading.Event() for _ in range(4)]

    def items() -> Generator[int]:
        for number in range(3):
            made[number].set()
            yield number
        made[3].set()

    seen: list[int] = []
    for item in one_ahead(items()):
        seen.append(item)
        assert made[item + 1].wait(5)
    assert seen == [0, 1, 2]


def test_an_error_comes_after_the_items_before_it() -> None:
    def items() -> Generator[int]:
        yield 1
        raise ZeroDivisionError

    found = one_ahead(items())
    assert next(found) == 1
    with pytest.raises(ZeroDivisionError):
        next(found)


def test_who_stops_asking_lets_go_of_the_source() -> None:
    closed = threading.Event()

    def items() -> Generator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    found = one_ahead(items())
    assert next(found) == 1
    found.close()
    assert closed.is_set()


def test_nothing_gives_nothing() -> None:
    assert list(one_ahead(iter_nothing())) == []


def iter_nothing() -> Generator[int]:
    yield from ()
