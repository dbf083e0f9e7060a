"""Read flat files by contract: every row is accepted or refused, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import pandas as pd

from rcu.domain.intake import LINE, Batch, Entity, Refusal
from rcu.errors import UnreadableFile
from rcu.ingest.connector import BATCH_ROWS, Description, FileKind
from rcu.ingest.consents import consent_frame, read_consents
from rcu.ingest.contract import Contract
from rcu.ingest.fields import Filling
from rcu.ingest.files import named_like, open_checked
from rcu.ingest.frames import frame_of, orders_of_lines
from rcu.ingest.lines import Row, read_rows
from rcu.ingest.refusals import Problem, refuse_row, refuse_text
from rcu.ingest.rewriting import RefusedRow, flat_file
from rcu.ingest.sniffing import SAMPLE_BYTES, check_encoding, columns_of, read_header
from rcu.ingest.table import Mask, Table

KIND: Final = "flatfile"
_OWNER: Final = {"record": "native_id", "email_event": "record_native_id", "order_line": "record_native_id"}


@dataclass(frozen=True, slots=True)
class FlatFileConnector:
    """A source that delivers flat files, each under the contract its name calls for."""

    name: str
    contracts: tuple[Contract, ...]

    def describe(self) -> Description:
        """Say which files are read and what they hold."""
        kinds = [FileKind(one.name, one.files, one.entities(), one.full) for one in self.contracts]
        return Description(self.name, KIND, tuple(kinds))

    def matches(self, path: Path) -> bool:
        """Tell by its name whether a file has a contract."""
        return any(named_like(path, contract.files) for contract in self.contracts)

    def contract_for(self, path: Path) -> Contract:
        """Find the contract of a file: the first whose pattern fits.

        Raises:
            UnreadableFile: no contract is for such a file.
        """
        for contract in self.contracts:
            if named_like(path, contract.files):
                return contract
        known = ", ".join(pattern for contract in self.contracts for pattern in contract.files)
        raise UnreadableFile(path.name, "no contract for a file of this name", hint=f"known names: {known}")

    def read(self, path: Path, *, batch_rows: int = BATCH_ROWS) -> Iterator[Batch]:
        """Read a file as batches (see `Connector.read`); the lines of one order are never cut in two."""
        contract = self.contract_for(path)
        with open_checked(path) as stream:
            sample = stream.read(SAMPLE_BYTES)
        if not sample.strip():
            return
        check_encoding(sample, contract, file=path.name)
        header = read_header(sample, contract, file=path.name)
        with open_checked(path) as stream:
            yield from _batches(stream, contract, header, file=path.name, batch_rows=batch_rows)

    def rewrite(self, path: Path, rows: Sequence[RefusedRow], *, header: Sequence[str] = ()) -> bytes:
        """Write rows back under the contract of a file (see `Connector.rewrite`)."""
        return flat_file(self.contract_for(path), header, rows)


def _batches(
    stream: IO[bytes], contract: Contract, header: list[str], *, file: str, batch_rows: int
) -> Iterator[Batch]:
    blocks = read_rows(stream, contract, file=file, width=len(header))
    chunks = cut_rows(blocks, batch_rows, same=_order_key(contract, header))
    for number, rows in enumerate(chunks):
        yield _batch(number, rows, contract=contract, header=header)


def cut_rows(
    blocks: Iterator[list[Row]], size: int, *, same: Callable[[Row], str | None] | None
) -> Iterator[list[Row]]:
    """Cut rows into chunks of `size`; with `same`, a chunk goes on as long as its last row's key does."""
    waiting: list[Row] = []
    for block in blocks:
        waiting += block
        while (end := _end(waiting, size, same)) is not None:
            yield waiting[:end]
            del waiting[:end]
    if waiting:
        yield waiting


def _end(rows: list[Row], size: int, same: Callable[[Row], str | None] | None) -> int | None:
    if len(rows) < size or (same is not None and len(rows) == size):
        return None
    if same is None:
        return size
    key = next((found for row in reversed(rows[:size]) if (found := same(row)) is not None), None)
    for place in range(size, len(rows)):
        found = same(rows[place])
        if found is not None and found != key:
            return place
    return None


def _order_key(contract: Contract, header: Sequence[str]) -> Callable[[Row], str | None] | None:
    if contract.entity != "order_line":
        return None
    column = columns_of(contract.fields["order_native_id"], header)[0]
    place, separator = header.index(column or ""), contract.separator

    def key(row: Row) -> str | None:
        if row.problem is not None:
            return None
        return (row.fields or row.text.split(separator, place + 1))[place].strip()

    return key


def _batch(number: int, rows: list[Row], *, contract: Contract, header: Sequence[str]) -> Batch:
    sound = [row for row in rows if row.problem is None]
    damaged = [_refused(row, row.problem) for row in rows if row.problem is not None]
    table = Table.of(header, sound, contract.separator)
    filling = Filling.of(table, contract)
    consents = read_consents(filling, owner=_OWNER[contract.entity])
    keep = filling.faults.sound
    frames = {
        entity: frame_of(entity, columns, size=len(columns[LINE])) for entity, columns in _entities(filling, keep)
    }
    if consents:
        frames[Entity.CONSENT] = consent_frame(consents, keep)
    refusals = sorted([*damaged, *_faulty(table, filling)], key=lambda refusal: refusal.line)
    return Batch(number, len(rows), table.frame(keep), frames, tuple(refusals))


def _entities(filling: Filling, keep: Mask) -> Iterator[tuple[Entity, dict[str, Any]]]:
    lines = pd.Series(filling.table.lines[keep], dtype="Int64")
    columns = {LINE: lines} | {name: one[keep].reset_index(drop=True) for name, one in filling.series.items()}
    entity = Entity(filling.contract.entity)
    if entity is Entity.ORDER_LINE:
        yield Entity.ORDER, orders_of_lines(columns)
    yield entity, columns


def _faulty(table: Table, filling: Filling) -> Iterator[Refusal]:
    faults = filling.faults
    for place in (~faults.sound).nonzero()[0].tolist():
        problem = faults.problems[int(faults.first[place])]
        yield refuse_row(int(table.lines[place]), table.header, table.row(place), problem=problem)


def _refused(row: Row, problem: Problem) -> Refusal:
    return refuse_text(row.line, row.text, reason=problem.reason, detail=problem.detail)
