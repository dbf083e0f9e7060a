"""Refused rows: listed, exported, corrected, replayed or dropped."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
from pyarrow import parquet

from rcu.cleaning import CleaningSettings
from rcu.domain.intake import LINE
from rcu.errors import InputError, NotFound
from rcu.ingest import ELEMENT, Connector
from rcu.services.cursors import read_cursor, write_cursor
from rcu.services.importing import Clock, FileReport, Importer
from rcu.services.sources import find_source
from rcu.store import quarantine as rows
from rcu.store.engine import Store
from rcu.store.quarantine import QuarantinedRow, RefusedRow, RefusedWish

_AT_MOST: Final = 100_000
_CURSOR: Final = "q1"
_NEWEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Filter:
    """Which open rows are meant; everything open by default."""

    source: str | None = None
    reason: str | None = None
    ids: tuple[int, ...] | None = None
    limit: int | None = None


def listed(store: Store, chosen: Filter) -> list[QuarantinedRow]:
    """Open rows, by file and line."""
    with store.read() as connection:
        found = rows.listed(connection, source=chosen.source, reason=chosen.reason, ids=chosen.ids, limit=chosen.limit)
        return list(found)


def page(
    store: Store, wish: RefusedWish, *, cursor: str | None = None, limit: int = 50
) -> tuple[list[RefusedRow], str | None]:
    """Where refused rows stand, the newest first, and the cursor of older ones (None at the end).

    Raises:
        InvalidCursor: the cursor is not one this service gave out.
    """
    before = _NEWEST if cursor is None else read_cursor(_CURSOR, cursor)
    with store.read() as connection:
        found = rows.page(connection, wish, before=before, limit=limit + 1)
    shown = found[:limit]
    return shown, write_cursor(_CURSOR, shown[-1].quarantine_id) if len(found) > limit else None


def refused(store: Store, quarantine_id: int) -> QuarantinedRow:
    """One refused row, open or not.

    Raises:
        NotFound: there is none of that number.
    """
    with store.read() as connection:
        found = rows.find(connection, quarantine_id)
    if found is None:
        raise NotFound("refused row", str(quarantine_id))
    return found


def counts(store: Store, *, most: int | None = None) -> list[tuple[str, str, str, int]]:
    """How many open rows there are, by source, file and reason; with `most` only so many, the largest first."""
    with store.read() as connection:
        return rows.counts(connection, most=most)


def export(found: Iterable[QuarantinedRow]) -> Iterator[bytes]:
    """One JSON object a row, to be corrected under `row` and replayed."""
    for one in found:
        told = {
            "quarantine_id": one.quarantine_id,
            "source": one.source,
            "file": one.file_name,
            "line": one.line,
            "field": one.field,
            "reason": one.reason,
            "detail": one.detail,
            "row": orjson.loads(one.raw),
        }
        yield orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def read_corrections(lines: Iterable[bytes]) -> dict[int, Any]:
    """The corrected rows of an edited export, by quarantine id.

    Raises:
        InputError: when a line is not what `export` writes; says which.
    """
    found: dict[int, Any] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            one = orjson.loads(line)
            found[int(one["quarantine_id"])] = one["row"]
        except (ValueError, TypeError, KeyError):
            msg = f"line {number} of the corrections is not a JSON object with quarantine_id and row"
            raise InputError(msg) from None
    return found


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a replay: how many rows were closed by it, and what the import of their files says."""

    rows: int
    files: list[FileReport]


@dataclass(frozen=True, slots=True)
class _Rewritten:
    """Rows of one file, in the form of that file again."""

    ids: list[int]
    connector: Connector
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Replayer:
    """Replays rows: each file's rows are written back in its own form and imported like any other file.

    What is refused again is in quarantine again, with its new reason.
    """

    store: Store
    cleaning: CleaningSettings
    clock: Clock

    def replay(self, ids: Sequence[int], corrections: Mapping[int, Any] | None = None) -> Replayed:
        """Replay open rows, with their corrections where there are some; those that are not open are passed over.

        Raises:
            InputError: when a corrected row cannot be written in the form of its file; then nothing was replayed.
                Likewise when corrected text makes no rows of its file; files before it have been replayed.
            Conflict: when another import or run is at work; files before it have been replayed.
        """
        groups: dict[tuple[str, str], list[QuarantinedRow]] = {}
        for row in listed(self.store, Filter(ids=tuple(ids[:_AT_MOST]))):
            groups.setdefault((row.source, row.file_name), []).append(row)
        connectors = {name: find_source(self.store, name).connect() for name in {source for source, _ in groups}}
        files = [
            self._rewritten(connectors[source], file_name, group, corrections or {})
            for (source, file_name), group in groups.items()
        ]
        done = [self._take(file) for file in files]
        return Replayed(sum(one.rows for one in done), [report for one in done for report in one.files])

    def _rewritten(
        self, connector: Connector, file_name: str, group: Sequence[QuarantinedRow], corrections: Mapping[int, Any]
    ) -> _Rewritten:
        ids = [row.quarantine_id for row in group]
        contents = [corrections.get(row.quarantine_id, orjson.loads(row.raw)) for row in group]
        name = file_name.removesuffix(".gz")
        content = connector.rewrite(Path(name), contents, header=self._header(group[0].file_id))
        return _Rewritten(ids, connector, name, content)

    def _take(self, file: _Rewritten) -> Replayed:
        with tempfile.TemporaryDirectory(prefix="rcu-replay-") as folder:
            path = Path(folder) / file.name
            path.write_bytes(file.content)
            importer = Importer(self.store, file.connector, self.cleaning, self.clock)
            reports = importer.take([path], again=True)
        read = sum(one.rows_read for one in reports)
        if read < len(file.ids):  # closed, the others would be lost
            msg = f"{file.name}: of {len(file.ids)} rows {read} were read, so all of them stay in quarantine"
            raise InputError(msg, hint="a corrected text is no row of such a file, or ends it")
        with self.store.begin() as connection:
            return Replayed(rows.resolve(connection, file.ids, "replayed", self.clock()), reports)

    def _header(self, file_id: int) -> list[str]:
        with self.store.read() as connection:
            content = rows.header_of(connection, file_id)
        if content is None:
            return []
        names = parquet.read_schema(io.BytesIO(content)).names
        return [name for name in names if name not in {LINE, ELEMENT}]


def drop(store: Store, chosen: Filter, now: datetime) -> int:
    """Give rows up; they stay on record as dropped."""
    ids = [row.quarantine_id for row in listed(store, chosen)]
    with store.begin() as connection:
        return rows.resolve(connection, ids, "dropped", now)


def release(store: Store, source: str, cleaning: CleaningSettings, clock: Clock) -> list[FileReport]:
    """Replay the rows of a source that waited for a record or an order which has been delivered since.

    So the order in which files arrive does not matter. Rows that wait for one another take several rounds.
    """
    reports: list[FileReport] = []
    while True:
        with store.read() as connection:
            ids = rows.no_longer_waiting(connection, source)
        if not ids:
            return reports
        reports += Replayer(store, cleaning, clock).replay(ids).files
