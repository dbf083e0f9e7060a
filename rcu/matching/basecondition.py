"""What every condition of a comparison level can do, and the pairs of records it is asked about."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Final

from pydantic import BaseModel, ConfigDict

from rcu.matching.arrays import Bools, Codes, Index
from rcu.matching.table import EncodedTable

FEW_PAIRS: Final = 32
"""So few are all asked about everything: to choose those that still matter would take longer."""


class Pairs:
    """Pairs of rows of one table; the codes of a column are fetched once, however many conditions ask for them.

    Where `rows` are given, `left` and `right` are places in them.
    """

    __slots__ = ("_codes", "_near", "left", "right", "rows", "table")

    def __init__(self, table: EncodedTable, left: Index, right: Index, rows: Index | None = None) -> None:
        self.table = table
        self.left = left
        self.right = right
        self.rows = rows
        self._codes: dict[str, tuple[Codes, Codes]] = {}
        self._near: dict[str, Codes] = {}

    def __len__(self) -> int:
        return len(self.left)

    def codes(self, column: str) -> tuple[Codes, Codes]:
        """The codes of one column for the left and the right records; -1 where a value is missing."""
        if column not in self._codes:
            codes = self._of_rows(column)
            self._codes[column] = codes.take(self.left), codes.take(self.right)
        return self._codes[column]

    def _of_rows(self, column: str) -> Codes:
        if self.rows is None:
            return self.table[column].codes
        if not self._near:
            self._near.update(self.table.near(self.rows))  # for all parts of these pairs: they share it
        return self._near[column]

    def only(self, chosen: Index) -> Pairs:
        """Some of the pairs, by their places."""
        some = Pairs(self.table, self.left.take(chosen), self.right.take(chosen), self.rows)
        some._near = self._near
        return some

    def in_table(self) -> tuple[Index, Index]:
        """The pairs as rows of the table."""
        if self.rows is None:
            return self.left, self.right
        return self.rows.take(self.left), self.rows.take(self.right)


class BaseCondition(BaseModel, ABC):
    """A symmetric question about pairs of records."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns this condition reads."""

    @cached_property
    def by_codes(self) -> bool:
        """Whether codes alone decide it, at next to no cost."""
        return True

    @abstractmethod
    def holds(self, pairs: Pairs) -> Bools:
        """Say for each pair whether the condition holds; False where a value is missing."""

    def might(self, pairs: Pairs) -> Bools:
        """Say for each pair whether the condition may hold, without looking at text; never False wrongly."""
        return self.holds(pairs)

    @cached_property
    def by_numbers(self) -> bool:
        """Whether `might` is already the answer: no text has to be looked at."""
        return True
