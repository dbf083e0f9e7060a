"""Learning a matching model from the records in the store, without labels; verdicts of people sharpen it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from rcu import __version__
from rcu.errors import InputError, NotFound
from rcu.matching.differences import WeightMove, weight_moves
from rcu.matching.estimation import Training
from rcu.matching.frequency import generic_values, without_generic
from rcu.matching.model import Comparison, Learnt, MatchModel
from rcu.matching.refining import LEAST_PAIRS, refine
from rcu.matching.verdicts import Verdicts
from rcu.services.identity import load
from rcu.services.models import Clock, get, keep
from rcu.services.verdicts import SaidPair, placed
from rcu.store import models as rows
from rcu.store.engine import Store

LEAST_RECORDS: Final = 2
_DIGITS: Final = 6
"""Significant digits of what is learnt: far finer than anything is known, and short enough to read."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A candidate: it is in the registry and not in use.

    `new` is False when the registry held a model that decides alike; `doubts` are reasons not to expect much of it.
    """

    model: MatchModel
    learnt: Learnt
    base: MatchModel
    moves: tuple[WeightMove, ...]
    doubts: tuple[str, ...]
    new: bool


def base_of(store: Store, active: MatchModel) -> MatchModel:
    """What training starts from when nothing is said: the model in use or, where it was learnt, what it came from.

    So training again from the same records gives the same model, whether or not the first one was adopted.
    """
    if active.learnt is None:
        return active
    try:
        return get(store, active.learnt.base)
    except NotFound:
        return active


def train_model(
    store: Store, base: MatchModel, *, clock: Clock, seed: int = 0, said: tuple[SaidPair, ...] = ()
) -> Trained:
    """Learn a model from all records, with `base` as the prior, and put it into the registry beside its base.

    The frequencies of names stay those of the base, so that no value of a record gets into a model.

    Args:
        store: where the records are.
        base: comparisons, rules and probabilities to start from.
        clock: says when the registry got it; that instant is not in the model.
        seed: of the samples; the same records, base, verdicts and seed give the same model to the byte.
        said: what people said about pairs of records.

    Raises:
        InputError: there are fewer than two records, or a verdict names a record that is not there.
        ConfigurationError: the base compares columns that records do not have.
    """
    records, whole = load(store, base)
    if len(records) < LEAST_RECORDS:
        msg = f"there is nothing to learn from: the database holds {len(records)} records"
        raise InputError(msg, hint="import the files of your sources first")
    verdicts = placed(said, records)
    table = without_generic(whole, generic_values(whole, base))
    refinement = refine(base, table, seed=seed, verdicts=verdicts)
    with store.read() as connection:
        as_of = rows.newest_change(connection)
    learnt = _learnt(refinement, base, verdicts, records=len(records), seed=seed, as_of=as_of)
    model = _finished(refinement.model, base, learnt)
    keep(store, base, clock=clock)
    new = keep(store, model, clock=clock)
    return Trained(model, learnt, base, weight_moves(base, model), _doubts(learnt, base), new)


def _learnt(
    refinement: Training, base: MatchModel, verdicts: Verdicts, *, records: int, seed: int, as_of: datetime | None
) -> Learnt:
    same = int(verdicts.same.sum())
    return Learnt(
        base=base.fingerprint(),
        base_name=base.name,
        base_version=base.version,
        records=records,
        random_pairs=refinement.random_pairs,
        blocked_pairs=refinement.blocked_pairs,
        rounds=refinement.rounds,
        expected_matches=round(refinement.expected_matches, 1),
        expected_household=round(refinement.expected_household, 1),
        seed=seed,
        verdicts_same=same,
        verdicts_different=len(verdicts) - same,
        data_as_of=None if as_of is None else as_of.astimezone(UTC).isoformat(timespec="seconds"),
        rcu=__version__,
    )


def _finished(trained: MatchModel, base: MatchModel, learnt: Learnt) -> MatchModel:
    """The model as it is kept: readable numbers, the base's frequencies, and a version made of what it decides."""
    plain = trained.model_copy(
        update={
            "comparisons": tuple(_readable(comparison) for comparison in trained.comparisons),
            "records_of_same": _rounded(trained.records_of_same),
            "records_of_household": _rounded(trained.records_of_household),
            "learnt": learnt,
        }
    )
    version = f"{base.version.partition('+')[0]}+{plain.fingerprint()[:8]}"
    return plain.model_copy(update={"name": base.name, "version": version})


def _readable(comparison: Comparison) -> Comparison:
    levels = tuple(
        level.model_copy(update={name: _rounded(getattr(level, name)) for name in ("m", "h", "u")})
        for level in comparison.levels
    )
    return comparison.model_copy(update={"levels": levels})


def _rounded(number: float) -> float:
    """To six significant digits; never up to one, which no probability may be."""
    short = float(f"{number:.{_DIGITS}g}")
    return number if short >= 1.0 > number else short


def _doubts(learnt: Learnt, base: MatchModel) -> tuple[str, ...]:
    """Why not much should be expected of what was learnt, in words."""
    if learnt.expected_matches >= LEAST_PAIRS:
        return ()
    few = f"only about {learnt.expected_matches:,.0f} duplicates are expected among {learnt.records:,} records"
    return (f"{few}: too few to learn much from, so the weights stay near those of {base.name} {base.version}",)
