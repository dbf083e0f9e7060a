"""Survivorship: which record of a customer gives each group of fields, and what it beat.

Fields survive in groups, so that a golden record never mixes half of one address with half of another. The order of
preference is a rule per group; the last tie is broken by the record's key, so the result does not depend on the order
of arrival.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, Final, Literal, NamedTuple, TypeAlias

Member: TypeAlias = Mapping[str, Any]
Preference = Literal["usable", "live", "source_rank", "recency", "completeness"]
Decision: TypeAlias = Preference | Literal["key"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_APART: Final = frozenset({"address", "mobile", "landline"})
"""Groups that sources deliver with an address, and that have its date."""


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that survive together.

    Attributes:
        name: how provenance calls the group.
        fields: standard columns, for display.
        needs: the group is present in a record when at least one of these is.
        order: preferences, the most important first.
    """

    name: str
    fields: tuple[str, ...]
    needs: tuple[str, ...]
    order: tuple[Preference, ...]


_BY_SOURCE: Final = ("live", "usable", "source_rank", "recency", "completeness")
_BY_RECENCY: Final = ("live", "usable", "recency", "source_rank", "completeness")

_ADDRESS: Final = (
    "address_complement", "building", "street", "place", "postcode", "city", "cedex", "commune_insee", "country",
)  # fmt: skip
GROUPS: Final = (
    Group(
        "identity",
        ("record_kind", "civility", "gender", "first_name", "last_name", "birth_name", "company"),
        ("first_name", "last_name", "company"),
        _BY_SOURCE,
    ),
    Group("birth_date", ("birth_date",), ("birth_date",), _BY_SOURCE),
    Group(
        "address",
        _ADDRESS,
        ("street", "place", "postcode", "city"),
        _BY_RECENCY,
    ),
    Group("email", ("email",), ("email",), _BY_RECENCY),
    Group("mobile", ("mobile",), ("mobile",), _BY_RECENCY),
    Group("landline", ("landline",), ("landline",), _BY_RECENCY),
    Group("loyalty_number", ("loyalty_number",), ("loyalty_number",), _BY_RECENCY),
)
"""People move and change their mailbox, so contact points follow recency; names follow the most trusted source."""


class Ranked(NamedTuple):
    """A record that has a group, and the first preference in which it is worse than the survivor."""

    member: Member
    decided_by: Decision


def rank_group(members: Sequence[Member], group: Group) -> list[Ranked]:
    """Order the records of one customer that have this group, the survivor first.

    Args:
        members: in any order: source, native_id, rank (of the source, lower is better), deleted, updated_at,
            address_updated_at, and the standard columns; None where there is nothing.
        group: the group.

    Returns:
        The members that have the group. `decided_by` is "key" for the survivor, and where only the last tie-break
        tells a record from it.
    """
    needed, nothing = _NEEDED[group.name]
    present = [member for member in members if needed(member) != nothing]
    if len(present) < 2:
        return [Ranked(member, "key") for member in present]
    preferred = [_PREFERRED[name] for name in group.order]
    keyed = [
        ([key(member, group) for key in preferred], member["source"], member["native_id"], member) for member in present
    ]
    keyed.sort(key=_WITHOUT_MEMBER)
    best = keyed[0][0]
    return [Ranked(member, _decided_by(key, best, group)) for key, _, _, member in keyed]


_WITHOUT_MEMBER: Final = itemgetter(0, 1, 2)
_NEEDED: Final = {
    group.name: (itemgetter(*group.needs), itemgetter(*group.needs)(dict.fromkeys(group.needs))) for group in GROUPS
}
"""What reads the needs of a group, and what it reads where there is nothing."""


def _decided_by(key: Sequence[Any], best: Sequence[Any], group: Group) -> Decision:
    if key == best:
        return "key"
    return next(name for name, mine, survivors in zip(group.order, key, best, strict=True) if mine != survivors)


def _completeness(member: Member, group: Group) -> int:
    return -len([name for name in group.fields if member[name] is not None])


def _age(member: Member, group: Group) -> timedelta:
    """How long before 1970 the last word on this group was; no word is older than any."""
    instant: datetime | None = member["address_updated_at"] if group.name in _APART else None
    instant = instant or member["updated_at"]
    return timedelta.max if instant is None else _EPOCH - instant


def _unusable(member: Member, group: Group) -> bool:
    """Whether the group cannot be used as it is: it is no whole name, no whole address, no date with its year."""
    match group.name:
        case "identity":
            person = len(member["first_name"] or "") > 1 and member["last_name"] is not None
            return not ((person and member["record_kind"] != "couple") or member["company"] is not None)
        case "address":
            return member["street"] is None or member["postcode"] is None
        case "birth_date":
            return len(member["birth_date"]) != 10
        case _:
            return False


_PREFERRED: Final[Mapping[Preference, Callable[[Member, Group], Any]]] = {
    "live": lambda member, _: bool(member["deleted"]),
    "usable": _unusable,
    "source_rank": lambda member, _: member["rank"],
    "recency": _age,
    "completeness": _completeness,
}
"""What each preference says of a record, the smaller the better."""
