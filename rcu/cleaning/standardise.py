"""The front door of cleaning: a frame of raw fields in, a frame of standard columns out."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rcu.cleaning import dates
from rcu.cleaning.columns import encode, encoded_text, mask_of, read_values, spread, spread_readings, text_array
from rcu.cleaning.emails import standardise_email
from rcu.cleaning.plainaddresses import read_addresses
from rcu.cleaning.plainemails import plain_emails
from rcu.cleaning.plainnames import read_names
from rcu.cleaning.plainphones import read_phone_columns
from rcu.cleaning.rows import phone_region, standardise_row
from rcu.cleaning.settings import CleaningSettings
from rcu.cleaning.text import clean
from rcu.domain.records import EMAIL_COLUMNS, RAW_FIELDS, STANDARD_COLUMNS

_DEFAULT: Final = CleaningSettings()
_EMAIL: Final = (*EMAIL_COLUMNS, "email_quality", "email_notes")
_DATE: Final = ("birth_date", "birth_date_quality", "birth_date_notes")
_FEW: Final = 50
_PLAIN: Final = "^[0-9A-Z]*[0-9][0-9A-Z]*$"  # which `clean` leaves as it is
_MANY: Final = 50_000
_THREADS: Final = 2
Columns = dict[str, "pd.Series[str]"]


def standardise(raw: pd.DataFrame, *, settings: CleaningSettings = _DEFAULT) -> pd.DataFrame:
    """Standardise raw records column by column; each distinct value or tuple of values is read once.

    `raw` has any subset of `RAW_FIELDS` as text; fields that are not there count as missing. The result has the same
    index and exactly `STANDARD_COLUMNS`, all of pandas' `str` dtype (missing values are NaN for pandas and null for
    Arrow, where the columns become `large_string`). No text makes it fail, and cleaning its own output changes no
    value (qualities and notes describe what was read, so a repaired value is valid the second time).
    """
    if len(raw) <= _FEW:
        return _one_by_one(raw, settings)
    # what takes most memory on the way comes first, while there are few results to hold
    steps = (
        lambda: read_addresses(raw, settings.default_country),
        lambda: _emails(raw, settings),
        lambda: read_phone_columns(raw, partial(phone_region, default=settings.default_country), settings.junk),
        lambda: read_names(raw, settings.junk),
        lambda: _dates(raw, settings),
        lambda: _plain(raw, "loyalty_number"),
    )
    columns: Columns = {}
    for part in _side_by_side(steps) if len(raw) >= _MANY else (step() for step in steps):
        columns |= part
    frame = pd.DataFrame({name: columns[name] for name in STANDARD_COLUMNS})
    frame.index = raw.index
    return frame


def _one_by_one(raw: pd.DataFrame, settings: CleaningSettings) -> pd.DataFrame:
    """Read a few rows each by itself, the long way: what Arrow's kernels cost would not be earned back."""
    texts = {name: [encoded_text(value) for value in raw[name]] for name in RAW_FIELDS if name in raw.columns}
    nothing = [None] * len(raw)
    rows = zip(*(texts.get(name, nothing) for name in RAW_FIELDS), strict=True)
    read = [standardise_row(dict(zip(RAW_FIELDS, row, strict=True)), settings=settings) for row in rows]
    text = pd.StringDtype("pyarrow", na_value=np.nan)
    columns = {name: pd.array([row[name] for row in read], dtype=text) for name in STANDARD_COLUMNS}
    return pd.DataFrame(columns, index=raw.index)


@contextmanager
def _uncollected() -> Generator[None]:
    """Keep the garbage collector out: what cleaning makes has no cycles, and looking for some costs a sixth more."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _side_by_side(steps: Sequence[Callable[[], Columns]]) -> list[Columns]:
    """Run the steps on two threads, which gains on many rows: the kernels of Arrow let go of the interpreter."""
    with _uncollected(), ThreadPoolExecutor(_THREADS, thread_name_prefix="cleaning") as pool:
        return list(pool.map(_then_release, steps))


def _then_release(step: Callable[[], Columns]) -> Columns:
    """Run a step and give the memory it no longer uses back to the system."""
    columns = step()
    pa.default_memory_pool().release_unused()
    return columns


def _dates(raw: pd.DataFrame, settings: CleaningSettings) -> Columns:
    read = partial(dates.standardise_date, settings=settings)
    return spread_readings(read_values(encode(raw, "birth_date"), _DATE, read=read))


def _emails(raw: pd.DataFrame, settings: CleaningSettings) -> Columns:
    encoded = encode(raw, "email")
    read = partial(standardise_email, junk=settings.junk)
    plain = plain_emails(encoded.values, settings.junk)
    return spread_readings(read_values(encoded, _EMAIL, read=read, plain=plain))


def _plain(raw: pd.DataFrame, column: str) -> Columns:
    encoded = encode(raw, column)
    if mask_of(pc.match_substring_regex(encoded.values, _PLAIN)).all():
        return {column: spread(encoded.codes, encoded.values)}
    return {column: spread(encoded.codes, text_array(map(clean, encoded.texts())))}
