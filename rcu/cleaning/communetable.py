"""The communes of France, indexed for looking a name up: within a postcode, within a department, anywhere.

The table `data/communes.csv.gz` is read at the first look-up; its columns and origin stand in `data/README.md`.
"""

from __future__ import annotations

import gzip
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from importlib.resources import files
from typing import Final, NamedTuple

from rcu.cleaning.communenames import skeleton, spelt_out, squash, without_article

COMMUNE: Final = "C"
DISTRICT: Final = "D"
FORMER: Final = "F"
ALIAS: Final = "A"
LABEL: Final = "L"

_RANK: Final = {COMMUNE: 0, DISTRICT: 0, ALIAS: 1, FORMER: 1, LABEL: 2}
_UNCOUNTED: Final = 1000
_OUTWEIGHS: Final = 20
_OVERSEAS: Final = ("97", "98")


class Entry(NamedTuple):
    """A name of a commune: the code of today's commune, and the postcodes under which the name is used.

    `name` is what is shown, which for another spelling (`ALIAS`) is the commune's name; `spelling` is what is compared.
    """

    name: str
    spelling: str
    kind: str
    insee: str
    population: int
    postcodes: tuple[str, ...]


def department_of(postcode: str) -> str:
    """Give the digits of a postcode that tell the department: two, three overseas; both Corsicas are 20."""
    return postcode[:3] if postcode.startswith(_OVERSEAS) else postcode[:2]


def by_rank(entries: Iterable[Entry]) -> list[Entry]:
    """Put communes' own names first, then other names, then labels; the order is kept among equals."""
    return sorted(entries, key=lambda entry: _RANK[entry.kind])


def prevailing(entries: Iterable[Entry]) -> Entry | None:
    """Choose among namesakes: one commune, or one far more populated than the others together; else None.

    Namesakes of one commune are one; a commune's own name goes before a label.
    """
    best: dict[str, Entry] = {}
    for entry in by_rank(entries):
        best.setdefault(entry.insee, entry)
    ordered = sorted(best.values(), key=lambda entry: -entry.population)
    others = sum(entry.population for entry in ordered[1:])
    return ordered[0] if ordered and ordered[0].population >= _OUTWEIGHS * others else None


class Shelf:
    """Some entries, to be searched by name: those of one postcode, or of one department."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self.exact = _by_spelling(self.entries)

    @cached_property
    def communes(self) -> frozenset[str]:
        """The codes of the communes on the shelf."""
        return frozenset(entry.insee for entry in self.entries)

    @cached_property
    def spellings(self) -> dict[str, tuple[Entry, ...]]:
        """Every form a slip may be measured against, with the entries that have it."""
        found: dict[str, tuple[Entry, ...]] = {}
        for entry in self.entries:
            bare = without_article(entry.spelling)
            forms = dict.fromkeys(form(text) for text in (entry.spelling, bare) for form in (squash, spelt_out))
            for text in forms:
                found[text] = (*found.get(text, ()), entry)
        return found

    @cached_property
    def skeletons(self) -> dict[str, tuple[Entry, ...]]:
        """The entries by the words of their names that carry meaning."""
        found: dict[str, tuple[Entry, ...]] = {}
        for entry in self.entries:
            bones = skeleton(entry.spelling)
            found[bones] = (*found.get(bones, ()), entry)
        return found


class Table:
    """The whole table with its indexes; shelves are put up when first asked for."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries: Final = tuple(entries)
        self._by_postcode: dict[str, list[Entry]] = {}
        self._by_department: dict[str, list[Entry]] = {}
        self._by_name: dict[str, list[Entry]] = {}
        self._shelves: dict[str, Shelf] = {}
        self.districts: dict[str, Entry] = {}
        for entry in self.entries:
            self._add(entry)

    def __contains__(self, postcode: str) -> bool:
        """Tell whether a postcode is one of communes; CEDEX codes are not."""
        return postcode in self._by_postcode

    def postcode(self, postcode: str) -> Shelf | None:
        """Give the names used under a postcode; None for a CEDEX code or one that does not exist."""
        shelf = self._shelves.get(postcode)
        if shelf is None and postcode in self._by_postcode:
            shelf = self._shelves[postcode] = Shelf(self._by_postcode[postcode])
        return shelf

    def department(self, postcode: str) -> Shelf:
        """Give all names used in the department of a postcode."""
        department = department_of(postcode)
        if department not in self._shelves:
            entries = dict.fromkeys(self._by_department.get(department, ()))
            self._shelves[department] = Shelf(entry for entry in entries if entry.kind != DISTRICT)
        return self._shelves[department]

    def named(self, squashed: str) -> list[Entry]:
        """Give the entries of that squashed name anywhere, districts left out; with its article or without."""
        return self._by_name.get(squashed) or self._without_article.get(squashed, [])

    def beginning(self, squashed: str) -> Iterator[Entry]:
        """Give the entries anywhere whose squashed name begins so."""
        place = bisect_left(self._sorted_names, squashed)
        while place < len(self._sorted_names) and self._sorted_names[place].startswith(squashed):
            yield from self._by_name[self._sorted_names[place]]
            place += 1

    def _add(self, entry: Entry) -> None:
        for postcode in entry.postcodes:
            self._by_postcode.setdefault(postcode, []).append(entry)
        departments = {department_of(postcode) for postcode in entry.postcodes}
        departments.add(department_of(entry.insee.replace("2A", "20").replace("2B", "20")))
        for department in departments:
            self._by_department.setdefault(department, []).append(entry)
        if entry.kind == DISTRICT:
            self.districts[entry.insee] = entry
        else:
            self._by_name.setdefault(squash(entry.spelling), []).append(entry)

    @cached_property
    def _without_article(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entries in self._by_name.values():
            for entry in entries:
                bare = without_article(entry.spelling)
                if bare != entry.spelling:
                    found.setdefault(squash(bare), []).append(entry)
        return found

    @cached_property
    def _sorted_names(self) -> list[str]:
        return sorted(self._by_name)


@cache
def load_table() -> Table:
    """Read the table shipped with the package, once."""
    packed = (files("rcu.cleaning") / "data" / "communes.csv.gz").read_bytes()
    lines = gzip.decompress(packed).decode("ascii").splitlines()
    return Table(_entries(lines[1:]))


def _entries(lines: Iterable[str]) -> Iterator[Entry]:
    shown = ""
    for line in lines:
        spelling, kind, insee, population, postcodes = line.split(";")
        if kind in {COMMUNE, DISTRICT}:
            shown = spelling
        name = shown if kind in {ALIAS, FORMER} else spelling
        inhabitants = int(population) if population else (0 if kind in {COMMUNE, DISTRICT} else _UNCOUNTED)
        yield Entry(name, spelling, kind, insee, inhabitants, tuple(postcodes.split()))


def _by_spelling(entries: tuple[Entry, ...]) -> dict[str, Entry | None]:
    """Index entries by squashed name; None stands where namesakes cannot be told apart.

    Names come before labels and former names, and all of these before names that lack their article.
    """
    grades: tuple[dict[str, list[Entry]], ...] = ({}, {}, {}, {})
    for entry in entries:
        grades[_RANK[entry.kind]].setdefault(squash(entry.spelling), []).append(entry)
        bare = without_article(entry.spelling)
        if bare != entry.spelling:
            grades[3].setdefault(squash(bare), []).append(entry)
    found: dict[str, Entry | None] = {}
    for grade in grades:
        for key, namesakes in grade.items():
            if key not in found:
                found[key] = prevailing(namesakes)
    return found
