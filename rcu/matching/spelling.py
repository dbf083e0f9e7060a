"""Names read in mailboxes: `jean.dupont@` against Jean Dupont, when the record with the mailbox has no name.

Where both records have names the comparisons of names say it already, so nothing is said twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Final, Literal

import numpy as np

from rcu.matching.arrays import Bools, Codes, Hashes, Index
from rcu.matching.basecondition import BaseCondition, Pairs
from rcu.matching.table import MISSING, Column, EncodedTable, mix

FAMILY: Final = ("FAM{}", "FAMILLE{}", "LES{}", "LES{}S")
"""How families call their mailbox; `{}` is the last name."""


class _Mailbox(BaseCondition):
    """A mailbox column, and the columns of first and last name."""

    mailbox: str
    first: str
    last: str

    def columns(self) -> tuple[str, ...]:
        return (self.mailbox, self.first, self.last)

    def readable(self, pairs: Pairs) -> tuple[Bools, Bools]:
        """Whether the left mailbox can be read for the right name, and the other way round.

        It is when its own record has neither name, and the other record has both.
        """
        mailbox, first, last = (pairs.codes(name) for name in self.columns())
        nameless = [(first[side] == MISSING) & (last[side] == MISSING) for side in (0, 1)]
        named = [(first[side] != MISSING) & (last[side] != MISSING) for side in (0, 1)]
        has = [mailbox[side] != MISSING for side in (0, 1)]
        return has[0] & nameless[0] & named[1], has[1] & nameless[1] & named[0]


class NothingSpelt(_Mailbox):
    """No record has a mailbox and no name while the other has one."""

    test: Literal["nothing_spelt"] = "nothing_spelt"

    def holds(self, pairs: Pairs) -> Bools:
        one, other = self.readable(pairs)
        return ~(one | other)


class Spells(_Mailbox):
    """The letters before the @ are the other record's name.

    `form`: `whole` (jean.dupont, dupontjean), `initial` (jdupont, dupont.j, jeand), `family` (dupont, fam.dupont).
    """

    test: Literal["spells"] = "spells"
    form: Literal["whole", "initial", "family"]

    @cached_property
    def by_codes(self) -> bool:
        return False

    @cached_property
    def by_numbers(self) -> bool:
        return False

    def might(self, pairs: Pairs) -> Bools:
        answer = np.zeros(len(pairs), dtype=bool)
        for at, local, first, last in self._ways(pairs):
            boxes, given, family = (_Sums.of(pairs.table[name]) for name in self.columns())
            answer[at] |= self._adds_up(boxes.local(local), (given, first), (family, last))
        return answer

    def _ways(self, pairs: Pairs) -> Iterator[tuple[Index, Codes, Codes, Codes]]:
        """The pairs that can be read, left for right and right for left: their places, and the codes that are read."""
        mailbox, first, last = (pairs.codes(name) for name in self.columns())
        for side, readable in enumerate(self.readable(pairs)):
            at = np.flatnonzero(readable)
            yield at, mailbox[side].take(at), first[1 - side].take(at), last[1 - side].take(at)

    def _adds_up(self, found: Hashes, first: tuple[_Sums, Codes], last: tuple[_Sums, Codes]) -> Bools:
        """Whether the letters are those of a spelling, in whatever order."""
        (firsts, first_codes), (lasts, last_codes) = first, last
        given, family = firsts.whole(first_codes), lasts.whole(last_codes)
        if self.form == "whole":
            return found == given + family
        if self.form == "initial":
            return (found == firsts.initial(first_codes) + family) | (found == given + lasts.initial(last_codes))
        around = letter_sums(["", *(form.format("") for form in FAMILY)])
        return np.logical_or.reduce([found == family + letters_more for letters_more in around])

    def holds(self, pairs: Pairs) -> Bools:
        answer = np.zeros(len(pairs), dtype=bool)
        near = np.flatnonzero(self.might(pairs))
        boxes, given, family = (pairs.table[name].values for name in self.columns())
        for at, *codes in self._ways(pairs.only(near)):
            for place, box, first, last in zip(near[at], *codes, strict=True):
                spellings = self._spellings(letters(given[int(first)]), letters(family[int(last)]))
                answer[place] |= letters_of_local(boxes[int(box)]) in spellings
        return answer

    def _spellings(self, first: str, last: str) -> set[str]:
        if self.form == "whole":
            return {first + last, last + first}
        if self.form == "initial":
            return {first[:1] + last, last + first[:1], first + last[:1], last[:1] + first}
        return {last, *(form.format(last) for form in FAMILY)}


def letters(text: str) -> str:
    """The letters of a text."""
    return "".join(filter(str.isalpha, text)).upper()


def letters_of_local(mailbox: str) -> str:
    """The letters of a mailbox before the @."""
    return letters(mailbox.partition("@")[0])


class _Sums:
    """The sums of letters of a column's values, worked out for the values that are asked for."""

    def __init__(self, values: Sequence[str]) -> None:
        self._values = values
        self._found: dict[str, tuple[Hashes, Bools]] = {}

    @classmethod
    def of(cls, column: Column) -> _Sums:
        """Those of one column, kept with it."""
        return column.once("sums of letters", cls)

    def whole(self, codes: Codes) -> Hashes:
        return self._of("whole", codes, letters)

    def initial(self, codes: Codes) -> Hashes:
        return self._of("initial", codes, lambda text: letters(text)[:1])

    def local(self, codes: Codes) -> Hashes:
        return self._of("local", codes, letters_of_local)

    def _of(self, kind: str, codes: Codes, read: Callable[[str], str]) -> Hashes:
        size = len(self._values)
        nothing = np.zeros(size, dtype=np.uint64), np.zeros(size, dtype=bool)
        sums, known = self._found.setdefault(kind, nothing)
        new = np.unique(codes[~known[codes]])
        if len(new):
            sums[new] = letter_sums([read(self._values[int(code)]) for code in new])
            known[new] = True
        return sums.take(codes)


def letter_sums(texts: Sequence[str]) -> Hashes:
    """For each text the sum of a 64-bit number for each character."""
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum(mix(codes.astype(np.uint64)), out=sums[1:])
    ends = np.cumsum(lengths)
    return sums[ends] - sums[ends - lengths]


def spelt_names(table: EncodedTable, mailbox: str, names: Sequence[str]) -> tuple[Hashes, Bools]:
    """A number for the letters of each record's names, in any order, or of its mailbox where it has no name.

    Returns:
        the numbers, 0 where a record has neither; and which records were read from their mailbox.
    """
    columns = [table[name] for name in names]
    named = np.flatnonzero(np.logical_and.reduce([column.present for column in columns]))
    nameless = np.logical_and.reduce([~column.present for column in columns]) & table[mailbox].present
    found = np.zeros(table.size, dtype=np.uint64)
    for column in columns:
        found[named] += _Sums.of(column).whole(column.codes[named])
    found[nameless] = _Sums.of(table[mailbox]).local(table[mailbox].codes[nameless])
    return found, nameless
