"""Imports: files of a source into records, events, consents and the quarantine.

A file is taken batch by batch, each in one transaction that also remembers that it was taken: an import that is killed
goes on where it stopped, and the same bytes are never taken twice.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

import pandas as pd
import pyarrow as pa
import uuid_utils
from pyarrow import parquet

from rcu.cleaning import CleaningSettings
from rcu.domain.intake import LINE, Batch, Entity, Refusal
from rcu.errors import InputError
from rcu.ingest import ELEMENT, Connector
from rcu.ingest.connector import BATCH_ROWS
from rcu.ingest.files import named_like
from rcu.services import frames
from rcu.services.ahead import one_ahead
from rcu.store import activity, filling, intake
from rcu.store import quarantine as quarantine_rows
from rcu.store.engine import Store, Transaction
from rcu.store.intake import KnownFile, Upserted

Clock = Callable[[], datetime]
_Tables: TypeAlias = dict[Entity, tuple[pa.Table, tuple[str, ...]]]
_OWNED: Final = (Entity.ADDRESS, Entity.ORDER, Entity.EMAIL_EVENT, Entity.CONSENT)
_ORDER: Final = (Entity.RECORD, Entity.ADDRESS, Entity.ORDER, Entity.ORDER_LINE, Entity.EMAIL_EVENT, Entity.CONSENT)


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file. `again` means its bytes were taken before, so nothing was done.

    `absent` counts records that were not in a full export, and so no longer exist at their source. When they are too
    many to be believed nothing is done about them (`absences_held`).
    """

    name: str
    again: bool
    rows_read: int
    rows_accepted: int
    rows_refused: int
    records: Upserted
    events: Upserted
    consents: int
    absent: int = 0
    absences_held: bool = False


@dataclass(frozen=True, slots=True)
class _Taken:
    records: Upserted = field(default_factory=Upserted)
    events: Upserted = field(default_factory=Upserted)
    consents: int = 0

    def __add__(self, other: _Taken) -> _Taken:
        return _Taken(self.records + other.records, self.events + other.events, self.consents + other.consents)


MOST_ABSENT: Final = 0.05
"""A full export that lacks a larger share of its source's records is not believed about them, unless told to be."""
FEW_ABSENT: Final = 10
"""So few are always believed."""

_MANY: Final = 2**20
"""Bytes of files from which on it gains to index records when all are there."""

_WORD: Final = re.compile(r"[\w.-]+")


class Present:
    """The native ids met in a file; every word of a refused row counts as one, for it may be a record's id."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def add(self, batch: Batch) -> None:
        """Take note of a batch."""
        frame = batch.frames.get(Entity.RECORD)
        if frame is not None:
            self.ids += frame["native_id"].tolist()
            self.ids += {word for refusal in batch.refusals for word in _WORD.findall(refusal.raw)}


@dataclass(frozen=True, slots=True)
class Importer:
    """Takes files of one source into a store."""

    store: Store
    connector: Connector
    cleaning: CleaningSettings
    clock: Clock
    progress: Callable[[str, int], None] = lambda _name, _rows: None
    batch_rows: int = BATCH_ROWS
    accept_absences: bool = False

    def take(self, paths: Sequence[Path], *, again: bool = False) -> list[FileReport]:
        """Take files, those with records before those that refer to them.

        Args:
            paths: the files.
            again: take them even when the same bytes were taken before (a replay).

        Raises:
            InputError: when a file is none of this source's, before anything is taken.
            UnreadableFile: when a file is not what it should be; files before it have been taken.
            Conflict: when another import or run is at work.
        """
        self._recognise(paths)
        with self.store.writer_lock():
            self.store.drop_leftovers()
            with self._first_import(paths):
                return [self._take_file(path, again=again) for path in sorted(paths, key=self._place)]

    @contextmanager
    def _first_import(self, paths: Sequence[Path]) -> Generator[None]:
        """Have records indexed at the end where there are none yet and many come, and in any case at the end."""
        if sum(path.stat().st_size for path in paths) >= _MANY:
            with self.store.begin() as connection:
                filling.begin_first_import(connection)
        try:
            yield
        finally:
            with self.store.begin() as connection:
                filling.have_lookups(connection)

    def _recognise(self, paths: Sequence[Path]) -> None:
        for path in paths:
            if not path.is_file():
                msg = f"{path.name}: there is no such file"
                raise InputError(msg)
            if not self.connector.matches(path):
                patterns = ", ".join(pattern for kind in self.connector.describe().files for pattern in kind.patterns)
                msg = f"{path.name} is not a file of source {self.connector.name}"
                raise InputError(msg, hint=f"its files are called {patterns}")

    def _place(self, path: Path) -> tuple[int, str]:
        kinds = self.connector.describe().files
        return next(place for place, kind in enumerate(kinds) if named_like(path, kind.patterns)), path.name

    def _take_file(self, path: Path, *, again: bool) -> FileReport:
        sha256 = file_digest(path) + (f" {uuid_utils.uuid7()}" if again else "")
        with self.store.begin() as connection:
            known = intake.register_file(connection, self.connector.name, path.name, sha256=sha256, now=self.clock())
        total, present = _Taken(), Present()
        absent, held = 0, False
        if not known.complete or self.accept_absences:
            for batch, tables in one_ahead(self._prepared(path, known)):
                if tables is not None:
                    total += self._take_batch(batch, tables, file_id=known.file_id, name=path.name)
                present.add(batch)
                self.progress(path.name, batch.rows_read)
            absent, held = self._complete(path, known.file_id, present, again=again)
        with self.store.read() as connection:
            read, accepted, refused = intake.file_totals(connection, known.file_id)
        return FileReport(
            path.name,
            known.complete,
            read,
            accepted,
            refused,
            total.records,
            total.events,
            total.consents,
            absent,
            held,
        )

    def _complete(self, path: Path, file_id: int, present: Present, *, again: bool) -> tuple[int, bool]:
        """Close a file; when it is a full export, mark the records it does not have (see `FileReport.absent`)."""
        full = self.connector.describe().files[self._place(path)[0]].full and not again and bool(present.ids)
        ids = pa.table({"native_id": pa.array(present.ids if full else [], pa.string())})
        with self.store.staged(ids) as staged, self.store.begin() as connection:
            intake.complete_file(connection, file_id, self.clock())
            if not full:
                return 0, False
            missing, live = intake.absences(connection, staged, self.connector.name)
            believed = self.accept_absences or len(missing) <= max(MOST_ABSENT * live, FEW_ABSENT)
            intake.set_absent(connection, staged, self.connector.name, mark=believed)
            return len(missing), not believed

    def _prepared(self, path: Path, known: KnownFile) -> Generator[tuple[Batch, _Tables | None]]:
        """The batches of a file, with what is to be staged of those that were not taken yet."""
        for batch in self.connector.read(path, batch_rows=self.batch_rows):
            yield batch, None if batch.number in known.batches else self._tables(batch)

    def _take_batch(self, batch: Batch, tables: _Tables, *, file_id: int, name: str) -> _Taken:
        """Take one batch in one transaction: what it holds, what it refuses, and the fact that it was taken."""
        with ExitStack() as staging:
            staged = {entity: staging.enter_context(self.store.staged(table)) for entity, (table, _) in tables.items()}
            with self.store.begin() as connection:
                taken = self._put_records(connection, staged, tables)
                waiting = self._waiting(connection, staged, batch)
                for table in staged.values():
                    intake.leave_out(connection, table, waiting.keys())
                taken += self._put_rest(connection, staged, tables)
                refusals = {refusal.line: refusal for refusal in (*batch.refusals, *_unknown(batch, waiting))}
                origin = {"file_id": file_id, "source": self.connector.name, "file_name": name}
                quarantine_rows.put(connection, origin, list(refusals.values()), waits_for=waiting, now=self.clock())
                values = {
                    "file_id": file_id,
                    "number": batch.number,
                    "rows_read": batch.rows_read,
                    "rows_accepted": batch.rows_read - len(refusals),
                    "rows_refused": len(refusals),
                    "content": _parquet(batch.raw),
                    "taken_at": self.clock(),
                }
                intake.keep_raw(connection, values)
        return taken

    def _waiting(self, connection: Transaction, staged: Mapping[Entity, Any], batch: Batch) -> dict[int, str]:
        """Lines that name a record or an order nobody delivered, with what they wait for."""
        found: dict[int, str] = {}
        for entity in _OWNED:
            if entity in staged:
                found |= intake.unknown_owners(connection, staged[entity], self.connector.name)
        if Entity.ORDER in staged:
            found = intake.unknown_events(connection, staged[Entity.ORDER], self.connector.name) | found
        return _with_relatives(found, batch)

    def _tables(self, batch: Batch) -> _Tables:
        """The rows to stage, by entity, with the standard columns of those that have some."""
        found: _Tables = {}
        for entity in _ORDER:
            frame = batch.frames.get(entity)
            if frame is None or frame.empty:
                continue
            match entity:
                case Entity.RECORD:
                    found[entity] = frames.record_rows(frame, self.cleaning)
                case Entity.ADDRESS:
                    found[entity] = frames.address_rows(frame, self.cleaning)
                case Entity.ORDER:
                    found[entity] = frames.order_rows(frame), ()
                case Entity.ORDER_LINE:
                    found[entity] = frames.line_rows(frame), ()
                case Entity.EMAIL_EVENT:
                    found[entity] = frames.email_event_rows(frame), ()
                case Entity.CONSENT:
                    found[entity] = frames.consent_rows(frame, self.connector.name, self.cleaning), ()
        return found

    def _put_records(
        self, connection: Transaction, staged: Mapping[Entity, Any], tables: Mapping[Entity, Any]
    ) -> _Taken:
        if Entity.RECORD not in staged:
            return _Taken()
        columns = tables[Entity.RECORD][1]
        source = self.connector.name
        return _Taken(
            records=intake.upsert_records(connection, staged[Entity.RECORD], source, columns=columns, now=self.clock())
        )

    def _put_rest(self, connection: Transaction, staged: Mapping[Entity, Any], tables: Mapping[Entity, Any]) -> _Taken:
        source, taken = self.connector.name, _Taken()
        if Entity.ADDRESS in staged:
            columns = tables[Entity.ADDRESS][1]
            taken += _Taken(
                records=intake.upsert_addresses(connection, staged[Entity.ADDRESS], source, columns=columns)
            )
        for entity in (Entity.ORDER, Entity.EMAIL_EVENT):
            if entity in staged:
                taken += _Taken(events=activity.upsert_events(connection, staged[entity], source))
        if Entity.ORDER_LINE in staged:
            activity.upsert_lines(connection, staged[Entity.ORDER_LINE], source)
        if Entity.CONSENT in staged:
            new = activity.append_consents(connection, staged[Entity.CONSENT], source, self.clock())
            taken += _Taken(consents=new)
        return taken


def _with_relatives(waiting: dict[int, str], batch: Batch) -> dict[int, str]:
    """Every row that names the same missing record waits with it, and every line of an order with the order."""
    found = dict(waiting)
    missing = {one.removeprefix("record:"): one for one in waiting.values() if one.startswith("record:")}
    for entity in _OWNED:
        if missing and entity in batch.frames:
            found |= _lines_by(batch.frames[entity], "record_native_id", missing)
    if found and Entity.ORDER_LINE in batch.frames:
        orders = batch.frames[Entity.ORDER]
        held = orders.loc[orders[LINE].isin(found.keys())]
        reasons = {order: found[line] for order, line in zip(held["native_id"], held[LINE].tolist(), strict=True)}
        found |= _lines_by(batch.frames[Entity.ORDER_LINE], "order_native_id", reasons)
    return found


def _lines_by(frame: pd.DataFrame, column: str, reasons: Mapping[str, str]) -> dict[int, str]:
    theirs = frame.loc[frame[column].isin(reasons.keys())]
    return {int(line): reasons[key] for line, key in zip(theirs[LINE].tolist(), theirs[column].tolist(), strict=True)}


def _unknown(batch: Batch, waiting: Mapping[int, str]) -> list[Refusal]:
    """The refusals of rows that wait for something."""
    raw = batch.raw.loc[batch.raw[LINE].isin(waiting.keys())]
    columns = [str(name) for name in raw.columns if name != LINE]
    texts = raw[columns[0]].tolist() if columns == [ELEMENT] else frames.raw_json(raw, columns)
    return [_refusal(int(line), waiting[int(line)], text) for line, text in zip(raw[LINE].tolist(), texts, strict=True)]


def _refusal(line: int, waits_for: str, raw: str) -> Refusal:
    if waits_for.startswith("event:"):
        detail = "the order it belongs to has not been delivered"
        return Refusal(line, "related_native_id", "unknown_order", detail, raw)
    detail = "the record it belongs to has not been delivered"
    return Refusal(line, "record_native_id", "unknown_record", detail, raw)


def _parquet(raw: pd.DataFrame) -> bytes:
    content = io.BytesIO()
    parquet.write_table(pa.Table.from_pandas(raw, preserve_index=False), content, compression="zstd")
    return content.getvalue()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
