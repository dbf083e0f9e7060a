"""Whether a new record was put with its own person's: counted alike for every engine; imports nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Found:
    """Counts new records whose person was there before: found, missed; and those put with somebody else's."""

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        self._before, self._after = before, after
        self._known = set(before)
        self._looked = self._there = self._right = self._wrong = 0

    def add(self, place: int, partners: Iterable[int]) -> None:
        """Say with which records of before (their places) a new record was put."""
        person = self._after[place]
        people = {self._before[partner] for partner in partners}
        self._looked += 1
        self._there += person in self._known
        self._right += person in people
        self._wrong += bool(people - {person})

    def told(self) -> dict[str, int]:
        return {"looked": self._looked, "there": self._there, "right": self._right, "wrong": self._wrong}
