"""What tells two models apart: the weights that differ, in bits, and every other part of the file."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from rcu.matching.model import ComparisonLevel, MatchModel

LEAST_MOVE: Final = 0.05
"""Weights that differ by fewer bits than this are not told: they change no decision worth reading about."""

_NAMED: Final = ("name", "says", "column")
"""What an element of a list is known by, the first it has."""
_SETTLED: Final = frozenset({"name", "version", "learnt"})
"""Parts that decide nothing."""
_WEIGHTS: Final = frozenset({"m", "h", "u"})


@dataclass(frozen=True, slots=True)
class WeightMove:
    """One level whose weight differs, in bits (log2 odds): what it says against strangers and against the household.

    Each is (in the one model, in the other).
    """

    comparison: str
    level: str
    says: str
    strangers: tuple[float, float]
    household: tuple[float, float]

    @property
    def size(self) -> float:
        """By how many bits it differs, the larger of the two."""
        return max(abs(after - before) for before, after in (self.strangers, self.household))


@dataclass(frozen=True, slots=True)
class PartMove:
    """One part of the file that differs; None where a model does not have it. Values of records are never shown."""

    part: str
    one: str | None
    other: str | None


def weight_moves(one: MatchModel, other: MatchModel, *, least: float = LEAST_MOVE) -> tuple[WeightMove, ...]:
    """The levels both models have whose weights differ by `least` bits or more, those that differ most first."""
    after = dict(_levels(other))
    moves = [
        WeightMove(
            *place,
            level.says,
            (_bits(level.m, level.u), _bits(after[place].m, after[place].u)),
            (_bits(level.m, level.h), _bits(after[place].m, after[place].h)),
        )
        for place, level in _levels(one)
        if place in after
    ]
    return tuple(sorted((move for move in moves if move.size >= least), key=lambda move: -move.size))


def _levels(model: MatchModel) -> Iterator[tuple[tuple[str, str], ComparisonLevel]]:
    for comparison in model.comparisons:
        for level in comparison.levels:
            yield (comparison.name, level.name), level


def _bits(same: float, against: float) -> float:
    return math.log2(same / against)


def part_moves(one: MatchModel, other: MatchModel) -> tuple[PartMove, ...]:
    """Every part that differs beside the probabilities of levels that both models have, in the order of the file."""
    before, after = (dict(_parts(model)) for model in (one, other))
    both = set(dict(_levels(one))) & set(dict(_levels(other)))
    weights = {f"comparisons.{place[0]}.levels.{place[1]}.{name}" for place in both for name in _WEIGHTS}
    return tuple(
        PartMove(part, before.get(part), after.get(part))
        for part in dict.fromkeys([*before, *after])
        if part not in weights and before.get(part) != after.get(part)
    )


def _parts(model: MatchModel) -> Iterator[tuple[str, str]]:
    content = model.model_dump(mode="json", exclude_none=True, exclude=set(_SETTLED))
    frequencies: Mapping[str, Mapping[str, Any]] = content.pop("frequencies", {})
    yield from _leaves(content, "")
    for column, known in frequencies.items():
        shares: Mapping[str, float] = known.get("shares", {})
        yield from _leaves({name: value for name, value in known.items() if name != "shares"}, f"frequencies.{column}")
        if shares:
            digest = hashlib.sha256(orjson.dumps(shares, option=orjson.OPT_SORT_KEYS)).hexdigest()[:8]
            yield f"frequencies.{column}.shares", f"{len(shares):,} values (digest {digest})"


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Parts and their values as text; elements of a list are known by name, conditions are one part."""
    match value:
        case Mapping() if "test" not in value:
            for name, inner in value.items():
                yield from _leaves(inner, f"{path}.{name}" if path else str(name))
        case [Mapping(), *_] if all(_name_of(one) for one in value):
            for inner in value:
                yield from _leaves(inner, f"{path}.{_name_of(inner)}")
        case Sequence() if not isinstance(value, str):
            yield path, orjson.dumps(value).decode()
        case Mapping():
            yield path, orjson.dumps(value).decode()
        case _:
            yield path, str(value)


def _name_of(element: Mapping[str, object]) -> str | None:
    return next((str(element[key]) for key in _NAMED if key in element), None)
