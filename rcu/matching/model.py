"""The matching model: a readable, versioned JSON file that says how records are compared and when they are one person.

Three explanations compete for every pair of records: they are the same **person**, two people of the same
**household**, or two **strangers**. Each comparison level carries the probability of seeing it under each of the
three (`m`, `h`, `u`). Under the usual conditional independence (Fellegi and Sunter, 1969) the log-likelihoods add up:

    against_strangers = log2(pairs_same / pairs_strangers) + sum of log2(m / u)
    against_household = log2(pairs_same / pairs_household) + sum of log2(m / h)
    match probability = 1 / (1 + 2^-against_strangers + 2^-against_household)

The third explanation is what keeps father and son, or a couple sharing a mailbox, apart: surname, address and
landline agree under both `m` and `h`, so they say a lot against strangers and nothing against the household.
Everything a weight depends on is in the file, the frequencies of names and the size of the population included: the
same records give the same links whatever else is in the database.
"""

from __future__ import annotations

import gzip
import hashlib
import math
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal, Self

import numpy as np
import orjson
from pydantic import Field, ValidationError, model_validator

from rcu.errors import ConfigurationError
from rcu.matching.arrays import Bools, Floats
from rcu.matching.blockkeys import BlockingRule
from rcu.matching.conditions import Condition
from rcu.matching.part import Part

DEFAULT_MODEL: Final = "french_retail"

MISSING_LEVEL: Final = "missing"
"""The name a contradiction uses for "a value is missing"."""


class ComparisonLevel(Part):
    """One way two values can relate, with its probability under each explanation.

    `frequency_of` names the column whose value frequency replaces `u` where the values are equal (term-frequency
    adjustment: agreeing on a rare name says more than agreeing on a common one). What is `fixed` stays as declared
    when the model is trained: its probabilities hold under a condition that random pairs cannot show.
    """

    name: str
    says: str
    when: Condition | None = Field(default=None, description="None is the last level: everything else")
    m: float = Field(gt=0, lt=1)
    h: float = Field(gt=0, lt=1)
    u: float = Field(gt=0, lt=1)
    frequency_of: str | None = None
    fixed: Literal[True] | None = None


class Comparison(Part):
    """What is looked at together, as levels from the strongest agreement to disagreement; the first that holds counts.

    Where `missing` holds there is no evidence either way: level -1, weight 0.
    """

    name: str
    shows: tuple[str, ...] = Field(description="columns whose values an explanation shows")
    seldom: Literal[True] | None = Field(
        default=None, description="it applies to few pairs: an explanation does not tell of it where it does not"
    )
    missing: Condition
    levels: tuple[ComparisonLevel, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _last_level_is_open(self) -> Self:
        if any(level.when is None for level in self.levels[:-1]) or self.levels[-1].when is not None:
            msg = f"comparison {self.name}: the last level, and only the last, has no condition"
            raise ValueError(msg)
        return self

    @cached_property
    def log_ratios(self) -> tuple[Floats, Floats]:
        """What each level adds: log2(m/u), against strangers, and log2(m/h), against the household.

        After the levels comes what a missing value adds: nothing.
        """
        m, h, u = (np.array([getattr(level, name) for level in self.levels]) for name in ("m", "h", "u"))
        return np.append(np.log2(m / u), 0.0), np.append(np.log2(m / h), 0.0)

    def columns(self) -> set[str]:
        """Every column this comparison reads."""
        conditions = [self.missing, *(level.when for level in self.levels if level.when is not None)]
        frequencies = {level.frequency_of for level in self.levels if level.frequency_of}
        return frequencies.union(self.shows, *(condition.columns() for condition in conditions))


class Contradiction(Part):
    """Levels that, seen together between two records, forbid one cluster to hold both."""

    says: str
    levels: Mapping[str, tuple[str, ...]] = Field(description="comparison name to the names of its levels")


class Identifier(Part):
    """A value that points at one person or household, until too many different names carry it (DESIGN 5.4)."""

    column: str
    most_names: int = Field(ge=1, description="carried by more different names than this, it is nobody's")
    single: bool = Field(default=False, description="a person has only one: two values never join one cluster")


class Frequencies(Part):
    """Shares of the population that carry a value."""

    floor: float = Field(gt=0, lt=1, description="share of a value that is not listed, and the least of any")
    table: str | None = Field(default=None, description="name of a table shipped with RCU")
    shares: Mapping[str, float] = Field(default_factory=dict)

    @cached_property
    def all(self) -> Mapping[str, float]:
        """Value to share; the shares given in the model win over the shipped table."""
        return {**(shipped_frequencies(self.table) if self.table else {}), **self.shares}


class Learnt(Part):
    """What a model was learnt from; it says nothing about how the model decides.

    The same records, base and seed give the same: there is no instant of training in it.
    """

    base: str = Field(description="fingerprint of the model that was the prior")
    base_name: str
    base_version: str
    records: int
    random_pairs: int
    blocked_pairs: int
    rounds: int
    expected_matches: float = Field(description="pairs of one person among all pairs")
    expected_household: float = Field(description="pairs of two people of a household among all pairs")
    seed: int
    verdicts_same: int = Field(default=0, description="pairs that people called one person")
    verdicts_different: int = 0
    data_as_of: str | None = Field(default=None, description="the newest change among the records, ISO 8601 in UTC")
    rcu: str = Field(description="the version of RCU that learnt it")


class MatchModel(Part):
    """How records are blocked, compared, weighed and joined."""

    name: str
    version: str
    learnt: Learnt | None = None
    population: int = Field(gt=1, description="people among whom the duplicates are looked for")
    records_of_same: float = Field(gt=0, description="other records of the same person, on average")
    records_of_household: float = Field(gt=0, description="records of others of the household, on average")
    match_probability: float = Field(gt=0, lt=1, description="joined automatically from here up")
    review_probability: float = Field(gt=0, lt=1, description="shown to a steward from here up")
    blocking: tuple[BlockingRule, ...]
    comparisons: tuple[Comparison, ...]
    contradictions: tuple[Contradiction, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    dates: tuple[str, ...] = Field(default=(), description="columns of dates in which far too common days are nobody's")
    name_of_person: tuple[str, ...] = Field(default=(), description="columns that tell different names apart")
    frequencies: Mapping[str, Frequencies] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> Self:
        known = {c.name: {MISSING_LEVEL, *(level.name for level in c.levels)} for c in self.comparisons}
        for contradiction in self.contradictions:
            for comparison, levels in contradiction.levels.items():
                if not set(levels) <= known.get(comparison, set()):
                    msg = f"contradiction on {comparison}: no such comparison or level"
                    raise ValueError(msg)
        missing = {lv.frequency_of for c in self.comparisons for lv in c.levels if lv.frequency_of} - set(
            self.frequencies
        )
        if missing:
            msg = f"no frequencies for {sorted(missing)}"
            raise ValueError(msg)
        return self

    @cached_property
    def contradicting_levels(self) -> list[list[tuple[int, Bools]]]:
        """For each contradiction the numbers of its comparisons, each with which of its levels are meant.

        A missing value is level -1, the last.
        """
        places = {comparison.name: place for place, comparison in enumerate(self.comparisons)}
        return [
            [(places[name], _meant(self.comparisons[places[name]], wanted)) for name, wanted in one.levels.items()]
            for one in self.contradictions
        ]

    @property
    def prior_against_strangers(self) -> float:
        """Log2 odds, before any evidence, that two records are one person rather than two strangers."""
        return math.log2(self.records_of_same / self.population)

    @property
    def prior_against_household(self) -> float:
        """Log2 odds, before any evidence, that two records are one person rather than two of a household."""
        return math.log2(self.records_of_same / self.records_of_household)

    @property
    def match_weight(self) -> float:
        """Log2 odds from which a pair is joined."""
        return math.log2(self.match_probability / (1 - self.match_probability))

    @property
    def review_weight(self) -> float:
        """Log2 odds from which a pair is shown to a steward."""
        return math.log2(self.review_probability / (1 - self.review_probability))

    def columns(self) -> tuple[str, ...]:
        """Every column the model reads, sorted."""
        return self._every_column

    @cached_property
    def _every_column(self) -> tuple[str, ...]:
        names = {name for rule in self.blocking for name in rule.columns()}
        names = names.union(*(comparison.columns() for comparison in self.comparisons))
        names |= {identifier.column for identifier in self.identifiers}
        names |= {*self.dates, *self.name_of_person}
        return tuple(sorted(names))

    def fingerprint(self) -> str:
        """A digest of everything that decides: two models with the same fingerprint decide alike.

        What a model is called and what it was learnt from are not in it.
        """
        decides = self.model_dump(mode="json", exclude_none=True, exclude={"name", "version", "learnt"})
        told = hashlib.sha256(orjson.dumps(decides))
        for table in sorted({known.table for known in self.frequencies.values() if known.table}):
            told.update(orjson.dumps(shipped_frequencies(table), option=orjson.OPT_SORT_KEYS))
        return told.hexdigest()[:16]

    def to_json(self) -> bytes:
        """The model as readable JSON, the same bytes for the same model."""
        return orjson.dumps(self.model_dump(mode="json", exclude_none=True), option=orjson.OPT_INDENT_2)

    @classmethod
    def from_json(cls, content: bytes, *, where: str = "model") -> Self:
        """Read a model.

        Raises:
            ConfigurationError: when it is not a model; says where.
        """
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "the file"
            msg = f"{where} is not a matching model: {place}: {first['msg']}"
            raise ConfigurationError(msg) from None

    def level_names(self, levels: Mapping[str, int]) -> Iterator[tuple[Comparison, ComparisonLevel | None]]:
        """Each comparison with its level; None where a value was missing."""
        for comparison in self.comparisons:
            number = levels[comparison.name]
            yield comparison, comparison.levels[number] if number >= 0 else None


def _meant(comparison: Comparison, wanted: tuple[str, ...]) -> Bools:
    return np.array([name in wanted for name in (*(level.name for level in comparison.levels), MISSING_LEVEL)])


def shipped_models() -> tuple[str, ...]:
    """The names of the models shipped with RCU, sorted."""
    folder = resources.files("rcu.matching") / "models"
    return tuple(sorted(one.name.removesuffix(".json") for one in folder.iterdir() if one.name.endswith(".json")))


@lru_cache(maxsize=4)
def load_model(name_or_path: str = DEFAULT_MODEL) -> MatchModel:
    """Load a model shipped with RCU by its name, or one from a file.

    Raises:
        ConfigurationError: when there is no such model or it cannot be read.
    """
    shipped = resources.files("rcu.matching") / "models" / f"{name_or_path}.json"
    path = Path(name_or_path)
    if shipped.is_file():
        return MatchModel.from_json(shipped.read_bytes(), where=name_or_path)
    if not path.is_file():
        msg = f"no matching model called {name_or_path}"
        raise ConfigurationError(msg, hint="give the name of a shipped model or the path of a model file")
    return MatchModel.from_json(path.read_bytes(), where=path.name)


@lru_cache(maxsize=4)
def shipped_frequencies(table: str) -> Mapping[str, float]:
    """Shares by value of a table shipped in `matching/models`, see the README there for origins."""
    source = resources.files("rcu.matching") / "models" / f"{table}.json.gz"
    if not source.is_file():
        msg = f"no table of frequencies called {table}"
        raise ConfigurationError(msg)
    content: dict[str, Any] = orjson.loads(gzip.decompress(source.read_bytes()))
    return {str(value): float(share) for value, share in content.items()}
