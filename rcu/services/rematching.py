"""Who is whom around a few records that changed, worked out inside the transaction that changes them.

The same blocking, kernel and clustering as for all records (`identity.resolve`), on what the changed records can touch:
their candidates, the blocks they shake, the carriers of values whose verdict turns, and every component a link of
theirs came to or left. What is left in the store is what a rebuild would write.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np

from rcu.matching.clustering import cluster
from rcu.matching.model import MatchModel
from rcu.matching.nearby import Change, Rearranged, Rearranging, RecordKeys, groups, keys_of_rows, no_keys
from rcu.matching.pairs import CandidatePairs
from rcu.matching.scoring import Kernel, WeighedPairs
from rcu.matching.table import EncodedTable, hashes_of
from rcu.services.identity import constraints_of, levels_of, patterns_of, quality_table
from rcu.services.nobodys import Nobodys
from rcu.store import nearby as rows
from rcu.store.engine import Transaction
from rcu.store.later import Later
from rcu.store.locks import Locks, name_of
from rcu.store.nearby import Links, StoredLink

Row: TypeAlias = Mapping[str, Any]
Pair: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Rematched:
    """Who is whom around the records that changed.

    Attributes:
        before: the cluster of each record that was looked at, as it was; None for one that was in none.
        after: their clusters now.
        values: what records say, those that were candidates included.
        links: the links of the changed records, and the weighed pairs that are left to a steward.
        refused: links that were not followed because of a contradiction or a decision.
    """

    before: Mapping[int, int | None] = field(default_factory=dict[int, int | None])
    after: Mapping[int, int] = field(default_factory=dict[int, int])
    values: Mapping[int, Row] = field(default_factory=dict[int, Row])
    links: Sequence[StoredLink] = ()
    refused: int = 0

    def beside(self, unmoved: Mapping[int, int]) -> Rematched:
        """The same, with records that stay where they are."""
        return replace(self, before={**self.before, **unmoved}, after={**self.after, **unmoved}) if unmoved else self

    @property
    def moved(self) -> dict[int, int]:
        """The records that are in another cluster than before, with their cluster."""
        return {record: now for record, now in self.after.items() if self.before[record] != now}


class Rematching:
    """Works out changed records in one transaction, in which their rows are written already."""

    def __init__(self, connection: Transaction, model: MatchModel, locks: Locks) -> None:
        self._connection, self.model, self.locks = connection, model, locks
        self._columns = model.columns()
        self._values: dict[int, Row] = {}
        self._arrived: set[int] = set()
        self._nobodys = Nobodys(connection, model)
        self._blocks = rows.StoredBlocks(connection)
        self._keys: dict[tuple[str | None, ...], RecordKeys] = {}
        self._blocked = tuple(dict.fromkeys(name for rule in model.blocking for name in rule.columns()))

    @property
    def turned(self) -> Sequence[tuple[str, AbstractSet[str], AbstractSet[str]]]:
        """The identifiers that became nobody's in this transaction, and those that are somebody's again, by column."""
        return self._nobodys.turned

    def read_ahead(self) -> None:
        """What is asked next is asked together with the verdicts, which count as they are then."""
        self._nobodys.read_ahead()

    def know(self, told: Mapping[int, Row]) -> None:
        """Take what some records say, with their key and cluster, from who has just written it."""
        self._values |= told
        self._nobodys.ask(told.values())

    def run(self, changed: Mapping[int, Row | None], *, also: Collection[int] = ()) -> Rematched:
        """Work out what changed records touch, and write blocks, links, memberships and quality.

        Args:
            changed: record_id to what the record said when it was last matched; None for one that never was.
            also: records whose links of people changed.

        Raises:
            Contended: another transaction is at work on the same people.
        """
        self._arrived = set(changed)
        self._read(changed)
        sides = [(row, self._values[record]) for record, row in changed.items()]
        turned = sorted(self._nobodys.judge(sides, mine=changed.keys()) - changed.keys())
        self._read(turned)
        former = dict(changed) | {record: self._values[record] for record in turned}
        found = self._rearrange(former)
        weighed, stored = self._weigh(found, former)
        ends = self._replace_links(stored, weighed)
        return self._cluster({*former, *ends, *also}, weighed)

    def foresee(self, told: Sequence[Row]) -> set[int]:
        """What to lock before records that say this, or said it, are written: their blocks and values."""
        names = {key for keys in self._keys_of_rows(told) for key in keys.first()}
        return names | self._nobodys.foresee(told)

    # what records say

    def _read(self, records: Iterable[int]) -> None:
        """Read what some records say, and the verdicts on it."""
        fresh = self._as_matched(set(records) - self._values.keys())
        self._values |= fresh
        self._nobodys.ask(fresh.values())

    def _as_matched(self, records: Collection[int]) -> dict[int, Row]:
        """What records say; of those that were imported since they were matched, what they said then."""
        return self._said(rows.values_of(self._connection, records, self._columns).told())

    def _said(self, found: dict[int, Row]) -> dict[int, Row]:
        imported = [
            record
            for record, row in found.items()
            if row["to_match"] and row["cluster_id"] is not None and record not in self._arrived
        ]
        said = rows.said_before(self._connection, imported, self._columns)
        return found | {record: {**found[record], **row} for record, row in said.items()}

    def _table(self, records: Sequence[int]) -> EncodedTable:
        told = [self._nobodys.evidence(self._values[one]) for one in records]
        return EncodedTable.of_rows(told, self._columns)

    # blocks, pairs, links

    def _keys_of(self, records: Sequence[int]) -> dict[int, RecordKeys]:
        self._read(records)
        told = [self._nobodys.evidence(self._values[one]) for one in records]
        return dict(zip(records, self._keys_of_rows(told), strict=True))

    def _keys_of_rows(self, told: Sequence[Row]) -> list[RecordKeys]:
        """The keys of records that say this; worked out once for those that say the same."""
        said = [tuple(row[name] for name in self._blocked) for row in told]
        new = {one: row for one, row in zip(said, told, strict=True) if one not in self._keys}
        if new:
            found = keys_of_rows(list(new.values()), self._blocked, self.model.blocking)
            self._keys |= zip(new, found, strict=True)
        return [self._keys[one] for one in said]

    def _former_keys(self, former: Mapping[int, Row | None]) -> dict[int, RecordKeys]:
        known = {record: row for record, row in former.items() if row is not None}
        told = [self._nobodys.evidence(row, before=True) for row in known.values()]
        return dict(zip(known, self._keys_of_rows(told), strict=True))

    def _rearrange(self, former: Mapping[int, Row | None]) -> Rearranged:
        before, after = self._former_keys(former), self._keys_of(sorted(former))
        nothing = no_keys(self.model.blocking)
        changes = {record: Change(before.get(record, nothing), after[record]) for record in former}
        self.locks.take(
            key for change in changes.values() for keys in (change.before, change.after) for key in keys.first()
        )
        return Rearranging(self.model.blocking, self._blocks, self._keys_of).run(changes)

    def _weigh(
        self, found: Rearranged, former: Mapping[int, Row | None]
    ) -> tuple[list[StoredLink], dict[Pair, StoredLink]]:
        """The pairs of changed records, and the candidates in shaken blocks, from the review threshold up.

        With them the links there are in their place.
        """
        pairs = {(min(one, other), max(one, other)) for one, near in found.partners.items() for other in near}
        pairs |= self._still_candidates([[one for one in members if one not in former] for members in found.shaken])
        records = sorted({record for pair in pairs for record in pair})
        stored = self._links_before(found, former)
        self._read(records)
        if not pairs:
            return [], stored.told()
        kernel = Kernel(self._table(records), self.model)
        left, right = (np.searchsorted(records, side) for side in zip(*sorted(pairs), strict=True))
        weighed = kernel.weigh(CandidatePairs(left, right, 0))
        ids = np.array(records, dtype=np.int64)
        columns = (ids[weighed.left], ids[weighed.right], weighed.weight, patterns_of(weighed.levels))
        return [StoredLink(*row) for row in zip(*(column.tolist() for column in columns), strict=True)], stored.told()

    def _links_before(self, found: Rearranged, former: Mapping[int, Row | None]) -> Later[dict[Pair, StoredLink]]:
        """The links of the changed records, and those within shaken blocks, as they are stored."""
        known = {record for record, row in former.items() if row is not None}
        shaken = [set(members) for members in found.shaken]
        asked = rows.links_at(self._connection, known.union(*shaken), least=-math.inf)
        return Later(
            lambda: {
                pair: link
                for pair, link in asked.told().machine.items()
                if not known.isdisjoint(pair) or any(members.issuperset(pair) for members in shaken)
            }
        )

    def _still_candidates(self, shaken: Sequence[Sequence[int]]) -> set[Pair]:
        """The pairs within groups of records that some block brings together."""
        several = [members for members in shaken if len(members) > 1]
        keys = self._keys_of(sorted({one for members in several for one in members}))
        held = self.locks.taking(key for one in keys.values() for key in one.first())
        blocks = groups(self.model.blocking, self._blocks, keys)
        held.told()
        pairs: set[Pair] = set()
        for members in several:
            together: dict[int, list[int]] = defaultdict(list)
            for one in sorted(members):
                for block in filter(None, blocks[one]):
                    together[block].append(one)
            pairs.update(pair for inside in together.values() for pair in combinations(inside, 2))
        return pairs

    def _replace_links(self, stored: Mapping[Pair, StoredLink], weighed: Sequence[StoredLink]) -> set[int]:
        """Put the links of what was weighed in the place of those there were; give the ends of those that differ."""
        now = {(one.left, one.right): one for one in weighed}
        gone = [pair for pair in stored if pair not in now]
        new = [one for pair, one in now.items() if stored.get(pair) != one]
        rows.put_links(self._connection, gone, new)
        return {end for pair in gone for end in pair} | {end for one in new for end in (one.left, one.right)}

    # components and clusters

    def _cluster(self, seeds: set[int], weighed: Sequence[StoredLink]) -> Rematched:
        members, links, decided = self._component(seeds)
        before = {record: self._values[record]["cluster_id"] for record in members}
        ids = np.array(members, dtype=np.int64)
        if not (links or decided):
            alone = {record: record for record in members}
            self._write(before, alone, ())
            return Rematched(before, alone, self._values, weighed)
        table = self._table(members)
        kernel = Kernel(table, self.model)
        keys = [f"{self._values[one]['source']}:{self._values[one]['native_id']}" for one in members]
        ids = np.array(members, dtype=np.int64)
        found = cluster(
            kernel,
            _weighed(links, ids, self.model),
            hashes_of(keys).view(np.int64),
            constraints=constraints_of(decided, ids),
        )
        after = dict(zip(members, ids[found.cluster].tolist(), strict=True))
        self._write(before, after, quality_table(found.quality, ids).to_pylist())
        return Rematched(before, after, self._values, weighed, len(found.refused))

    def _component(self, seeds: set[int]) -> tuple[list[int], list[StoredLink], dict[Pair, bool]]:
        """The records that links of machine and people connect with some, oldest first; their links, both kinds.

        Their customers are locked first, and looked at again where that took a lock more.
        """
        waiting: set[int] = set()
        while True:
            inside, links = self._connected(seeds - waiting, waiting)
            unmatched = {one for one in inside if self._values[one]["cluster_id"] is None} - self._arrived
            if not self.locks.take(self._customers_of(inside).values()) and not unmatched:
                return sorted(inside), list(links.machine.values()), dict(links.people)
            waiting |= unmatched

    def _customers_of(self, records: Iterable[int]) -> dict[int, int]:
        """The clusters of some records, as far as they are known, with the names under which they are locked."""
        clusters = {row["cluster_id"] for one in records if (row := self._values.get(one)) is not None}
        return {one: name_of("customer", one) for one in clusters if one is not None}

    def _connected(self, seeds: set[int], waiting: Collection[int]) -> tuple[set[int], Links]:
        """`waiting` are records that a decision names and that were not matched yet: they come with their run.

        Who is connected is nearly always in a cluster already: so the customers that are known are locked, and all of
        their records read, in one go.
        """
        customers, least = self._customers_of(seeds), self.model.match_weight
        held = self.locks.taking(customers.values())
        asked = rows.links_at(self._connection, seeds, least=least, clusters=customers)
        said = rows.values_of(self._connection, seeds, self._columns, clusters=customers)
        if not self.locks.alone:  # what others concluded meanwhile counts from here on
            self._nobodys.forget()
            self._nobodys.read_ahead()
        held.told()
        links, told = asked.told(), self._said(said.told())
        inside, new = set(seeds), set(seeds)
        looked = inside | told.keys()
        while new:
            links = links.beside(rows.links_at(self._connection, new - looked, least=least).told())
            joined = [*links.machine, *(pair for pair, together in links.people.items() if together)]
            new = {end for pair in joined if not inside.isdisjoint(pair) for end in pair} - inside - set(waiting)
            inside |= new
        told |= self._as_matched(inside - told.keys())
        self._values |= told
        self._nobodys.ask(told.values())
        return inside, links.within(inside)

    def _write(self, before: Mapping[int, int | None], after: Mapping[int, int], quality: Sequence[Row]) -> None:
        moved = {record: now for record, now in after.items() if before[record] != now}
        rows.put_memberships(self._connection, moved)
        sizes = Counter(cluster for cluster in before.values() if cluster is not None)
        several = {cluster for cluster, size in sizes.items() if size > 1}
        rows.put_quality(self._connection, several - {row["cluster_id"] for row in quality}, quality)


def _weighed(links: Sequence[StoredLink], ids: np.ndarray, model: MatchModel) -> WeighedPairs:
    """Stored links as pairs of positions in `ids` (rising)."""
    comparisons = len(model.comparisons)
    left, right = (np.array([getattr(one, side) for one in links], dtype=np.int64) for side in ("left", "right"))
    patterns = np.array([one.pattern for one in links], dtype=object)
    return WeighedPairs(
        left=np.searchsorted(ids, left),
        right=np.searchsorted(ids, right),
        weight=np.array([one.weight for one in links], dtype=np.float64),
        levels=levels_of(patterns, comparisons),
        rule=np.zeros(len(links), dtype=np.int64),
    ).in_order()
