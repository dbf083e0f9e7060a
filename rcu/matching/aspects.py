"""What a model's comparisons are about, so that pairs can be spoken of whatever the model calls its comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import numpy as np

from rcu.matching.arrays import Bools, Levels
from rcu.matching.model import Comparison, MatchModel


class Aspect(StrEnum):
    """One side of a person that records tell of."""

    FIRST_NAME = "first name"
    LAST_NAME = "last name"
    FULL_NAME = "full name"
    ADDRESS = "address"
    BIRTH_DATE = "birth date"
    EMAIL = "email"
    MOBILE = "mobile"
    LANDLINE = "landline"
    LOYALTY_NUMBER = "loyalty number"
    GENDER = "gender"


_OTHER_WORDS: Final[Mapping[str, Aspect]] = {
    "given name": Aspect.FIRST_NAME,
    "surname": Aspect.LAST_NAME,
    "family name": Aspect.LAST_NAME,
    "name": Aspect.FULL_NAME,
    "street": Aspect.ADDRESS,
    "street number": Aspect.ADDRESS,
    "address line": Aspect.ADDRESS,
    "postcode": Aspect.ADDRESS,
    "city": Aspect.ADDRESS,
    "date of birth": Aspect.BIRTH_DATE,
    "phone": Aspect.MOBILE,
    "civility": Aspect.GENDER,
}
NAMES: Final = frozenset({Aspect.FIRST_NAME, Aspect.LAST_NAME, Aspect.FULL_NAME})
_SAME: Final = "same"


def aspect_of(comparison: Comparison) -> Aspect | None:
    """What a comparison is about, by its name or by the first column it shows; None when it is nothing known."""
    for told in (comparison.name, *comparison.shows[:1]):
        words = told.lower().replace("_", " ").removesuffix(" key")
        if words in _OTHER_WORDS:
            return _OTHER_WORDS[words]
        if words in set(Aspect):
            return Aspect(words)
    return None


class Seen:
    """The levels of many pairs under one model, asked for by aspect. Every answer is a mask over the pairs.

    Several comparisons of one aspect (an address by parts) agree when the first of them that has values does.
    An aspect the model does not compare is missing everywhere.
    """

    def __init__(self, model: MatchModel, levels: Levels) -> None:
        self._size = len(levels)
        self._levels = levels
        self._about: dict[Aspect, list[tuple[int, Comparison]]] = {}
        for place, comparison in enumerate(model.comparisons):
            aspect = aspect_of(comparison)
            if aspect is not None:
                self._about.setdefault(aspect, []).append((place, comparison))

    def __len__(self) -> int:
        return self._size

    def at(self, aspect: Aspect, *names: str) -> Bools:
        """Where the aspect is at a level of one of these names."""
        answer = np.zeros(self._size, dtype=bool)
        for place, comparison in self._about.get(aspect, []):
            numbers = [number for number, level in enumerate(comparison.levels) if level.name in names]
            answer |= np.isin(self._levels[:, place], numbers)
        return answer

    def missing(self, aspect: Aspect) -> Bools:
        """Where one of the two records has no value, or the model does not look."""
        answer = np.ones(self._size, dtype=bool)
        for place, _ in self._about.get(aspect, []):
            answer &= self._levels[:, place] < 0
        return answer

    def same(self, *aspects: Aspect) -> Bools:
        """Where one of the aspects is at its strongest level, or at one called `same`."""
        answer = np.zeros(self._size, dtype=bool)
        for aspect in aspects:
            answer |= self.at(aspect, _SAME, *self._names(aspect, 0))
        return answer

    def different(self, aspect: Aspect) -> Bools:
        """Where the aspect is at the last level of every comparison that has values."""
        answer = ~self.missing(aspect)
        for place, comparison in self._about.get(aspect, []):
            here = self._levels[:, place]
            answer &= (here < 0) | (here == len(comparison.levels) - 1)
        return answer

    def compared(self, *, without: frozenset[Aspect]) -> Bools:
        """Where at least one comparison of another aspect, or of none known, had values on both sides."""
        aside = {place for aspect in without for place, _ in self._about.get(aspect, [])}
        rest = [place for place in range(self._levels.shape[1]) if place not in aside]
        answer = np.zeros(self._size, dtype=bool)
        for place in rest:
            answer |= self._levels[:, place] >= 0
        return answer

    def _names(self, aspect: Aspect, number: int) -> set[str]:
        return {comparison.levels[number].name for _, comparison in self._about.get(aspect, [])}
