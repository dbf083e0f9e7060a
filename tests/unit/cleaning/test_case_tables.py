"""The cleaning cases of `fixtures/cleaning`: what is typed, what it becomes, and the rule it shows."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from rcu.cleaning import CleaningSettings, standardise
from rcu.cleaning.junk import extended_lists
from rcu.cleaning.phonetics import sound
from rcu.cleaning.text import fold

TABLES = Path(__file__).resolve().parents[3] / "fixtures" / "cleaning"
SETTINGS = CleaningSettings(junk=extended_lists(own_domains=("boutique-lilas.fr",), shop_names=("Boutique Lilas",)))
RUN_ELSEWHERE = {"sounds", "labels", "street_labels"}
RUN_HERE = {"names", "likely_gender", "emails", "phones", "dates", "addresses", "communes"}


def rows_of(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def cases() -> list[object]:
    return [
        pytest.param(table, place, row, id=f"{table.stem}: {row['shows']}")
        for table in sorted(TABLES.glob("*.csv"))
        if table.stem not in RUN_ELSEWHERE
        for place, row in enumerate(rows_of(table))
    ]


@cache
def standardised(table: Path) -> list[dict[str, str | None]]:
    """What the rows of a table become, cleaned together."""
    inputs = [
        {name: value or None for name, value in row.items() if not name.startswith("out_") and name != "shows"}
        for row in rows_of(table)
    ]
    standard = standardise(pd.DataFrame(inputs), settings=SETTINGS).astype(object)
    return standard.where(standard.notna(), None).to_dict("records")


def test_there_are_tables_for_every_kind_of_value() -> None:
    assert {table.stem for table in TABLES.glob("*.csv")} >= RUN_HERE | RUN_ELSEWHERE
    assert len(cases()) >= 600


@pytest.mark.parametrize("table", sorted(TABLES.glob("*.csv")), ids=lambda table: table.stem)
def test_every_row_of_a_table_is_whole_and_shows_something_of_its_own(table: Path) -> None:
    rows = rows_of(table)
    assert all(None not in row and None not in row.values() for row in rows)
    shown = [row["shows"] for row in rows]
    assert all(shown)
    assert len(set(shown)) == len(shown)


@pytest.mark.parametrize(("table", "place", "row"), cases())
def test_cleaning_case(table: Path, place: int, row: dict[str, str]) -> None:
    expected = {name.removeprefix("out_"): value or None for name, value in row.items() if name.startswith("out_")}
    found = standardised(table)[place]
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("row", [pytest.param(row, id=row["shows"]) for row in rows_of(TABLES / "sounds.csv")])
def test_names_sound_alike_or_not(row: dict[str, str]) -> None:
    alike = sound(fold(row["a"])) == sound(fold(row["b"]))
    assert ("yes" if alike else "no") == row["same"]
