"""Build the frames of a batch from filled fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import numpy as np
import pandas as pd

from rcu.domain.intake import FRAME_COLUMNS, LINE, Entity
from rcu.domain.records import RAW_FIELDS

ADDRESS_FIELDS: Final = ("phone", "mobile", "address_line", "address_complement", "postcode", "city", "country")
_MOMENTS: Final = frozenset({"created_at", "updated_at", "occurred_at"})
_FLAGS: Final = frozenset({"is_guest", "deleted", "cancelled"})
_WHOLE: Final = frozenset({LINE, "line_number", "quantity_milli"})


def columns_of(entity: Entity) -> tuple[str, ...]:
    """Name the columns of an entity's frame, personal fields included."""
    extra = {Entity.RECORD: RAW_FIELDS, Entity.ADDRESS: ADDRESS_FIELDS}.get(entity, ())
    return (*FRAME_COLUMNS[entity], *extra)


def frame_of(entity: Entity, columns: Mapping[str, pd.Series[Any]], *, size: int) -> pd.DataFrame:
    """Make an entity's frame; a column that is not given is empty, in the type it would have.

    Text is of pandas' `str` dtype, counts and money `Int64`, flags `bool`, times `datetime64[us, UTC]`.
    """
    index = pd.RangeIndex(size)
    found = {name: columns.get(name) for name in columns_of(entity)}
    data = {name: _empty(name, index) if one is None else one.reset_index(drop=True) for name, one in found.items()}
    return pd.DataFrame(data, index=index)


def frame_of_rows(entity: Entity, rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Make an entity's frame from rows as mappings."""
    names = columns_of(entity)
    columns = {name: typed(name, [row.get(name) for row in rows]) for name in names}
    return frame_of(entity, columns, size=len(rows))


def typed(name: str, values: Sequence[object]) -> pd.Series[Any]:
    """Make a column of the type its name calls for."""
    if name in _MOMENTS:
        return cast(
            "pd.Series[Any]", pd.Series(pd.to_datetime(cast("Any", values), utc=True)).astype("datetime64[us, UTC]")
        )
    if name in _FLAGS:
        return pd.Series([bool(value) for value in values], dtype=bool)
    if _is_whole(name):
        return pd.Series(cast("Any", values), dtype="Int64")
    return pd.Series(cast("Any", values), dtype="str")


def orders_of_lines(lines: Mapping[str, pd.Series[Any]]) -> dict[str, pd.Series[Any]]:
    """Make the orders of order lines: the header of each order is that of its first line, its amount their sum."""
    _, first = np.unique(pd.factorize(lines["order_native_id"])[0], return_index=True)
    first = np.sort(first)
    wanted = [name for name in columns_of(Entity.ORDER) if name in lines and name not in _LINE_MONEY]
    orders = {name: lines[name].iloc[first].reset_index(drop=True) for name in wanted}
    orders["native_id"] = lines["order_native_id"].iloc[first].reset_index(drop=True)
    return orders


_LINE_MONEY: Final = frozenset({"amount_minor", "discount_minor", "native_id"})


def _is_whole(name: str) -> bool:
    return name in _WHOLE or name.endswith("_minor")


def _empty(name: str, index: pd.RangeIndex) -> pd.Series[Any]:
    if name in _MOMENTS:
        return pd.Series(pd.NaT, index=index, dtype="datetime64[us, UTC]")
    if name in _FLAGS:
        return pd.Series(data=False, index=index, dtype=bool)
    if _is_whole(name):
        return pd.Series(pd.NA, index=index, dtype="Int64")
    return pd.Series(None, index=index, dtype="str")
