"""Stream the elements of a JSON array, each whole or marked as malformed, in bounded memory.

The array is the file itself or the value of the named key of the object the file holds: `{"customers": [...]}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

from rcu.errors import UnreadableFile
from rcu.ingest.files import BLOCK_BYTES

MAX_ELEMENT: Final = 1 << 24
"""Characters an element may have; a longer one makes the file unreadable."""

_GAP: Final = re.compile(r"[\s,]*")
_FOLLOWED: Final = re.compile(r"\s*(?:[,\]]|$)")
_NEXT_LINE: Final = re.compile(r",[ \t]*\r?\n(?=\{)")
_STRUCTURE: Final = re.compile(r'["{}\[\],]')
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Element:
    """An element by its position: its text as written, its value with numbers as text, or that it is no JSON."""

    place: int
    text: str
    value: object = None
    malformed: bool = False


class JsonArray:
    """The elements of one array, read from a stream of UTF-8 bytes."""

    def __init__(self, stream: IO[bytes], *, key: str, file: str) -> None:
        self._stream = stream
        self._key = key
        self._file = file
        self._text = ""
        self._at = 0
        self._rest = b""
        self._ended = False
        self._decoder = json.JSONDecoder(parse_float=str, parse_int=str)

    def __iter__(self) -> Iterator[Element]:
        """Give the elements in order.

        Raises:
            UnreadableFile: the file is not UTF-8, holds no such array, or its array does not end.
        """
        if not self._open():
            return
        place = 0
        while self._skip_gap() != "]":
            yield self._element(place)
            place += 1

    def _open(self) -> bool:
        """Go behind the opening bracket; False for an empty file."""
        while self._more() and len(self._text) < BLOCK_BYTES:
            pass
        if not self._text.strip():
            return False
        opening = re.match(rf'\s*(?:\{{.*?"{re.escape(self._key)}"\s*:\s*)?\[', self._text, re.DOTALL)
        if opening is None:
            raise UnreadableFile(self._file, f"no array {self._key}", hint=f'it should start with {{"{self._key}":[')
        self._at = opening.end()
        return True

    def _skip_gap(self) -> str:
        while True:
            found = _GAP.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                hint = "the transfer was probably cut short: fetch the file again"
                raise UnreadableFile(self._file, "the array does not end", hint=hint)

    def _element(self, place: int) -> Element:
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except (json.JSONDecodeError, RecursionError):
                end = self._end_of_damage()
                if end is None and self._more():
                    continue
                return self._damaged(place, end)
            if end == len(self._text) and self._more():
                continue
            if not _FOLLOWED.match(self._text, end):
                return self._damaged(place, self._end_of_damage())
            start, self._at = self._at, end
            return Element(place, self._text[start:end], value)

    def _damaged(self, place: int, end: int | None) -> Element:
        start, self._at = self._at, len(self._text) if end is None else end
        return Element(place, self._text[start : self._at].strip(), malformed=True)

    def _end_of_damage(self) -> int | None:
        """Find where a malformed element ends: where the next one starts its line, or where its brackets close."""
        line, closed = _NEXT_LINE.search(self._text, self._at), self._closing()
        ends = [end for end in (line.start() if line else None, closed) if end is not None]
        return min(ends, default=None)

    def _closing(self) -> int | None:
        depth, at = 0, self._at
        while (found := _STRUCTURE.search(self._text, at)) is not None:
            mark, at = found.group(), found.end()
            if mark == '"':
                whole = _STRING.match(self._text, found.start())
                if whole is None:
                    return None
                at = whole.end()
            elif mark in "{[":
                depth += 1
            elif mark in "}]" and depth:
                depth -= 1
                if depth == 0:
                    return at
            elif depth == 0:
                # a bracket too many where an element should begin is one by itself: nothing may be read for ever
                return max(found.start(), self._at + 1)
        return None

    def _more(self) -> bool:
        """Read another block; False at the end of the stream."""
        if self._ended:
            return False
        block = self._stream.read(BLOCK_BYTES)
        self._ended = not block
        if len(self._text) - self._at > MAX_ELEMENT:
            raise UnreadableFile(self._file, f"an element of more than {MAX_ELEMENT:,} characters")
        try:
            whole = self._rest + block
            cut = len(whole) if self._ended else whole.rfind(b"\n") + 1 or len(whole) - _open_bytes(whole)
            text, self._rest = (
                whole[:cut].decode("utf-8-sig" if not self._at and not self._text else "utf-8"),
                whole[cut:],
            )
        except UnicodeDecodeError as error:
            raise UnreadableFile(self._file, "text that is not in UTF-8", hint="export it as UTF-8") from error
        self._text, self._at = self._text[self._at :] + text, 0
        return not self._ended or bool(text)


def _open_bytes(block: bytes) -> int:
    """Count the bytes of an unfinished UTF-8 character at the end of a block."""
    for back in range(1, min(4, len(block)) + 1):
        byte = block[-back]
        if byte >= 0xC0:
            wanted = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if wanted > back else 0
        if byte < 0x80:
            return 0
    return 0
