"""From recognised columns to comparable ones: which are compared, as what kind, and which only repeat another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from rcu.ingest.recognise import RecognisedColumn, Recognition, Role, Shape
from rcu.matching.arrays import Index
from rcu.matching.auto import Kind, Trait
from rcu.services.columnreading import name_parts, named_mailboxes, standard_column

MOST_ATTRIBUTES: Final = 8
LEAST_REST: Final = 0.02
SAID_BY: Final = 0.8
"""Two strangers who agree on one column and agree this often on another: the second says nothing new."""

KIND_OF_FIELD: Final[Mapping[str, Kind]] = {
    "first_name": Kind.FIRST_NAME,
    "middle_name": Kind.MIDDLE_NAME,
    "last_name": Kind.LAST_NAME,
    "birth_name": Kind.TEXT,
    "full_name": Kind.FULL_NAME,
    "name_suffix": Kind.CATEGORY,
    "civility": Kind.CATEGORY,
    "gender": Kind.CATEGORY,
    "birth_date": Kind.DATE,
    "birth_year": Kind.NUMBER,
    "birth_month": Kind.CATEGORY,
    "birth_day": Kind.CODE,
    "age": Kind.NUMBER,
    "company": Kind.TEXT,
    "email": Kind.EMAIL,
    "phone": Kind.PHONE,
    "mobile": Kind.PHONE,
    "address_line": Kind.ADDRESS,
    "address_complement": Kind.ADDRESS,
    "street_number": Kind.HOUSE_NUMBER,
    "postcode": Kind.POSTCODE,
    "city": Kind.PLACE,
    "state": Kind.PLACE,
    "country": Kind.CATEGORY,
    "birth_place": Kind.TEXT,
    "loyalty_number": Kind.CODE,
}
_KIND_OF_SHAPE: Final[Mapping[Shape, Kind]] = {
    Shape.EMAIL: Kind.EMAIL,
    Shape.PHONE: Kind.PHONE,
    Shape.DATE: Kind.DATE,
    Shape.NUMBER: Kind.NUMBER,
    Shape.CODE: Kind.CODE,
    Shape.CATEGORY: Kind.CATEGORY,
    Shape.TEXT: Kind.TEXT,
}
_ALLIES: Final = frozenset(
    {Kind.POSTCODE, Kind.PLACE, Kind.CATEGORY, Kind.TEXT, Kind.ADDRESS, Kind.CODE, Kind.HOUSE_NUMBER}
)
_NAMES: Final = frozenset({Kind.FIRST_NAME, Kind.LAST_NAME, Kind.MIDDLE_NAME, Kind.FULL_NAME})
_TELLING: Final = frozenset({Kind.FIRST_NAME, Kind.LAST_NAME, Kind.FULL_NAME, Kind.DATE, Kind.EMAIL, Kind.PHONE})


@dataclass(frozen=True, slots=True)
class Comparable:
    """Columns fit for comparing, their traits, and what was left out on the way (column to reason)."""

    frame: pd.DataFrame
    traits: tuple[Trait, ...]
    left_out: Mapping[str, str]


def make_comparable(frame: pd.DataFrame, recognition: Recognition) -> Comparable:
    """Standardise the columns to be compared; each distinct value is read once."""
    fields = recognition.of(Role.FIELD)
    attributes = _most_telling(frame, recognition.of(Role.ATTRIBUTE))
    used = [*fields, *attributes]
    kinds = {column.name: _kind(column) for column in used}
    made = pd.DataFrame({name: standard_column(frame[name], kind) for name, kind in kinds.items()}, index=frame.index)
    left_out = {c.name: "too many unknown columns" for c in recognition.of(Role.ATTRIBUTE) if c not in attributes}
    _whole_birth_date(made, kinds, fields)
    partners = _parted_names(frame, made, kinds, fields)
    left_out |= _without_repetition(made, kinds, fields)
    usable = {name: kind for name, kind in kinds.items() if len(made[name].dropna().unique()) > 1}
    left_out |= {name: "one value only, once standardised" for name in kinds if name not in usable}
    traits = _with_givens(made, _with_repeats(made, _with_partners(usable, fields, partners)))
    return Comparable(made, traits, left_out)


def _kind(column: RecognisedColumn) -> Kind:
    kind = KIND_OF_FIELD[column.field] if column.field else _KIND_OF_SHAPE[column.shape]
    if kind is Kind.PLACE and column.shape is Shape.CATEGORY:
        return Kind.CATEGORY if column.field == "state" else kind
    return kind


def _most_telling(frame: pd.DataFrame, columns: Sequence[RecognisedColumn]) -> list[RecognisedColumn]:
    """The attributes with the most information: filled rows times the entropy of their values."""

    def information(column: RecognisedColumn) -> float:
        counts = frame[column.name].value_counts().to_numpy(dtype=np.float64)
        shares = counts / counts.sum()
        return float(-(shares * np.log2(shares)).sum() * frame[column.name].notna().mean())

    best = sorted(columns, key=lambda column: (-information(column), column.name))[:MOST_ATTRIBUTES]
    return [column for column in columns if column in best]


def _whole_birth_date(made: pd.DataFrame, kinds: dict[str, Kind], fields: Sequence[RecognisedColumn]) -> None:
    """Put year, month and day of birth together when they come in three columns."""
    parts = [next((c.name for c in fields if c.field == f"birth_{part}"), None) for part in ("year", "month", "day")]
    year, month, day = parts
    if year is None or month is None or day is None or Kind.DATE in kinds.values():
        return
    whole = made[year] + "-" + made[month].str.zfill(2) + "-" + made[day].str.zfill(2)
    made[year] = whole.astype(object).where(whole.notna(), None)
    kinds[year] = Kind.DATE
    for name in (month, day):
        del kinds[name]


def _parted_names(
    frame: pd.DataFrame, made: pd.DataFrame, kinds: dict[str, Kind], fields: Sequence[RecognisedColumn]
) -> dict[str, str]:
    """Part a full name into first, middle and last where nothing else gives them; say which may have changed places."""
    whole = next((c.name for c in fields if c.field == "full_name"), None)
    if whole is None or any(c.field in {"first_name", "last_name"} for c in fields):
        return {}
    first, middle, last = (f"{whole} ({part})" for part in ("first", "middle", "last"))
    parts = name_parts(frame[whole])
    for name, kind, values in zip(
        (first, middle, last), (Kind.FIRST_NAME, Kind.MIDDLE_NAME, Kind.LAST_NAME), parts, strict=True
    ):
        if float(values.notna().mean()) >= LEAST_REST:
            made[name] = values
            kinds[name] = kind
    del kinds[whole]
    return {first: last, last: first} if first in kinds and last in kinds else {}


def _without_repetition(
    made: pd.DataFrame, kinds: dict[str, Kind], fields: Sequence[RecognisedColumn]
) -> dict[str, str]:
    """Take out of full names and texts what first and last name already say; drop a column of which nothing is left."""
    names = [c.name for c in fields if c.field in {"first_name", "last_name", "middle_name"}]
    left_out: dict[str, str] = {}
    if len(names) < 2:
        return left_out
    for name in [name for name, kind in kinds.items() if kind in {Kind.FULL_NAME, Kind.TEXT} and name not in names]:
        rest = _rest(made[name], [made[other] for other in names])
        filled, kept = made[name].notna(), rest.notna()
        repeated = (rest != made[name]) & filled
        if kept.sum() < LEAST_REST * max(filled.sum(), 1) and repeated.any():
            left_out[name] = f"repeats {', '.join(names)}"
            del kinds[name]
        elif kinds[name] is Kind.FULL_NAME and repeated.mean() > 0.5 * filled.mean():
            made[name] = rest
            kinds[name] = Kind.TEXT
    return left_out


def _rest(values: pd.Series, others: Sequence[pd.Series]) -> pd.Series:
    """The words of a column that the others do not hold, row by row."""
    said = zip(*(other.tolist() for other in others), strict=True)
    kept = [
        " ".join(word for word in value.split() if word not in " ".join(w for w in row if isinstance(w, str)).split())
        if isinstance(value, str)
        else ""
        for value, row in zip(values.tolist(), said, strict=True)
    ]
    return pd.Series([text or None for text in kept], index=values.index, dtype=object)


def _with_partners(
    kinds: Mapping[str, Kind], fields: Sequence[RecognisedColumn], known: Mapping[str, str]
) -> list[Trait]:
    """Columns whose values may have changed places: first and last name, two phones, two lines of an address."""
    of_field = {column.field: column.name for column in reversed(fields) if column.name in kinds}
    pairs = {"first_name": "last_name", "last_name": "first_name"}
    partner = dict(known)
    partner |= {of_field[one]: of_field[two] for one, two in pairs.items() if one in of_field and two in of_field}
    for kind in (Kind.ADDRESS, Kind.PHONE, Kind.EMAIL):
        same = [name for name, own in kinds.items() if own is kind]
        partner |= {one: two for one, two in zip(same, [*same[1:], *same[:1]], strict=True) if one != two}
    return [Trait(name, kind, partner.get(name)) for name, kind in kinds.items()]


def _with_repeats(made: pd.DataFrame, traits: Sequence[Trait]) -> list[Trait]:
    """Add to each column of mailboxes one of those that are named after the names beside them."""
    names = [made[trait.column] for trait in traits if trait.kind in _NAMES]
    answer: list[Trait] = []
    for trait in traits:
        if trait.kind is Kind.EMAIL and names:
            made[f"{trait.column}~named"] = named_mailboxes(made[trait.column], names)
            trait = replace(trait, repeats=f"{trait.column}~named")  # noqa: PLW2901 - the same column, better known
        answer.append(trait)
    return answer


def _with_givens(made: pd.DataFrame, traits: Sequence[Trait]) -> tuple[Trait, ...]:
    """Mark columns that another one already says: the town of a postcode, the county of a town."""
    codes = {trait.column: pd.factorize(made[trait.column])[0].astype(np.int64) for trait in traits}
    telling = [codes[trait.column] for trait in traits if trait.kind in _TELLING]
    finest = sorted((t for t in traits if t.kind in _ALLIES), key=lambda t: -int(codes[t.column].max()))
    given: dict[str, tuple[str, ...]] = {}
    for at, fine in enumerate(finest):
        left, right = _strangers_who_agree(codes[fine.column], telling)
        for coarse in finest[at + 1 :]:
            one, two = codes[coarse.column][left], codes[coarse.column][right]
            both = (one >= 0) & (two >= 0)
            if both.sum() >= 30 and float((one == two)[both].mean()) >= _expected(codes[coarse.column]):
                given[coarse.column] = (*given.get(coarse.column, ()), fine.column)
    return tuple(replace(trait, given=given.get(trait.column, ())) for trait in traits)


def _expected(codes: Index) -> float:
    """How often strangers must agree for a column to be said by another: far more than by chance."""
    counts = np.array(list(Counter(codes[codes >= 0].tolist()).values()), dtype=np.float64)
    chance = float(((counts / max(counts.sum(), 1.0)) ** 2).sum())
    return SAID_BY + (1 - SAID_BY) * chance


def _strangers_who_agree(codes: Index, telling: Sequence[Index]) -> tuple[Index, Index]:
    """Neighbours in the order of one column that agree on it and on nothing that tells people apart."""
    order = np.argsort(codes, kind="stable")
    left, right = (
        np.concatenate(ends) for ends in zip(*((order[:-step], order[step:]) for step in (1, 2, 5)), strict=True)
    )
    apart = (codes[left] == codes[right]) & (codes[left] >= 0)
    known = np.zeros(len(left), dtype=np.int64)
    for column in telling:
        both = (column[left] >= 0) & (column[right] >= 0)
        apart &= ~(both & (column[left] == column[right]))
        known += both
    apart &= known >= min(2, len(telling))
    return left[apart], right[apart]
