"""The cleaning cases of `fixtures/cleaning`: what is typed, what it becomes, and the rule it shows."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from rcu.cleaning import CleaningSettings, standardise

TABLES = Path(__file__).resolve().parents[3] / "fixtures" / "cleaning"
SETTINGS = CleaningSettings(own_domains=("boutique-lilas.fr",))


def cases() -> list[object]:
    found: list[object] = []
    for table in sorted(TABLES.glob("*.csv")):
        with table.open(encoding="utf-8", newline="") as lines:
            found += [pytest.param(row, id=f"{table.stem}: {row['shows']}") for row in csv.DictReader(lines)]
    return found


def test_there_are_tables_for_every_kind_of_value() -> None:
    assert {table.stem for table in TABLES.glob("*.csv")} >= {"names", "emails", "phones", "dates", "addresses"}
    assert len(cases()) >= 150


@pytest.mark.parametrize("row", cases())
def test_cleaning_case(row: dict[str, str]) -> None:
    raw = {name: value or None for name, value in row.items() if not name.startswith("out_") and name != "shows"}
    expected = {name.removeprefix("out_"): value or None for name, value in row.items() if name.startswith("out_")}
    standard = standardise(pd.DataFrame([raw]), settings=SETTINGS).astype(object)
    found = standard.where(standard.notna(), None).iloc[0]
    assert {name: found[name] for name in expected} == expected
