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
from rcu.errors import InputError
from rcu.ingest import ELEMENT
from rcu.services.importing import Clock, FileReport, Importer
from rcu.services.sources import find_source
from rcu.store import quarantine as rows
from rcu.store.engine import Store
from rcu.store.quarantine import QuarantinedRow

_AT_MOST: Final = 100_000


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


def counts(store: Store) -> list[tuple[str, str, str, int]]:
    """How many open rows there are, by source, file and reason."""
    with store.read() as connection:
        return rows.counts(connection)


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
class Replayer:
    """Replays rows: each file's rows are written back in its own form and imported like any other file.

    What is refused again is in quarantine again, with its new reason.
    """

    store: Store
    cleaning: CleaningSettings
    clock: Clock

    def replay(self, ids: Sequence[int], corrections: Mapping[int, Any] | None = None) -> list[FileReport]:
        """Replay open rows, with their corrections where there are some.

        Raises:
            InputError: when a corrected row cannot be written in the form of its file.
            Conflict: when another import or run is at work.
        """
        chosen = listed(self.store, Filter(ids=tuple(ids[:_AT_MOST])))
        groups: dict[tuple[str, str], list[QuarantinedRow]] = {}
        for row in chosen:
            groups.setdefault((row.source, row.file_name), []).append(row)
        reports: list[FileReport] = []
        for (source, file_name), group in groups.items():
            reports += self._replay_file(source, file_name, group, corrections or {})
        return reports

    def _replay_file(
        self, source: str, file_name: str, group: Sequence[QuarantinedRow], corrections: Mapping[int, Any]
    ) -> list[FileReport]:
        connector = find_source(self.store, source).connect()
        contents = [corrections.get(row.quarantine_id, orjson.loads(row.raw)) for row in group]
        name = file_name.removesuffix(".gz")
        content = connector.rewrite(Path(name), contents, header=self._header(group[0].file_id))
        with tempfile.TemporaryDirectory(prefix="rcu-replay-") as folder:
            path = Path(folder) / name
            path.write_bytes(content)
            importer = Importer(self.store, connector, self.cleaning, self.clock)
            reports = importer.take([path], again=True)
        self.close(group, "replayed")
        return reports

    def _header(self, file_id: int) -> list[str]:
        with self.store.read() as connection:
            content = rows.header_of(connection, file_id)
        if content is None:
            return []
        names = parquet.read_schema(io.BytesIO(content)).names
        return [name for name in names if name not in {LINE, ELEMENT}]

    def close(self, group: Sequence[QuarantinedRow], status: str) -> int:
        """Close rows as replayed or dropped."""
        with self.store.begin() as connection:
            return rows.resolve(connection, [row.quarantine_id for row in group], status, self.clock())


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
        reports += Replayer(store, cleaning, clock).replay(ids)
