"""Conditions: the declarative pieces a comparison level is made of.

A condition answers, for many pairs of records at once, whether it holds. Every condition is symmetric: swapping the
two records never changes the answer. String work is done once for each distinct pair of values, never once a pair
of records, and equal values need none. Before any, `might` says from numbers alone which pairs it may be worth doing.

    Equal, Different      one column
    Swapped, CrossEqual   two columns that share a dictionary
    Similar, OneEdit      string metrics (RapidFuzz)
    Initial, Prefix, SharedToken   one value abbreviates, truncates or contains part of the other
    SamePart              mailboxes: the same local part, or its letters
    SameParts, WholeDates, NothingShared   dates: one part off, parts in another order, or parts that are not known
    Within                whole numbers not far apart
    Spells, NothingSpelt  the mailbox of a record without a name is made of the other's name
    All, Any, Absent      combinations
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from rcu.matching.arrays import Bools, Codes
from rcu.matching.basecondition import FEW_PAIRS, BaseCondition, Pairs
from rcu.matching.likeness import Initial, OneEdit, Prefix, SamePart, SharedToken, Similar
from rcu.matching.quantities import NothingShared, SameParts, WholeDates, Within
from rcu.matching.spelling import NothingSpelt, Spells
from rcu.matching.table import MISSING

__all__ = [
    "Absent",
    "All",
    "Any",
    "Condition",
    "CrossEqual",
    "Different",
    "Equal",
    "Initial",
    "NothingShared",
    "NothingSpelt",
    "OneEdit",
    "Pairs",
    "Prefix",
    "SamePart",
    "SameParts",
    "SharedToken",
    "Similar",
    "Spells",
    "Swapped",
    "WholeDates",
    "Within",
]


class Equal(BaseCondition):
    """Both records have the same value in every one of the columns."""

    test: Literal["equal"] = "equal"
    of: tuple[str, ...] = Field(min_length=1)

    def columns(self) -> tuple[str, ...]:
        return self.of

    def holds(self, pairs: Pairs) -> Bools:
        first, *others = self.of
        answer = same(*pairs.codes(first))
        for name in others:
            answer &= same(*pairs.codes(name))
        return answer


def same(one: Codes, other: Codes) -> Bools:
    """Which values are there and equal."""
    return (one == other) & (one != MISSING)


class Different(BaseCondition):
    """Both records have a value in the column, and not the same."""

    test: Literal["different"] = "different"
    column: str

    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def holds(self, pairs: Pairs) -> Bools:
        one, other = pairs.codes(self.column)
        return (one != other) & (one != MISSING) & (other != MISSING)


class Absent(BaseCondition):
    """At least one of the two records lacks at least one of the columns."""

    test: Literal["absent"] = "absent"
    of: tuple[str, ...] = Field(min_length=1)

    def columns(self) -> tuple[str, ...]:
        return self.of

    def holds(self, pairs: Pairs) -> Bools:
        answer = np.zeros(len(pairs), dtype=bool)
        for name in self.of:
            for codes in pairs.codes(name):
                answer |= codes == MISSING
        return answer


class _TwoColumns(BaseCondition):
    """A condition on two columns that share a dictionary."""

    column: str
    other: str

    def columns(self) -> tuple[str, ...]:
        return (self.column, self.other)

    def crossed(self, pairs: Pairs) -> tuple[Bools, Bools]:
        """Whether one column of the left record has the value of the other of the right one, and the reverse."""
        one, two = pairs.codes(self.column), pairs.codes(self.other)
        return same(one[0], two[1]), same(two[0], one[1])


class CrossEqual(_TwoColumns):
    """The value of one column in one record is the value of the other column in the other record."""

    test: Literal["cross_equal"] = "cross_equal"

    def holds(self, pairs: Pairs) -> Bools:
        forth, back = self.crossed(pairs)
        return forth | back


class Swapped(_TwoColumns):
    """Two columns changed places between the two records."""

    test: Literal["swapped"] = "swapped"

    def holds(self, pairs: Pairs) -> Bools:
        forth, back = self.crossed(pairs)
        return forth & back


class _Several(BaseCondition):
    """A combination of conditions; the costly ones are asked only about pairs the others leave open."""

    of: tuple[Condition, ...]

    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for condition in self.of for name in condition.columns()))

    @cached_property
    def by_codes(self) -> bool:
        return all(condition.by_codes for condition in self.of)

    @cached_property
    def by_numbers(self) -> bool:
        return all(condition.by_numbers for condition in self.of)

    @cached_property
    def _cheapest_first(self) -> list[Condition]:
        return sorted(self.of, key=lambda condition: not condition.by_codes)

    def decide(self, pairs: Pairs, asked: Literal["holds", "might"], *, until: bool) -> Bools:
        """Ask one condition after the other until it is `until` for a pair."""
        answer = np.full(len(pairs), not until)
        for condition in self._cheapest_first:
            if condition.by_codes:
                found = condition.holds(pairs)
                answer = answer | found if until else answer & found
                continue
            open_ = answer != until
            if len(pairs) <= FEW_PAIRS:
                if open_.any():
                    answer = np.where(open_, getattr(condition, asked)(pairs), answer)
                continue
            at = np.flatnonzero(open_)
            if len(at):
                answer[at] = getattr(condition, asked)(pairs.only(at))
        return answer


class All(_Several):
    """Every one of the conditions holds."""

    test: Literal["all"] = "all"

    def holds(self, pairs: Pairs) -> Bools:
        return self.decide(pairs, "holds", until=False)

    def might(self, pairs: Pairs) -> Bools:
        return self.decide(pairs, "might", until=False)


class Any(_Several):
    """At least one of the conditions holds."""

    test: Literal["any"] = "any"

    def holds(self, pairs: Pairs) -> Bools:
        return self.decide(pairs, "holds", until=True)

    def might(self, pairs: Pairs) -> Bools:
        return self.decide(pairs, "might", until=True)


Condition = Annotated[
    Equal | Different | Absent | CrossEqual | Swapped | Similar | OneEdit | Initial | Prefix | SharedToken
    | SamePart | SameParts | WholeDates | NothingShared | Within | Spells | NothingSpelt | All | Any,
    Field(discriminator="test"),
]  # fmt: skip

All.model_rebuild()
Any.model_rebuild()
