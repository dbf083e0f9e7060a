"""What every connector does: say what it reads, recognise its files, read one as batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from rcu.domain.intake import Batch, Entity
from rcu.ingest.rewriting import RefusedRow

BATCH_ROWS: Final = 50_000


@dataclass(frozen=True, slots=True)
class FileKind:
    """One kind of file a connector reads: its name, its file name patterns, what is in it, whether it is complete.

    `full` means that what such a file does not hold no longer exists at the source.
    """

    name: str
    patterns: tuple[str, ...]
    entities: tuple[Entity, ...]
    full: bool


@dataclass(frozen=True, slots=True)
class Description:
    """What a connector reads."""

    name: str
    kind: str
    files: tuple[FileKind, ...]


class Connector(Protocol):
    """A source of rows. `name` is the source's name, the first half of a record key."""

    @property
    def name(self) -> str:
        """Name the source."""
        ...

    def describe(self) -> Description:
        """Say which files are read and what they hold."""
        ...

    def matches(self, path: Path) -> bool:
        """Tell by its name whether a file is one of this source's."""
        ...

    def read(self, path: Path, *, batch_rows: int = BATCH_ROWS) -> Iterator[Batch]:
        """Read a file as batches of about `batch_rows` rows, the same ones each time for the same bytes.

        Every row of the file is accepted or refused, in exactly one batch. A file without rows gives no batch.

        Raises:
            UnreadableFile: the file as a whole is not what it should be.
        """
        ...

    def rewrite(self, path: Path, rows: Sequence[RefusedRow], *, header: Sequence[str] = ()) -> bytes:
        """Give the bytes of a file of the same kind as `path` that holds the given rows, to be read again.

        `header` are the columns of the file the rows came from, where it had some.

        Raises:
            InputError: a row cannot be written in this form.
        """
        ...
