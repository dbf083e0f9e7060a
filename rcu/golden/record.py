"""The golden record of a customer: the surviving values, and the provenance of each group of fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rcu.domain.overrides import Override, Overrides, Values
from rcu.golden.survivorship import GROUPS, Decision, Group, Member, Ranked, rank_group

BECAUSE: Final[Mapping[Decision, str]] = {
    "live": "its record was deleted at the source",
    "usable": "it is not complete enough to use",
    "source_rank": "its source is trusted less",
    "recency": "it is older",
    "completeness": "it has fewer fields",
    "key": "all else is equal",
}
"""Why a value was beaten, by the preference that decided."""

_SAID: Final = "a steward said otherwise"
_STEWARD: Final = "steward"
_NONE: Final[Overrides] = {}

_COMPANIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "identity": ("last_name_key", "name_quality"),
    "birth_date": ("birth_date_quality",),
    "address": ("street_key", "street_number", "street_suffix", "address_quality"),
    "email": ("email_key", "email_quality"),
    "mobile": ("mobile_quality",),
    "landline": ("landline_quality",),
}
"""Columns that go with a group without being shown."""

_SURVIVE: Final = tuple((group, (*group.fields, *_COMPANIONS.get(group.name, ()))) for group in GROUPS)

GOLDEN_COLUMNS: Final = tuple(name for _, names in _SURVIVE for name in names)
"""The standard columns a golden record is made of."""

COLUMNS_OF_GROUP: Final[Mapping[str, tuple[str, ...]]] = {group.name: names for group, names in _SURVIVE}
"""The standard columns of each group: those that are shown, and those that go with them."""

SHOWN_OF_GROUP: Final[Mapping[str, tuple[str, ...]]] = {group.name: group.fields for group in GROUPS}
"""Those that are shown."""

_NOTHING: Final[Mapping[str, Any]] = dict.fromkeys(GOLDEN_COLUMNS)


@dataclass(frozen=True, slots=True)
class GoldenRecord:
    """What survived, and why.

    `fields` has GOLDEN_COLUMNS, None where nothing is known; `provenance` holds group name to who won and who lost.
    """

    fields: Mapping[str, Any]
    provenance: Mapping[str, Any]


def golden_record(members: Sequence[Member], overrides: Overrides = _NONE) -> GoldenRecord:
    """Make the golden record of one customer.

    Args:
        members: its records, see `survivorship.rank_group` for their columns.
        overrides: what people set, which survives against any record.
    """
    fields = dict(_NOTHING)
    provenance: dict[str, Any] = {}
    for group, names in _SURVIVE:
        ranked = rank_group(members, group)
        override = overrides.get(group.name)
        if override is not None:
            fields |= {name: override.values.get(name) for name in names}
            provenance[group.name] = _set(override, ranked, group)
        elif ranked:
            survivor = ranked[0].member
            for name in names:
                fields[name] = survivor[name]
            provenance[group.name] = _told(ranked, group)
    return GoldenRecord(fields, provenance)


def _set(override: Override, ranked: Sequence[Ranked], group: Group) -> dict[str, Any]:
    """Who said what the group is, the records that say the same, and those that this beat."""
    told = {"source": _STEWARD, "decision": override.decision_id, "actor": override.actor}
    said = [(member, _SAID) for member, _ in ranked]
    return told | _others(said, _values(override.values, group), group)


def _told(ranked: Sequence[Ranked], group: Group) -> dict[str, Any]:
    """The record that gave the group, those that say the same, and those it beat, with why."""
    told: dict[str, Any] = {"record": _name(ranked[0].member)}
    if len(ranked) == 1:
        return told
    others = [(member, BECAUSE[decided_by]) for member, decided_by in ranked[1:]]
    return told | _others(others, _values(ranked[0].member, group), group)


def _others(others: Sequence[tuple[Member, str]], best: Mapping[str, Any], group: Group) -> dict[str, Any]:
    """Of records with what speaks against them, those that say the same as what survived, and those that do not."""
    told: dict[str, Any] = {}
    same: list[str] = []
    beat: list[dict[str, Any]] = []
    for member, because in others:
        values = _values(member, group)
        if values == best:
            same.append(_name(member))
        else:
            beat.append({"record": _name(member), "values": values, "because": because})
    if same:
        told["same"] = same
    if beat:
        told["beat"] = beat
    return told


def _name(member: Member) -> str:
    return f"{member['source']}:{member['native_id']}"


def _values(member: Member | Values, group: Group) -> dict[str, Any]:
    return {name: value for name in group.fields if (value := member[name]) is not None}
