"""What `rcu standardise` hands back: the file with its new columns, the report, a summary; both files or none."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rcu.domain.records import Quality
from rcu.errors import InputError
from rcu.ingest.recognise import Role
from rcu.services.pages import template
from rcu.services.standardise_files import WRITERS
from rcu.services.standardise_findings import findings, suggestions
from rcu.services.standardising import FieldQuality, Standardised

REPORT: Final = "report.html"
QUALITIES: Final = (Quality.VALID, Quality.REPAIRED, Quality.SUSPECT, Quality.JUNK, Quality.MISSING)
"""In the order people read them."""
_WIDTH: Final = 520.0
_ROOM_FOR_NAME: Final = 84.0
_ROOM_FOR_SHARE: Final = 32.0


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the table and the report go."""

    table: Path
    report: Path


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of a stacked bar, in the units of its view box: what it says aside, and what fits inside."""

    quality: str
    x: float
    width: float
    says: str
    label: str


def plan_targets(file: Path, output: Path | None, report: Path | None) -> Targets:
    """Choose where to write; nothing is written yet.

    Raises:
        InputError: the ending is none RCU writes, or a target is the input, a directory, or the other target.
    """
    table = output or Path(f"{_stem(file)}_standardised.csv")
    if table.suffix.lower() not in WRITERS:
        msg = f"cannot write {table.name}: its ending says no format"
        raise InputError(msg, hint=f"end it with one of {', '.join(WRITERS)}")
    page = report or table.with_name(REPORT)
    for target in (table, page):
        if _same(target, file):
            msg = f"{target.name} is the file to be read"
            raise InputError(msg, hint="give another --output" if target is table else "give another --report")
        if target.is_dir():
            msg = f"{target.name} is a directory"
            raise InputError(msg, hint="name a file")
    if _same(table, page):
        msg = "table and report would be one file"
        raise InputError(msg, hint="give another --report")
    return Targets(table, page)


def _stem(file: Path) -> str:
    name = file.name
    return Path(name.removesuffix(".gz") if name.lower().endswith(".gz") else name).stem


def _same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.resolve() == other.resolve()


def write_outputs(result: Standardised, targets: Targets) -> tuple[Path, ...]:
    """Write table and report; both are finished beside their places before either is moved there.

    Raises:
        InputError: a directory cannot be made or written to, or the rows do not fit the format.
    """
    try:
        with ExitStack() as stack:
            made: list[tuple[Path, Path]] = []
            for target in (targets.table, targets.report):
                target.parent.mkdir(parents=True, exist_ok=True)
                scratch = stack.enter_context(tempfile.TemporaryDirectory(dir=target.parent, prefix=".rcu-"))
                made.append((Path(scratch) / target.name, target))
            (table, _), (page, _) = made
            WRITERS[targets.table.suffix.lower()](result.table, table)
            page.write_text(render_report(result), encoding="utf-8")
            return tuple(path.replace(target) for path, target in made)
    except OSError as error:
        msg = f"cannot write {targets.table.name} and {targets.report.name}: {error.strerror}"
        raise InputError(msg, hint="give another --output") from None


def summary(result: Standardised) -> dict[str, Any]:
    """The figures of a run and what was recognised, fit for JSON; no personal data."""
    return {
        "file": {"name": result.file.name, "form": result.file.form, "columns": len(result.file.frame.columns)},
        "rows": result.rows,
        "columns": [{"name": name, "read_as": field, "why": why} for name, field, why in recognised(result)],
        "renamed": dict(result.renamed),
        "fields": {
            one.field: {"columns": list(one.columns), **{str(name): one.counts[name] for name in QUALITIES}}
            for one in result.qualities()
        },
        "row_quality": {str(name): result.row_quality()[name] for name in QUALITIES},
        "findings": [
            {"field": one.field, "note": str(one.note), "meaning": one.meaning, "rows": one.count}
            for one in findings(result)
        ],
        "notes": list(result.notes),
    }


def recognised(result: Standardised) -> list[tuple[str, str | None, str]]:
    """Every column of the file: its name, the field it was read as (None when it was left as it is), and why."""
    read = {name: field for field, names in result.inputs.used.items() for name in names}
    rows: list[tuple[str, str | None, str]] = []
    for column in result.inputs.recognition.columns:
        field = read.get(column.name)
        if field:
            rows.append((column.name, field, column.why if column.role is Role.FIELD else "part of it"))
        elif column.role is Role.FIELD:
            again = column.field in result.inputs.used
            why = f"another column is read as {column.field}" if again else f"{column.field}: nothing to standardise"
            rows.append((column.name, None, why))
        else:
            rows.append((column.name, None, "--map" if column.why == "--map" else "not recognised as a field"))
    return rows


def render_report(result: Standardised) -> str:
    """Render the page for one run."""
    fields = result.qualities()
    whole = FieldQuality("whole row", (), result.row_quality())
    return template("standardise_report.html.j2").render(
        result=result,
        columns=recognised(result),
        qualities=QUALITIES,
        fields=[*fields, whole],
        bars=[(one.field.replace("_", " "), stacked(one, result.rows)) for one in (*fields, whole)],
        width=_WIDTH,
        findings=findings(result, examples=True),
        suggestions=suggestions(result),
        sure=result.row_quality()[Quality.VALID] + result.row_quality()[Quality.REPAIRED],
    )


def stacked(quality: FieldQuality, rows: int) -> list[Segment]:
    """Cut a bar into the shares of its qualities; a piece says its name where there is room."""
    segments: list[Segment] = []
    x = 0.0
    for name in QUALITIES:
        count = quality.counts[name]
        width = _WIDTH * count / max(rows, 1)
        share = percent(count, rows)
        label = f"{name} {share}" if width >= _ROOM_FOR_NAME else share if width >= _ROOM_FOR_SHARE else ""
        if count:
            segments.append(Segment(str(name), round(x, 1), round(width, 1), f"{name}: {count:,} rows, {share}", label))
        x += width
    return segments


def percent(count: int, rows: int) -> str:
    """Write a share: whole percents, and a decimal below ten so that little is not nothing."""
    share = 100 * count / max(rows, 1)
    if 0 < share < 0.1:
        return "<0.1 %"
    return f"{share:.1f} %" if 0 < share < 10 or 99 < share < 100 else f"{share:.0f} %"
