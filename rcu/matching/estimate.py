"""Precision and recall without a truth: people judge a sample of pairs, drawn by weight band; the rest is estimated.

Pairs are laid out in strata: joined or not, and a band of match weights. Within a stratum the sample is random, so
each judged pair speaks for `pairs / judged` pairs (stratified estimator: Cochran, Sampling Techniques, 1977, chapter
5). The interval counts the judged pairs as they are and draws the unjudged ones of each stratum from what its verdicts
allow, under Jeffreys' prior (finite populations: Ericson, 1969; the prior: Brown, Cai and DasGupta, 2001): a stratum
all of whose pairs were judged adds no doubt, one with few verdicts much.

Pairs that were never weighed can be in no sample: recall is among the pairs that are joined or reach the lowest band.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rcu.errors import InputError
from rcu.matching.arrays import Bools, Floats, Index
from rcu.matching.model import MatchModel
from rcu.matching.scoring import Kernel, WeighedPairs
from rcu.matching.true_pairs import pairs_of, weigh_all

LOWEST_PROBABILITY: Final = 0.01
"""Pairs below are not laid out: there are ever more of them, and hardly any is one person."""
_CUTS: Final = (0.95, 0.999)
_LEAST_JUDGED: Final = 5
_LEAST_SHARE: Final = 0.05
_DRAWS: Final = 20_000
_JEFFREYS: Final = 0.5
_CERTAINTY: Final = 0.95
_WIDE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Layout:
    """All pairs that can be sampled, and the stratum of each; strata that hold no pair have no number.

    `joined[s]` and `lowest[s]` (match probability from which its band begins) describe stratum s.
    """

    left: Index
    right: Index
    stratum: Index
    joined: Bools
    lowest: Floats
    expected: Floats
    """The share of each stratum that is one person by the model's own probabilities; it only guides the sampling."""

    @property
    def sizes(self) -> Index:
        """How many pairs each stratum holds."""
        return np.bincount(self.stratum, minlength=len(self.joined)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Stratum:
    """Verdicts on one stratum: of `pairs`, `judged` were looked at, of which `same` are one person."""

    joined: bool
    lowest: float
    pairs: int
    judged: int
    same: int


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval; `value` is None where nothing was judged that it could rest on."""

    value: float | None
    low: float
    high: float

    @property
    def wide(self) -> bool:
        """Whether it says little: more than ten points from end to end."""
        return self.high - self.low > _WIDE


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the verdicts say of all pairs; `shares` are those of one person, stratum by stratum."""

    precision: Interval
    recall: Interval
    strata: tuple[Stratum, ...]
    shares: tuple[Interval, ...]

    @property
    def judged(self) -> int:
        """How many verdicts it rests on."""
        return sum(stratum.judged for stratum in self.strata)


def lay_out(kernel: Kernel, pairs: WeighedPairs, clusters: Index) -> Layout:
    """Lay out all pairs that are joined, or weigh as much as LOWEST_PROBABILITY.

    Args:
        kernel: of all records and the model; it weighs pairs of one cluster that `pairs` lacks.
        pairs: all pairs weighed down to LOWEST_PROBABILITY.
        clusters: the number of each record's cluster, -1 where it has none.
    """
    size = kernel.table.size
    together = [weigh_all(kernel, left, right) for left, right in pairs_of(clusters)]
    apart = pairs.only((clusters[pairs.left] != clusters[pairs.right]) | (clusters[pairs.left] < 0))
    apart = apart.only(apart.weight >= weight_of(LOWEST_PROBABILITY))
    left, right, weight = (
        np.concatenate([getattr(part, name) for part in (*together, apart)]) for name in ("left", "right", "weight")
    )
    order = np.argsort(left.astype(np.int64) * size + right, kind="stable")
    left, right, weight = left[order], right[order], weight[order]
    joined = (clusters[left] == clusters[right]) & (clusters[left] >= 0)
    edges = _edges(kernel.model)
    band = np.maximum(np.searchsorted([weight_of(edge) for edge in edges], weight, side="right") - 1, 0)
    strata, stratum = np.unique(joined * len(edges) + band, return_inverse=True)
    chance = np.bincount(stratum, weights=1 / (1 + np.exp2(-weight)), minlength=len(strata))
    sizes = np.maximum(np.bincount(stratum, minlength=len(strata)), 1)
    return Layout(
        left=left.astype(np.int64),
        right=right.astype(np.int64),
        stratum=stratum.astype(np.int64),
        joined=strata >= len(edges),
        lowest=np.asarray(edges)[strata % len(edges)],
        expected=chance / sizes,
    )


def weight_of(probability: float) -> float:
    """The match weight (log2 odds) of a match probability."""
    return float(np.log2(probability / (1 - probability)))


def _edges(model: MatchModel) -> list[float]:
    """The lower ends of the bands, as probabilities: the model's thresholds are among them."""
    own = (model.review_probability, model.match_probability)
    return sorted({LOWEST_PROBABILITY, *(edge for edge in (*own, *_CUTS) if edge > LOWEST_PROBABILITY)})


def allocate(sizes: Index, expected: Floats, wanted: int) -> Index:
    """Say how many pairs of each stratum to judge: a few of each, the others where doubt is greatest (Neyman, 1934).

    Raises:
        InputError: when fewer are wanted than there are strata.
    """
    if wanted < len(sizes):
        msg = f"{wanted:,} pairs are too few: there are {len(sizes)} bands of pairs, and each must be judged"
        raise InputError(msg, hint=f"ask for {10 * len(sizes)} pairs or more")
    wanted = min(wanted, int(sizes.sum()))
    chosen = np.minimum(sizes, max(1, min(_LEAST_JUDGED, wanted // max(len(sizes), 1))))
    share = np.clip(expected, _LEAST_SHARE, 1 - _LEAST_SHARE)
    doubt = sizes * np.sqrt(share * (1 - share))
    while (left := wanted - int(chosen.sum())) > 0:
        # What a small stratum cannot take goes to the others, in the next turn.
        open_ = chosen < sizes
        ideal = np.where(open_, left * doubt / doubt[open_].sum(), 0.0)
        given = np.minimum(np.floor(ideal).astype(np.int64), sizes - chosen)
        if not given.any():
            given[np.argsort(-ideal, kind="stable")[: min(left, int(open_.sum()))]] = 1
        chosen = chosen + given
    return chosen


def draw(layout: Layout, wanted: int, *, seed: int) -> Index:
    """Draw the pairs to be judged: their places in the layout, in an order that tells nothing of their strata.

    Raises:
        InputError: when fewer are wanted than there are strata.
    """
    rng = np.random.default_rng(seed)
    counts = allocate(layout.sizes, layout.expected, wanted)
    shuffled = rng.permutation(len(layout.stratum))
    by_stratum = shuffled[np.argsort(layout.stratum[shuffled], kind="stable")]
    within = np.arange(len(by_stratum)) - np.repeat(np.cumsum(layout.sizes) - layout.sizes, layout.sizes)
    chosen = by_stratum[within < np.repeat(counts, layout.sizes)]
    return rng.permutation(chosen).astype(np.int64)


def estimate(strata: Sequence[Stratum], *, seed: int) -> Estimate:
    """Estimate precision and recall from the verdicts.

    Precision is the share of joined pairs that are one person; recall the share of the pairs of one person that are
    joined. A stratum without a verdict could hold anything: it widens the interval, and where it is joined, or any
    recall is asked, leaves no value.

    Args:
        strata: each with its number of pairs, of verdicts, and of verdicts "one person".
        seed: of the draws the interval is taken from; the same seed gives the same interval.
    """
    pairs, judged, same = (
        np.array([getattr(one, name) for one in strata], dtype=np.int64) for name in ("pairs", "judged", "same")
    )
    joined = np.array([one.joined for one in strata], dtype=bool)
    rng = np.random.default_rng(seed)
    share = rng.beta(same + _JEFFREYS, judged - same + _JEFFREYS, size=(_DRAWS, len(strata)))
    totals = same + rng.binomial(pairs - judged, share)
    with np.errstate(invalid="ignore"):
        expanded = pairs * same / judged
    right, every = totals[:, joined].sum(axis=1), totals.sum(axis=1)
    precision = _interval(_ratio(right, pairs[joined].sum()), _share(expanded[joined].sum(), pairs[joined].sum()))
    recall = _interval(_ratio(right, every), _share(expanded[joined].sum(), expanded.sum()))
    shares = [_interval(totals[:, at] / pairs[at], _share(expanded[at], pairs[at])) for at in range(len(strata))]
    return Estimate(precision, recall, tuple(strata), tuple(shares))


def _ratio(part: Index, whole: Index | np.int64) -> Floats:
    """Where there is nothing to be wrong about, 1, as in an evaluation."""
    return np.where(whole > 0, part / np.maximum(whole, 1), 1.0)


def _share(part: float, whole: float) -> float | None:
    if np.isnan(part) or np.isnan(whole):
        return None
    return float(part / whole) if whole else 1.0


def _interval(draws: Floats, value: float | None) -> Interval:
    """The middle 95 % of the draws, stretched to the value: verdicts all of one kind put it at the end of the scale."""
    low, high = np.quantile(draws, [(1 - _CERTAINTY) / 2, (1 + _CERTAINTY) / 2])
    return Interval(
        value, float(low if value is None else min(low, value)), float(high if value is None else max(high, value))
    )
