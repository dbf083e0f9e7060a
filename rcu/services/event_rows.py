"""Events that are sent a few at a time as the rows that an import would make of them, content hashes included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import pandas as pd
import pyarrow as pa

from rcu.domain.events import EventKind, GivenEvent, GivenLine
from rcu.domain.intake import FRAME_COLUMNS, LINE, Entity
from rcu.services import frames

Row: TypeAlias = dict[str, Any]
_NOT_STORED: Final = frozenset({LINE, "record_native_id", "order_native_id"})
_EMAIL: Final = "email_"
_TIME: Final = "datetime64[us, UTC]"


def event_rows(given: Sequence[GivenEvent]) -> dict[tuple[str, str], Row]:
    """Rows of the table `events` by source and native id, but for whose they are."""
    found: dict[tuple[str, str], Row] = {}
    for source in dict.fromkeys(one.source for one in given):
        for of_kind, rows_of in _ROWS:
            some = [one for one in given if one.source == source and of_kind(one)]
            if some:
                found |= {(source, row["native_id"]): {"source": source, **row} for row in _stored(rows_of(some))}
    return found


def line_rows(given: Sequence[GivenEvent]) -> dict[tuple[str, str], list[Row]]:
    """Rows of the table `event_lines`, but for the number of their event, of those that say what their lines are."""
    speaking = [one for one in given if one.lines is not None]
    found: dict[tuple[str, str], list[Row]] = {one.key: [] for one in speaking}
    owners = [one for one in speaking for _ in one.lines or ()]
    if owners:  # one frame of all: what a frame costs hardly depends on its length
        lines = (line for one in speaking for line in one.lines or ())
        rows = [_line(one, place, line) for place, (one, line) in enumerate(zip(owners, lines, strict=True))]
        for source in dict.fromkeys(one.source for one in owners):
            mine = [row for one, row in zip(owners, rows, strict=True) if one.source == source]
            for row in frames.line_rows(_frame(mine, FRAME_COLUMNS[Entity.ORDER_LINE])).to_pylist():
                stored = {name: value for name, value in row.items() if name not in _NOT_STORED}
                found[source, row["order_native_id"]].append(stored)
    return found


def amounts(one: GivenEvent) -> Mapping[str, int]:
    """The amount and discount of an event that sums its lines, as an import sums them; none where nothing is said."""
    if one.amount_minor is not None or one.lines is None:
        return {}
    sums = {"amount_minor": sum(line.amount_minor for line in one.lines)}
    return {**sums, "discount_minor": sum(line.discount_minor or 0 for line in one.lines)}


def _orders(given: Sequence[GivenEvent]) -> pa.Table:
    rows = [
        {
            LINE: place,
            "native_id": one.native_id,
            "record_native_id": one.record,
            "kind": one.kind.value,
            "channel": one.channel,
            "store": one.store,
            "occurred_at": one.occurred_at,
            "currency": one.currency,
            "amount_minor": one.amount_minor,
            "discount_minor": one.discount_minor,
            "shipping_minor": one.shipping_minor,
            "cancelled": one.cancelled,
            "related_native_id": one.related,
        }
        for place, one in enumerate(given)
    ]
    return frames.order_rows(_frame(rows, FRAME_COLUMNS[Entity.ORDER]))


def _emails(given: Sequence[GivenEvent]) -> pa.Table:
    rows = [
        {
            LINE: place,
            "native_id": one.native_id,
            "record_native_id": one.record,
            "action": one.kind.value.removeprefix(_EMAIL),
            "campaign": one.label,
            "occurred_at": one.occurred_at,
        }
        for place, one in enumerate(given)
    ]
    return frames.email_event_rows(_frame(rows, FRAME_COLUMNS[Entity.EMAIL_EVENT]))


def _visits(given: Sequence[GivenEvent]) -> pa.Table:
    rows = [
        {
            LINE: place,
            "native_id": one.native_id,
            "record_native_id": one.record,
            "channel": one.channel,
            "store": one.store,
            "label": one.label,
            "occurred_at": one.occurred_at,
        }
        for place, one in enumerate(given)
    ]
    return frames.visit_rows(_frame(rows, tuple(rows[0])))


_ROWS: Final[tuple[tuple[Callable[[GivenEvent], bool], Callable[[Sequence[GivenEvent]], pa.Table]], ...]] = (
    (lambda one: one.kind.is_bought, _orders),
    (lambda one: one.kind is EventKind.VISIT, _visits),
    (lambda one: one.kind.value.startswith(_EMAIL), _emails),
)


def _line(one: GivenEvent, place: int, line: GivenLine) -> Row:
    return {
        LINE: place,
        "order_native_id": one.native_id,
        "line_number": line.number,
        "product_id": line.product_id,
        "label": line.label,
        "category": line.category,
        "quantity_milli": line.quantity_milli,
        "unit_price_minor": line.unit_price_minor,
        "discount_minor": line.discount_minor,
        "amount_minor": line.amount_minor,
    }


def _frame(rows: Sequence[Row], columns: Sequence[str]) -> pd.DataFrame:
    """A frame as a connector reads it."""
    return pd.DataFrame({name: _column(name, [row[name] for row in rows]) for name in columns})


def _column(name: str, values: list[Any]) -> Any:  # noqa: ANN401  # a pandas array of some kind
    if name == "occurred_at":
        return pd.Series(pd.to_datetime(values, utc=True)).astype(_TIME)
    if name.endswith(("_minor", "_milli")) or name == "line_number":
        return pd.array(values, dtype="Int64")
    return pd.Series(values, dtype=bool if name == "cancelled" else int if name == LINE else object)


def _stored(table: pa.Table) -> list[Row]:
    return table.drop_columns([name for name in table.column_names if name in _NOT_STORED]).to_pylist()
