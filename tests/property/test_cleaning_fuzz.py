"""Random text, and real forms spoiled at random, never stop cleaning; what it gave is cleaned to itself.

RCU_FUZZ_STRINGS=1000000 makes as many strings; the suite makes fewer.
"""

from __future__ import annotations

import csv
import os
import random
from pathlib import Path

import pandas as pd

from rcu.cleaning import standardise
from rcu.cleaning.labels import LINES, WIDTH, Recipient, postal_label
from rcu.domain.records import RAW_FIELDS
from tests.unit.cleaning.test_properties import again, values

STRINGS = int(os.environ.get("RCU_FUZZ_STRINGS", "25000"))
ROWS_AT_ONCE = 2_000
TABLES = Path(__file__).resolve().parents[2] / "fixtures" / "cleaning"
ODD = [*map(chr, range(32, 127)), *map(chr, range(0xA0, 0x250)), *"\t\n\r\x00\u200b\u2019\u2013\u00a0\ufeff😀١٢Ⅻ１２"]


def real_forms() -> dict[str, list[str]]:
    """What the tables of cases hold, by raw field."""
    forms: dict[str, set[str]] = {field: set() for field in RAW_FIELDS}
    for table in sorted(TABLES.glob("*.csv")):
        with table.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                for field in forms.keys() & row.keys():
                    forms[field].add(row[field])
                forms["address_line"].add(row.get("line", ""))
    everything = sorted(set().union(*forms.values()))
    return {field: sorted(texts) if len(texts) > 1 else everything for field, texts in forms.items()}


def spoiled(text: str, rng: random.Random) -> str:
    """Replace, drop, double, move or insert a few characters."""
    letters = list(text)
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(letters) + 1)
        match rng.randrange(5):
            case 0:
                letters[at : at + 1] = [rng.choice(ODD)]
            case 1:
                letters[at : at + 1] = []
            case 2:
                letters[at:at] = letters[at : at + 2]
            case 3:
                letters[at : at + 2] = reversed(letters[at : at + 2])
            case _:
                letters[at:at] = [rng.choice(ODD)]
    return "".join(letters)


def drawn(forms: list[str], everything: list[str], rng: random.Random) -> str | None:
    draw = rng.random()
    if draw < 0.05:
        return None
    if draw < 0.15:
        return "".join(rng.choices(ODD, k=rng.randrange(25)))
    if draw < 0.25:
        return spoiled(f"{rng.choice(forms)} {rng.choice(everything)}", rng)
    return spoiled(rng.choice(forms if draw < 0.9 else everything), rng)


def test_any_text_is_cleaned_once_and_for_all() -> None:
    rng = random.Random(20261122)
    forms = real_forms()
    everything = sorted(set().union(*forms.values()))
    for _ in range(0, STRINGS, ROWS_AT_ONCE * len(RAW_FIELDS)):
        rows = min(ROWS_AT_ONCE, -(-STRINGS // len(RAW_FIELDS)))
        raw = pd.DataFrame({field: [drawn(forms[field], everything, rng) for _ in range(rows)] for field in RAW_FIELDS})
        once = standardise(raw)
        first, second = values(once), values(standardise(once_more(once)))
        moved = [
            (given, one, two)
            for given, one, two in zip(raw.to_dict("records"), first, second, strict=True)
            if one != two
        ]
        assert not moved, [
            ({k: (one[k], two[k]) for k in one if one[k] != two[k]}, given) for given, one, two in moved[:2]
        ]
        check_labels(first)


def once_more(standard: pd.DataFrame) -> pd.DataFrame:
    """The standard values as raw fields, without cleaning them again."""
    return again(standard, clean=False)


def check_labels(rows: list[dict[str, str | None]]) -> None:
    known = Recipient.__dataclass_fields__
    for row in rows:
        label = postal_label(Recipient(**{name: value for name, value in row.items() if name in known}))
        assert len(label) <= LINES
        assert all(len(line) <= WIDTH for line in label)
