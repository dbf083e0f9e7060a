"""Mailboxes and phones as callers hash them who may not, or will not, send them: SHA-256 of the value in one form.

A record keeps the first 64 bits of each, by which it is found; what is found is compared by the whole digest. Mailboxes
are hashed trimmed and in lower case, as everybody does, phones in E.164, with the plus (as Google Ads has it) and
without (as Meta has it). A mailbox is found in its shortest form, too: without +tag, and of Gmail without dots.
https://support.google.com/google-ads/answer/13258081, https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class HashColumn:
    """A column of records that holds the hash of another.

    Attributes:
        name: its own.
        of: the standard column it is of.
        unless: none where the value is that of this column: it has a hash already.
        bare: of what comes after the first character, the plus.
    """

    name: str
    of: str
    unless: str | None = None
    bare: bool = False

    def form(self, value: str) -> str:
        """What is hashed of a value."""
        return value[1:] if self.bare else value


HASHES: Final = (
    HashColumn("email_hash", "email"),
    HashColumn("email_key_hash", "email_key", unless="email"),
    HashColumn("mobile_hash", "mobile"),
    HashColumn("mobile_bare_hash", "mobile", bare=True),
    HashColumn("landline_hash", "landline"),
    HashColumn("landline_bare_hash", "landline", bare=True),
)
HASH_COLUMNS: Final = tuple(one.name for one in HASHES)


def digest_of(text: bytes) -> bytes:
    """The SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text).digest()


def kept_of(digest: bytes) -> int:
    """What is kept of a digest: its first 64 bits, as a signed number."""
    return int.from_bytes(digest[:_KEPT], signed=True)


def hashes_of(row: Mapping[str, str | None], columns: Iterable[str]) -> dict[str, int | None]:
    """The hashes of one record, of those standard columns that are named."""
    told = frozenset(columns)
    return {one.name: _hash_of(one, row) for one in HASHES if one.of in told}


def _hash_of(one: HashColumn, row: Mapping[str, str | None]) -> int | None:
    value = row[one.of]
    if value is None or (one.unless is not None and row[one.unless] == value):
        return None
    return kept_of(digest_of(one.form(value).encode()))
