"""Why the records of a customer are one person: the links between them, the decisions, and what was not joined.

It is read from the links as they are stored, so it takes a few statements. How a customer was built step by step, which
works out all that touches it anew, is told by `services.explaining`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import inf
from typing import Any, Final

import numpy as np
import orjson

from rcu.domain.cases import probability
from rcu.domain.decisions import Decision, in_force
from rcu.matching.explain import contradictions_of
from rcu.matching.model import MatchModel
from rcu.services.identity import levels_of_pattern
from rcu.services.reading import present
from rcu.services.standing import standing_state
from rcu.store import decisions as decision_rows
from rcu.store import nearby
from rcu.store import parts as rows
from rcu.store.engine import Store, Transaction
from rcu.store.nearby import About, StoredLink
from rcu.store.visibility import seen_by

MOST_RECORDS: Final = 500
"""Records of one customer that are looked at, the oldest; others are counted."""
MOST_LINKS: Final = 200
"""Links that are told, the heaviest; of those inside and of those refused."""

_INSTANTS: Final = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS
_APART: Final = "a steward said they are not one person"
_ELSEWHERE: Final = "other records of the two customers contradict each other"


@dataclass(frozen=True, slots=True)
class Holding:
    """Why the records of a customer are one person.

    Attributes:
        customer_id: the customer, by its present id.
        content: what is told of it.
        others: customers that are named in it.
    """

    customer_id: str
    content: Mapping[str, Any]
    others: frozenset[str] = frozenset()

    def answer(self) -> bytes:
        """The explanation as it is told to a program."""
        return orjson.dumps({"customer_id": self.customer_id, **self.content}, option=_INSTANTS)


def holding(
    store: Store,
    model: MatchModel,
    customer_id: str,
    scopes: frozenset[str],
    *,
    stores: frozenset[str] | None = None,
) -> Holding:
    """Say what holds the customer together that an id stands for: keys of records, weights and words, never values.

    `model` is what links were weighed with before any run. An id that was merged gives nothing but the present one;
    other customers are named that are of `stores`. Reasons of decisions, people's own words, are for `steward`.

    Raises:
        NotFound: the id was never given.
        Erased: its person was erased.
        SeveralCustomers: its customer is part of several others today.
        Conflict: the last run was that of an earlier version.
    """
    with store.read() as connection:
        mine = present(connection, customer_id, stores=stores)
        if mine.customer_id != customer_id.lower():
            return Holding(mine.customer_id, {})
        standing = standing_state(connection, model).model
        every = rows.members(connection, mine.customer_id, limit=MOST_RECORDS + 1)
        told = _Told(connection, standing, every[:MOST_RECORDS], stores)
        content = told.content(reasons="steward" in scopes)
    return Holding(mine.customer_id, content | {"more_records": len(every) > MOST_RECORDS}, told.others)


class _Told:
    """What is told of some records of one customer."""

    def __init__(
        self, connection: Transaction, model: MatchModel, members: Sequence[int], stores: frozenset[str] | None
    ) -> None:
        self._model, self._members = model, frozenset(members)
        links = nearby.links_at(connection, members, least=-inf).told()
        self._links, self._decided = list(links.machine.values()), links.people
        decisions = in_force(decision_rows.decisions_about(connection, record_ids=members))
        self._decisions = [one for one in decisions if one.together or one.apart]
        ends = set(chain.from_iterable(self._decided)) | {end for one in self._links for end in (one.left, one.right)}
        about = nearby.about(connection, ends | self._members)
        away = {one.customer_id for at, one in about.items() if at not in self._members}
        seen = away if stores is None else seen_by(connection, away, stores)
        self._about = {at: one for at, one in about.items() if at in self._members or one.customer_id in seen}
        self._named: set[str] = set()

    @property
    def others(self) -> frozenset[str]:
        """The other customers that were named."""
        return frozenset(self._named)

    def content(self, *, reasons: bool) -> dict[str, Any]:
        """Everything; `reasons`: with those of decisions."""
        inside = [one for one in self._links if one.left in self._members and one.right in self._members]
        refused = self._refused()
        return {
            "records": [str(self._about[one].key) for one in sorted(self._members)],
            "links": [self._inside(one) for one in _heaviest(inside)],
            "refused": [self._apart(one) for one in _heaviest(refused)],
            "decisions": [_decision(one, self._about, reasons=reasons) for one in self._decisions],
            "more_links": max(len(inside), len(refused)) > MOST_LINKS,
        }

    def _refused(self) -> list[StoredLink]:
        """Links out of the customer that are heavy enough to be followed, and those that people keep apart."""
        weighed = {(one.left, one.right): one for one in self._links}
        kept = {pair for pair, together in self._decided.items() if not together}
        heavy = {pair for pair, one in weighed.items() if one.weight >= self._model.match_weight}
        wanted = {pair for pair in kept | heavy if len(self._members.intersection(pair)) == 1}
        return [weighed.get(pair, StoredLink(*pair, -inf, "")) for pair in wanted if self._about.keys() >= set(pair)]

    def _inside(self, one: StoredLink) -> dict[str, Any]:
        told = self._link(one)
        joins = one.weight >= self._model.match_weight and not self._contradictions(one)
        return told | {"joins": joins}

    def _apart(self, one: StoredLink) -> dict[str, Any]:
        other = self._about[one.right if one.left in self._members else one.left]
        self._named.add(other.customer_id)
        kept = self._decided.get((one.left, one.right)) is False
        why = [_APART] if kept else self._contradictions(one) or [_ELSEWHERE]
        return self._link(one) | {"customer_id": other.customer_id, "because": why}

    def _link(self, one: StoredLink) -> dict[str, Any]:
        """Two records, how heavy their link is, and what agrees and differs, the weightiest first."""
        told: dict[str, Any] = {"left": str(self._about[one.left].key), "right": str(self._about[one.right].key)}
        if one.weight == -inf:
            return told
        told |= {"weight": round(one.weight, 3), "probability": round(probability(one.weight), 6)}
        return told | _words(self._model, one.pattern)

    def _contradictions(self, one: StoredLink) -> list[str]:
        return list(contradictions_of(self._model, levels_of_pattern(one.pattern))) if one.pattern else []


def _heaviest(found: Collection[StoredLink]) -> list[StoredLink]:
    return sorted(found, key=lambda one: (-one.weight, one.left, one.right))[:MOST_LINKS]


def _words(model: MatchModel, pattern: str) -> dict[str, list[str]]:
    """What speaks for one person rather than strangers, and what against, the weightiest first."""
    levels = zip(model.comparisons, levels_of_pattern(pattern), strict=True)
    told = [
        (float(np.log2(one.m / one.u)), one.says)
        for comparison, at in levels
        if at >= 0
        for one in [comparison.levels[at]]
    ]
    told.sort(key=lambda one: -abs(one[0]))
    return {
        "agrees": [says for bits, says in told if bits > 0],
        "differs": [says for bits, says in told if bits <= 0],
    }


def _decision(one: Decision, about: Mapping[int, About], *, reasons: bool) -> dict[str, Any]:
    def named(links: Collection[tuple[int, int]]) -> list[list[str]]:
        return [[str(about[end].key) for end in link] for link in links if about.keys() >= set(link)]

    return {
        "decision_id": one.decision_id,
        "kind": one.kind.value,
        "actor": one.actor,
        "decided_at": one.decided_at,
        "together": named(one.together),
        "apart": named(one.apart),
        **({"reason": one.reason} if reasons else {}),
    }
