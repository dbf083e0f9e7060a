"""Sources: what is connected, how it is read, how far it is trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson

from rcu.domain.sources import EventsOfDeleted
from rcu.errors import InputError, NotFound
from rcu.ingest import Connector, connector
from rcu.store import sources as rows
from rcu.store.engine import Store
from rcu.store.sources import SourceRow

SETTLED_SECONDS: Final = 10
"""A file that was written to more recently may still be on its way."""


@dataclass(frozen=True, slots=True)
class Source:
    """A connected source.

    `contracts` are names of shipped contracts or paths of contract files (flat files only);
    `folder` is where its files arrive; `rank` orders sources by trust for survivorship, the lower the more trusted;
    `events_of_deleted` says whether what a record did counts once the source deleted it.
    """

    name: str
    kind: str
    contracts: tuple[str, ...] = ()
    time_zone: str = "Europe/Paris"
    rank: int = 100
    folder: str | None = None
    events_of_deleted: EventsOfDeleted = EventsOfDeleted.KEEP

    def connect(self) -> Connector:
        """The connector that reads this source.

        Raises:
            ConfigurationError: when a contract cannot be used.
        """
        contracts = [Path(name) if Path(name).suffix else name for name in self.contracts]
        return connector(self.kind, name=self.name, contracts=contracts, time_zone=self.time_zone)

    def to_row(self) -> SourceRow:
        """The source as the store keeps it."""
        settings = orjson.dumps(
            {"contracts": self.contracts, "time_zone": self.time_zone, "folder": self.folder}
        ).decode()
        return SourceRow(self.name, self.kind, settings, self.rank, self.events_of_deleted)

    @classmethod
    def from_row(cls, row: SourceRow) -> Source:
        """The inverse of `to_row`."""
        settings = orjson.loads(row.settings)
        return cls(
            name=row.name,
            kind=row.kind,
            contracts=tuple(settings["contracts"]),
            time_zone=settings["time_zone"],
            rank=row.rank,
            folder=settings["folder"],
            events_of_deleted=row.events_of_deleted,
        )


def put_source(store: Store, source: Source, now: datetime) -> None:
    """Add a source or change one.

    Customers with a record of a source whose rank changed get a new profile at the next run; so do those with a deleted
    record of one where the events of such records begin or cease to count.

    Raises:
        ConfigurationError: when it could not be read with these settings.
        Conflict: a run over everything is at work.
    """
    source.connect()
    with store.changing(alone=True) as connection:  # nobody may project by the former settings and take the marks off
        before = next((row for row in rows.all_sources(connection) if row.name == source.name), None)
        rows.put_source(connection, source.to_row(), now)
        if before is not None and before.rank != source.rank:
            rows.mark_source(connection, source.name)
        elif before is not None and before.events_of_deleted != source.events_of_deleted:
            rows.mark_source(connection, source.name, gone_only=True)


def change_source(
    store: Store,
    name: str,
    now: datetime,
    *,
    rank: int | None = None,
    events_of_deleted: EventsOfDeleted | None = None,
) -> Source:
    """Change of a source what is given, and leave the rest as it is; see `put_source`.

    Raises:
        NotFound: when there is none of that name.
        ConfigurationError: when it cannot be read any more.
        Conflict: a run over everything is at work.
    """
    source = find_source(store, name)
    changed = replace(
        source,
        rank=source.rank if rank is None else rank,
        events_of_deleted=events_of_deleted or source.events_of_deleted,
    )
    put_source(store, changed, now)
    return changed


def list_sources(store: Store) -> list[tuple[Source, int]]:
    """Every source with its number of records, the most trusted first."""
    with store.read() as connection:
        counts = rows.records_by_source(connection)
        return [(Source.from_row(row), counts.get(row.name, 0)) for row in rows.all_sources(connection)]


def connected(store: Store) -> list[SourceRow]:
    """Every source as it is stored, the most trusted first; nothing is counted."""
    with store.read() as connection:
        return rows.all_sources(connection)


def find_source(store: Store, name: str) -> Source:
    """One source by name.

    Raises:
        NotFound: when there is none.
    """
    for row in connected(store):
        if row.name == name:
            return Source.from_row(row)
    raise NotFound("source", name)


def waiting_files(source: Source, now: datetime) -> list[Path]:
    """The files of a source that lie in its folder and are complete: nobody has written to them for a while.

    Files that were taken before are among them; importing them again does nothing.

    Raises:
        InputError: when the folder is not there.
    """
    if source.folder is None:
        return []
    folder = Path(source.folder)
    if not folder.is_dir():
        msg = f"the folder of source {source.name} is not there"
        raise InputError(msg, hint="create it, or change the source with `rcu source add`")
    reader = source.connect()
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and reader.matches(path)]
    return [path for path in files if now.timestamp() - path.stat().st_mtime >= SETTLED_SECONDS]


FRENCH_RETAIL_SOURCES: Sequence[Source] = (
    Source("shop", "prestashop", rank=10),
    Source("till", "flatfile", contracts=("till_clients", "till_tickets"), rank=20),
    Source("email", "flatfile", contracts=("email_audience", "email_activity"), rank=30),
)
"""The three sources of the demonstration: what the customer typed in the shop is trusted first, then the till."""
