"""The short way for ordinary French numbers: read and put in their places all at once, as `phones` does one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rcu.cleaning.columns import (
    TEXT,
    Arrow,
    Codes,
    Encoded,
    Mask,
    Patchwork,
    Plain,
    Readings,
    encode,
    mask_of,
    patch,
    read_values,
    text_array,
)
from rcu.cleaning.junk import JunkLists
from rcu.cleaning.notes import Note
from rcu.cleaning.phones import (
    FRENCH_REGIONS,
    LANDLINE,
    MOBILE,
    OVERSEAS,
    PLATFORM_PREFIXES,
    RUNS,
    Phones,
    distribute,
    plan,
    read_phones,
)
from rcu.domain.records import Quality

_FIELDS: Final = ("value", "kind", "quality", "notes")
_WRITTEN: Final = r"^(?:0|\+33 ?(?:\(0\))?|0033|(?:))[1-79](?:[ .-]?[0-9][0-9]){4}$"
_ABROAD: Final = r"^(?:\+33 ?(?:\(0\))?|0033)"
_OVERSEAS_REGIONS: Final = sorted({region for _, region in OVERSEAS.values()})
_WITHOUT_ZERO: Final = 9
_KINDS: Final = (MOBILE, LANDLINE)
"""What a column holds is numbered from 1 in this order; 0 is nothing."""


def plain_phones(values: Arrow, junk: JunkLists) -> Plain:
    """Tell which numbers are ordinary: nine or ten French digits, or +33, of a person or a household; read those."""
    mask = mask_of(pc.match_substring_regex(values, _WRITTEN))
    places = np.flatnonzero(mask)
    written = values.take(pa.array(places))
    abroad = mask_of(pc.match_substring_regex(written, _ABROAD))
    bracket = mask_of(pc.match_substring(written, "("))
    digits = pc.replace_substring_regex(pc.replace_substring_regex(written, _ABROAD, "0"), r"[ .-]", "")
    short = pc.utf8_length(digits).to_numpy() == _WITHOUT_ZERO
    zero = pc.if_else(pa.array(short), pa.scalar("0", TEXT), pa.scalar("", TEXT))
    digits = pc.binary_join_element_wise(zero, digits, pa.scalar("", TEXT))
    prefix = pc.utf8_slice_codeunits(digits, 0, 4)
    good = ~mask_of(pc.is_in(prefix, text_array(PLATFORM_PREFIXES))) & _given_out(digits)
    good &= ~mask_of(pc.is_in(digits, text_array(junk.phones))) & ~mask_of(pc.match_substring_regex(digits, RUNS))
    # behind eleven digits in a row it is what a spreadsheet adds
    good &= ~mask_of(pc.ends_with(written, ".00"))
    # overseas numbers behind +33 have the wrong country code, which is worth a note
    good &= ~(abroad & mask_of(pc.is_in(prefix, text_array(OVERSEAS))))
    mask[places[~good]] = False
    return Plain(mask, _columns(digits.filter(pa.array(good)), short[good], trunk=bracket[good]))


def read_phone_columns(
    raw: pd.DataFrame, region_of: Callable[[str | None], str], junk: JunkLists
) -> dict[str, pd.Series[str]]:
    """Read the columns phone, mobile and country of a frame into the fields of `phones.Phones`.

    Rows are straight when neither column holds anything but one ordinary number. `region_of` gives the region a number
    without prefix is dialled in from what is written as the country.
    """
    phone, mobile, both = _encode_both(raw)
    country = encode(raw, "country")
    regions = {text: region_of(text) for text in (None, *country.texts())}
    french = np.array([regions[text] in FRENCH_REGIONS for text in (*country.texts(), None)])[country.codes]
    missing = (None, None, Quality.MISSING, None)
    readings = read_values(both, _FIELDS, read=lambda _: missing, plain=plain_phones(both.values, junk))
    readings.plain[-1] = True
    rows = len(raw)
    plain = readings.plain[readings.rows]

    def read(parts: tuple[str | None, ...]) -> Phones:
        region = regions[parts[2]]
        return distribute(*(read_phones(part, region, junk=junk) for part in parts[:2]))

    whole = patch(french & plain[:rows] & plain[rows:], (phone, mobile, country), read=read, fields=Phones._fields)
    return _distributed(readings, rows, whole)


def _given_out(digits: Arrow) -> Mask:
    """Tell which numbers the plan of their region knows. Overseas patterns hold their prefixes, so all go together."""
    overseas = mask_of(pc.is_in(pc.utf8_slice_codeunits(digits, 0, 4), text_array(OVERSEAS)))
    return np.where(overseas, _known(digits, _OVERSEAS_REGIONS), _known(digits, ("FR",)))


def _known(digits: Arrow, regions: Iterable[str]) -> Mask:
    patterns = "|".join(pattern.pattern for region in regions for pattern in plan(region))
    return mask_of(pc.match_substring_regex(digits, f"^0(?:{patterns})$"))


def _columns(digits: Arrow, short: Mask, *, trunk: Mask) -> dict[str, Arrow]:
    codes = pa.array([f"+{code}" for code, _ in OVERSEAS.values()] + ["+33"], type=TEXT)
    place = pc.index_in(pc.utf8_slice_codeunits(digits, 0, 4), text_array(OVERSEAS)).fill_null(len(OVERSEAS))
    value = pc.binary_join_element_wise(codes.take(place), pc.utf8_slice_codeunits(digits, 1), pa.scalar("", TEXT))
    mobile = pc.match_substring_regex(digits, "^0[67]")
    kind = pc.if_else(mobile, pa.scalar(MOBILE, TEXT), pa.scalar(LANDLINE, TEXT))
    notes = text_array([None, Note.ZERO_RESTORED, Note.TRUNK_ZERO])
    said = np.where(short, 1, np.where(trunk, 2, 0))
    quality = text_array([Quality.VALID, Quality.REPAIRED]).take(pa.array(np.minimum(said, 1)))
    return {"value": value, "kind": kind, "quality": quality, "notes": notes.take(pa.array(said))}


def _encode_both(raw: pd.DataFrame) -> tuple[Encoded, Encoded, Encoded]:
    """Encode phone and mobile against one list of values: each column, and one under the other."""
    nothing = pd.Series([None] * len(raw), dtype=object)
    columns = [raw[name] if name in raw.columns else nothing for name in ("phone", "mobile")]
    both = encode(pd.DataFrame({"number": pd.concat(columns, ignore_index=True)}), "number")
    phone, mobile = (Encoded(part, both.values) for part in np.split(both.codes, 2))
    return phone, mobile, both


def _distributed(readings: Readings, rows: int, whole: Patchwork) -> dict[str, pd.Series[str]]:
    """Choose for each row which column its mobile and its landline come from; the rules of `phones.distribute`."""
    kinds = pc.index_in(readings.columns["kind"], text_array(_KINDS)).fill_null(-1).to_numpy()[readings.rows] + 1
    phone, mobile = readings.rows[:rows], readings.rows[rows:]
    of_phone, of_mobile = kinds[:rows], kinds[rows:]
    nothing = len(readings.plain) - 1
    chosen = {
        "mobile": np.where(of_mobile == 1, mobile, np.where(of_phone == 1, phone, nothing)),
        "landline": np.where(of_phone == 2, phone, np.where(of_mobile == 2, mobile, nothing)),
    }
    numbers = readings.columns["value"].dictionary_encode().indices.fill_null(-1).to_numpy()
    two = (of_phone == of_mobile) & (of_phone > 0) & (numbers[phone] != numbers[mobile])
    other = np.where(two, np.where(of_phone == 1, phone, mobile), nothing)
    out = {"other_phones": whole.column("other_phones", other, readings.columns["value"])}
    for name, codes in chosen.items():
        out |= _fields(name, codes, readings, whole)
    return out


def _fields(name: str, codes: Codes, readings: Readings, whole: Patchwork) -> dict[str, pd.Series[str]]:
    names = {"value": name, "quality": f"{name}_quality", "notes": f"{name}_notes"}
    return {column: whole.column(column, codes, readings.columns[field]) for field, column in names.items()}
