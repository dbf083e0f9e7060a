"""What differs between two documents of one customer: fields by group and name, as they were and as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from rcu.golden.survivorship import GROUPS

Document: TypeAlias = Mapping[str, Any]
Place: TypeAlias = tuple[str, str, str | None]

_GROUP_OF: Final[Mapping[str, str]] = {name: group.name for group in GROUPS for name in group.fields}
_PARTS_OF_ORDERS: Final = ("currency", "by_channel", "by_store")
_NAMES_OF_RECORDS: Final = ("source", "native_id", "record_id", "address")


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that differs.

    Attributes:
        group: what it belongs to: a group of golden fields, or contact_points, consents, orders, scores, household,
            records.
        field: its name; `given_by` is the record a group of golden fields comes from.
        of: which contact point, currency or record, where there are several.
        before: its value before; None: it had none.
        after: its value now; None: it has none.
    """

    group: str
    field: str
    of: str | None
    before: Any
    after: Any


def differences(before: Document, after: Document) -> tuple[Difference, ...]:
    """The fields that differ, in the order of the document; of records, those that are in both."""
    former, present = _values(before), _values(after)
    gone = {one for one in (*_keys(before), *_keys(after)) if one not in _keys(before) or one not in _keys(after)}
    places = dict.fromkeys((*present, *former))
    return tuple(
        Difference(*place, former.get(place), present.get(place))
        for place in places
        if former.get(place) != present.get(place) and not (place[0] == "records" and place[2] in gone)
    )


def members(document: Document) -> tuple[str, ...]:
    """The records of a document by their keys, as far as it shows them."""
    return tuple(_keys(document))


def _keys(document: Document) -> list[str]:
    return [f"{one['source']}:{one['native_id']}" for one in document.get("records") or ()]


def _values(document: Document) -> dict[Place, Any]:
    return {
        place: value
        for part in (_golden, _contacts, _orders, _scores, _household, _records)
        for place, value in part(document)
    }


def _golden(document: Document) -> Iterator[tuple[Place, Any]]:
    golden = document.get("golden") or {}
    fields = {name: value for name, value in golden.items() if name != "address"} | (golden.get("address") or {})
    for name, value in fields.items():
        yield (_GROUP_OF[name], name, None), value
    for group, told in (document.get("provenance") or {}).items():
        yield (group, "given_by", None), told["record"] if "record" in told else f"decision {told['decision']}"


def _contacts(document: Document) -> Iterator[tuple[Place, Any]]:
    for point in document.get("contact_points") or ():
        yield ("contact_points", point["kind"], point["value"]), point["quality"]
        for consent in point.get("consents", ()):
            yield ("consents", f"{consent['channel']} {consent['purpose']}", point["value"]), consent["state"]


def _orders(document: Document) -> Iterator[tuple[Place, Any]]:
    aggregates = document.get("aggregates") or {}
    for one in aggregates.get("orders", ()):
        for name, value in one.items():
            if name not in _PARTS_OF_ORDERS:
                yield ("orders", name, one["currency"]), value
    yield ("orders", "last_email_click_at", None), aggregates.get("last_email_click_at")


def _scores(document: Document) -> Iterator[tuple[Place, Any]]:
    told = document.get("scores") or {}
    for name, score in (told.get("rfm") or {}).items():
        yield ("scores", name, None), score["value"]
    if "data_quality" in told:
        yield ("scores", "data_quality", None), told["data_quality"]["value"]


def _household(document: Document) -> Iterator[tuple[Place, Any]]:
    for name, value in (document.get("household") or {}).items():
        yield ("household", name, None), value["code"] if name == "reason" else value


def _records(document: Document) -> Iterator[tuple[Place, Any]]:
    for key, one in zip(_keys(document), document.get("records") or (), strict=True):
        for name, value in {**one, **(one.get("address") or {})}.items():
            if name not in _NAMES_OF_RECORDS:
                yield ("records", name, key), value
