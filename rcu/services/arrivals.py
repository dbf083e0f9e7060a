"""What is sent one by one and what is answered: a record, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rcu.domain.cases import CaseKind
from rcu.domain.records import RecordKey


@dataclass(frozen=True, slots=True)
class Given:
    """A record as somebody sends it.

    Attributes:
        key: its source and the id that source gave it.
        fields: `RAW_FIELDS` as text; a field that is not there is not spoken of, None says there is nothing.
        store: the shop it belongs to.
        is_guest: bought without an account.
        deleted: gone at the source.
        created_at: when the source made it.
        updated_at: when the source last changed it; what is older than what is stored is not taken.
    """

    key: RecordKey
    fields: Mapping[str, str | None]
    store: str | None = None
    is_guest: bool = False
    deleted: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Content(StrEnum):
    """What a record that was sent says, beside what was stored."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    OLDER = "older"


class Happened(StrEnum):
    """What became of who is whom.

    CREATED: a customer that was not there before. JOINED: a new record belongs to a customer that was. MOVED: the
    record belongs to another customer than before. MERGED: customers became one. SPLIT: a customer became several.
    UNCHANGED: none of it.
    """

    CREATED = "created"
    JOINED = "joined"
    MOVED = "moved"
    MERGED = "merged"
    SPLIT = "split"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Reason:
    """A record it belongs with, or may: how sure that is, and what agrees or differs, the weightiest first."""

    record: RecordKey
    customer_id: str
    probability: float
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case that was opened, or opened again; `clusters` are the numbers of the customers it is about."""

    case_id: int
    kind: CaseKind
    clusters: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Upserted:
    """What became of one record.

    Attributes:
        key: the record.
        content: what it says, beside what was stored.
        happened: what became of who is whom.
        customer_id: the customer it belongs to.
        version: the version of that customer's profile.
        merged: customers that are part of it now.
        split: customers that parted from it.
        why: the records of its customer it is nearest to.
        possible: records of other customers that may be the same person, left to a steward.
        cases: cases about its customer that were opened.
        profile: the customer's document, where it was asked for.
    """

    key: RecordKey
    content: Content
    happened: Happened
    customer_id: str
    version: int
    merged: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    why: tuple[Reason, ...] = ()
    possible: tuple[Reason, ...] = ()
    cases: tuple[OpenedCase, ...] = ()
    profile: str | None = None
