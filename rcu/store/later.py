"""Answers that are on their way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Later(Generic[T]):
    """What was asked and is not waited for yet: questions that do not need each other's answers share a way there."""

    def __init__(self, made: Callable[[], T]) -> None:
        self._made = made

    @classmethod
    def of(cls, answer: T) -> Later[T]:
        """What is known without asking."""
        return cls(lambda: answer)

    def told(self) -> T:
        """The answer, once it is there."""
        return self._made()
