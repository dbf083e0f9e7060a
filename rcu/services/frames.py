"""From the frames a connector reads to the rows the store takes: standardised, hashed, ready to be staged."""

from __future__ import annotations

import itertools
from collections.abc import Container, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, cast

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import uuid_utils
from numpy.typing import NDArray

from rcu.cleaning import CleaningSettings, standardise
from rcu.cleaning.columns import mask_of
from rcu.cleaning.rows import standardise_row
from rcu.domain.hashes import HASHES, HashColumn, digest_of, hashes_of
from rcu.domain.intake import LINE
from rcu.domain.records import (
    ADDRESS_COLUMNS,
    EMAIL_COLUMNS,
    IDENTITY_COLUMNS,
    PHONE_COLUMNS,
    RAW_FIELDS,
    STANDARD_COLUMNS,
)

_ADDRESS_FIELDS: Final = ("address_line", "address_complement", "postcode", "city", "country")
_PHONES: Final = (*PHONE_COLUMNS, "mobile_quality", "landline_quality", "mobile_notes", "landline_notes")
_ADDRESS: Final = (*ADDRESS_COLUMNS, "address_quality", "address_notes")
_DELIVERED_BY: Final[Mapping[tuple[str, ...], tuple[str, ...]]] = {
    ("email",): (*EMAIL_COLUMNS, "email_quality", "email_notes"),
    ("phone", "mobile"): _PHONES,
    ("address_line", "address_complement", "postcode", "city"): _ADDRESS,
}
"""Standard columns a delivery fills when it has at least one of the raw fields; the identity is always delivered."""
_TIMES: Final = ("created_at", "updated_at")
_TEXTS: Final = ("deleted", "is_guest", "raw", "store")
_CONTENT: Final = (*_TIMES, *_TEXTS)
"""What a record says, for its content hash."""
_SORTED: Final = sorted(_CONTENT)
_FIRST, _FACTOR, _STEP, _LAST = 0x345678, 1_000_003, 82_520, 97_531
"""How CPython mixed the hashes of a tuple, and pandas mixes those of a row."""
_64_BITS: Final = 2**64 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NO_TIME: Final = -(2**63)
_NUMBERS_OF_DIGEST: Final = 4
"""Numbers of 64 bits in a SHA-256, of which the first is kept."""


def record_columns(fields: Container[str]) -> tuple[str, ...]:
    """The standard columns a delivery of these raw fields fills; others may come from another file of the source."""
    return _columns_of(tuple(any(field in fields for field in group) for group in _DELIVERED_BY))


@cache
def _columns_of(spoken: tuple[bool, ...]) -> tuple[str, ...]:
    left = {name for columns, said in zip(_DELIVERED_BY.values(), spoken, strict=True) if not said for name in columns}
    assert left.isdisjoint(IDENTITY_COLUMNS)  # noqa: S101  # a new column must be placed above
    return tuple(name for name in STANDARD_COLUMNS if name not in left)


def record_rows(frame: pd.DataFrame, settings: CleaningSettings) -> tuple[pa.Table, tuple[str, ...]]:
    """Standardise a frame of records; give the rows to stage and the standard columns in them, with their hashes.

    Of two rows with one native id the later in the file counts, unless the earlier is dated after it.
    """
    frame = _last_of_each(frame, "native_id", "updated_at")
    columns = record_columns(frame.columns)
    rows = standardise(frame, settings=settings)[list(columns)]
    rows = rows.assign(
        line=frame[LINE],
        native_id=frame["native_id"],
        birth_id=[str(uuid_utils.uuid7()) for _ in range(len(frame))],
        store=frame["store"].astype(object),
        is_guest=frame["is_guest"].astype(bool),
        deleted=frame["deleted"].astype(bool),
        created_at=frame["created_at"],
        updated_at=frame["updated_at"],
        raw=raw_json(frame, RAW_FIELDS),
    )
    return _hashed(_arrow(rows.assign(content_hash=content_hash(rows[list(_CONTENT)]))), columns)


def record_row(
    fields: Mapping[str, str | None],
    *,
    store: str | None,
    is_guest: bool,
    deleted: bool,
    created_at: datetime | None,
    updated_at: datetime | None,
    settings: CleaningSettings,
) -> dict[str, Any]:
    """Standardise one record: the standard columns it delivers, and what `record_rows` gives beside them.

    `fields` are `RAW_FIELDS` as text: one that is not there is not delivered, None says there is nothing. Times are
    aware. The line, the native id and the birth id are the caller's.
    """
    standard = standardise_row(fields, settings=settings)
    said = {name: fields[name] for name in RAW_FIELDS if fields.get(name) is not None}
    content = {
        "raw": orjson.dumps(said).decode(),
        "store": store,
        "is_guest": is_guest,
        "deleted": deleted,
        "created_at": created_at,
        "updated_at": updated_at,
    }
    delivered = record_columns(fields)
    return {
        **{name: standard[name] for name in delivered},
        **hashes_of(standard, delivered),
        **content,
        "content_hash": _content_hash_of_one(content),
    }


def address_rows(frame: pd.DataFrame, settings: CleaningSettings) -> tuple[pa.Table, tuple[str, ...]]:
    """Standardise a frame of addresses; of several of one record the newest that is not deleted counts."""
    newest = frame.sort_values(
        ["record_native_id", "deleted", "updated_at", "native_id"],
        ascending=[True, False, True, True],
        na_position="first",
        kind="stable",
    ).drop_duplicates("record_native_id", keep="last")
    columns = _ADDRESS
    if {"phone", "mobile"} & set(frame.columns):
        columns = (*columns, *_PHONES)
    fields = (*_ADDRESS_FIELDS, "phone", "mobile")
    rows = standardise(newest, settings=settings)[list(columns)]
    rows = rows.assign(
        line=newest[LINE],
        record_native_id=newest["record_native_id"],
        raw_address=raw_json(newest, fields),
        address_updated_at=newest["updated_at"],
    )
    return _hashed(_arrow(rows.assign(address_hash=content_hash(rows[["raw_address", "address_updated_at"]]))), columns)


def _hashed(rows: pa.Table, columns: tuple[str, ...]) -> tuple[pa.Table, tuple[str, ...]]:
    """The rows with the hashes of the standard columns in them."""
    mine = [one for one in HASHES if one.of in columns]
    for one in mine:
        rows = rows.append_column(one.name, _hash_column(one, rows))
    return rows, (*columns, *(one.name for one in mine))


def _hash_column(one: HashColumn, rows: pa.Table) -> pa.Int64Array:
    """What is kept of the digests of a column, as `hashes_of` has it of one record."""
    values = rows.column(one.of)
    there = mask_of(values.is_valid()).copy()
    if one.unless is not None:
        there &= ~mask_of(pc.equal(values, rows.column(one.unless)))
    first = 1 if one.bare else 0
    texts: list[Any] = values.filter(pa.array(there)).cast(pa.large_binary()).to_pylist()
    digests = b"".join([digest_of(text[first:]) for text in texts])
    kept = np.zeros(len(there), dtype=np.int64)
    kept[there] = np.frombuffer(digests, dtype=">i8")[::_NUMBERS_OF_DIGEST]
    return cast("pa.Int64Array", pa.array(kept, mask=~there))


def order_rows(frame: pd.DataFrame) -> pa.Table:
    """Orders and returns as events; one without an amount sums its lines."""
    rows = _last_of_each(frame, "native_id", None).assign(label=None, sums_lines=lambda row: row["amount_minor"].isna())
    return _event_rows(rows)


def email_event_rows(frame: pd.DataFrame) -> pa.Table:
    """Email activity as events."""
    rows = _last_of_each(frame, "native_id", None)
    own = rows.assign(kind="email_" + rows["action"].astype(str), channel="email", store=None, label=rows["campaign"])
    return _without_money(own)


def visit_rows(frame: pd.DataFrame) -> pa.Table:
    """Visits as events: native_id, record_native_id, channel, store, label and occurred_at of each."""
    return _without_money(_last_of_each(frame, "native_id", None).assign(kind="visit"))


def _without_money(rows: pd.DataFrame) -> pa.Table:
    """Events nothing was bought in."""
    said = ("native_id", "record_native_id", "kind", "channel", "store", "label", "occurred_at")
    nothing = pd.array([None] * len(rows), dtype="Int64")
    return _event_rows(
        rows[[LINE, *said]].assign(
            currency=None,
            amount_minor=nothing,
            discount_minor=nothing,
            shipping_minor=nothing,
            sums_lines=False,
            cancelled=False,
            related_native_id=None,
        )
    )


def _event_rows(rows: pd.DataFrame) -> pa.Table:
    said = [name for name in rows.columns if name != LINE]
    return _arrow(rows.assign(content_hash=content_hash(rows[said])))


def line_rows(frame: pd.DataFrame) -> pa.Table:
    """Lines of orders; of two with one number in an order the later in the file counts."""
    rows = frame.drop_duplicates(["order_native_id", "line_number"], keep="last")
    said = [name for name in rows.columns if name != LINE]
    return _arrow(rows.assign(content_hash=content_hash(rows[said])))


def consent_rows(frame: pd.DataFrame, source: str, settings: CleaningSettings) -> pa.Table:
    """Consents by the key of their contact point, with a fingerprint of everything they say."""
    is_email = frame["contact_kind"] == "email"
    contact = pd.DataFrame(
        {
            "email": frame["contact_raw"].where(is_email, None),
            "phone": frame["contact_raw"].where(~is_email, None),
        }
    )
    standard = standardise(contact, settings=settings)
    phone = standard["mobile"].fillna(standard["landline"])
    rows = frame.drop(columns=["contact_raw"]).assign(contact_key=standard["email_key"].where(is_email, phone))
    said = [name for name in rows.columns if name not in {LINE, "basis", "evidence"}]
    rows = rows.assign(fingerprint=content_hash(rows[said].assign(source=source)))
    return _arrow(rows.drop_duplicates("fingerprint"))


def content_hash(frame: pd.DataFrame) -> NDArray[np.int64]:
    """A 64-bit number for each row's content, the same in every process."""
    return _mixed([_hashes(frame[name]) for name in sorted(frame.columns)])


def _hashes(column: pd.Series) -> NDArray[np.uint64]:
    return pd.util.hash_pandas_object(_hashable(column), index=False).to_numpy(dtype=np.uint64).view(np.uint64)


def _hashable(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.astype("datetime64[us, UTC]").astype(np.int64)
    return column.astype(object).where(column.notna(), "").astype(str)


def _content_hash_of_one(content: Mapping[str, Any]) -> int:
    """The number `content_hash` gives a row with this content, at a fraction of what a frame costs."""
    texts = np.array(["" if content[name] is None else str(content[name]) for name in _TEXTS], dtype=object)
    hashes = dict(zip(_TEXTS, pd.util.hash_array(texts, categorize=False).tolist(), strict=True))
    hashes |= {name: _hash_of_number(_microseconds(content[name])) for name in _TIMES}
    mixed, factor = _FIRST, _FACTOR
    for left, name in zip(range(len(_CONTENT), 0, -1), _SORTED, strict=True):
        mixed = (mixed ^ hashes[name]) * factor & _64_BITS
        factor += _STEP + 2 * left
    mixed = mixed + _LAST & _64_BITS
    return mixed - (mixed >> 63 << 64)


def _hash_of_number(number: int) -> int:
    """The hash pandas gives a number."""
    number &= _64_BITS
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & _64_BITS
    number = (number ^ number >> 27) * 0x94D049BB133111EB & _64_BITS
    return number ^ number >> 31


def _microseconds(instant: datetime | None) -> int:
    """Microseconds since 1970, or what pandas writes for no time."""
    return _NO_TIME if instant is None else (instant - _EPOCH) // _MICROSECOND


def _mixed(columns: Sequence[NDArray[np.uint64]]) -> NDArray[np.int64]:
    """Mix the hashes of columns into one for each row, as CPython hashed tuples and pandas hashes frames."""
    mixed = np.full(len(columns[0]), _FIRST, dtype=np.uint64)
    factor = _FACTOR
    for left, hashes in zip(range(len(columns), 0, -1), columns, strict=True):
        mixed = (mixed ^ hashes) * np.uint64(factor)
        factor += _STEP + 2 * left
    return (mixed + np.uint64(_LAST)).view(np.int64)


def raw_json(frame: pd.DataFrame, fields: Sequence[str]) -> list[str]:
    """Each row's raw fields as a JSON object, as the source wrote them; what it left out is left out."""
    present = [name for name in fields if name in frame.columns]
    columns = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in present]
    rows = zip(*columns, strict=True) if columns else itertools.repeat((), len(frame))
    return [
        orjson.dumps({name: value for name, value in zip(present, row, strict=True) if value is not None}).decode()
        for row in rows
    ]


def _last_of_each(frame: pd.DataFrame, key: str, dated: str | None) -> pd.DataFrame:
    if not frame[key].duplicated().any():
        return frame
    ordered = frame.sort_values(dated, kind="stable", na_position="first") if dated else frame
    return ordered.drop_duplicates(key, keep="last").sort_values(LINE)


def _arrow(rows: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(rows, preserve_index=False)
