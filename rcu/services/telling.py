"""What became of records that were sent one by one, told in the words of identity, with the reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from math import log2
from typing import Final

from rcu.domain.records import RecordKey
from rcu.matching.model import MatchModel
from rcu.services.arrivals import Content, Happened, Reason, Upserted
from rcu.services.identity import levels_of_pattern
from rcu.services.rematching import Rematched
from rcu.services.republishing import Republished
from rcu.store import nearby as rows
from rcu.store.engine import Transaction
from rcu.store.nearby import About, StoredLink

_WHY: Final = 3
_POSSIBLE: Final = 5
_WORDS: Final = 4


class Telling:
    """Tells what became of records in one transaction."""

    def __init__(self, connection: Transaction, model: MatchModel, found: Rematched, published: Republished) -> None:
        self._connection, self._model, self._found, self._published = connection, model, found, published

    def of(
        self,
        taken: Sequence[tuple[int, RecordKey, Content]],
        cluster_of: Mapping[int, int],
        versions: Mapping[int, tuple[str, int]],
    ) -> list[Upserted]:
        """Tell it of each record: its number, key and content; their clusters, and the customers of these."""
        why = {record: self._nearest(record, cluster_of[record], mine=True)[:_WHY] for record, _, _ in taken}
        may = {record: self._nearest(record, cluster_of[record], mine=False)[:_POSSIBLE] for record, _, _ in taken}
        others = {other for near in (*why.values(), *may.values()) for other, _ in near}
        about = self._about(others, versions)
        told: list[Upserted] = []
        for record, key, content in taken:
            cluster = cluster_of[record]
            customer_id, version = versions[cluster]
            merged, split = self._merged(cluster, versions), self._split(record, cluster, versions)
            told.append(
                Upserted(
                    key=key,
                    content=content,
                    happened=self._happened(record, cluster, merged=merged, split=split),
                    customer_id=customer_id,
                    version=version,
                    merged=merged,
                    split=split,
                    why=self._reasons(why[record], about),
                    possible=self._reasons(may[record], about),
                    cases=tuple(one for one in self._published.cases if cluster in one.clusters),
                )
            )
        return told

    def _about(self, others: AbstractSet[int], versions: Mapping[int, tuple[str, int]]) -> dict[int, About]:
        found: dict[int, About] = {}
        for other in others:
            row, cluster = self._found.values.get(other), self._found.after.get(other)
            if row is not None and cluster is not None and cluster in versions:
                found[other] = About(RecordKey(row["source"], row["native_id"]), versions[cluster][0])
        return found | rows.about(self._connection, others - found.keys())

    def _merged(self, cluster: int, versions: Mapping[int, tuple[str, int]]) -> tuple[str, ...]:
        """The customers that are part of this one now."""
        name = versions[cluster][0]
        return tuple(
            one.customer_id for one in self._published.changes if one.kind == "merged" and one.now_customer_id == name
        )

    def _split(self, record: int, cluster: int, versions: Mapping[int, tuple[str, int]]) -> tuple[str, ...]:
        """The customers, not there before, that parted from the one the record belonged to."""
        former = self._found.before.get(record)
        if former is None:
            return ()
        there = set(self._found.before.values())
        parts = {self._found.after[one] for one, before in self._found.before.items() if before == former}
        return tuple(versions[one][0] for one in sorted(parts - there - {cluster}))

    def _happened(self, record: int, cluster: int, *, merged: Sequence[str], split: Sequence[str]) -> Happened:
        if record not in self._found.after:
            return Happened.UNCHANGED
        former = self._found.before[record]
        stood = cluster in self._found.before.values()
        if merged:
            return Happened.MERGED
        if former is None:  # of records that come together and make a customer, it is named after the first
            first = record == cluster or self._found.before.get(cluster, cluster) is not None
            return Happened.CREATED if first and not stood else Happened.JOINED
        if former != cluster:
            return Happened.MOVED if stood else Happened.SPLIT
        return Happened.SPLIT if split else Happened.UNCHANGED

    def _nearest(self, record: int, cluster: int, *, mine: bool) -> list[tuple[int, StoredLink]]:
        """The links of a record within its cluster, or to others: the other record, the heaviest first."""
        ends = [
            (one.right if one.left == record else one.left, one)
            for one in self._found.links
            if record in (one.left, one.right)
        ]
        near = [(other, one) for other, one in ends if (self._found.after.get(other) == cluster) is mine]
        return sorted(near, key=lambda at: (-at[1].weight, at[0]))

    def _reasons(self, near: Sequence[tuple[int, StoredLink]], about: Mapping[int, About]) -> tuple[Reason, ...]:
        return tuple(
            Reason(about[other].key, about[other].customer_id, 1 / (1 + 2**-one.weight), says(self._model, one.pattern))
            for other, one in near
            if other in about
        )


def says(model: MatchModel, pattern: str) -> tuple[str, ...]:
    """The levels of a pair in words, those first that say most for or against strangers."""
    levels = zip(model.comparisons, levels_of_pattern(pattern), strict=True)
    told = [comparison.levels[level] for comparison, level in levels if level >= 0]
    return tuple(one.says for one in sorted(told, key=lambda one: -abs(log2(one.m / one.u)))[:_WORDS])
