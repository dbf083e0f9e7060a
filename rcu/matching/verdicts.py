"""What people said about pairs of records, for training to learn from."""

from __future__ import annotations

from dataclasses import dataclass

from rcu.matching.arrays import Bools, Index


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Pairs of rows of a table, each once, and whether they are one person; three arrays of one length."""

    left: Index
    right: Index
    same: Bools

    def __len__(self) -> int:
        return len(self.left)
