"""Read the JSON exports of a PrestaShop webservice: customers, addresses, orders and credit slips."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast

import pandas as pd

from rcu.domain.intake import LINE, Batch, Entity, Refusal
from rcu.errors import UnreadableFile
from rcu.ingest.connector import BATCH_ROWS, Description, FileKind
from rcu.ingest.files import last_bytes, named_like, open_checked
from rcu.ingest.frames import frame_of_rows
from rcu.ingest.jsonarray import Element, JsonArray
from rcu.ingest.prestashop_rows import (
    BadElementError,
    Reading,
    Rows,
    read_address,
    read_customer,
    read_order,
    read_slip,
)
from rcu.ingest.rewriting import RefusedRow, json_array

KIND: Final = "prestashop"
ELEMENT: Final = "element"
"""The column of raw rows that holds an element whole."""
_NUL: Final = "\\u0000"
_ENDED: Final = re.compile(rb"\](?:\s*,[^\[\]{}]*)?\s*\}?$")
EURO: Final[Mapping[str, str]] = MappingProxyType({"1": "EUR"})


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of export: the key of its array, what it holds, and how an element is read."""

    key: str
    entities: tuple[Entity, ...]
    read: Callable[[Reading], Rows]


RESOURCES: Final = (
    Resource("customers", (Entity.RECORD, Entity.CONSENT), read_customer),
    Resource("addresses", (Entity.ADDRESS,), read_address),
    Resource("orders", (Entity.ORDER, Entity.ORDER_LINE), read_order),
    Resource("order_slips", (Entity.ORDER, Entity.ORDER_LINE), read_slip),
)


@dataclass(frozen=True, slots=True)
class PrestashopConnector:
    """A shop whose webservice was exported to files named after its resources: `customers*.json`, gzipped or not.

    `time_zone` is the shop's, since its times carry none; `currencies` gives ISO 4217 codes by the shop's ids.
    """

    name: str
    time_zone: str = "Europe/Paris"
    currencies: Mapping[str, str] = field(default_factory=lambda: EURO)

    def describe(self) -> Description:
        """Say which files are read and what they hold."""
        kinds = [FileKind(one.key, (f"{one.key}*.json",), one.entities, full=False) for one in RESOURCES]
        return Description(self.name, KIND, tuple(kinds))

    def matches(self, path: Path) -> bool:
        """Tell by its name whether a file is an export."""
        return _resource(path) is not None

    def read(self, path: Path, *, batch_rows: int = BATCH_ROWS) -> Iterator[Batch]:
        """Read an export as batches (see `Connector.read`); an element of the array is a row."""
        resource = _required(path)
        _require_end(path)
        with open_checked(path) as stream:
            elements = iter(JsonArray(stream, key=resource.key, file=path.name))
            number = 0
            while chunk := list(islice(elements, batch_rows)):
                yield self._batch(number, chunk, resource)
                number += 1

    def rewrite(self, path: Path, rows: Sequence[RefusedRow], *, header: Sequence[str] = ()) -> bytes:  # noqa: ARG002
        """Write elements back as an export of the same resource (see `Connector.rewrite`)."""
        return json_array(_required(path).key, rows)

    def _batch(self, number: int, elements: list[Element], resource: Resource) -> Batch:
        rows: dict[Entity, list[Mapping[str, object]]] = {entity: [] for entity in resource.entities}
        accepted: list[Element] = []
        refusals: list[Refusal] = []
        for element in elements:
            try:
                found = self._read(element, resource)
            except BadElementError as bad:
                refusals.append(Refusal(element.place, bad.field, bad.reason, bad.detail, _text_of(element)))
                continue
            accepted.append(element)
            for entity, row in found:
                rows[entity].append(row)
        frames = {entity: frame_of_rows(entity, found) for entity, found in rows.items()}
        return Batch(number, len(elements), _raw(accepted), frames, tuple(refusals))

    def _read(self, element: Element, resource: Resource) -> Rows:
        if element.malformed or not isinstance(element.value, dict):
            raise BadElementError(None, "not_an_object", "a JSON object")
        if _NUL in element.text:
            raise BadElementError(None, "bad_value", "no NUL character, which is no text")
        value = cast("dict[str, object]", element.value)
        reading = Reading(element.place, value, self.time_zone, self.currencies)
        return list(resource.read(reading))


def _resource(path: Path) -> Resource | None:
    longest_first = sorted(RESOURCES, key=lambda one: -len(one.key))
    return next((one for one in longest_first if named_like(path, (f"{one.key}*.json",))), None)


def _text_of(element: Element) -> str:
    """The element as JSON: what is none becomes a JSON string."""
    return json.dumps(element.text, ensure_ascii=False) if element.malformed else element.text


def _require_end(path: Path) -> None:
    """Refuse a file that was cut short before anything of it is taken."""
    tail = last_bytes(path).strip()
    if tail and not _ENDED.search(tail):
        hint = "the transfer was probably cut short: fetch the file again"
        raise UnreadableFile(path.name, "the array does not end", hint=hint)


def _required(path: Path) -> Resource:
    resource = _resource(path)
    if resource is None:
        hint = f"known names: {', '.join(f'{one.key}*.json' for one in RESOURCES)}"
        raise UnreadableFile(path.name, "no export of this name", hint=hint)
    return resource


def _raw(elements: list[Element]) -> pd.DataFrame:
    lines = pd.Series([element.place for element in elements], dtype="int64")
    return pd.DataFrame({LINE: lines, ELEMENT: pd.Series([element.text for element in elements], dtype="str")})
