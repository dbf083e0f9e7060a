"""The short way for ordinary addresses: read line by line and town by town, and put together all at once."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rcu.cleaning.addresses import INPUTS, Address, is_nowhere, judge, read_address
from rcu.cleaning.columns import (
    Codes,
    Encoded,
    Mask,
    Patchwork,
    Readings,
    columns_of,
    combine,
    distinct,
    encode,
    mask_of,
    patch,
    text_array,
)
from rcu.cleaning.communetowns import read_town
from rcu.cleaning.delivery import Delivery, read_delivery
from rcu.cleaning.localities import DOMESTIC, Place, place_of, read_country
from rcu.cleaning.plainlines import read_lines
from rcu.cleaning.streetwords import OPENERS, WAYS, kind_at
from rcu.cleaning.text import clean, fold

_BESIDE: Final = ("address_complement", "building", "place")
_A_WAY: Final = "1 RUE QZX"
_A_WAY_APART: Final = "1, RUE QZX"  # which gives way to more
_LINE: Final = tuple(name for name in Delivery._fields if name not in _BESIDE)
_PLACE: Final = Place._fields[:5]
_JUDGED: Final = ("address_quality", "address_notes")


def read_addresses(raw: pd.DataFrame, default_country: str) -> dict[str, pd.Series[str]]:
    """Read the columns `addresses.INPUTS` of a frame into the fields of `addresses.Address`.

    Ordinary rows lie in France, and their line and their complement do not need one another to be understood: there is
    no complement, or the line is a numbered way and nothing else and the complement none. What they read as is exactly
    what `addresses.read_address` gives.
    """
    columns = {name: encode(raw, name) for name in INPUTS}
    lines, ways = read_lines(columns["address_line"])
    beside = _read_beside(columns["address_complement"])
    countries = [read_country(text, default_country) for text in (*columns["country"].texts(), None)]
    domestic = np.array([code in DOMESTIC for code in countries])[columns["country"].codes]
    no_line, no_beside = columns["address_line"].codes < 0, columns["address_complement"].codes < 0
    straight = domestic & (no_beside | (beside.plain[beside.rows] & ways[lines.rows]))
    straight &= ~_may_hold_place(columns["address_line"])
    straight &= no_line | _valid(lines, ("street", *_BESIDE))
    whole = patch(
        straight,
        list(columns.values()),
        read=lambda parts: read_address(parts, default_country=default_country),
        fields=Address._fields,
    )
    out = {name: whole.column(name, lines.rows, lines.columns[name]) for name in _LINE}
    for name in _BESIDE:
        both = pa.concat_arrays([lines.columns[name], beside.columns[name]])
        rows = np.where(no_beside, lines.rows, len(lines.plain) + beside.rows)
        out[name] = whole.column(name, rows, both)
    read = _valid(lines, ("street",)) * 1 + _valid(lines, ("street", *_BESIDE))
    return out | _places(columns, countries, lines=read, whole=whole)


def _valid(readings: Readings, fields: tuple[str, ...]) -> Mask:
    """Tell which rows have something in one of the fields."""
    return mask_of(pc.is_valid(pc.coalesce(*(readings.columns[name] for name in fields))))[readings.rows]


def _may_hold_place(lines: Encoded) -> Mask:
    """Tell which rows have a line that may end in a postcode and a town."""
    found = mask_of(pc.match_substring_regex(lines.values, "[0-9]{5}"))
    return np.append(found, values=False)[lines.codes]


def _read_beside(encoded: Encoded) -> Readings:
    """Read each distinct complement as it stands beside a numbered way; one that may hold the same is not plain."""
    texts = [*encoded.texts(), None]
    found = [read_delivery(_A_WAY, text) for text in texts]
    apart = (read_delivery(_A_WAY_APART, text) for text in texts)
    plain = [one == two and not _may_hold_way(text) for one, two, text in zip(found, apart, texts, strict=True)]
    codes = np.where(encoded.codes < 0, len(found) - 1, encoded.codes)
    return Readings(codes, columns_of(found, Delivery._fields), np.array(plain, dtype=bool))


def _may_hold_way(text: str | None) -> bool:
    """Tell whether a way may begin at one of the words; PORTE and the like say where to ring."""
    words = fold(text or "").split()
    return any(
        (found := kind_at(words, place)) is not None and found[0].full in WAYS and word not in OPENERS
        for place, word in enumerate(words)
    )


def _places(
    columns: dict[str, Encoded], countries: list[str], *, lines: Codes, whole: Patchwork
) -> dict[str, pd.Series[str]]:
    """Read postcode and town, and judge them with what was read of the line: 0 nothing, 1 no street, 2 a street."""
    codes, pairs = combine([columns["postcode"], columns["city"]])
    pairs = list(pairs)
    towns = {text: read_town(text) for text in (*columns["city"].texts(), None)}
    places = [place_of(postcode, towns[city]) for postcode, city in pairs]
    written = [any(map(clean, pair)) for pair in pairs]
    found = columns_of((place[:5] for place in places), _PLACE)
    out = {name: whole.column(name, codes, values) for name, values in found.items()}
    used, cases = distinct(codes * 3 + lines)
    judgements = (
        judge(places[place], line > 0, has_street=line > 1, written=line > 0 or written[place])
        for place, line in (divmod(case, 3) for case in cases.tolist())
    )
    judged = columns_of(judgements, _JUDGED)
    out |= {name: whole.column(name, used, values) for name, values in judged.items()}
    nowhere = np.array([is_nowhere(place) for place in places], dtype=bool)[codes]
    blank = np.array([clean(text) is None for text in (*columns["country"].texts(), None)])[columns["country"].codes]
    country = columns["country"].codes % len(countries)
    country = np.where(nowhere & (lines == 0) & blank, len(countries), country)
    out["country"] = whole.column("country", country, text_array([*countries, None]))
    return out
