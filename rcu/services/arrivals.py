"""What is sent one by one and what is answered: a record, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from rcu.domain.cases import CaseKind
from rcu.domain.records import RecordKey
from rcu.errors import Conflict

_64_BITS: Final = 2**64 - 1


ANY_TAG: Final = "*"
"""Stands for whatever is stored."""


def tag_of(content_hash: int) -> str:
    """What a version of a record is called, for who wants to replace that one and no other."""
    return f"{content_hash & _64_BITS:016x}"


@dataclass(frozen=True, slots=True)
class Condition:
    """What must be stored for a record to be taken (RFC 9110, section 13.1).

    Attributes:
        among: it is there, by one of these tags; None: that does not matter.
        not_among: it is not there by one of these; None: that does not matter.
    """

    among: frozenset[str] | None = None
    not_among: frozenset[str] | None = None

    def holds(self, stored: str | None) -> bool:
        """Whether it holds of a record by its tag; None: of one that is not there."""
        if self.among is not None and (stored is None or not self.among & {stored, ANY_TAG}):
            return False
        return self.not_among is None or stored is None or not self.not_among & {stored, ANY_TAG}


class NotAsExpected(Conflict):
    """A record is not what the condition says under which another was to be taken."""

    def __init__(self) -> None:
        super().__init__("the record is not what it was expected to be", hint="read it again, and decide anew")


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
        only_if: what must be stored for it to be taken; None: whatever there is.
    """

    key: RecordKey
    fields: Mapping[str, str | None]
    store: str | None = None
    is_guest: bool = False
    deleted: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None
    only_if: Condition | None = None


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
        tag: of what is stored of it now; None where that is not what was sent.
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
    tag: str | None = None
