"""The comparison kernel: candidate pairs in, weighed pairs out. Nothing else decides whether two records are alike."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import Final, TypeVar

import numpy as np

from rcu.matching.arrays import Bools, Floats, Hashes, Index, Levels
from rcu.matching.basecondition import FEW_PAIRS
from rcu.matching.conditions import Absent, Pairs
from rcu.matching.model import Comparison, MatchModel
from rcu.matching.pairs import CandidatePairs, candidate_pairs
from rcu.matching.table import MISSING, EncodedTable

T = TypeVar("T")
R = TypeVar("R")

NO_EVIDENCE: Final = -1
"""The level of a comparison in which a value is missing."""

PAIRS_AT_ONCE: Final = 250_000
THREADS: Final = 2

_COMPARED_OUTRIGHT: Final = 300
"""So few pairs are compared outright: looking first at what numbers rule out would take longer."""
_ROUNDING: Final = 1e-6
"""Sums of weights in another order differ by less than this (bits)."""
_WORTH_LEAVING: Final = 0.8
"""Pairs let go are taken out of the arrays once these are down to this share."""


@dataclass(frozen=True, slots=True)
class WeighedPairs:
    """Pairs that reached the review threshold.

    `weight` is the log2 odds that both records are one person; `levels[i, c]` is the level of comparison c.
    """

    left: Index
    right: Index
    weight: Floats
    levels: Levels
    rule: Index

    def __len__(self) -> int:
        return len(self.left)

    @property
    def probability(self) -> Floats:
        """The match probability of each pair."""
        return 1.0 / (1.0 + np.exp2(-self.weight))

    def only(self, chosen: Bools) -> WeighedPairs:
        """The pairs chosen by a mask."""
        return WeighedPairs(
            self.left[chosen], self.right[chosen], self.weight[chosen], self.levels[chosen], self.rule[chosen]
        )

    def in_order(self) -> WeighedPairs:
        """Sorted by (left, right), so that the order of the work cannot show."""
        order = np.argsort((self.left << 32) | self.right, kind="stable")
        levels = self.levels.take(order, axis=0)
        return WeighedPairs(
            self.left.take(order), self.right.take(order), self.weight.take(order), levels, self.rule.take(order)
        )

    @classmethod
    def concatenate(cls, parts: Iterable[WeighedPairs], comparisons: int) -> WeighedPairs:
        """Put parts together, in order; that is faster when each of them is."""
        found = list(parts)
        if not found:
            none = np.empty(0, dtype=np.int64)
            return cls(none, none, np.empty(0), np.empty((0, comparisons), dtype=np.int8), none)
        together = cls(
            np.concatenate([part.left for part in found]),
            np.concatenate([part.right for part in found]),
            np.concatenate([part.weight for part in found]),
            np.concatenate([part.levels for part in found]),
            np.concatenate([part.rule for part in found]),
        )
        return together.in_order()


@dataclass(frozen=True, slots=True)
class _Weights:
    """What each state of one comparison adds, against strangers and against the household (log2).

    States are the levels, then "a value is missing", then "not before level i": for the last, the most that level i or
    a later one can add.
    """

    strangers: Floats
    household: Floats
    hope: tuple[float, float]

    @classmethod
    def of(cls, comparison: Comparison, bonus: Mapping[int, Floats]) -> _Weights:
        strangers, household = comparison.log_ratios
        best, worst = strangers[:-1].copy(), household[:-1]
        for level, more in bonus.items():
            best[level] += more.max(initial=0.0)
        return cls(
            np.concatenate([strangers, np.maximum.accumulate(best[::-1])[::-1]]),
            np.concatenate([household, np.maximum.accumulate(worst[::-1])[::-1]]),
            (max(float(best.max()), 0.0), max(float(worst.max()), 0.0)),
        )


class _Open:
    """Pairs still in the running: what is known of each comparison, and the most their evidence can add up to."""

    def __init__(self, kernel: Kernel, pairs: CandidatePairs) -> None:
        near = pairs.near
        self.pairs = Pairs(kernel.table, *((near.left, near.right, near.rows) if near else (pairs.left, pairs.right)))
        known = kernel.known.take(near.rows) if near else kernel.known
        self.known = known.take(self.pairs.left) & known.take(self.pairs.right)
        self.strangers = np.full(len(self.pairs), kernel.model.prior_against_strangers)
        self.household = np.full(len(self.pairs), kernel.model.prior_against_household)
        for byte, (strangers, household) in enumerate(kernel.hopes):
            part = (self.known >> np.uint64(8 * byte)).astype(np.uint8)
            self.add(strangers.take(part), household.take(part))
        self.states: dict[int, Levels] = {}

    def add(self, strangers: Floats, household: Floats) -> None:
        self.strangers += strangers
        self.household += household

    def leave(self, floor: float) -> None:
        """Let go of the pairs that cannot reach the floor any more."""
        alive = (self.strangers >= floor - _ROUNDING) & (self.household >= floor - _ROUNDING)
        kept = np.flatnonzero(alive)
        if len(kept) <= _WORTH_LEAVING * len(alive):
            self.pairs, self.known = self.pairs.only(kept), self.known.take(kept)
            self.strangers, self.household = self.strangers.take(kept), self.household.take(kept)
            self.states = {place: states.take(kept) for place, states in self.states.items()}


def _hopes(each: Sequence[tuple[float, float]]) -> list[tuple[Floats, Floats]]:
    """For each byte of the bits of comparisons: by its value, the most these comparisons can add together."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    padded = np.zeros((-(-len(each) // 8) * 8, 2))
    padded[: len(each)] = np.reshape(each, (-1, 2))
    return [(bits @ part[:, 0], bits @ part[:, 1]) for part in padded.reshape(-1, 8, 2)]


class Kernel:
    """Compares records of one table under one model.

    A pair is looked at twice. First each comparison is read from codes and other numbers as far as they decide it, and
    what they leave open counts for the most it could add; the pairs that could not reach the threshold even so are let
    go, which is nearly all of them. Only then is text compared.
    """

    def __init__(self, table: EncodedTable, model: MatchModel) -> None:
        self.table = table
        self.model = model

    @cached_property
    def _bonus(self) -> list[dict[int, Floats]]:
        """For each comparison, what the rarity of values adds to its levels."""
        return [self._frequency_bonus(comparison) for comparison in self.model.comparisons]

    @cached_property
    def weights(self) -> list[_Weights]:
        """For each comparison, what its states add."""
        return [_Weights.of(one, bonus) for one, bonus in zip(self.model.comparisons, self._bonus, strict=True)]

    @cached_property
    def hopes(self) -> list[tuple[Floats, Floats]]:
        """See `_hopes`."""
        return _hopes([weights.hope for weights in self.weights])

    @cached_property
    def _order(self) -> list[int]:
        """The comparisons, those that can add most first."""
        places = range(len(self.model.comparisons))
        return sorted(places, key=lambda place: (-self.weights[place].hope[0], place))

    def lay_out(self) -> None:
        """Make what every thread reads, once: before they do so side by side."""
        self.table.lay_out()
        _ = self._order, self.hopes, self.known

    def _frequency_bonus(self, comparison: Comparison) -> dict[int, Floats]:
        """For each adjusted level: by code of the value, what its rarity adds to the level's weight (log2)."""
        bonus: dict[int, Floats] = {}
        for number, level in enumerate(comparison.levels):
            if level.frequency_of:
                known = self.model.frequencies[level.frequency_of]
                shares = self.table[level.frequency_of].frequencies(known.all, known.floor)
                bonus[number] = np.log2(level.u / shares)
        return bonus

    @cached_property
    def known(self) -> Hashes:
        """For each record, which comparisons it has a value for, as bits; set also where only the pair can tell."""
        known = np.zeros(self.table.size, dtype=np.uint64)
        for place, comparison in enumerate(self.model.comparisons):
            has = np.ones(self.table.size, dtype=bool)
            if isinstance(comparison.missing, Absent):
                for name in comparison.missing.of:
                    has &= self.table[name].present
            known |= has.astype(np.uint64) << np.uint64(place)
        return known

    def levels_of(self, comparison: Comparison, left: Index, right: Index) -> Index:
        """The level of one comparison for each pair; -1 where a value is missing."""
        return self.levels_among(comparison, Pairs(self.table, left, right))

    def levels_among(self, comparison: Comparison, pairs: Pairs) -> Index:
        """The same for pairs of which something may be known already."""
        states = self._states(comparison, pairs, finally_=True)
        return np.where(states == len(comparison.levels), NO_EVIDENCE, states).astype(np.int64)

    def _states(self, comparison: Comparison, pairs: Pairs, *, finally_: bool) -> Levels:
        """The state of one comparison for each pair (see `_Weights`); text is looked at only `finally_`."""
        width = len(comparison.levels)
        states = np.full(len(pairs), width - 1, dtype=np.int8)
        missing = comparison.missing.holds(pairs)
        np.putmask(states, missing, width)
        open_ = ~missing
        for number, level in enumerate(comparison.levels[:-1]):
            if level.when is None:
                continue
            if not open_.any():
                break
            if level.when.by_codes or (finally_ and len(pairs) <= FEW_PAIRS):
                found = open_ & level.when.holds(pairs)
                np.putmask(states, found, number)
                open_ &= ~found
                continue
            at = np.flatnonzero(open_)
            decided = finally_ or level.when.by_numbers
            asked = pairs if len(at) == len(pairs) else pairs.only(at)
            found = at[(level.when.holds if decided else level.when.might)(asked)]
            states[found] = number if decided else width + 1 + number
            open_[found] = False
        return states

    def weights_of(self, place: int, levels: Index, left: Index, right: Index) -> tuple[Floats, Floats]:
        """Weights of one comparison's levels: against strangers (with term frequencies) and against the household."""
        width = len(self.model.comparisons[place].levels)
        return self._final(place, np.where(levels == NO_EVIDENCE, width, levels), Pairs(self.table, left, right))

    def _final(self, place: int, states: Index | Levels, pairs: Pairs) -> tuple[Floats, Floats]:
        """What states add of which none is left open."""
        strangers, household = self.model.comparisons[place].log_ratios
        return self._added(place, states, pairs, of=(strangers, household))

    def _added(
        self, place: int, states: Index | Levels, pairs: Pairs, *, of: tuple[Floats, Floats]
    ) -> tuple[Floats, Floats]:
        strangers, household = (each.take(states) for each in of)
        for number, bonus in self._bonus[place].items():
            at = np.flatnonzero(states == number)
            column = self.model.comparisons[place].levels[number].frequency_of
            if len(at) and column:
                # Where the level holds for values that differ, the rarer of the two would promise too much.
                one, other = (codes.take(at) for codes in pairs.codes(column))
                strangers[at] += np.where(
                    (one == MISSING) | (other == MISSING), 0.0, np.minimum(bonus[one], bonus[other])
                )
        return strangers, household

    def weigh(self, pairs: CandidatePairs, *, floor: float | None = None) -> WeighedPairs:
        """Weigh candidate pairs and keep those that reach `floor` (log2 odds; the review threshold by default).

        A pair leaves as soon as what is not known yet could not lift it to the floor.
        """
        floor = self.model.review_weight if floor is None else floor
        if len(pairs.left) <= _COMPARED_OUTRIGHT:
            near = pairs.near
            few = Pairs(self.table, *((near.left, near.right, near.rows) if near else (pairs.left, pairs.right)))
            states = {
                place: self._states(comparison, few, finally_=True)
                for place, comparison in enumerate(self.model.comparisons)
            }
            return self._summed(few, states, pairs.rule, floor)
        still = _Open(self, pairs)
        for place in self._order:
            self._glance(still, place)
            still.leave(floor)
        for place in self._order:
            self._read(still, place)
            still.leave(floor)
        return self._summed(still.pairs, still.states, pairs.rule, floor)

    def _glance(self, still: _Open, place: int) -> None:
        """Put what a comparison adds, or may still add once text is looked at, in the place of what it might add."""
        weights = self.weights[place]
        still.states[place] = states = self._states(self.model.comparisons[place], still.pairs, finally_=False)
        strangers, household = self._added(place, states, still.pairs, of=(weights.strangers, weights.household))
        hoped = (still.known >> np.uint64(place)).astype(np.uint8) & 1
        still.add(
            strangers - np.take([0.0, weights.hope[0]], hoped), household - np.take([0.0, weights.hope[1]], hoped)
        )

    def _read(self, still: _Open, place: int) -> None:
        """Look at the text where numbers left a comparison open."""
        comparison, weights, states = self.model.comparisons[place], self.weights[place], still.states[place]
        at = np.flatnonzero(states > len(comparison.levels))
        if len(at):
            pairs, guessed = still.pairs.only(at), states[at]
            states[at] = found = self._states(comparison, pairs, finally_=True)
            strangers, household = self._final(place, found, pairs)
            still.strangers[at] += strangers - weights.strangers[guessed]
            still.household[at] += household - weights.household[guessed]

    def _summed(self, pairs: Pairs, known: Mapping[int, Levels], rule: int, floor: float) -> WeighedPairs:
        """The exact weights, added up in the order of the model so that no bit depends on the company of a pair."""
        strangers = np.full(len(pairs), self.model.prior_against_strangers)
        household = np.full(len(pairs), self.model.prior_against_household)
        levels = np.empty((len(pairs), len(self.model.comparisons)), dtype=np.int8)
        for place, comparison in enumerate(self.model.comparisons):
            states = known[place]
            gain_strangers, gain_household = self._final(place, states, pairs)
            strangers, household = strangers + gain_strangers, household + gain_household
            levels[:, place] = np.where(states == len(comparison.levels), NO_EVIDENCE, states)
        weight = combined_weight(strangers, household)
        rules = np.full(len(pairs), rule, dtype=np.int64)
        return WeighedPairs(*pairs.in_table(), weight, levels, rules).only(weight >= floor)


def combined_weight(strangers: Floats, household: Floats) -> Floats:
    """Log2 odds of "same person" against both other explanations together: -log2(2^-strangers + 2^-household)."""
    return -np.logaddexp2(-strangers, -household)


def weigh_candidates(
    kernel: Kernel,
    *,
    touched: Bools | None = None,
    floor: float | None = None,
    block: int = PAIRS_AT_ONCE,
    threads: int = THREADS,
) -> WeighedPairs:
    """Block, compare and weigh; pairs with at least one touched record only, when given.

    Memory is bounded by `threads` + 1 blocks of candidate pairs beside the pairs that are kept.
    """
    kernel.lay_out()
    batches = candidate_pairs(kernel.table, kernel.model.blocking, touched=touched, block=block, threads=threads)
    kept = (weighed for weighed in side_by_side(_weighing(kernel, floor), batches, threads=threads) if len(weighed))
    return WeighedPairs.concatenate(kept, len(kernel.model.comparisons))


def _weighing(kernel: Kernel, floor: float | None) -> Callable[[CandidatePairs], WeighedPairs]:
    return lambda pairs: kernel.weigh(pairs, floor=floor).in_order()


def side_by_side(work: Callable[[T], R], pieces: Iterable[T], *, threads: int = THREADS) -> Iterator[R]:
    """Work on pieces in threads, no more of them under way than there are threads; the answers come in order."""
    every = iter(pieces)
    first = list(islice(every, 2))
    if len(first) < 2:  # threads would only cost
        yield from map(work, first)
        return
    with ThreadPoolExecutor(threads) as pool:
        under_way: deque[Future[R]] = deque()
        for piece in chain(first, every):
            under_way.append(pool.submit(work, piece))
            if len(under_way) > threads:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
