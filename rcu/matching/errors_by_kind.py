"""The wrong pairs of a clustering, by what went wrong: each has one kind, told from the compared values, and one place.

Found but false: records of two persons in one cluster. Missed: records of one person in two clusters. The kinds are
tried in order and the first that holds counts, so each says what is most particular about a pair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from rcu.matching.arrays import Bools, Index, Levels
from rcu.matching.aspects import NAMES, Aspect, Seen
from rcu.matching.model import MatchModel
from rcu.matching.scoring import Kernel
from rcu.matching.true_pairs import Candidates, pairs_of, weigh_all

_CONTACTS: Final = (Aspect.EMAIL, Aspect.MOBILE, Aspect.LANDLINE, Aspect.LOYALTY_NUMBER)
_SHORT: Final = ("diminutive", "initial")
_SLIPS: Final = ("close", "part", "sound", "alike", "rather alike", "same words")
_SWAPPED: Final = ("swapped", "in another column")
_NEAR: Final = ("street", "unknown street")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of error: a name, what it means, for which pairs it holds, and the one place it is found at, if so."""

    name: str
    says: str
    holds: Callable[[Seen], Bools]
    place: str | None = None


def _same_place(seen: Seen) -> Bools:
    return seen.same(Aspect.ADDRESS) | seen.at(Aspect.ADDRESS, *_NEAR)


def _first_names_agree(seen: Seen) -> Bools:
    return seen.same(Aspect.FIRST_NAME, Aspect.FULL_NAME) | seen.at(Aspect.FIRST_NAME, *_SHORT, *_SLIPS)


def _last_names_agree(seen: Seen) -> Bools:
    found = seen.same(Aspect.LAST_NAME, Aspect.FULL_NAME)
    return found | seen.at(Aspect.LAST_NAME, "birth name", *_SWAPPED, *_SLIPS)


def _names_agree(seen: Seen) -> Bools:
    swapped = seen.at(Aspect.FIRST_NAME, *_SWAPPED)
    return (_first_names_agree(seen) & _last_names_agree(seen)) | swapped | seen.at(Aspect.FULL_NAME, *_SLIPS)


def _same_names(seen: Seen) -> Bools:
    return (seen.same(Aspect.FIRST_NAME) & seen.same(Aspect.LAST_NAME)) | seen.same(Aspect.FULL_NAME)


def _no_name(seen: Seen) -> Bools:
    either = seen.missing(Aspect.FIRST_NAME) | seen.missing(Aspect.LAST_NAME)
    return either & seen.missing(Aspect.FULL_NAME)


def _no_first_name(seen: Seen) -> Bools:
    return seen.missing(Aspect.FIRST_NAME) | seen.at(Aspect.FIRST_NAME, "initial")


def _everything(seen: Seen) -> Bools:
    return np.ones(len(seen), dtype=bool)


FALSE_KINDS: Final = (
    Kind(
        "one name at one address",
        "father and son, or namesakes: the names agree and so does the address",
        lambda seen: _names_agree(seen) & _same_place(seen) & ~seen.at(Aspect.FIRST_NAME, "initial"),
    ),
    Kind(
        "household",
        "the same last name and address, another first name",
        lambda seen: seen.different(Aspect.FIRST_NAME) & _last_names_agree(seen) & _same_place(seen),
    ),
    Kind(
        "household, first name unknown",
        "the same last name and address; one first name is missing or an initial",
        lambda seen: _no_first_name(seen) & _last_names_agree(seen) & _same_place(seen),
    ),
    Kind(
        "shared mailbox or phone, name unknown",
        "the same mailbox, number or card; a name of one is missing",
        lambda seen: seen.same(*_CONTACTS) & _no_name(seen),
    ),
    Kind(
        "shared mailbox or phone",
        "the same mailbox, number or card, other names",
        lambda seen: seen.same(*_CONTACTS) & ~_names_agree(seen),
    ),
    Kind("namesakes", "the names agree; they are not known to live at one address", _names_agree),
    Kind("no name", "a name of one is missing, and they share no address, mailbox, number or card", _no_name),
    Kind("other", "nothing of the above", _everything),
)

MISSED_KINDS: Final = (
    Kind(
        "transposition",
        "first and last name changed places",
        lambda seen: seen.at(Aspect.FIRST_NAME, *_SWAPPED) | seen.at(Aspect.LAST_NAME, *_SWAPPED),
    ),
    Kind("birth dates differ", "two dates of birth", lambda seen: seen.different(Aspect.BIRTH_DATE)),
    Kind(
        "too little to compare",
        "nothing but names, or not even those, on both sides",
        lambda seen: ~seen.compared(without=NAMES | {Aspect.GENDER}),
    ),
    Kind(
        "no name",
        "a name of one is missing",
        lambda seen: (
            seen.missing(Aspect.FULL_NAME) & (seen.missing(Aspect.FIRST_NAME) | seen.missing(Aspect.LAST_NAME))
        ),
    ),
    Kind(
        "change of last name",
        "the first names agree, the last names do not, as after a marriage",
        lambda seen: (
            _first_names_agree(seen) & (seen.at(Aspect.LAST_NAME, "birth name") | seen.different(Aspect.LAST_NAME))
        ),
    ),
    Kind(
        "another first name",
        "two first names, or a short form that is not known as one",
        lambda seen: seen.different(Aspect.FIRST_NAME),
    ),
    Kind(
        "initial or diminutive",
        "one first name is the initial or a short form of the other",
        lambda seen: seen.at(Aspect.FIRST_NAME, *_SHORT),
    ),
    Kind(
        "typing slip in a name",
        "a name is nearly the same",
        lambda seen: (
            seen.at(Aspect.FIRST_NAME, *_SLIPS)
            | seen.at(Aspect.LAST_NAME, *_SLIPS)
            | seen.at(Aspect.FULL_NAME, *_SLIPS)
        ),
    ),
    Kind(
        "moved",
        "the same names, another address",
        lambda seen: _same_names(seen) & ~_same_place(seen) & ~seen.missing(Aspect.ADDRESS),
    ),
    Kind(
        "another mailbox or phone",
        "the same names, no address to compare, and no mailbox, number or card in common",
        lambda seen: _same_names(seen) & seen.missing(Aspect.ADDRESS) & ~seen.same(*_CONTACTS),
    ),
    Kind(
        "refused for another record",
        "they are alike; a record in the way contradicts one of them",
        _everything,
        place="refused",
    ),
    Kind("never candidates", "alike, and met by no blocking rule", _everything, place="never candidates"),
    Kind("other", "nothing of the above", _everything),
)

FALSE_PLACES: Final = ("linked", "through others")
"""A false pair is heavy enough by itself, or was only brought along by other records of the cluster."""

MISSED_PLACES: Final = ("never candidates", "too light", "left to review", "refused")
"""Where a missed pair was lost: no blocking rule met it; below the review threshold; below the match threshold; heavy
enough, and refused by a contradiction or a constraint."""


@dataclass(frozen=True, slots=True)
class KindCount:
    """Wrong pairs of one kind.

    Attributes:
        kind: its name.
        says: what it means.
        pairs: how many there are.
        share: of all false, or all missed, pairs.
        places: how many of them at each of FALSE_PLACES or MISSED_PLACES.
        examples: pairs of rows, of different clusters or persons as far as there are any.
    """

    kind: str
    says: str
    pairs: int
    share: float
    places: Mapping[str, int]
    examples: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Errors:
    """The wrong pairs by kind, the most frequent first; kinds that do not occur are left out."""

    false: tuple[KindCount, ...]
    missed: tuple[KindCount, ...]


class _Told(NamedTuple):
    """Some wrong pairs: kind and place are numbers, `group` the cluster or person they belong to."""

    left: Index
    right: Index
    kind: Index
    place: Index
    group: Index


def errors_by_kind(kernel: Kernel, clusters: Index, truth: Index, *, examples: int = 0) -> Errors:
    """Tell the kind of every wrong pair.

    Args:
        kernel: of all records and the model.
        clusters: the number of each record's cluster, -1 for a record that has none yet.
        truth: the number of each record's person, -1 where it is not known; such records are in no pair.
        examples: how many pairs of each kind to name.
    """
    known = (truth >= 0) & (clusters >= 0)
    clusters, truth = np.where(known, clusters, -1), np.where(known, truth, -1)
    false = _summed(_false(kernel, clusters, truth), FALSE_KINDS, FALSE_PLACES, examples=examples)
    missed = _summed(_missed(kernel, clusters, truth), MISSED_KINDS, MISSED_PLACES, examples=examples)
    return Errors(false, missed)


def _kinds_of(levels: Levels, place: Index, model: MatchModel, *, missed: bool) -> Index:
    """The number of the first kind that holds for each pair; the last kind holds for all."""
    kinds, places = (MISSED_KINDS, MISSED_PLACES) if missed else (FALSE_KINDS, FALSE_PLACES)
    seen = Seen(model, levels)
    answer = np.zeros(len(levels), dtype=np.int64)
    for number, kind in reversed(list(enumerate(kinds))):
        here = kind.holds(seen)
        if kind.place is not None:
            here &= place == places.index(kind.place)
        answer[here] = number
    return answer


def _false(kernel: Kernel, clusters: Index, truth: Index) -> Iterator[_Told]:
    for left, right in pairs_of(clusters):
        wrong = truth[left] != truth[right]
        pairs = weigh_all(kernel, left[wrong], right[wrong])
        place = (pairs.weight < kernel.model.match_weight).astype(np.int64)
        kind = _kinds_of(pairs.levels, place, kernel.model, missed=False)
        yield _Told(pairs.left, pairs.right, kind, place, clusters[pairs.left])


def _missed(kernel: Kernel, clusters: Index, truth: Index) -> Iterator[_Told]:
    candidates = Candidates(kernel.table, kernel.model.blocking)
    for left, right in pairs_of(truth):
        wrong = clusters[left] != clusters[right]
        pairs = weigh_all(kernel, left[wrong], right[wrong])
        thresholds = [kernel.model.review_weight, kernel.model.match_weight]
        place = np.searchsorted(thresholds, pairs.weight, side="right") + 1
        place[~candidates.has(pairs.left, pairs.right)] = 0
        kind = _kinds_of(pairs.levels, place, kernel.model, missed=True)
        yield _Told(pairs.left, pairs.right, kind, place, truth[pairs.left])


def _summed(
    batches: Iterator[_Told], kinds: tuple[Kind, ...], places: tuple[str, ...], *, examples: int
) -> tuple[KindCount, ...]:
    """Count batch by batch, so that memory is bounded by a batch and the examples."""
    counts = np.zeros((len(kinds), len(places)), dtype=np.int64)
    named: list[list[tuple[int, int]]] = [[] for _ in kinds]
    for told in batches:
        np.add.at(counts, (told.kind, told.place), 1)
        for number, so_far in enumerate(named):
            so_far.extend(_examples(told, number, examples - len(so_far)))
    total = max(int(counts.sum()), 1)
    found = [
        KindCount(
            kind=kind.name,
            says=kind.says,
            pairs=int(row.sum()),
            share=int(row.sum()) / total,
            places=dict(zip(places, row.tolist(), strict=True)),
            examples=tuple(examples_),
        )
        for kind, row, examples_ in zip(kinds, counts, named, strict=True)
        if row.any()
    ]
    return tuple(sorted(found, key=lambda one: -one.pairs))


def _examples(told: _Told, kind: int, wanted: int) -> list[tuple[int, int]]:
    """Some pairs of a kind, one of each group first."""
    at = np.flatnonzero(told.kind == kind)
    if wanted <= 0 or not len(at):
        return []
    _, first = np.unique(told.group[at], return_index=True)
    order = np.r_[first, np.setdiff1d(np.arange(len(at)), first)][:wanted]
    return list(zip(told.left[at[order]].tolist(), told.right[at[order]].tolist(), strict=True))
