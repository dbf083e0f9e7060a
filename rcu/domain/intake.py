"""What a reader hands over: batches of rows read from one file, as frames by entity, with what it refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import pandas as pd


class Entity(StrEnum):
    """The kinds of rows a source can deliver."""

    RECORD = "record"
    ADDRESS = "address"
    ORDER = "order"
    ORDER_LINE = "order_line"
    EMAIL_EVENT = "email_event"
    CONSENT = "consent"


LINE: Final = "line"
"""The column every frame has: the physical line of the row (1 is the first line of the file), or the position of
the element in a JSON array (0 is the first)."""

FRAME_COLUMNS: Final[Mapping[Entity, tuple[str, ...]]] = {
    # + RAW_FIELDS; deleted, is_guest: bool; created_at, updated_at: datetime64[us, UTC] or NaT
    Entity.RECORD: (LINE, "native_id", "store", "is_guest", "deleted", "created_at", "updated_at"),
    # + the address and phone fields of RAW_FIELDS; native_id is the address's own, record_native_id its owner's
    Entity.ADDRESS: (LINE, "native_id", "record_native_id", "deleted", "updated_at"),
    # kind: "order" or "return"; channel: "store" or "online"; record_native_id None for an anonymous ticket;
    # amount_minor: Int64 in minor units (cents), negative for a return, NA when it is the sum of the lines
    Entity.ORDER: (
        LINE, "native_id", "record_native_id", "kind", "channel", "store", "occurred_at", "currency",
        "amount_minor", "discount_minor", "shipping_minor", "cancelled", "related_native_id",
    ),
    # quantity_milli: thousandths of a unit, so that goods sold by weight stay whole numbers
    Entity.ORDER_LINE: (
        LINE, "order_native_id", "line_number", "product_id", "label", "category", "quantity_milli",
        "unit_price_minor", "discount_minor", "amount_minor",
    ),
    # action: sent, open, click, bounce, unsubscribe
    Entity.EMAIL_EVENT: (LINE, "native_id", "record_native_id", "action", "campaign", "occurred_at"),
    # contact_kind: email or phone; contact_raw: the address or number as written; channel: email or sms;
    # purpose: marketing; state: granted, denied; occurred_at may be NaT; evidence: free text (opt-in IP address ...)
    Entity.CONSENT: (
        LINE, "record_native_id", "contact_kind", "contact_raw", "channel", "purpose", "state", "occurred_at",
        "basis", "evidence",
    ),
}  # fmt: skip
"""Columns of each frame. Text columns are Python str or None; counts and money are Int64."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row that was not taken: where it stands, which field is at fault and why.

    `reason` is a stable code: `bad_date`, `bad_amount`, `bad_value`, `bad_encoding`, `missing_key`, `missing_lines`,
    `unknown_record`, `unknown_order`, `too_many_fields`, `too_few_fields`, `field_too_long`, `not_an_object`.
    `detail` says what was expected without repeating the value; `raw` is the row as read, as JSON, kept in the
    quarantine so that it can be corrected and replayed.
    """

    line: int
    field: str | None
    reason: str
    detail: str
    raw: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some consecutive rows of one file.

    `number` counts the batches of a file from 0 and is the same each time the same bytes are read, so that an
    interrupted import goes on where it stopped. `rows_read` counts rows, accepted and refused. `raw` holds the
    accepted rows as the source wrote them (text columns and `line`).
    """

    number: int
    rows_read: int
    raw: pd.DataFrame
    frames: Mapping[Entity, pd.DataFrame]
    refusals: tuple[Refusal, ...] = field(default=())
