"""Blocking for a few records that change among many: who is a candidate of theirs, and whose candidates change with it.

A block is split, left out or brought to life by its size alone, and by whether a record without names is in it. So when
one record comes or goes, the pairs of others can begin or cease to be candidates: the blocks in which that happens are
`shaken`. What is found is what `blocking` finds among all records, from nothing but the members of the blocks that
the changed records are in or were in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol, TypeAlias

import numpy as np

from rcu.matching.arrays import Bools, Hashes, Index
from rcu.matching.blockkeys import NAMELESS, NO_KEY, BlockingRule, RuleKeys
from rcu.matching.rowkeys import keys_of_row
from rcu.matching.table import EncodedTable

Key: TypeAlias = int
RecordId: TypeAlias = int
_NAMELESS: Final = int(np.uint64(NAMELESS).view(np.int64))
_ONE_BY_ONE: Final = 8
"""The keys of so few records are worked out one by one."""
ALL: Final = 2**31 - 1
"""More members than any block has."""


@dataclass(frozen=True, slots=True)
class RecordKeys:
    """The stored keys of one record: by rule, those of its levels as far as it has the columns, and its mark (0: none).

    Keys are signed 64-bit numbers.
    """

    levels: tuple[tuple[Key, ...], ...]
    marks: tuple[Key, ...]

    def every(self) -> set[Key]:
        """All of them."""
        return {key for levels in self.levels for key in levels} | {mark for mark in self.marks if mark}

    def first(self) -> set[Key]:
        """Those under which a record always stands: of level 0, and its marks."""
        return {levels[0] for levels in self.levels if levels} | {mark for mark in self.marks if mark}


def no_keys(rules: Sequence[BlockingRule]) -> RecordKeys:
    """The keys of a record that is not there."""
    return RecordKeys(((),) * len(rules), (0,) * len(rules))


def keys_of_rows(
    rows: Sequence[Mapping[str, str | None]], columns: Sequence[str], rules: Sequence[BlockingRule]
) -> list[RecordKeys]:
    """The keys of some records that say this in some columns."""
    if len(rows) > _ONE_BY_ONE:
        return record_keys(EncodedTable.of_rows(rows, columns), rules)
    return [RecordKeys(*keys_of_row(row, rules)) for row in rows]


def record_keys(table: EncodedTable, rules: Sequence[BlockingRule]) -> list[RecordKeys]:
    """The keys of each record of a table."""
    by_rule = [RuleKeys.of(table, rule) for rule in rules]
    levels = [_chains(found) for found in by_rule]
    marks = [
        [0] * table.size if found.nameless is None else found.nameless.view(np.int64).tolist() for found in by_rule
    ]
    return [RecordKeys(*one) for one in zip(zip(*levels, strict=True), zip(*marks, strict=True), strict=True)]


def _chains(found: RuleKeys) -> Iterator[tuple[Key, ...]]:
    for keys in zip(*(level.view(np.int64).tolist() for level in found.levels), strict=True):
        end = keys.index(0) if 0 in keys else len(keys)
        yield keys[:end]


def mark_of(block: Key) -> Key:
    """The mark at which the records without names of a block stand."""
    return block ^ _NAMELESS


class BlockIndex(Protocol):
    """Who is in which block, among all records."""

    def members(self, most: Mapping[Key, int]) -> Mapping[Key, Sequence[RecordId]]:
        """The members of some blocks, cut off where there are more than asked for."""
        ...

    def add(self, rows: Iterable[tuple[Key, RecordId]]) -> None:
        """Put records into blocks; those that are in it already stay."""
        ...

    def drop(self, rows: Iterable[tuple[Key, RecordId]]) -> None:
        """Take records out of blocks."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """The keys of a record before and after."""

    before: RecordKeys
    after: RecordKeys


@dataclass(slots=True)
class Rearranged:
    """What became of the blocks.

    Attributes:
        partners: for each changed record the records that blocks bring it together with.
        shaken: the members of the blocks that began or ceased to bring pairs, or bring others: pairs among them may
            have become candidates, or no longer be.
    """

    partners: dict[RecordId, set[RecordId]] = field(default_factory=lambda: defaultdict[RecordId, set[RecordId]](set))
    shaken: list[tuple[RecordId, ...]] = field(default_factory=list[tuple[RecordId, ...]])


class _State(Enum):
    """What a block brings: nothing, the pairs of its members, or the blocks of the next level."""

    NOTHING = 0
    PAIRS = 1
    SPLIT = 2


_At: TypeAlias = tuple[RecordId, int]
"""A record under a rule, by number."""


@dataclass(slots=True)
class _Walks:
    """Who is at the level that is looked at, and in which block: before, after, and the members of shaken blocks."""

    before: dict[_At, Key]
    after: dict[_At, Key]
    shaken: dict[_At, Key]

    def __bool__(self) -> bool:
        return bool(self.before or self.after or self.shaken)

    def rules(self) -> dict[Key, int]:
        """The blocks, with their rules."""
        return {key: rule for walk in (self.before, self.after, self.shaken) for (_, rule), key in walk.items()}

    def moves(self) -> tuple[Counter[Key], Counter[Key]]:
        """How many came to each block, and how many left it."""
        come = Counter(key for at, key in self.after.items() if self.before.get(at) != key)
        gone = Counter(key for at, key in self.before.items() if self.after.get(at) != key)
        return come, gone


class Rearranging:
    """Moves changed records from their former blocks to those they belong to now, and says what came of it."""

    def __init__(
        self,
        rules: Sequence[BlockingRule],
        index: BlockIndex,
        keys_of: Callable[[Sequence[RecordId]], Mapping[RecordId, RecordKeys]],
    ) -> None:
        """`keys_of` gives the keys of records that are not changed."""
        self._rules, self._index, self._keys_of = rules, index, keys_of
        self._changes: Mapping[RecordId, Change] = {}
        self._known: dict[RecordId, RecordKeys] = {}
        self._found = Rearranged()

    def run(self, changes: Mapping[RecordId, Change]) -> Rearranged:
        """Rearrange what changed."""
        self._changes = changes
        self._known = {record: change.after for record, change in changes.items()}
        self._swap()
        walks = _Walks(
            _first_level({record: change.before for record, change in changes.items()}), _first_level(self._known), {}
        )
        level = 0
        while walks:
            walks = self._look(level, walks)
            self._index.add((key, record) for (record, _), key in [*walks.after.items(), *walks.shaken.items()])
            level += 1
        for record, partners in self._found.partners.items():
            partners.discard(record)
        return self._found

    def _swap(self) -> None:
        """Take records out of the blocks of all levels they are no longer in, and put them into those of level 0."""
        gone: list[tuple[Key, RecordId]] = []
        come: list[tuple[Key, RecordId]] = []
        for record, change in self._changes.items():
            former = change.before.every()
            gone += ((key, record) for key in former - change.after.every())
            come += ((key, record) for key in change.after.first() - former)
        self._index.drop(gone)
        self._index.add(come)

    def _look(self, level: int, walks: _Walks) -> _Walks:
        """Look at the blocks of one level; give who goes on to the next."""
        rules, (come, gone) = walks.rules(), walks.moves()
        marked = [key for key, rule in rules.items() if self._rules[rule].spelt_in] if level == 0 else []
        marks = self._marks(marked)
        wanted = {key: self._limit(rule, level) + 1 + come[key] + gone[key] for key, rule in rules.items()}
        members = self._index.members(wanted | {mark: 1 + sum(moved) for mark, moved in marks.items()})
        sizes = {key: len(members.get(key, ())) for key in rules}
        alive = {key: _lives(len(members.get(mark_of(key), ())), *marks[mark_of(key)]) for key in marked}
        lives = {key: alive.get(key, (True, True)) for key in rules}
        now = {key: self._state(rule, level, sizes[key], alive=lives[key][1]) for key, rule in rules.items()}
        was = {
            key: self._state(rule, level, sizes[key] - come[key] + gone[key], alive=lives[key][0])
            for key, rule in rules.items()
        }
        for (record, _), key in walks.after.items():
            if now[key] is _State.PAIRS:
                self._found.partners[record].update(members.get(key, ()))
        anew = set(walks.shaken.values())
        turned = {key for key in rules if was[key] is not now[key]} - anew
        closed = {key for key in turned if was[key] is _State.SPLIT}
        return self._onward(level, walks, now, turned=turned, closed=closed)

    def _onward(
        self, level: int, walks: _Walks, now: Mapping[Key, _State], *, turned: set[Key], closed: set[Key]
    ) -> _Walks:
        """Who goes on to the next level; what `turned` is shaken, and of what is `closed` no finer block is kept."""
        whole = self._index.members(dict.fromkeys(turned, ALL)) if turned else {}
        self._found.shaken += [tuple(sorted(members)) for members in whole.values() if len(members) > 1]
        split = {key for key, state in now.items() if state is _State.SPLIT}
        anew = set(walks.shaken.values())
        rules = walks.rules()
        shaken = [(record, rules[key]) for key in turned & split for record in whole.get(key, ())]
        shaken += [at for at, key in walks.shaken.items() if key in split]
        before = [at for at, key in walks.before.items() if key in split - turned - anew]
        after = [at for at, key in walks.after.items() if key in split]
        self._learn({record for record, _ in shaken} | {one for key in closed for one in whole.get(key, ())})
        self._index.drop(
            (finer, record)
            for key in closed
            for record in whole.get(key, ())
            for finer in self._known[record].levels[rules[key]][level + 1 :]
        )
        former = {record: change.before for record, change in self._changes.items()}
        return _Walks(
            _below(former, before, level), _below(self._known, after, level), _below(self._known, shaken, level)
        )

    def _learn(self, records: set[RecordId]) -> None:
        unknown = sorted(records - self._known.keys())
        if unknown:
            self._known |= self._keys_of(unknown)

    def _limit(self, rule: int, level: int) -> int:
        one = self._rules[rule]
        return one.bound if level == len(one.then_by) else one.most_records

    def _state(self, rule: int, level: int, size: int, *, alive: bool) -> _State:
        if not alive:
            return _State.NOTHING
        if size <= self._limit(rule, level):
            return _State.PAIRS
        return _State.NOTHING if level == len(self._rules[rule].then_by) else _State.SPLIT

    def _marks(self, blocks: Sequence[Key]) -> dict[Key, tuple[int, int]]:
        """The marks of some blocks, each with how many records without names came there and left."""
        come = Counter(mark for change in self._changes.values() for mark in _only(change.after, change.before))
        gone = Counter(mark for change in self._changes.values() for mark in _only(change.before, change.after))
        return {mark: (come[mark], gone[mark]) for mark in map(mark_of, blocks)}


def _lives(size: int, come: int, gone: int) -> tuple[bool, bool]:
    """Whether there was a record without names in a block, and whether there is."""
    return size - come + gone > 0, size > 0


def _only(one: RecordKeys, other: RecordKeys) -> set[Key]:
    """The marks that one has and the other has not."""
    return {mark for mark in one.marks if mark} - {mark for mark in other.marks if mark}


def _first_level(keys: Mapping[RecordId, RecordKeys]) -> dict[_At, Key]:
    return {
        (record, rule): levels[0]
        for record, found in keys.items()
        for rule, levels in enumerate(found.levels)
        if levels
    }


def _below(keys: Mapping[RecordId, RecordKeys], places: Iterable[_At], level: int) -> dict[_At, Key]:
    """The blocks of the next level; a record that lacks the column that splits is in none."""
    found: dict[_At, Key] = {}
    for record, rule in places:
        levels = keys[record].levels[rule]
        if level + 1 < len(levels):
            found[record, rule] = levels[level + 1]
    return found


def groups(
    rules: Sequence[BlockingRule], index: BlockIndex, keys: Mapping[RecordId, RecordKeys]
) -> dict[RecordId, tuple[Key, ...]]:
    """For each record, by rule, the block that brings its pairs; 0 for none and where no other of these records is.

    Two of the records are candidates where they have a block in common.
    """
    found = {record: [0] * len(rules) for record in keys}
    walk = _first_level(keys)
    level = 0
    while walk:
        shared = {key for key, count in Counter(walk.values()).items() if count > 1}
        walk = {at: key for at, key in walk.items() if key in shared}
        rule_of = {key: rule for (_, rule), key in walk.items()}
        brings, split = _standing(rules, index, rule_of, level)
        for (record, rule), key in walk.items():
            if key in brings:
                found[record][rule] = key
        walk = _below(keys, [at for at, key in walk.items() if key in split], level)
        level += 1
    return {record: tuple(blocks) for record, blocks in found.items()}


def _standing(
    rules: Sequence[BlockingRule], index: BlockIndex, rule_of: Mapping[Key, int], level: int
) -> tuple[set[Key], set[Key]]:
    """Which blocks of a level bring pairs, and which are split."""
    limits = {
        key: rules[rule].bound if level == len(rules[rule].then_by) else rules[rule].most_records
        for key, rule in rule_of.items()
    }
    marks = {mark_of(key): key for key, rule in rule_of.items() if rules[rule].spelt_in} if level == 0 else {}
    wanted = {key: limit + 1 for key, limit in limits.items()} | dict.fromkeys(marks, 1)
    members = index.members(wanted) if wanted else {}
    dead = {key for mark, key in marks.items() if not members.get(mark)}
    over = {key for key, limit in limits.items() if len(members.get(key, ())) > limit}
    last = {key for key, rule in rule_of.items() if level == len(rules[rule].then_by)}
    return rule_of.keys() - dead - over, over - dead - last


def block_rows(table: EncodedTable, rules: Sequence[BlockingRule]) -> tuple[Index, Index]:
    """The blocks all records of a table are in, as `Rearranging` keeps them: keys, and the rows of the records."""
    keys: list[Hashes] = []
    rows: list[Index] = []
    for rule in rules:
        found = RuleKeys.of(table, rule)
        if found.nameless is not None:
            rows.append(np.flatnonzero(found.nameless))
            keys.append(found.nameless[rows[-1]])
        inside = np.flatnonzero(found.levels[0])
        for level, of_level in enumerate(found.levels):
            rows.append(inside)
            keys.append(of_level[inside])
            if level == 0 and found.nameless is not None:
                inside = inside[np.isin(of_level[inside], of_level[np.flatnonzero(found.nameless)])]
            if level + 1 < len(found.levels):
                inside = inside[_crowded(of_level[inside], rule.most_records)]
                inside = inside[found.levels[level + 1][inside] != NO_KEY]
    return np.concatenate(keys).view(np.int64), np.concatenate(rows)


def _crowded(keys: Hashes, most: int) -> Bools:
    """Which keys more than so many have."""
    _, number, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return counts[number] > most
