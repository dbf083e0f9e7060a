"""Names read in mailboxes: `jean.dupont@` against Jean Dupont, when the record with the mailbox has no name.

Where both records have names the comparisons of names say it already, so nothing is said twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np

from rcu.matching.arrays import Bools, Codes, Hashes
from rcu.matching.basecondition import BaseCondition, Pairs
from rcu.matching.table import MISSING, Column, EncodedTable, hashes_of

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

    @property
    def by_codes(self) -> bool:
        return False

    @property
    def by_numbers(self) -> bool:
        return False

    def might(self, pairs: Pairs) -> Bools:
        one, other = self.readable(pairs)
        return one | other

    def holds(self, pairs: Pairs) -> Bools:
        answer = np.zeros(len(pairs), dtype=bool)
        mailbox, first, last = (pairs.codes(name) for name in self.columns())
        values = [pairs.table[name].values for name in self.columns()]
        for side, readable in enumerate(self.readable(pairs)):
            for at in np.flatnonzero(readable).tolist():
                codes = (mailbox[side][at], first[1 - side][at], last[1 - side][at])
                local, given, family = (texts[int(code)] for texts, code in zip(values, codes, strict=True))
                answer[at] = letters_of_local(local) in self._spellings(letters(given), letters(family))
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


def spelt_names(table: EncodedTable, mailbox: str, names: Sequence[str]) -> tuple[Hashes, Bools]:
    """A number for the letters of each record's names, in any order, or of its mailbox where it has no name.

    Returns:
        the numbers, 0 where a record has neither; and which records were read from their mailbox.
    """
    columns = [table[name] for name in names]
    named = np.logical_and.reduce([column.present for column in columns])
    nameless = np.logical_and.reduce([~column.present for column in columns]) & table[mailbox].present
    found = np.zeros(table.size, dtype=np.uint64)
    for column in columns:
        sums = column.once("letters in any order", _sums)
        found[named] += sums.take(column.codes[named])
    found[nameless] = _of_mailboxes(table[mailbox], table[mailbox].codes[nameless])
    return found, nameless


def _of_mailboxes(column: Column, codes: Codes) -> Hashes:
    distinct, place = np.unique(codes, return_inverse=True)
    return _sums([letters_of_local(column.values[int(code)]) for code in distinct])[place]


def _sums(values: Sequence[str]) -> Hashes:
    """The sum of a 64-bit number for each letter."""
    read = [letters(value) for value in values]
    alphabet = sorted(set().union(*read))
    number: Mapping[str, int] = dict(zip(alphabet, hashes_of(alphabet).tolist(), strict=True))
    return np.array([sum(map(number.__getitem__, text)) % 2**64 for text in read], dtype=np.uint64)
