"""Values that point at nobody: a phone or mailbox too many names carry, a birth date too many records have.

Such a value belongs to the shop, to the till's placeholder or to a call centre. It stops being a blocking key and
evidence everywhere, the day it crosses the line. The verdict is a function of the records present, so it comes out
the same whatever order they came in.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rcu.domain.frequency import carried_by_many, common_days, is_whole
from rcu.matching.arrays import Index
from rcu.matching.model import Identifier, MatchModel
from rcu.matching.table import MISSING, EncodedTable

GenericValues = Mapping[str, frozenset[str]]
"""Column name to the values of it that are nobody's."""


def generic_values(table: EncodedTable, model: MatchModel) -> GenericValues:
    """Find the values that are nobody's, by the rules of `rcu.domain.frequency`, for identifiers and birth dates."""
    names = _name_codes(table, model)
    found = {identifier.column: _generic(table, identifier, names) for identifier in model.identifiers}
    return found | {column: common_days(days(table, column)) for column in model.dates}


def without_generic(table: EncodedTable, generic: GenericValues) -> EncodedTable:
    """The table in which identifiers that are nobody's count as missing."""
    for column, values in generic.items():
        if values:
            table = table.without_values(column, values)
    return table


def _name_codes(table: EncodedTable, model: MatchModel) -> Index:
    """One number for each different name, -1 for a record that has none."""
    parts = [table[column].codes for column in model.name_of_person]
    if not parts:
        return np.full(table.size, MISSING, dtype=np.int64)
    key = parts[0] + 1
    for codes in parts[1:]:
        key = key * (int(codes.max(initial=0)) + 2) + codes + 1
    return np.where(key == 0, MISSING, key)


def _generic(table: EncodedTable, identifier: Identifier, names: Index) -> frozenset[str]:
    column = table[identifier.column]
    named = np.flatnonzero(column.present & (names != MISSING))
    # A value fewer records carry cannot have more names: nearly all are done with here.
    often = np.bincount(column.codes[named], minlength=len(column.values)) > identifier.most_names
    named = named[often[column.codes[named]]]
    pairs = pd.DataFrame({"value": column.codes[named], "name": names[named]}).drop_duplicates()
    codes, carried = np.unique(pairs["value"].to_numpy(), return_counts=True)
    texts = [str(column.values[code]) for code in codes.tolist()]
    return carried_by_many(dict(zip(texts, carried.tolist(), strict=True)), most_names=identifier.most_names)


def days(table: EncodedTable, name: str) -> dict[str, int]:
    """How many records have each whole date of a column."""
    column = table[name]
    counts = np.bincount(column.codes[column.present], minlength=len(column.values)).tolist()
    return {date: count for date, count in zip(column.values, counts, strict=True) if count and is_whole(date)}
