"""Sources: what is connected, how it is read, how far it is trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson

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
    `folder` is where its files arrive; `rank` orders sources by trust for survivorship, the lower the more trusted.
    """

    name: str
    kind: str
    contracts: tuple[str, ...] = ()
    time_zone: str = "Europe/Paris"
    rank: int = 100
    folder: str | None = None

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
        return SourceRow(self.name, self.kind, settings, self.rank)

    @classmethod
    def from_row(cls, row: SourceRow) -> Source:
        """The inverse of `to_row`."""
        settings = orjson.loads(row.settings)
        contracts = tuple(settings["contracts"])
        return cls(row.name, row.kind, contracts, settings["time_zone"], row.rank, settings["folder"])


def put_source(store: Store, source: Source, now: datetime) -> None:
    """Add a source or change one; the records of a source whose rank changed get a new profile at the next run.

    Raises:
        ConfigurationError: when it could not be read with these settings.
    """
    source.connect()
    with store.begin() as connection:
        before = {row.name: row.rank for row in rows.all_sources(connection)}
        rows.put_source(connection, source.to_row(), now)
        if before.get(source.name, source.rank) != source.rank:
            rows.mark_source(connection, source.name)


def list_sources(store: Store) -> list[tuple[Source, int]]:
    """Every source with its number of records, the most trusted first."""
    with store.read() as connection:
        counts = rows.records_by_source(connection)
        return [(Source.from_row(row), counts.get(row.name, 0)) for row in rows.all_sources(connection)]


def find_source(store: Store, name: str) -> Source:
    """One source by name.

    Raises:
        NotFound: when there is none.
    """
    for source, _ in list_sources(store):
        if source.name == name:
            return source
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
