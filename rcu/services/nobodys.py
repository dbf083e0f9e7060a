"""Which values are nobody's, around a few records that change: judged again where they come, go or change names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, TypeAlias, TypeGuard

from rcu.domain.frequency import (
    DAYS_A_YEAR,
    FEWEST,
    USUAL_TIMES,
    carried_by_many,
    common_days_of,
    is_whole,
    near_the_line,
)
from rcu.matching.model import MatchModel
from rcu.services.identity import day_name
from rcu.store import frequencies as rows
from rcu.store.engine import Transaction
from rcu.store.later import Later
from rcu.store.locks import name_of

Row: TypeAlias = Mapping[str, Any]
Sides: TypeAlias = Sequence[tuple[Row | None, Row]]
"""What changed records said when they were last matched (None: they were not), and what they say."""
_COMMON: Final = rows.Often(FEWEST, USUAL_TIMES, DAYS_A_YEAR)
_NEAR_THE_LINE: Final = 16
"""A day this close to being judged otherwise is judged by one transaction at a time."""


class Nobodys:
    """The verdicts on what some records say, as they were and as they are after the change."""

    def __init__(self, connection: Transaction, model: MatchModel) -> None:
        self._connection, self._model = connection, model
        self._columns = model.columns()
        self._identifiers = {one.column: one.most_names for one in model.identifiers}
        self._judged = (*self._identifiers, *model.dates)
        self.turned: list[tuple[str, AbstractSet[str], AbstractSet[str]]] = []
        """The identifiers that became nobody's, and those that are somebody's again, by column."""
        self.forget()

    def forget(self) -> None:
        """Read the verdicts again when they are asked for: what others concluded meanwhile counts from here on."""
        self._every: bool | None = None
        self._coming: Later[Mapping[str, AbstractSet[str]] | None] | None = None
        self._asked: set[str] = set()
        self._before: dict[str, set[str]] = defaultdict(set)
        self._after: dict[str, set[str]] = defaultdict(set)

    def read_ahead(self) -> Later[Mapping[str, AbstractSet[str]] | None]:
        """Ask for the verdicts, if nobody did since they were forgotten, and do not wait for them; `ask` does."""
        if self._coming is None:
            self._coming = rows.every_nobody(self._connection)
        return self._coming

    def ask(self, told: Iterable[Row]) -> None:
        """Read the verdicts on what some records say; few verdicts are read all at once."""
        if self._every is None:
            known = self.read_ahead().told()
            self._every = known is not None
            self._learn(known or {})
        if not self._every:
            new = {row[name] for row in told for name in self._judged if row[name]} - self._asked
            self._asked |= new
            self._learn(rows.nobodys(self._connection, new))

    def _learn(self, found: Mapping[str, AbstractSet[str]]) -> None:
        for column, values in found.items():
            self._before[column] |= values
            self._after[column] |= values

    def evidence(self, told: Row, *, before: bool = False) -> Row:
        """What a record says that is evidence, or was `before` the change: without the values that are nobody's."""
        nobody = self._before if before else self._after
        plain = {name: told[name] for name in self._columns}
        for column in self._judged:
            if plain[column] in nobody.get(column, ()):
                plain[column] = None
        return plain

    def foresee(self, told: Sequence[Row]) -> set[int]:
        """What to lock before records that say this, or said it, are judged."""
        names = {name_of(column, row[column]) for row in told for column in self._identifiers if row[column]}
        for column in self._model.dates:
            years = {day_name(column, row[column]) for row in told if _is_day(row[column])}
            near = rows.outstanding(self._connection, years, _COMMON, margin=_NEAR_THE_LINE)
            names |= {
                name_of("year", at) for at, (year, days) in near.items() if near_the_line(year, days, _NEAR_THE_LINE)
            }
        return names

    def judge(self, sides: Sides, *, mine: Collection[int]) -> set[int]:
        """Judge again the values that changed records brought or took away; give the carriers it makes a change to.

        Args:
            sides: what the records said, and say.
            mine: the numbers of these records.
        """
        self.ask(row for pair in sides for row in pair if row is not None)
        turned: set[int] = set()
        values = {column: self._may_turn(sides, column) for column in self._identifiers}
        carried = rows.names_carrying(self._connection, values, self._model.name_of_person, mine=mine)
        dates = self._dates_of(sides)
        for column, verdict, at_stake in [*self._identifiers_of(values, carried.told()), *dates]:
            before = self._before[column]
            new, gone = verdict - before, (before & at_stake) - verdict
            if new or gone:
                rows.put_verdicts(self._connection, column, new=new, gone=gone)
                if column in self._identifiers:
                    self.turned.append((column, new, gone))
                self._after[column] = (before | new) - gone
                self._asked |= new | gone
                turned.update(rows.carriers(self._connection, column, new | gone))
        return turned

    def _identifiers_of(
        self, values: Mapping[str, set[str]], carried: Mapping[str, Mapping[str, int]]
    ) -> list[tuple[str, frozenset[str], set[str]]]:
        """How many names carry a value can only have changed where a record with another name or value came or went."""
        nobody: dict[str, int] = {}
        return [
            (column, carried_by_many(carried.get(column, nobody), most_names=most), values[column])
            for column, most in self._identifiers.items()
            if values[column]
        ]

    def _may_turn(self, sides: Sides, column: str) -> set[str]:
        """The values of a column that came, went, or changed the names they are with.

        What is nobody's, and came only, stays so: to count the names of its thousands of records would be in vain.
        """
        told = (column, *self._model.name_of_person)
        moved = [pair for pair in sides if pair[0] is None or any(pair[0][name] != pair[1][name] for name in told)]
        went = {row[column] for row, _ in moved if row is not None and row[column]}
        came = {row[column] for _, row in moved if row[column]}
        return went | (came - self._before[column])

    def _dates_of(self, sides: Sides) -> list[tuple[str, frozenset[str], set[str]]]:
        """The days of a year are judged by all of that year: any of them may turn."""
        found: list[tuple[str, frozenset[str], set[str]]] = []
        for column in self._model.dates:
            more = _day_counts(sides, column)
            if not more:
                continue
            rows.add_counts(self._connection, more)
            often = rows.outstanding(self._connection, {name for name, _ in more}, _COMMON)
            common = frozenset[str]().union(*(common_days_of(year, days) for year, days in often.values()))
            years = {day[:4] for _, day in more}
            if not self._every:
                self._learn({column: rows.nobodys_of(self._connection, column, years)})
            found.append((column, common, {day for day in self._before[column] if day[:4] in years}))
        return found


def _day_counts(sides: Sides, column: str) -> Counter[tuple[str, str]]:
    """How many more records have each whole date than before, by the name of its year and date."""
    more: Counter[tuple[str, str]] = Counter()
    for before, now in sides:
        for told, count in ((before, -1), (now, 1)):
            date = told[column] if told is not None else None
            if _is_day(date):
                more[day_name(column, date), date] += count
    return Counter({at: count for at, count in more.items() if count})


def _is_day(date: str | None) -> TypeGuard[str]:
    return date is not None and is_whole(date)
