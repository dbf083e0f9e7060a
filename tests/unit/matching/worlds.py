"""Small models and tables for the tests of the engine, and what they mean in plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from rcu.matching.arrays import Index
from rcu.matching.model import MatchModel
from rcu.matching.pairs import CandidatePairs
from rcu.matching.table import EncodedTable

Record = Mapping[str, str | None]

SMALL: dict[str, Any] = {
    "name": "small",
    "version": "1",
    "population": 10_000,
    "records_of_same": 1.0,
    "records_of_household": 2.0,
    "match_probability": 0.8,
    "review_probability": 0.25,
    "blocking": [
        {"name": "email", "of": ["email_key"]},
        {"name": "names, either order", "of": ["first_name_key", "last_name_key"], "either_order": True},
        {"name": "last name", "of": ["last_name_key"], "most_records": 4, "then_by": ["first_name_key"]},
    ],
    "comparisons": [
        {
            "name": "first name",
            "shows": ["first_name_key"],
            "missing": {"test": "absent", "of": ["first_name_key"]},
            "levels": [
                {"name": "same", "says": "the same first name", "when": {"test": "equal", "of": ["first_name_key"]},
                 "m": 0.8, "h": 0.05, "u": 0.01, "frequency_of": "first_name_key"},
                {"name": "close", "says": "nearly the same", "when": {"test": "one_edit", "column": "first_name_key"},
                 "m": 0.1, "h": 0.05, "u": 0.02},
                {"name": "different", "says": "another first name", "m": 0.1, "h": 0.9, "u": 0.97},
            ],
        },
        {
            "name": "last name",
            "shows": ["last_name_key"],
            "missing": {"test": "absent", "of": ["last_name_key"]},
            "levels": [
                {"name": "same", "says": "the same last name", "m": 0.9, "h": 0.8, "u": 0.004,
                 "when": {"test": "any", "of": [
                     {"test": "equal", "of": ["last_name_key"]}, {"test": "prefix", "column": "last_name_key"}]},
                 "frequency_of": "last_name_key"},
                {"name": "different", "says": "another last name", "m": 0.1, "h": 0.2, "u": 0.99},
            ],
        },
        {
            "name": "birth date",
            "shows": ["birth_date"],
            "missing": {"test": "absent", "of": ["birth_date"]},
            "levels": [
                {"name": "same", "says": "the same date", "when": {"test": "equal", "of": ["birth_date"]},
                 "m": 0.95, "h": 0.01, "u": 0.0001},
                {"name": "different", "says": "another date", "m": 0.05, "h": 0.99, "u": 0.9999},
            ],
        },
        {
            "name": "email",
            "shows": ["email_key"],
            "missing": {"test": "absent", "of": ["email_key"]},
            "levels": [
                {"name": "same", "says": "the same mailbox", "when": {"test": "equal", "of": ["email_key"]},
                 "m": 0.7, "h": 0.2, "u": 0.00001},
                {"name": "different", "says": "another mailbox", "m": 0.3, "h": 0.8, "u": 0.99},
            ],
        },
    ],
    "contradictions": [
        {"says": "two dates of birth", "levels": {"birth date": ["different"]}},
        {"says": "two first names for one mailbox",
         "levels": {"first name": ["different"], "email": ["same"], "birth date": ["missing"]}},
    ],
    "identifiers": [
        {"column": "email_key", "most_names": 2},
        {"column": "account", "most_names": 5, "single": True},
    ],
    "name_of_person": ["first_name_key", "last_name_key"],
    "frequencies": {
        "first_name_key": {"floor": 0.0001, "shares": {"MARIE": 0.02, "JEAN": 0.01}},
        "last_name_key": {"floor": 0.00005, "shares": {"MARTIN": 0.004}},
    },
}  # fmt: skip
"""A model small enough to work out by hand: three blocking rules, four comparisons, two contradictions."""


def small_model(**changes: Any) -> MatchModel:
    """The small model, with other values for some of its fields."""
    return MatchModel.model_validate(SMALL | changes)


def encode(records: Sequence[Record], columns: Iterable[str]) -> EncodedTable:
    """Records as the engine holds them; what a record does not name is missing."""
    return EncodedTable.encode(pd.DataFrame(list(records), index=range(len(records)), dtype=object), columns)


def person(first: str | None = None, last: str | None = None, **others: str | None) -> dict[str, str | None]:
    """A record of the small model."""
    return {"first_name_key": first, "last_name_key": last, **others}


def persons(*, at_most: int = 9) -> st.SearchStrategy[list[dict[str, str | None]]]:
    """Records of the small model, drawn from few values so that they meet."""
    one = st.fixed_dictionaries(
        {
            "first_name_key": st.sampled_from([None, "MARIE", "MARIA", "JEAN", "ZOE"]),
            "last_name_key": st.sampled_from([None, "MARTIN", "MARTINEAU", "JEAN", "DURAND"]),
            "birth_date": st.sampled_from([None, None, "1980-03-12", "1981-03-12"]),
            "email_key": st.sampled_from([None, "a@x.fr", "b@x.fr"]),
        }
    )
    return st.lists(one, max_size=at_most)


def every_pair(size: int) -> CandidatePairs:
    """All pairs of a table."""
    left, right = np.triu_indices(size, k=1)
    return CandidatePairs(left.astype(np.int64), right.astype(np.int64), 0)


def groups(labels: Index) -> set[frozenset[int]]:
    """A labelling of rows as the sets of rows it puts together."""
    found: dict[int, set[int]] = {}
    for row, label in enumerate(labels.tolist()):
        found.setdefault(label, set()).add(row)
    return {frozenset(rows) for rows in found.values()}
