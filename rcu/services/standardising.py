"""Standardise anyone's own file: the same rows, the columns of cleaning behind their own; no database, no clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from rcu.cleaning import CleaningSettings
from rcu.cleaning import standardise as clean
from rcu.domain.records import Quality
from rcu.ingest.anyfile import AnyFile, read_any
from rcu.services.standardise_columns import FIELDS, output_columns, without_shared
from rcu.services.standardise_inputs import Inputs, read_inputs

Stage = Callable[[str], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class StandardiseRequest:
    """What the caller asks.

    Attributes:
        file: the table, of any format `read_any` knows.
        chosen: column to field, where RCU should not guess; `ignore` leaves a column as it is.
    """

    file: Path
    chosen: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class FieldQuality:
    """How many rows have each quality of a field, and the columns the field was read from."""

    field: str
    columns: tuple[str, ...]
    counts: Mapping[Quality, int]


@dataclass(frozen=True, slots=True)
class Standardised:
    """What was made. Frames have one row for each row of the file, in its order.

    Attributes:
        file: the file as it was read.
        inputs: what its columns were taken for, and the raw fields read off them.
        standard: cleaning's own columns (`STANDARD_COLUMNS`), without the values far too many rows share.
        added: the columns added to the file.
        renamed: columns of the file whose name an added one has, and what they are called now.
    """

    file: AnyFile
    inputs: Inputs
    standard: pd.DataFrame
    added: pd.DataFrame
    renamed: Mapping[str, str]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.added)

    @property
    def table(self) -> pd.DataFrame:
        """The file's own columns, unchanged and in their order, then the added ones."""
        return pd.concat([self.file.frame.rename(columns=dict(self.renamed)), self.added], axis=1)

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know about the reading of the file, a sentence each; no value of anybody."""
        renamed = (f"the file's own column {old} is called {new}" for old, new in self.renamed.items())
        return (*self.file.notes, *self.inputs.notes, *renamed)

    def qualities(self) -> tuple[FieldQuality, ...]:
        """Count the qualities, field by field."""
        return tuple(
            FieldQuality(field, self.columns_of(field), _counts(self.standard[f"{field}_quality"])) for field in FIELDS
        )

    def row_quality(self) -> Mapping[Quality, int]:
        """Count the rows by the worst quality they have."""
        return _counts(self.added["quality"])

    def columns_of(self, field: str) -> tuple[str, ...]:
        """The columns of the file that a field's quality speaks of."""
        used = self.inputs.used
        return tuple(dict.fromkeys(name for raw in RAW_OF[field] for name in used.get(raw, ())))


RAW_OF: Mapping[str, tuple[str, ...]] = {
    "name": ("civility", "first_name", "last_name", "birth_name", "full_name", "company"),
    "birth_date": ("birth_date",),
    "email": ("email",),
    "mobile": ("mobile", "phone"),
    "landline": ("phone", "mobile"),
    "address": ("address_line", "address_complement", "postcode", "city", "country"),
}
"""The raw fields that each field with a quality is made of."""


def _quietly(_: str) -> AbstractContextManager[object]:
    return nullcontext()


def standardise(request: StandardiseRequest, *, settings: CleaningSettings, stage: Stage = _quietly) -> Standardised:
    """Read a file, recognise its columns and clean them.

    Args:
        request: the file and what is known of it.
        settings: how this retailer's values are cleaned.
        stage: called with the name of each step, to show progress.

    Raises:
        InputError: the file cannot be read, a column or field does not exist, or no column is recognised.
    """
    with stage("Reading"):
        file = read_any(request.file)
    with stage("Recognising columns"):
        inputs = read_inputs(file.frame, request.chosen)
    with stage("Cleaning"):
        settings = replace(settings, day_first=False) if inputs.month_first else settings
        standard = clean(inputs.raw, settings=settings)
    with stage("Looking for what too many share"):
        standard = without_shared(standard)
        added = output_columns(standard, junk=settings.junk)
    return Standardised(file, inputs, standard, added, _renamed(file.frame, added))


def _renamed(own: pd.DataFrame, added: pd.DataFrame) -> dict[str, str]:
    """New names for columns of the file that are called as an added one is."""
    taken = {*map(str, own.columns), *map(str, added.columns)}
    renamed: dict[str, str] = {}
    for name in map(str, own.columns):
        if name in added.columns:
            new, number = f"{name}_raw", 2
            while new in taken:
                new, number = f"{name}_raw_{number}", number + 1
            taken.add(new)
            renamed[name] = new
    return renamed


def _counts(qualities: pd.Series[str]) -> Mapping[Quality, int]:
    counted = Counter({str(name): int(count) for name, count in qualities.value_counts().items()})
    return {quality: counted[str(quality)] for quality in Quality}
