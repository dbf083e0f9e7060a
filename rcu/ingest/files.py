"""Open a file for reading, gzipped or not, and vouch for it before the first row is taken."""

from __future__ import annotations

import fnmatch
import gzip
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, cast

from rcu.errors import UnreadableFile

BLOCK_BYTES: Final = 1 << 22
_GZIP_MAGIC: Final = b"\x1f\x8b"


@contextmanager
def open_checked(path: Path) -> Generator[IO[bytes]]:
    """Open a file as bytes; a gzip stream is read through once first, so that a truncated one yields nothing.

    Raises:
        UnreadableFile: the file is missing, not readable, or a damaged gzip stream.
    """
    try:
        zipped = is_gzip(path)
        if zipped:
            _read_through(path)
        with cast("IO[bytes]", gzip.open(path, "rb")) if zipped else path.open("rb") as stream:
            yield stream
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        hint = "the transfer was probably cut short: fetch the file again"
        raise UnreadableFile(path.name, "damaged gzip stream", hint=hint) from error
    except OSError as error:
        raise UnreadableFile(path.name, f"cannot be opened ({error.strerror})") from error


def is_gzip(path: Path) -> bool:
    """Tell a gzip stream by its first bytes, whatever the file is called."""
    with path.open("rb") as stream:
        return stream.read(2) == _GZIP_MAGIC


def blocks(stream: IO[bytes]) -> Iterator[bytes]:
    """Read a stream in blocks."""
    while block := stream.read(BLOCK_BYTES):
        yield block


def last_bytes(path: Path, count: int = 4096) -> bytes:
    """Give the last bytes of a file's content, unpacked."""
    with open_checked(path) as stream:
        if not is_gzip(path):
            stream.seek(max(path.stat().st_size - count, 0))
            return stream.read()
        tail = b""
        for block in blocks(stream):
            tail = (tail + block)[-count:]
        return tail


def named_like(path: Path, patterns: tuple[str, ...]) -> bool:
    """Tell whether a file's name fits one of the patterns, `.gz` or not, upper or lower case."""
    name = path.name.casefold().removesuffix(".gz")
    return any(fnmatch.fnmatchcase(name, pattern.casefold().removesuffix(".gz")) for pattern in patterns)


def _read_through(path: Path) -> None:
    with gzip.open(path, "rb") as stream:
        while stream.read(BLOCK_BYTES):
            pass
