"""Blocks of a few changed records, against blocks of all records worked out from nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.matching.blockkeys import BlockingRule
from rcu.matching.nearby import Change, Key, Rearranging, RecordId, RecordKeys, block_rows, groups, no_keys, record_keys
from rcu.matching.pairs import candidate_pairs
from rcu.matching.table import EncodedTable

COLUMNS = ("first", "last", "box", "town", "street")
RULES = (
    BlockingRule(name="box", of=("box",), most_records=2, leave_out_above=3),
    BlockingRule(
        name="names", of=("first", "last"), either_order=True, most_records=2, then_by=("town",), leave_out_above=4
    ),
    BlockingRule(name="town", of=("town",), most_records=2, then_by=("street", "last"), leave_out_above=2),
    BlockingRule(
        name="spelt", of=("first", "last", "town"), spelt_in="box", most_records=2, then_by=("street",),
        leave_out_above=3,
    ),
)  # fmt: skip
Record = tuple[str | None, ...]


class Index:
    """Blocks in memory."""

    def __init__(self) -> None:
        self.blocks: dict[Key, set[RecordId]] = defaultdict(set)

    def members(self, most: Mapping[Key, int]) -> Mapping[Key, Sequence[RecordId]]:
        return {key: sorted(self.blocks[key])[:count] for key, count in most.items() if self.blocks.get(key)}

    def add(self, rows: Iterable[tuple[Key, RecordId]]) -> None:
        for key, record in rows:
            self.blocks[key].add(record)

    def drop(self, rows: Iterable[tuple[Key, RecordId]]) -> None:
        for key, record in rows:
            self.blocks[key].discard(record)


class World:
    """Records that change, with their candidate pairs kept up to date."""

    def __init__(self) -> None:
        self.records: dict[RecordId, Record] = {}
        self.index = Index()
        self.pairs: set[tuple[RecordId, RecordId]] = set()

    def table(self, records: Sequence[RecordId]) -> EncodedTable:
        return EncodedTable.encode(pd.DataFrame([self.records[one] for one in records], columns=COLUMNS), COLUMNS)

    def keys_of(self, records: Sequence[RecordId]) -> dict[RecordId, RecordKeys]:
        return dict(zip(records, record_keys(self.table(records), RULES), strict=True)) if records else {}

    def change(self, new: Mapping[RecordId, Record | None]) -> None:
        former = [one for one in new if one in self.records]
        before = self.keys_of(former)
        self.records = {key: value for key, value in {**self.records, **new}.items() if value is not None}
        after = self.keys_of([one for one in new if one in self.records])
        nothing = no_keys(RULES)
        changes = {one: Change(before.get(one, nothing), after.get(one, nothing)) for one in new}
        found = Rearranging(RULES, self.index, self.keys_of).run(changes)
        self.pairs = {pair for pair in self.pairs if not set(pair) & set(new)}
        self.pairs |= {(min(one, other), max(one, other)) for one, near in found.partners.items() for other in near}
        for members in found.shaken:
            others = [one for one in members if one not in new]
            blocks = groups(RULES, self.index, self.keys_of(others))
            for pair in combinations(others, 2):
                here = any(one and one == other for one, other in zip(*(blocks[one] for one in pair), strict=True))
                (self.pairs.add if here else self.pairs.discard)(pair)

    def rebuilt(self) -> set[tuple[RecordId, RecordId]]:
        ids = sorted(self.records)
        if not ids:
            return set()
        found = candidate_pairs(self.table(ids), RULES)
        return {
            (ids[one], ids[other])
            for part in found
            for one, other in zip(part.left.tolist(), part.right.tolist(), strict=True)
        }

    def rebuilt_rows(self) -> set[tuple[Key, RecordId]]:
        ids = sorted(self.records)
        keys, rows = block_rows(self.table(ids), RULES)
        return {(key, ids[row]) for key, row in zip(keys.tolist(), rows.tolist(), strict=True)}

    def rows(self) -> set[tuple[Key, RecordId]]:
        return {(key, record) for key, members in self.index.blocks.items() for record in members}


def values(*few: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from([None, *few])


RECORD = st.tuples(
    values("ANNE", "JEAN"), values("DUPONT", "ANNE"), values("annedupont@x", "jean@x"), values("LYON", "PARIS"),
    values("A", "B"),
)  # fmt: skip
CHANGE = st.dictionaries(st.integers(1, 12), st.one_of(RECORD, RECORD, RECORD, st.none()), min_size=1, max_size=4)


@settings(deadline=None)
@given(st.lists(CHANGE, min_size=1, max_size=12))
def test_changes_one_after_the_other_leave_the_candidates_of_a_rebuild(changes: list[dict[int, Record | None]]) -> None:
    world = World()
    for change in changes:
        world.change(change)
        assert world.pairs == world.rebuilt()
        assert world.rows() == world.rebuilt_rows()


@settings(deadline=None)
@given(st.lists(RECORD, max_size=14))
def test_records_that_come_one_by_one_are_in_the_blocks_of_all_together(records: list[Record]) -> None:
    world = World()
    for number, record in enumerate(records):
        world.change({number: record})
    keys, rows = block_rows(world.table(range(len(records))), RULES)
    assert world.rows() == set(zip(keys.tolist(), rows.tolist(), strict=True))


def test_a_block_that_grows_and_shrinks_over_every_line_shakes_those_inside() -> None:
    world = World()
    twin: Record = (None, None, None, "LYON", "A")
    sizes = []
    for number in [*range(1, 7), *range(6, 0, -1)]:
        world.change({number: None if number in world.records else (twin if number % 2 else (*twin[:4], "B"))})
        assert world.pairs == world.rebuilt()
        sizes.append(len(world.pairs))
    assert max(sizes) > 0
