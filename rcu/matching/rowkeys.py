"""The keys of one record, worked out by itself: what `blockkeys` works out for all records of a table at once.

For a record that comes alone the arrays cost more than the numbers in them. The keys are the same, bit for bit
(tests/unit/matching/test_rowkeys.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from rcu.matching.blockkeys import NAMELESS, BlockingRule
from rcu.matching.spelling import letters, letters_of_local
from rcu.matching.table import hashes_of

Row: TypeAlias = Mapping[str, Any]
_ALL: Final = (1 << 64) - 1
_SIGN: Final = 1 << 63
_SEED: Final = 0x9E3779B97F4A7C15
_NAMELESS: Final = int(NAMELESS)


def keys_of_row(row: Row, rules: Sequence[BlockingRule]) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """The keys of a record as they are stored, by rule: those of its levels as far as it has them, and its mark or 0.

    Keys are signed 64-bit numbers.
    """
    names = list(dict.fromkeys(name for rule in rules for name in rule.columns() if row.get(name)))
    hashes = dict(zip(names, hashes_of([row[name] for name in names]).tolist(), strict=True)) if names else {}
    found = [_keys(row, rule, hashes) for rule in rules]
    return tuple(levels for levels, _ in found), tuple(mark for _, mark in found)


def _keys(row: Row, rule: BlockingRule, hashes: Mapping[str, int]) -> tuple[tuple[int, ...], int]:
    first, nameless = _spelt(row, rule, hashes) if rule.spelt_in else (_combined(rule, hashes), False)
    if not first:
        return (), 0
    key = _mix(first ^ int(rule.salt[0])) | 1
    levels = [key]
    for column in rule.then_by:
        if not hashes.get(column):
            break
        levels.append(_mix(_mix(levels[-1]) ^ _chained([hashes[column]])) | 1)
    return tuple(map(_signed, levels)), _signed(key ^ _NAMELESS) if nameless else 0


def _combined(rule: BlockingRule, hashes: Mapping[str, int]) -> int:
    parts = [hashes.get(name, 0) for name in rule.of]
    if not all(parts):
        return 0
    if rule.either_order:
        parts[:2] = sorted(parts[:2])
    return _chained(parts)


def _spelt(row: Row, rule: BlockingRule, hashes: Mapping[str, int]) -> tuple[int, bool]:
    """The key of a rule with `spelt_in`, and whether the mailbox stands for the names."""
    one, other, *further = rule.of
    mailbox = str(rule.spelt_in)
    nameless = not row.get(one) and not row.get(other) and bool(row.get(mailbox))
    if nameless:
        names = _letter_sum(letters_of_local(row[mailbox]))
    elif row.get(one) and row.get(other):
        names = (_letter_sum(letters(row[one])) + _letter_sum(letters(row[other]))) & _ALL
    else:
        names = 0
    parts = [hashes.get(name, 0) for name in further]
    if not (names and all(parts)):
        return 0, nameless
    return _mix(_mix(names) ^ _chained(parts)) | 1, nameless


def _letter_sum(text: str) -> int:
    return sum(_mix(ord(letter)) for letter in text) & _ALL


def _chained(parts: Sequence[int]) -> int:
    mixed = _SEED
    for part in parts:
        mixed = _mix(mixed ^ part)
    return mixed or 1


def _mix(key: int) -> int:
    """See `table.mix`."""
    key = ((key ^ (key >> 30)) * 0xBF58476D1CE4E5B9) & _ALL
    key = ((key ^ (key >> 27)) * 0x94D049BB133111EB) & _ALL
    return key ^ (key >> 31)


def _signed(key: int) -> int:
    return key - (1 << 64) if key & _SIGN else key
