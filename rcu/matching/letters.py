"""Bounds on how alike two texts can be, from a 64-bit summary of each one's letters.

A text's *bag* has three bits for each of 20 groups of letters: set for the first, second and third letter of the group
that the text holds. One edit (a letter added, dropped or changed) moves the count of at most two groups by one, a swap
of neighbours none: texts that are k edits apart differ in at most 2k bits. This rules most pairs out by two memory
reads and a count of bits, before any text is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from rcu.matching.arrays import Bools, Codes, Floats, Hashes

_GROUPS: Final = 20
_HELD: Final = 3
_BITS: Final = 6
_IN_WORD: Final = _GROUPS // 2
LONGEST: Final = 2**_BITS - 1
"""Texts with more letters than this are not summed up: their counts would run over."""
_AT_ONCE: Final = 50_000


def letter_bags(values: Sequence[str]) -> Hashes:
    """The bag of each text; 0 for texts longer than `LONGEST`, which the bounds below leave alone."""
    bags = np.zeros(len(values), dtype=np.uint64)
    for start in range(0, len(values), _AT_ONCE):
        bags[start : start + _AT_ONCE] = _bags(values[start : start + _AT_ONCE])
    return bags


def _bags(values: Sequence[str]) -> Hashes:
    lengths = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
    short = lengths <= LONGEST
    text = "".join(values) if short.all() else "".join(value for value in values if len(value) <= LONGEST)
    group = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32) % _GROUPS
    filled = np.flatnonzero(short & (lengths > 0))
    bags = np.zeros(len(values), dtype=np.uint64)
    if not len(filled):
        return bags
    starts = np.r_[0, np.cumsum(lengths[filled])[:-1]]
    for half in (0, 1):
        inside = (group // _IN_WORD) == half
        one = np.where(inside, np.uint64(1) << ((group % _IN_WORD) * _BITS).astype(np.uint64), np.uint64(0))
        counts = np.add.reduceat(one, starts)
        bags[filled] |= _unary(counts) << np.uint64(half * _IN_WORD * _HELD)
    return bags


def _unary(counts: Hashes) -> Hashes:
    """Counts of `_BITS` bits as that many set bits, `_HELD` at most."""
    mask = np.uint64(2**_BITS - 1)
    made = np.zeros(len(counts), dtype=np.uint64)
    for place in range(_IN_WORD):
        held = np.minimum((counts >> np.uint64(place * _BITS)) & mask, np.uint64(_HELD))
        made |= ((np.uint64(1) << held) - np.uint64(1)) << np.uint64(place * _HELD)
    return made


def apart(bags: Hashes, lengths: Codes, one: Codes, other: Codes) -> Codes:
    """A lower bound of the letters by which two texts differ: both ways counted, so one changed letter counts two."""
    bits = np.bitwise_count(bags[one] ^ bags[other]).astype(np.int32)
    bits[(lengths[one] > LONGEST) | (lengths[other] > LONGEST)] = 0
    return bits


def within_edits(bags: Hashes, lengths: Codes, one: Codes, other: Codes, *, edits: int) -> Bools:
    """Say which texts may be at most `edits` edits apart (swaps of neighbours counted as one)."""
    near = np.abs(lengths[one] - lengths[other]) <= edits
    work = np.flatnonzero(near)
    near[work] = apart(bags, lengths, one[work], other[work]) <= 2 * edits
    return near


def most_levenshtein(bags: Hashes, lengths: Codes, one: Codes, other: Codes) -> Floats:
    """An upper bound of the normalised Levenshtein similarity."""
    first, second = lengths[one], lengths[other]
    edits = np.maximum(np.abs(first - second), (apart(bags, lengths, one, other) + 1) // 2)
    return 1.0 - edits / np.maximum(np.maximum(first, second), 1)


def most_jaro_winkler(bags: Hashes, lengths: Codes, one: Codes, other: Codes, *, same_initial: Bools) -> Floats:
    """An upper bound of the Jaro-Winkler similarity (prefix weight 0.1, at most four letters).

    Jaro is (m/a + m/b + (m - t)/m) / 3 with m letters in common: no more than the bags allow, and t at least 0.
    """
    first, second = lengths[one], lengths[other]
    common = np.minimum((first + second - apart(bags, lengths, one, other)) // 2, np.minimum(first, second))
    jaro = np.where(common > 0, (common / np.maximum(first, 1) + common / np.maximum(second, 1) + 1.0) / 3.0, 0.0)
    return np.where(same_initial, jaro + 0.4 * (1.0 - jaro), jaro)
