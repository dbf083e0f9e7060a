"""What a steward sets in a golden record: fields as they are written, standardised as a record's, by group.

A group is set as a whole, as it survives. Names are looked at together, so those that are not named are taken from the
golden record as it stands; a postal address is what is said of it and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rcu.cleaning.rows import standardise_row
from rcu.domain.overrides import Values
from rcu.domain.records import Quality
from rcu.errors import InputError
from rcu.golden.record import COLUMNS_OF_GROUP, golden_record
from rcu.services.asking import Setting
from rcu.services.projection import materials, overrides_of
from rcu.store.engine import Transaction

_IDENTITY: Final = ("civility", "gender", "first_name", "last_name", "birth_name", "company")
_ADDRESS: Final = ("address_line", "address_complement", "postcode", "city", "country")
_GROUP_OF: Final[Mapping[str, str]] = {
    **dict.fromkeys(_IDENTITY, "identity"),
    **dict.fromkeys(_ADDRESS, "address"),
    **{name: name for name in ("birth_date", "email", "mobile", "landline", "loyalty_number")},
}
FIELDS: Final = tuple(_GROUP_OF)
"""What can be set."""

_RAW: Final = {"landline": "phone"}
"""The raw field under which cleaning reads one, where it is called otherwise."""
_LINES: Final = ("street", "place", "building", "address_complement")
"""What an address line may turn out to be."""
_QUALITY_OF: Final = {"identity": "name_quality", "loyalty_number": None}
MOST_CHARACTERS: Final = 300


def sets_of(connection: Transaction, records: Sequence[int], setting: Setting) -> dict[str, Values]:
    """The standard columns of each group that is set.

    Args:
        connection: the transaction of the decision.
        records: the records of the customer.
        setting: what its fields are to be.

    Raises:
        InputError: a field cannot be set, or a value is not one; names the field, never the value.
    """
    _check(setting.fields)
    named: dict[str, dict[str, str | None]] = {}
    for name, value in setting.fields.items():
        named.setdefault(_GROUP_OF[name], {})[name] = (value or "").strip() or None
    if "identity" in named:
        named["identity"] = _beside(_identity(connection, records), named["identity"])
    return {group: _standard(group, said, setting) for group, said in named.items()}


def _check(fields: Mapping[str, str | None]) -> None:
    if not fields:
        raise InputError("an override sets at least one field", hint=f"fields: {', '.join(FIELDS)}")
    unknown = [name for name in fields if name not in _GROUP_OF]
    if unknown:
        msg = f"{len(unknown)} of the fields named cannot be set"
        raise InputError(msg, hint=f"fields: {', '.join(FIELDS)}")
    if any(value is not None and len(value) > MOST_CHARACTERS for value in fields.values()):
        msg = f"a value is longer than {MOST_CHARACTERS} characters"
        raise InputError(msg)


def _identity(connection: Transaction, records: Sequence[int]) -> Mapping[str, str | None]:
    """The names in the golden record as it stands."""
    (material,) = materials(connection, dict.fromkeys(records, records[0])).told().values()
    golden = golden_record(material.members, overrides_of(material.members))
    return {name: golden.fields[name] for name in _IDENTITY}


def _beside(standing: Mapping[str, str | None], named: Mapping[str, str | None]) -> dict[str, str | None]:
    """Names as they are to be, with those that stay; a gender goes with the title and first name it was read from."""
    stays = dict(standing)
    if named.keys() & {"civility", "first_name"}:
        stays["gender"] = None
    return {**stays, **named}


def _standard(group: str, said: Mapping[str, str | None], setting: Setting) -> dict[str, str | None]:
    """The columns of one group; all empty where nothing is said."""
    read = standardise_row({_RAW.get(name, name): value for name, value in said.items()}, settings=setting.cleaning)
    nothing = all(value is None for value in said.values())
    if not nothing:
        quality = _QUALITY_OF.get(group, f"{group}_quality")
        junk = quality is not None and read[quality] == Quality.JUNK
        named = [name for name in said if name in setting.fields and said[name] is not None]
        wrong = [name for name in named if junk or not _was_read(name, read)]
        if wrong:
            msg = f"not a value of its kind: {', '.join(wrong)}"
            raise InputError(msg, hint="values are read as a record's are; a mobile number is not a landline")
    return {name: None if nothing else read[name] for name in COLUMNS_OF_GROUP[group]}


def _was_read(name: str, read: Values) -> bool:
    return any(read[column] is not None for column in (_LINES if name == "address_line" else (name,)))
