"""The short way for address lines: what stands behind the house number is read once, whatever the number."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rcu.cleaning.columns import (
    TEXT,
    Arrow,
    Encoded,
    Mask,
    Plain,
    Readings,
    columns_of,
    mask_of,
    read_values,
    text_array,
)
from rcu.cleaning.delivery import Delivery, read_delivery
from rcu.cleaning.streetwords import OPENERS, WAYS

_FIELDS: Final = Delivery._fields
_WAYS: Final = WAYS - {opener.split(" ")[0] for opener in OPENERS}
"""The kinds of streets that open nothing else, as COTE DROIT does."""
_BESIDE: Final = ("address_complement", "building", "place")
_NUMBERED: Final = (
    "^(?P<number>[1-9][0-9]{0,3})(?P<rest>(?: ?(?:[Bb][Ii][Ss]|[Tt][Ee][Rr]|[Qq][Uu][Aa][Tt][Ee][Rr])|[A-Za-z])?,? +"
    r"[A-Za-zÀ-ÖØ-öø-ÿ]\PN+)$"
)
"""A number of four digits at most, at times its repetition or letter, and a text without digits behind."""


def read_lines(encoded: Encoded) -> tuple[Readings, Mask]:
    """Read each distinct address line by itself; tell too which readings are a numbered way and nothing else."""
    readings = read_values(
        encoded, _FIELDS, read=lambda text: read_delivery(text, None), plain=_numbered(encoded.values)
    )
    beside = pc.coalesce(*(readings.columns[name] for name in _BESIDE))
    numbered = mask_of(pc.is_valid(readings.columns["street_number"]))
    ways = mask_of(pc.is_in(readings.columns["street_type"], text_array(_WAYS)))
    ways &= mask_of(pc.is_valid(readings.columns["street_name"]))
    return readings, numbered & ways & ~mask_of(pc.is_valid(beside))


def _numbered(values: Arrow) -> Plain:
    """Read the lines that begin with a number, each kind of line with the number 1, which is then replaced.

    How a line with no other number is understood does not depend on which number it begins with; where that did not
    end up as the house number, nothing is said of the line.
    """
    parts = pc.extract_regex(values, _NUMBERED)
    mask = mask_of(pc.is_valid(parts))
    number, rest = (parts.field(name).filter(pa.array(mask)) for name in ("number", "rest"))
    encoded = rest.dictionary_encode()
    found = [read_delivery(f"1{text}", None) for text in encoded.dictionary.to_pylist()]
    rows = encoded.indices.to_numpy()
    good = np.array([one.street_number == "1" for one in found], dtype=bool)[rows]
    mask[np.flatnonzero(mask)[~good]] = False
    columns = columns_of(found, _FIELDS)
    columns = {name: column.take(pa.array(rows[good])) for name, column in columns.items()}
    number = number.filter(pa.array(good))
    behind = pc.utf8_slice_codeunits(columns["street"], 1)
    street = pc.binary_join_element_wise(number, behind, pa.scalar("", TEXT))
    return Plain(mask, columns | {"street": street, "street_number": number})
