"""Taking batches in: raw rows, records, addresses, events and consents, each set in one statement.

Every function works inside the caller's transaction on rows that were staged before it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Executable,
    FromClause,
    Select,
    Table,
    and_,
    delete,
    except_,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from rcu.store.marks import write_marked
from rcu.store.tables import (
    events,
    memberships,
    raw_batches,
    raw_files,
    records,
    records_before,
)
from rcu.store.writing import upsert

RECORD_OWN_COLUMNS: Final = ("store", "is_guest", "deleted", "created_at", "updated_at", "raw", "content_hash")


_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that was met before, or has just been registered."""

    file_id: int
    complete: bool
    batches: frozenset[int]


def register_file(connection: Connection, source: str, name: str, *, sha256: str, now: datetime) -> KnownFile:
    """Remember a file by its content; the same bytes are one file, whatever it is called."""
    found = connection.execute(
        select(raw_files.c.file_id, raw_files.c.completed_at).where(
            raw_files.c.source == source, raw_files.c.sha256 == sha256
        )
    ).one_or_none()
    if found is None:
        file_id = connection.execute(
            insert(raw_files)
            .values(source=source, name=name, sha256=sha256, started_at=now)
            .returning(raw_files.c.file_id)
        ).scalar_one()
        return KnownFile(file_id, complete=False, batches=frozenset())
    numbers = connection.execute(select(raw_batches.c.number).where(raw_batches.c.file_id == found.file_id)).scalars()
    return KnownFile(found.file_id, complete=found.completed_at is not None, batches=frozenset(numbers))


def complete_file(connection: Connection, file_id: int, now: datetime) -> None:
    """Remember that the last batch of a file was taken."""
    connection.execute(update(raw_files).where(raw_files.c.file_id == file_id).values(completed_at=now))


def keep_raw(connection: Connection, values: dict[str, Any]) -> None:
    """Keep the rows of a batch as they were read, and with them the fact that the batch was taken."""
    connection.execute(insert(raw_batches).values(**values))


def file_totals(connection: Connection, file_id: int) -> tuple[int, int, int]:
    """Rows read, accepted and refused of one file, over all its batches."""
    sums = (raw_batches.c.rows_read, raw_batches.c.rows_accepted, raw_batches.c.rows_refused)
    totals = select(*(func.coalesce(func.sum(column), 0) for column in sums)).where(raw_batches.c.file_id == file_id)
    read, accepted, refused = tuple[int, ...](connection.execute(totals).one())
    return int(read), int(accepted), int(refused)


@dataclass(frozen=True, slots=True)
class Upserted:
    """How many rows were new and how many changed."""

    new: int = 0
    changed: int = 0

    def __add__(self, other: Upserted) -> Upserted:
        return Upserted(self.new + other.new, self.changed + other.changed)


def upsert_records(
    connection: Connection, staged: Table, source: str, *, columns: Sequence[str], now: datetime
) -> Upserted:
    """Insert new records, update those whose content changed and is not older than what is stored.

    Args:
        connection: the transaction.
        staged: `native_id`, `birth_id`, `line`, RECORD_OWN_COLUMNS and the standard columns this source delivers.
        source: the source's name.
        columns: the standard columns delivered, with their hashes; others keep what another delivery (an address file)
            put there.
        now: the instant of arrival.
    """
    delivered = (*columns, *RECORD_OWN_COLUMNS)
    new = _count_new(connection, staged, source)
    rows = (
        select(
            literal(source),
            staged.c.native_id,
            staged.c.birth_id,
            *(staged.c[name] for name in delivered),
            literal(now, records.c.arrived_at.type),
            false(),
        )
        .where(staged.c.native_id.is_not(None))
        .order_by(staged.c.line)
    )
    names = ["source", "native_id", "birth_id", *delivered, "arrived_at", "absent"]
    same = and_(records.c.source == source, records.c.native_id == staged.c.native_id)
    _remember(connection, select(records.c.record_id).join(staged, same).where(_says_more(staged)))
    statement = upsert(connection, records).from_select(names, rows)
    excluded = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=[records.c.source, records.c.native_id],
        set_={name: excluded[name] for name in delivered},
        where=_says_more(excluded),
    )
    return Upserted(new=new, changed=write_marked(connection, statement, to_match=True) - new)


def _says_more(given: FromClause | ReadOnlyColumnCollection[str, Any]) -> ColumnElement[bool]:
    """Whether what is given says something else than the stored record, and is not older."""
    told = given.c if isinstance(given, FromClause) else given
    newer = _not_older(records.c.updated_at, told.updated_at, records.c.content_hash, told.content_hash)
    return and_(records.c.content_hash != told.content_hash, newer)


def _remember(connection: Connection, changing: Select[int]) -> None:
    """Keep what records that are about to change said when they were last matched."""
    said = (records_before.c[name] for name in records_before.c.keys())  # noqa: SIM118  # a collection, no mapping
    names = [column.name for column in said]
    rows = (
        select(*(records.c[name] for name in names))
        .join(memberships, memberships.c.record_id == records.c.record_id)
        .where(records.c.record_id.in_(changing))
    )
    connection.execute(upsert(connection, records_before).from_select(names, rows).on_conflict_do_nothing())


def rows_written(connection: Connection, statement: Executable) -> int:
    """Run a statement and say how many rows it wrote."""
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def _not_older(
    stored: ColumnElement[Any], given: ColumnElement[Any], stored_hash: ColumnElement[Any], hash_: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Whether what is given may replace what is stored: newer, or of the same instant and first by a fixed order.

    So two versions of a record give the same result whichever arrives first. Without a date the later arrival wins.
    """
    undated = or_(stored.is_(None), given.is_(None))
    return or_(undated, given > stored, and_(given == stored, hash_ > stored_hash))


def _count_new(connection: Connection, staged: Table, source: str) -> int:
    known = exists().where(records.c.source == source, records.c.native_id == staged.c.native_id)
    return connection.execute(select(func.count()).select_from(staged).where(~known)).scalar_one()


def absences(connection: Connection, staged: Table, source: str) -> tuple[list[str], int]:
    """Native ids of a source's live records that are not among the staged ones, and how many live records it has."""
    live = _live(source)
    missing = connection.execute(_missing(staged, source)).scalars()
    return list(missing), connection.execute(select(func.count()).select_from(records).where(*live)).scalar_one()


def _live(source: str) -> tuple[ColumnElement[bool], ...]:
    return records.c.source == source, ~records.c.deleted, ~records.c.absent


def _missing(staged: Table, source: str) -> CompoundSelect[Any]:
    """Native ids of live records that are not staged. A set difference, because staged tables have no index."""
    return except_(select(records.c.native_id).where(*_live(source)), select(staged.c.native_id))


def set_absent(connection: Connection, staged: Table, source: str, *, mark: bool) -> int:
    """Mark records that are absent from a full export (when `mark`), and take the mark off those that are back.

    Args:
        connection: the transaction.
        staged: the native ids that are present.
        source: the source's name.
        mark: False only takes marks off.
    """
    mine = update(records).where(records.c.source == source)
    back = mine.where(records.c.absent, records.c.native_id.in_(select(staged.c.native_id)))
    write_marked(connection, back.values(absent=False), to_match=False)
    if not mark:
        return 0
    gone = mine.where(records.c.native_id.in_(_missing(staged, source)))
    return write_marked(connection, gone.values(absent=True), to_match=False)


def unknown_owners(connection: Connection, staged: Table, source: str) -> dict[int, str]:
    """Lines of staged rows that name a record nobody delivered, with what they wait for."""
    known = exists().where(records.c.source == source, records.c.native_id == staged.c.record_native_id)
    statement = select(staged.c.line, staged.c.record_native_id).where(staged.c.record_native_id.is_not(None), ~known)
    return {int(line): f"record:{name}" for line, name in connection.execute(statement)}


def unknown_events(connection: Connection, staged: Table, source: str) -> dict[int, str]:
    """Lines of staged rows that name an order nobody delivered, before or with them."""
    related = staged.c.related_native_id
    named = select(related).where(related.is_not(None))
    stored = select(events.c.native_id).where(events.c.source == source, events.c.native_id.in_(named))
    missing = except_(named, select(staged.c.native_id), stored)
    statement = select(staged.c.line, related).where(related.in_(missing))
    return {int(line): f"event:{name}" for line, name in connection.execute(statement)}


def leave_out(connection: Connection, staged: Table, lines: Collection[int]) -> None:
    """Take rows out of a staged table, by line."""
    ordered = sorted(lines)
    for start in range(0, len(ordered), _AT_ONCE):
        connection.execute(delete(staged).where(staged.c.line.in_(ordered[start : start + _AT_ONCE])))


def upsert_addresses(connection: Connection, staged: Table, source: str, *, columns: Sequence[str]) -> Upserted:
    """Give records the address (and phones) that came in a file of its own, unless a newer one is there."""
    newer = or_(
        records.c.address_hash.is_(None),
        and_(
            records.c.address_hash != staged.c.address_hash,
            _not_older(
                records.c.address_updated_at,
                staged.c.address_updated_at,
                records.c.address_hash,
                staged.c.address_hash,
            ),
        ),
    )
    own = ("raw_address", "address_hash", "address_updated_at")
    theirs = and_(records.c.source == source, records.c.native_id == staged.c.record_native_id, newer)
    _remember(connection, select(records.c.record_id).join(staged, theirs))
    statement = update(records).values({name: staged.c[name] for name in (*columns, *own)}).where(theirs)
    return Upserted(changed=write_marked(connection, statement, to_match=True))
