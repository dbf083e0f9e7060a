"""The two normal forms of text: clean (for display) and folded (for comparing)."""

from __future__ import annotations

import contextlib
import html
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

_NULLS = frozenset({"NULL", "(NULL)", "<NULL>", "N/A", "#N/A", "#REF!", "#VALEUR!"})
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u201b\u02bc\u00b4`\u2032", "'"))
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
# letters that Unicode does not decompose
_LETTERS = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
                          "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ß": "ss", "ı": "i",
                          "\u1e9e": "SS", "·": " "})  # fmt: skip
# what the first bytes of UTF-8 letters look like in Windows-1252, and signs that take no room
_MOJIBAKE = re.compile("[ÃÂ]|Å[“’¸]")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_SEPARATORS = re.compile(r"[^0-9A-Z]+")
_ROUNDS = 6
_LATIN_END = 0x370


def clean(text: str | None) -> str | None:
    """Make text fit for display: NFKC, plain apostrophes and hyphens, no control characters, single spaces.

    None for what holds nothing: blank text and the words spreadsheets and databases write for nothing.
    """
    if text is None:
        return None
    if "&" in text and ";" in text:
        text = html.unescape(text)
    if not (text.isascii() and text.isprintable()):
        text = settle(_printable, text)
    text = " ".join(text.split())
    return None if not text or text.strip(" .,;:-").upper() in _NULLS else text


def fold(text: str) -> str:
    """Reduce text to its comparable form: upper case, no accents, runs of anything else to one space."""
    if text.isascii() and text.isalpha():
        return text.upper()
    if not text.isascii():
        plain = text.translate(_latin_letters())
        if not plain.isascii():
            return settle(_fold_unicode, text)
        text = plain
    return _SEPARATORS.sub(" ", text.upper()).strip()


def settle(step: Callable[[str], str], text: str) -> str:
    """Apply a rewriting until it changes nothing, so that a second pass finds nothing left to do."""
    for _ in range(_ROUNDS):
        rewritten = step(text)
        if rewritten == text:
            break
        text = rewritten
    return text


def repeated(text: str) -> bool:
    """Tell whether text is one character over and over (`XXX`, `aaa`)."""
    return len(text) > 1 and len(set(text)) == 1


def load_pairs(name: str) -> dict[str, str]:
    """Read a two-column list shipped in `rcu/cleaning/data`: `key,value` a line, `#` starts a comment."""
    pairs = (line.split(",", 1) for line in load_list(name))
    return {key.strip(): value.strip() for key, value in pairs}


def load_list(name: str) -> list[str]:
    """Read a list shipped in `rcu/cleaning/data`."""
    return read_list(files("rcu.cleaning") / "data" / name)


def read_list(path: Traversable) -> list[str]:
    """Read a list in its order: UTF-8, an entry a line, `#` starts a comment.

    Raises:
        OSError: when the file cannot be read.
        UnicodeDecodeError: when it is not UTF-8.
    """
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def _printable(text: str) -> str:
    if _MOJIBAKE.search(text):
        text = _read_again(text)
    plain = unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).translate(_APOSTROPHES).translate(_HYPHENS)
    return "".join(letter if letter.isprintable() else " " for letter in plain)


def _read_again(text: str) -> str:
    """Undo UTF-8 that was read as Windows-1252 (`HÃ©lÃ¨ne`); any other text stays as it is."""
    for encoding in ("cp1252", "latin-1"):
        with contextlib.suppress(UnicodeError):
            again = text.encode(encoding).decode("utf-8")
            return again if again.isprintable() else text
    return text


@cache
def _latin_letters() -> dict[int, str]:
    """Give what each letter and mark of the European alphabets folds to, where that is plain ASCII."""
    inside = {code: settle(_fold_unicode, f"A{chr(code)}A")[1:-1] for code in range(0x80, _LATIN_END)}
    return {code: plain for code, plain in inside.items() if plain == " " or plain.isalnum() or not plain}


def _fold_unicode(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).translate(_LETTERS).upper())
    letters = (letter for letter in decomposed if not unicodedata.category(letter).startswith("M"))
    return " ".join("".join(letter if letter.isalnum() else " " for letter in letters).split())
