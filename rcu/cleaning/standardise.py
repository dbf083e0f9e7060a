"""The front door of cleaning: a frame of raw fields in, a frame of standard columns out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import chain

import numpy as np
import pandas as pd

from rcu.cleaning import addresses, dates, emails, names, phones
from rcu.cleaning.columns import Codes, Encoded, combine, encode, spread, transpose
from rcu.cleaning.localities import UNKNOWN_COUNTRY, read_country
from rcu.cleaning.plainaddresses import PlainAddresses
from rcu.cleaning.plainnames import PlainNames
from rcu.cleaning.settings import CleaningSettings
from rcu.cleaning.text import clean
from rcu.domain.records import STANDARD_COLUMNS, Quality

_DEFAULT = CleaningSettings()
Columns = Mapping[str, "pd.Series[str]"]


def standardise(raw: pd.DataFrame, *, settings: CleaningSettings = _DEFAULT) -> pd.DataFrame:
    """Standardise raw records column by column; each distinct value or tuple of values is read once.

    `raw` has any subset of `RAW_FIELDS` as text; fields that are not there count as missing. The result has the same
    index and exactly `STANDARD_COLUMNS`, all of pandas' `str` dtype (missing values are NaN for pandas and null for
    Arrow, where the columns become `large_string`). No text makes it fail, and cleaning its own output changes no
    value (qualities describe what was read, so a repaired value is valid the second time).
    """
    columns = {
        **_names(raw, settings),
        **_dates(raw, settings),
        **_plain(raw, "loyalty_number"),
        **_emails(raw, settings),
        **_phones(raw, settings),
        **_addresses(raw, settings),
    }
    frame = pd.DataFrame({name: columns[name] for name in STANDARD_COLUMNS})
    frame.index = raw.index
    return frame


def _names(raw: pd.DataFrame, settings: CleaningSettings) -> Columns:
    codes, parts = combine([encode(raw, name) for name in names.INPUTS])
    plain = PlainNames(settings)
    rows = (plain.read(part) or names.read_name(part, settings=settings) for part in parts)
    return _spread_rows(codes, rows, names.Name._fields)


def _addresses(raw: pd.DataFrame, settings: CleaningSettings) -> Columns:
    codes, parts = combine([encode(raw, name) for name in addresses.INPUTS])
    plain = PlainAddresses(settings)
    rows = (plain.read(part) or addresses.read_address(part, settings=settings) for part in parts)
    return _spread_rows(codes, rows, addresses.Address._fields)


def _dates(raw: pd.DataFrame, settings: CleaningSettings) -> Columns:
    read = partial(dates.standardise_date, settings=settings)
    return _each(encode(raw, "birth_date"), read, ("birth_date", "birth_date_quality"))


def _emails(raw: pd.DataFrame, settings: CleaningSettings) -> Columns:
    read = partial(emails.standardise_email, settings=settings)
    return _each(encode(raw, "email"), read, ("email", "email_key", "email_quality"))


def _plain(raw: pd.DataFrame, column: str) -> Columns:
    encoded = encode(raw, column)
    return {column: spread(encoded.codes, [clean(value) for value in encoded.values])}


def _phones(raw: pd.DataFrame, settings: CleaningSettings) -> Columns:
    country = encode(raw, "country")
    codes, parts = combine([encode(raw, "phone"), encode(raw, "mobile"), country])
    regions = {name: _region(name, settings) for name in (None, *country.values)}
    rows = (phones.read_pair(phone, mobile, region=regions[name]) for phone, mobile, name in parts)
    return _spread_rows(codes, rows, phones.Phones._fields)


def _region(country: str | None, settings: CleaningSettings) -> str:
    code = read_country(country, settings.default_country)
    return settings.default_country if code == UNKNOWN_COUNTRY else code


def _each(encoded: Encoded, read: Callable[[str], tuple[str | None, ...]], fields: tuple[str, ...]) -> Columns:
    """Read the distinct values of one column; a missing value is only ever of quality missing."""
    missing = (None,) * (len(fields) - 1) + (Quality.MISSING.value,)
    codes = np.where(encoded.codes < 0, len(encoded.values), encoded.codes)
    return _spread_rows(codes, chain(map(read, encoded.values), [missing]), fields)


def _spread_rows(codes: Codes, rows: Iterable[tuple[str | None, ...]], fields: tuple[str, ...]) -> Columns:
    return {name: spread(codes, values) for name, values in zip(fields, transpose(rows, len(fields)), strict=True)}
