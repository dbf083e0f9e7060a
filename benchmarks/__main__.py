"""`python -m benchmarks [SECTION ...]`: run the measurements and write them into benchmarks/RESULTS.md."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks import api, cleaning, link, night, people, realtime, road, search

RESULTS: Final = Path(__file__).parent / "RESULTS.md"
SECTIONS: Final[dict[str, tuple[str, Callable[[int], str], int]]] = {
    "api": ("## HTTP reads", api.run, 1_000_000),
    "cleaning": ("## Cleaning", cleaning.run, 1_000_000),
    "dedupe": ("## Dedupe", people.run, 10_000),
    "link": ("## Linking", link.run, 1_000_000),
    "night": ("## Nights", night.run, 200_000),
    "realtime": ("## Real time", realtime.run, 100_000),
    "road": ("## The road", road.run, 200_000),
    "search": ("## Search", search.run, 1_000_000),
}
"""Name of a section: how its heading begins, what measures it, and the rows it is measured on."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], help="what to measure; all without it")
    parser.add_argument("--rows", type=int, help="rows to generate (about) instead of each section's own number")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results are written")
    chosen = parser.parse_args()
    for name in chosen.sections or SECTIONS:
        heading, measured, rows = SECTIONS[name]
        section = measured(chosen.rows or rows)
        print(section)
        write(
            chosen.output, heading, f"{section.rstrip()}\n\nWritten by `make bench` on {datetime.now(UTC):%Y-%m-%d}.\n"
        )


def write(path: Path, heading: str, section: str) -> None:
    """Put a section in the place of the one with this heading; the others stay."""
    text = path.read_text(encoding="utf-8") if path.is_file() else "# Results\n"
    head, *sections = text.split("\n## ")
    kept = [f"## {one.rstrip()}\n" for one in sections if not f"## {one}".startswith(heading)]
    path.write_text("\n".join([f"{head.rstrip()}\n", *sorted([*kept, section])]), encoding="utf-8")


if __name__ == "__main__":
    main()
