"""The contract of a flat file: what its columns mean and how its values are written.

A contract is a TOML or JSON file. `till_clients.toml` in this package is one to start from:

    name = "till_clients"            # for messages
    files = ["CLIENTS_*.csv"]        # file name patterns; .gz and case do not matter
    entity = "record"                # record, order_line (its orders are built from the lines) or email_event
    full = true                      # true: a row that is absent no longer exists; false: only what changed
    encoding = "cp1252"              # a superset of ASCII: utf-8, cp1252, latin-1 ...
    separator = ";"
    quote = ""                       # empty: no quoting, a quotation mark is a letter like any other
    decimal = ","
    time_zone = "Europe/Paris"       # of times written without one
    date_formats = ["%d/%m/%Y %H:%M:%S", "%d/%m/%Y"]

    [fields.native_id]               # one table per field filled: those of the entity's frame and the personal ones
    columns = ["CODE_CLIENT"]        # header; several are joined by a space
    synonyms = ["CODE CLIENT"]       # other headers a single column may have
    required = true                  # a row without a value is refused (missing_key)

    [fields.kind]
    columns = ["TYPE"]
    values = { V = "order", R = "return" }    # anything else is refused (bad_value)

    [constants]
    country = "FR"

    [[consents]]                     # one consent row for each row whose state is known
    contact = "email"                # the personal field that holds the address or number
    channel = "email"
    purpose = "marketing"
    state = { column = "OPTIN_EMAIL", values = { O = "granted", N = "denied" } }
    granted_at = ["DATE_OPTIN"]      # the first of these columns that holds something
    denied_at = ["DATE_OPTIN"]
    evidence = ["OPTIN_IP"]          # columns quoted in the consent's evidence

How a value is read follows from its field: `*_at` are times, `*_minor` amounts, `quantity_milli` quantities,
`deleted`, `is_guest` and `cancelled` flags; personal fields and the rest are text.
"""

from __future__ import annotations

import codecs
import json
import tomllib
import zoneinfo
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from rcu.domain.intake import FRAME_COLUMNS, Entity
from rcu.domain.records import RAW_FIELDS
from rcu.errors import ConfigurationError

Names = Annotated[tuple[str, ...], Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldRule(_Part):
    """How one field is filled.

    `columns` joined by a space, or a `digest` of columns (an id for rows that have none: equal rows share it).
    `month_day` reads `03/25` as month and day and writes `--03-25`. `check` refuses what is not an `email` at a glance.
    """

    columns: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    digest: tuple[str, ...] = ()
    required: bool = False
    values: dict[str, str] = Field(default_factory=dict)
    month_day: bool = False
    check: Literal["email"] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.columns) == bool(self.digest):
            msg = "give either columns or digest"
            raise ValueError(msg)
        return self


class ConsentState(_Part):
    """The column that tells a consent's state; a value that is not listed makes no consent."""

    column: str
    values: dict[str, Literal["granted", "denied"]]


class ConsentRule(_Part):
    """What a row says about one channel and purpose."""

    contact: Literal["email", "phone", "mobile"]
    channel: Literal["email", "sms"]
    purpose: str = "marketing"
    basis: str = "consent"
    state: ConsentState
    granted_at: tuple[str, ...] = ()
    denied_at: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


class Contract(_Part):
    """What a flat file holds; see the module's docstring for every key."""

    name: str
    files: Names
    entity: Literal["record", "order_line", "email_event"]
    full: bool = False
    encoding: str = "utf-8"
    separator: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', max_length=1)
    decimal: Literal[",", "."] = "."
    time_zone: str = "UTC"
    date_formats: tuple[str, ...] = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
    max_field_length: int = Field(default=10_000, ge=1)
    required_columns: tuple[str, ...] = ()
    fields: dict[str, FieldRule]
    constants: dict[str, str] = Field(default_factory=dict)
    consents: tuple[ConsentRule, ...] = ()

    @field_validator("encoding")
    @classmethod
    def _ascii_superset(cls, value: str) -> str:
        try:
            same = '\r\n;,|\t"09AZ'.encode(codecs.lookup(value).name) == b'\r\n;,|\t"09AZ'
        except LookupError:
            same = False
        if not same:
            msg = f"{value} is not an encoding that contains ASCII; use utf-8, cp1252, latin-1 ..."
            raise ValueError(msg)
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
            msg = f"{value} is not a time zone; use a name like Europe/Paris"
            raise ValueError(msg) from error
        return value

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        known = self.targets()
        for name in (*self.fields, *self.constants):
            if name not in known:
                msg = f"{name} is not a field of {self.entity}; known: {', '.join(known)}"
                raise ValueError(msg)
        for name in _MUST_HAVE[self.entity]:
            if name not in self.fields:
                msg = f"fields.{name} is needed for {self.entity}"
                raise ValueError(msg)
        return self

    def targets(self) -> tuple[str, ...]:
        """Name the fields this contract may fill."""
        if self.entity == "record":
            return (*FRAME_COLUMNS[Entity.RECORD][1:], *RAW_FIELDS)
        if self.entity == "email_event":
            return (*FRAME_COLUMNS[Entity.EMAIL_EVENT][1:], "email")
        return tuple(dict.fromkeys((*FRAME_COLUMNS[Entity.ORDER_LINE][1:], *_ORDER_FIELDS)))

    def entities(self) -> tuple[Entity, ...]:
        """Name the entities read from such a file."""
        found = [Entity(self.entity)]
        if self.entity == "order_line":
            found.insert(0, Entity.ORDER)
        return (*found, Entity.CONSENT) if self.consents else tuple(found)

    def needed_columns(self) -> tuple[FieldRule, ...]:
        """Give the rules of the fields no row can do without."""
        return tuple(rule for rule in self.fields.values() if rule.required)


_ORDER_FIELDS = tuple(name for name in FRAME_COLUMNS[Entity.ORDER] if name not in ("line", "native_id", "amount_minor"))
_MUST_HAVE = {
    "record": ("native_id",),
    "order_line": ("order_native_id", "occurred_at", "amount_minor"),
    "email_event": ("native_id", "record_native_id", "action", "occurred_at"),
}


def load_contract(path: Path) -> Contract:
    """Read a contract file, TOML or JSON by its suffix.

    Raises:
        ConfigurationError: the file cannot be read, or says something a contract cannot say; the message names the key.
    """
    try:
        return parse_contract(path.read_text(encoding="utf-8"), name=path.name)
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path.name}: cannot be read as UTF-8 text"
        raise ConfigurationError(msg) from error


def parse_contract(text: str, *, name: str) -> Contract:
    """Read the text of a contract; `name` is its file's name, for messages and to tell JSON from TOML."""
    try:
        content: object = json.loads(text) if name.endswith(".json") else tomllib.loads(text)
        return Contract.model_validate(content)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"{name}: {error}"
        raise ConfigurationError(msg) from error
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'contract'}: {one['msg']}" for one in error.errors())
        msg = f"{name}: {found}"
        raise ConfigurationError(msg, hint="see rcu.ingest.contract for every key") from error


@cache
def shipped_contracts() -> dict[str, Contract]:
    """Read the contracts shipped with RCU, by name."""
    folder = files("rcu.ingest") / "contracts"
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".toml")]
    contracts = [parse_contract(entry.read_text(encoding="utf-8"), name=entry.name) for entry in found]
    return {contract.name: contract for contract in sorted(contracts, key=lambda contract: contract.name)}
