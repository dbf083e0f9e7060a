"""The names columns go by, in French and English, and what field of a person each stands for."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from rcu.domain.records import RAW_FIELDS

FIELDS: Final = (
    *RAW_FIELDS,
    "middle_name",
    "name_suffix",
    "street_number",
    "state",
    "birth_place",
    "birth_year",
    "birth_month",
    "birth_day",
    "age",
)
"""Fields a column can be recognised as: the raw fields of RCU and a few that other countries' files have."""

REPEATABLE: Final = frozenset({"email", "phone", "mobile", "address_line", "address_complement", "city", "state"})
"""Fields of which a file may well have several columns."""

_LISTS: Final[Mapping[str, Mapping[str, str]]] = tomllib.loads(
    (files("rcu.ingest") / "headers.toml").read_text(encoding="utf-8")
)
_FIELD_OF: Final = {header: field for field, headers in _LISTS["fields"].items() for header in headers.split()}
_WORDS: Final = {name: frozenset(words.split()) for name, words in _LISTS["words"].items()}


def words_of(header: str) -> list[str]:
    """Cut a header into lower-case words without accents: `customerFirstName` is customer, first, name."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", header)
    plain = "".join(c for c in unicodedata.normalize("NFKD", apart) if not unicodedata.combining(c))
    return re.findall(r"[a-z]+|\d+", plain.lower())


def field_of_header(header: str) -> str | None:
    """The field a header names, the words that any header may have left aside."""
    words = words_of(header)
    found = _FIELD_OF.get("".join(words))
    if found or not words:
        return found
    telling = [word for word in words if word not in _WORDS["noise"]]
    found = _FIELD_OF.get("".join(telling))
    if found is None and telling and telling[-1].isdecimal() and len(telling[-1]) == 1:
        found = _FIELD_OF.get("".join(telling[:-1]))
    return found


def field_of_a_word(header: str) -> str | None:
    """The field that one word of a header gives away (`postcode_masked`); not where it names two things."""
    words = words_of(header)
    if {"and", "et", "or", "ou"} & set(words):
        return None
    return next((_FIELD_OF[word] for word in words if word in _WORDS["unmistakable"]), None)


def is_id_header(header: str) -> bool:
    """Whether a header looks like the id of rows or of customers."""
    words = words_of(header)
    return "".join(words) in _WORDS["ids"] or (
        len(words) > 1 and words[-1] in {"id", "uuid", "guid"} and not _is_secret(words)
    )


def is_label_header(header: str) -> bool:
    """Whether a header looks like a label of groups of rows."""
    return "".join(words_of(header)) in _WORDS["labels"]


def is_national_id_header(header: str) -> bool:
    """Whether a header looks like an identifier a state gives to people."""
    return _is_secret(words_of(header))


def _is_secret(words: list[str]) -> bool:
    return "".join(words) in _WORDS["national"] or any(word in {"ssn", "passport", "socsec"} for word in words)
