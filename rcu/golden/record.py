"""The golden record of a customer: the surviving values, and the provenance of each group of fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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

_NOTHING: Final[Mapping[str, Any]] = dict.fromkeys(GOLDEN_COLUMNS)


@dataclass(frozen=True, slots=True)
class GoldenRecord:
    """What survived, and why.

    `fields` has GOLDEN_COLUMNS, None where nothing is known; `provenance` holds group name to who won and who lost.
    """

    fields: Mapping[str, Any]
    provenance: Mapping[str, Any]


def golden_record(members: Sequence[Member]) -> GoldenRecord:
    """Make the golden record of one customer from its records (see `survivorship.rank_group` for their columns)."""
    fields = dict(_NOTHING)
    provenance: dict[str, Any] = {}
    for group, names in _SURVIVE:
        ranked = rank_group(members, group)
        if ranked:
            survivor = ranked[0].member
            for name in names:
                fields[name] = survivor[name]
            provenance[group.name] = _told(ranked, group)
    return GoldenRecord(fields, provenance)


def _told(ranked: Sequence[Ranked], group: Group) -> dict[str, Any]:
    """The record that gave the group, those that say the same, and those it beat, with why."""
    told: dict[str, Any] = {"record": _name(ranked[0].member)}
    if len(ranked) == 1:
        return told
    best = _values(ranked[0].member, group)
    same: list[str] = []
    beat: list[dict[str, Any]] = []
    for member, decided_by in ranked[1:]:
        values = _values(member, group)
        if values == best:
            same.append(_name(member))
        else:
            beat.append({"record": _name(member), "values": values, "because": BECAUSE[decided_by]})
    if same:
        told["same"] = same
    if beat:
        told["beat"] = beat
    return told


def _name(member: Member) -> str:
    return f"{member['source']}:{member['native_id']}"


def _values(member: Member, group: Group) -> dict[str, Any]:
    return {name: value for name in group.fields if (value := member[name]) is not None}
