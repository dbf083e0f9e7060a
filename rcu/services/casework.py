"""Which cases there should be: a function of links, qualities and decisions, alike around a few customers and for all.

A pair of customers that may be one person is the younger one's question: "am I this older customer?". So whatever may
change the answer touches the younger customer or one it is linked with, and nothing further away.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from rcu.domain.cases import CaseKind, CaseRules, Stake, priority, probability, uncertainty
from rcu.matching.model import MatchModel
from rcu.services.telling import says
from rcu.store.nearby import StoredLink

Pair: TypeAlias = tuple[int, int]
"""The numbers of two customers, the older first."""

MOST_NAMED = 20
"""Of more records or candidates only so many are named in a case."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What is known of how well a customer's records hold together."""

    records: int
    weakest: float
    contradictions: int


@dataclass(frozen=True, slots=True)
class ChangedDecision:
    """A decision in force of which records say something else than when it was taken.

    Attributes:
        decision_id: its number.
        kind: what was decided.
        records: the records that changed, with the hash of what they say now.
        clusters: the customers that hold records of it.
    """

    decision_id: int
    kind: str
    records: Mapping[int, int]
    clusters: frozenset[int]


@dataclass(frozen=True, slots=True)
class Facts:
    """What cases follow from.

    Attributes:
        links: the heaviest link between two customers; none where people keep them apart.
        quality: of customers; those may be left out that cannot be anybody's question.
        confirmed: customers whose records, exactly these, somebody confirmed.
        changed: decisions whose records changed.
    """

    links: Mapping[Pair, StoredLink] = field(default_factory=dict[Pair, StoredLink])
    quality: Mapping[int, Quality] = field(default_factory=dict[int, Quality])
    confirmed: Collection[int] = frozenset()
    changed: Sequence[ChangedDecision] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A case there should be, in numbers.

    Attributes:
        kind: why.
        about: what the subject is made of: customers, the number of a decision, or a text.
        clusters: the customers it is about.
        doubt: 0 to 1.
        links: the links that ask, the heaviest first.
        records: records to name.
        told: more evidence.
        fingerprint: of the evidence.
    """

    kind: CaseKind
    about: tuple[int, ...] | str
    clusters: tuple[int, ...]
    doubt: float
    links: tuple[StoredLink, ...] = ()
    records: tuple[int, ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict[str, Any])
    fingerprint: str = ""

    def name(self, stakes: Mapping[int, Stake]) -> tuple[str, str]:
        """The kind with the subject, and the subject."""
        about = self.about
        subject = about if isinstance(about, str) else "+".join(stakes[one].customer_id for one in about)
        return f"{self.kind.value}:{subject}", subject


@dataclass(frozen=True, slots=True)
class Wanted:
    """A case there should be, as it is to be stored but for the words of its evidence."""

    name: str
    subject: str
    draft: Draft
    fingerprint: str
    priority: float
    revenue_minor: int


def drafted(facts: Facts, rules: CaseRules, match_weight: float, *, of: Collection[int] | None = None) -> list[Draft]:
    """The cases that follow from what is there: all, or those of some customers, of which everything is known.

    Args:
        facts: what is there.
        rules: where cases begin.
        match_weight: links from here up are followed, unless something speaks against it.
        of: customers whose questions are asked.
    """
    found = [*_of_links(facts.links, rules, match_weight, of), *_of_quality(facts, rules, of)]
    return [*found, *map(_of_decision, facts.changed)]


def _of_links(
    links: Mapping[Pair, StoredLink], rules: CaseRules, match_weight: float, of: Collection[int] | None
) -> Iterable[Draft]:
    asked: dict[int, list[tuple[int, StoredLink]]] = defaultdict(list)
    for (older, younger), link in links.items():
        if of is None or younger in of:
            asked[younger].append((older, link))
    for younger, near in asked.items():
        near.sort(key=lambda one: (-one[1].weight, one[0]))
        line = near[0][1].weight - rules.rival_bits
        rivals = [one for one in near if one[1].weight >= line]
        if len(rivals) > 1:
            yield _rivals(younger, rivals)
        for older, link in near if len(rivals) == 1 else near[len(rivals) :]:
            # A link that is heavy enough was refused: something speaks against it, and nobody knows which is wrong.
            doubt = 1.0 if link.weight >= match_weight else uncertainty(link.weight)
            told = fingerprint(link)
            clusters = (older, younger)
            yield Draft(CaseKind.POSSIBLE_MATCH, clusters, clusters, doubt, (link,), fingerprint=told)


def _rivals(younger: int, rivals: Sequence[tuple[int, StoredLink]]) -> Draft:
    links = tuple(link for _, link in rivals)
    clusters = (*sorted(older for older, _ in rivals), younger)
    return Draft(CaseKind.RIVALS, (younger,), clusters, 1.0, links, fingerprint=fingerprint(*links))


def _of_quality(facts: Facts, rules: CaseRules, of: Collection[int] | None) -> Iterable[Draft]:
    for cluster, quality in facts.quality.items():
        if (of is not None and cluster not in of) or cluster in facts.confirmed:
            continue
        if quality.contradictions:
            told = {"contradictions": quality.contradictions, "records": quality.records}
            yield _of_one(CaseKind.CONTRADICTION, cluster, 1.0, told)
        if quality.records > rules.most_records:
            yield _of_one(CaseKind.LARGE_CLUSTER, cluster, 0.5, {"records": quality.records})


def _of_one(kind: CaseKind, cluster: int, doubt: float, told: Mapping[str, Any]) -> Draft:
    return Draft(kind, (cluster,), (cluster,), doubt, told=told, fingerprint=fingerprint(*told.items()))


def weakened(cluster: int, weight: float, before: float | None) -> Draft:
    """The case of a customer whose weakest link fell; `before` is None where it was not weak."""
    told = {"weight": weight, "before": before, "probability": round(probability(weight), 4)}
    made = fingerprint(weight)
    return Draft(CaseKind.WEAKEST_LINK, (cluster,), (cluster,), uncertainty(weight), told=told, fingerprint=made)


def _of_decision(one: ChangedDecision) -> Draft:
    return Draft(
        CaseKind.DECISION_CHANGED,
        str(one.decision_id),
        tuple(sorted(one.clusters)),
        0.5,
        records=tuple(sorted(one.records)),
        told={"decision_id": one.decision_id, "decided": one.kind},
        fingerprint=fingerprint(*sorted(one.records.items())),
    )


def gone_generic(
    column: str, subject: str, carriers: Sequence[int], before: Mapping[int, int | None], after: Mapping[int, int]
) -> Draft:
    """The case of a value that turned out to be nobody's; it names those who parted, and never the value.

    Args:
        column: of the value.
        subject: `generic_subject`.
        carriers: the records that carry it.
        before: the customer of each record that was looked at, as it was.
        after: the customer of each now.
    """
    former = {before.get(one) for one in carriers} - {None}
    parts: dict[int | None, set[int]] = defaultdict(set)
    for record, cluster in before.items():
        if cluster in former:
            parts[cluster].add(after[record])
    parted = sorted({one for several in parts.values() if len(several) > 1 for one in several})
    clusters = parted or sorted({after[one] for one in carriers})[:MOST_NAMED]
    return Draft(
        CaseKind.IDENTIFIER_GENERIC,
        subject,
        tuple(clusters),
        1.0 if parted else 0.25,
        records=tuple(sorted(carriers)),
        told={"identifier": column, "carriers": len(carriers), "parted": bool(parted)},
        fingerprint=fingerprint(column, *sorted(carriers), *parted),
    )


def generic_subject(column: str, value: str, secret: bytes) -> str:
    """What the case of a value is about; without the secret nobody can tell the value by trying.

    A keyed hash (RFC 7693, section 2.9): there are few enough phone numbers to hash all of them.
    """
    told = hashlib.blake2b(value.encode(errors="surrogatepass"), digest_size=8, key=secret)
    return f"{column}:{told.hexdigest()}"


def fingerprint(*parts: object) -> str:
    """A few characters that stand for evidence."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def valued(drafts: Iterable[Draft], stakes: Mapping[int, Stake]) -> dict[str, Wanted]:
    """Cases by name, with their priority."""
    found: dict[str, Wanted] = {}
    for one in drafts:
        name, subject = one.name(stakes)
        about = [stakes[cluster] for cluster in one.clusters]
        revenue = sum(stake.revenue_minor for stake in about)
        reach = max((stake.reach for stake in about), default=0)
        weight = priority(one.doubt, revenue_minor=revenue, reach=reach)
        found[name] = Wanted(name, subject, one, fingerprint(one.fingerprint, one.clusters), weight, revenue)
    return found


def worded(draft: Draft, keys: Mapping[int, str], stakes: Mapping[int, Stake], model: MatchModel) -> dict[str, Any]:
    """The evidence of a case in keys of records, ids and words."""
    told = dict(draft.told)
    if draft.links:
        links = [_worded(link, keys, model) for link in draft.links[:MOST_NAMED]]
        told |= links[0] if draft.kind is CaseKind.POSSIBLE_MATCH else {"candidates": links}
    if draft.records:
        told["record_keys"] = [keys[one] for one in draft.records[:MOST_NAMED]]
    return told | {"customers": [stakes[one].customer_id for one in draft.clusters[:MOST_NAMED]]}


def _worded(link: StoredLink, keys: Mapping[int, str], model: MatchModel) -> dict[str, Any]:
    return {
        "left": keys[link.left],
        "right": keys[link.right],
        "weight": round(link.weight, 3),
        "probability": round(probability(link.weight), 4),
        "says": list(says(model, link.pattern)),
    }


def records_named(draft: Draft) -> set[int]:
    """The records whose keys the evidence needs."""
    ends = {end for link in draft.links[:MOST_NAMED] for end in (link.left, link.right)}
    return ends | set(draft.records[:MOST_NAMED])
