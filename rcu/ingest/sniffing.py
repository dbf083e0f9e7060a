"""Look at the start of a flat file: is it in the encoding its contract says, and which columns does it have."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from typing import Final

from charset_normalizer import from_bytes

from rcu.errors import UnreadableFile
from rcu.ingest.contract import Contract, FieldRule
from rcu.ingest.lines import parse_quoted

SAMPLE_BYTES: Final = 1 << 20
MAX_COLUMN_NAME: Final = 300
"""Every refused row repeats the names of the columns."""
_BOM: Final = codecs.BOM_UTF8
_WIDE_BOMS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_FEW: Final = 3


def check_encoding(sample: bytes, contract: Contract, *, file: str) -> None:
    """Refuse a file that is as a whole in another encoding than its contract says; single bad rows are no matter.

    Raises:
        UnreadableFile: it is UTF-16, or its accents only make sense in another encoding.
    """
    if sample.startswith(_WIDE_BOMS) or sample.count(0) * 4 > len(sample):
        raise UnreadableFile(file, "text in UTF-16 or UTF-32", hint="export it as UTF-8, or convert it first")
    accented = [line for line in sample.split(b"\n")[:-1] or [sample] if not line.isascii()]
    utf8 = is_utf8(contract)
    if not utf8 and (sample.startswith(_BOM) or (accented and all(_decodes(line, "utf-8") for line in accented))):
        raise UnreadableFile(file, f"text in UTF-8, not in {contract.encoding}", hint='set encoding = "utf-8"')
    failing = sum(not _decodes(line, contract.encoding) for line in accented)
    if failing >= _FEW and failing * 2 >= len(accented):
        raise UnreadableFile(file, f"text that is not in {contract.encoding}", hint=_guess(sample))


def read_header(sample: bytes, contract: Contract, *, file: str) -> list[str]:
    """Read the names of the columns; each is stripped of blanks and of the byte order mark.

    Raises:
        UnreadableFile: a column the contract needs is missing, or a column it uses is there twice.
    """
    line = sample.split(b"\n", 1)[0]
    text = line.removeprefix(_BOM).decode(contract.encoding, "replace").removesuffix("\r")
    parted = parse_quoted(text, contract) if contract.quote else None
    header = [name.strip() for name in parted or text.split(contract.separator)]
    if any(len(name) > MAX_COLUMN_NAME for name in header):
        raise UnreadableFile(
            file, f"a column name of more than {MAX_COLUMN_NAME} characters", hint="is the first line whole?"
        )
    _check_header(header, contract, file=file)
    return header


def find_column(header: Iterable[str], names: Iterable[str]) -> str | None:
    """Find a column by its name or a synonym, whatever the case, spaces and underscores."""
    known = {_plain(name): name for name in reversed(list(header))}
    return next((known[_plain(name)] for name in names if _plain(name) in known), None)


def columns_of(rule: FieldRule, header: Iterable[str]) -> list[str | None]:
    """Find the columns a field is read from; None where one is missing."""
    names = list(header)
    if len(rule.columns) == 1:
        return [find_column(names, (*rule.columns, *rule.synonyms))]
    return [find_column(names, (column,)) for column in rule.columns or rule.digest]


def is_utf8(contract: Contract) -> bool:
    """Tell whether a contract's encoding is UTF-8."""
    return codecs.lookup(contract.encoding).name == "utf-8"


def _check_header(header: list[str], contract: Contract, *, file: str) -> None:
    hint = f"found {len(header)} columns: {', '.join(header)[:300]}; is the separator {contract.separator!r}?"
    needed = [(rule.columns or rule.digest, columns_of(rule, header)) for rule in contract.needed_columns()]
    needed += [((name,), [find_column(header, (name,))]) for name in contract.required_columns]
    for names, found in needed:
        for name, column in zip(names, found, strict=True):
            if column is None:
                raise UnreadableFile(file, f"no column {name}", hint=hint)
    plain = [_plain(name) for name in header]
    for rule in contract.fields.values():
        for column in columns_of(rule, header):
            if column is not None and plain.count(_plain(column)) > 1:
                raise UnreadableFile(file, f"two columns are called {column}", hint=hint)


def _plain(name: str) -> str:
    return "".join(name.casefold().replace("_", " ").split())


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _guess(sample: bytes) -> str:
    best = from_bytes(sample[:65_536]).best()
    return f'it looks like {best.encoding}: set encoding = "{best.encoding}"' if best else "set its encoding"
